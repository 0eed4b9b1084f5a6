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

test_that("names are taken whole: the longer ones that others may write are not those of the format", {
  path <- in_folder(
    "flavors: {crate: {model_extra: other.bin}}",
    "signature_old: {inputs: '[{\"name\": \"zz\", \"type\": \"double\"}]'}"
  )
  saveRDS(function(x) "other", file.path(path, "other.bin"))
  read <- mlmodel_read(path)
  expect_null(read$signature)
  expect_null(mlmodel_signature(path))
  expect_match(mlmodel_validate(path), "there is no file crate.bin", all = FALSE)
  expect_error(mlmodel_load(path, trust = TRUE), "no file crate.bin.*DIR-003")
  told <- mlmodel_signature(in_folder("flavors: {a: {}}", "signature: {inputs: '[{\"type\": \"double\", \"name_old\": \"b\"}]'}"))
  expect_identical(told$inputs$name, NA_character_)
  kept <- mlmodel:::enforce_json(list(list(name = "x", type = list(kind = "long"), required = TRUE)), mlmodel:::read_json('{"x": [1]}'), list(x = list(zone_old = "UTC")))
  expect_equal(kept[[1]]$dtype, "int64")
})

# R's `$` takes the beginning of a name for it, of lists. Those that are asked with it are made by the package itself.
ours <- c(
  "ck", "e", "g", "node", "r", "s", "known", "key", "entry", "item", "first", "marks", "probe", "list", "items", "target", # nodes and what reads them
  "spec", "only", "one", "type", "given", "taken", "old", "new", "other", "literals", "specs", "specs_of", "column", "columns", # specs
  "fault", "faults", "two", "whole", "found", "form", "schemas", "how", "r_flavors", "model", "mlmodel_signature", "inputs", "written", "answer",
  "yaml_bounds", "yaml_document", "at", "name", "early", "now", "later"
)

root_of <- function(code) {
  while (is.call(code)) {
    if (!as.character(code[[1L]])[1L] %in% c("$", "[[", "[")) return(as.character(code[[1L]])[1L])
    code <- code[[2L]]
  }
  as.character(code)
}

test_that("no list that others wrote is asked with `$`", {
  is_dollar <- function(one) identical(one[[1L]], as.name("$"))
  roots <- unique(vapply(Filter(is_dollar, calls_of_package()), root_of, ""))
  expect_gt(length(roots), 30)
  expect_equal(setdiff(roots, ours), character())
})

test_that("an answer's numbers are those that R has, or refused", {
  answered <- function(text) mlmodel:::predictions_of(paste0('{"predictions": ', text, "}"), "http://a")
  expect_error(answered("[1, 9007199254740993]"), "9007199254740993, which is beyond 2\\^53.*CRA-009")
  expect_error(answered("[-18446744073709551617]"), "CRA-009")
  expect_identical(answered("[9007199254740992, 0.30000000000000004, 12345678901234567890.5]"), c(2^53, 0.1 + 0.2, 12345678901234567168))
  expect_identical(answered('["9007199254740993", "\\"9007199254740993"]'), c("9007199254740993", "\"9007199254740993"))
})

test_that("folders of links and texts of escapes take no longer than others", {
  path <- in_folder("flavors: {sklearn: {pickled_model: a/b/a/m.pkl}}")
  file.create(file.path(path, "m.pkl"))
  for (name in c("a", "b")) file.symlink(".", file.path(path, name))
  expect_lt(system.time(found <- mlmodel_validate(path))[["user.self"]], 1)
  expect_false(any(grepl("DIR-003", found)))
  text <- paste0("a: \"", strrep("\\n", 20000), "\"\n")
  expect_lt(system.time(node <- mlmodel:::yaml_document(text)$root)[["user.self"]], 3)
  expect_identical(node$entries[[1]][[2]]$value, strrep("\n", 20000))
  expect_identical(mlmodel:::yaml_document("a: \"x \\t  \n  y  \n\n z\\x20\n\"")$root$entries[[1]][[2]]$value, "x y\nz ")
  writeBin(raw(8 * 2^20 + 1), file.path(path, "MLmodel"))
  expect_match(mlmodel_validate(path), "larger than 8 MiB \\(MLM-002\\)")
})
