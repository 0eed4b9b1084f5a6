# What others wrote: files, folders and answers.

in_folder <- function(...) {
  path <- tempfile("model-")
  dir.create(path)
  writeLines(c(...), file.path(path, "MLmodel"), useBytes = TRUE)
  path
}

# All calls within the package's functions, each as a language object.
calls_of <- function(code) {
  if (is.call(code)) c(list(code), unlist(lapply(as.list(code), calls_of)))
  else if (is.pairlist(code)) unlist(lapply(as.list(code), calls_of))
}

calls_of_package <- function() {
  package <- asNamespace("mlmodel")
  functions <- Filter(is.function, mget(ls(package, all.names = TRUE), package))
  functions <- c(functions, lapply(package$r_flavors, function(one) one$load))
  unlist(lapply(functions, function(one) calls_of(list_of_code(one))))
}

list_of_code <- function(f) as.call(c(as.name("{"), Filter(is.language, as.list(formals(f))), body(f)))

test_that("a text that is no JSON is no address and no file", {
  file <- tempfile(fileext = ".json")
  writeLines('[{"name": "stolen", "type": "double"}]', file)
  for (place in c(file, paste0("file://", file))) {
    path <- in_folder("flavors: {crate: {}}", paste0("signature: {inputs: '", place, "'}"))
    expect_error(mlmodel_signature(path), "inputs of the signature are not JSON at character 1 \\(SIG-001\\)")
    expect_error(mlmodel_enforce(path, data.frame(stolen = 1)), "SIG-001")
    writeLines('{"predictions": ["stolen"]}', file)
    expect_error(mlmodel:::predictions_of(place, "http://a"), "something else than predictions")
  }
  expect_error(mlmodel_signature(in_folder("flavors: {a: {}}", "signature: {inputs: [1]}")), "no text of JSON")
  expect_error(mlmodel_signature(in_folder("flavors: {a: {}}", "signature: {params: '{}'}")), "no list of objects \\(SIG-008\\)")
  asked <- vapply(calls_of_package(), function(one) deparse(one[[1L]])[1L], "")
  expect_true("jsonlite::parse_json" %in% asked)
  expect_false(any(grepl("fromJSON", asked)))
})
