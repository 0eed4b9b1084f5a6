new_folder <- function() tempfile("model-")

written <- function(text) {
  path <- new_folder()
  dir.create(path)
  writeLines(text, file.path(path, "MLmodel"))
  path
}

test_that("a function is saved with its data, validated, loaded and asked", {
  model <- lm(mpg ~ wt, mtcars)
  path <- new_folder()
  mlmodel_save_crate(function(x) stats::predict(model, x), path, model = model,
                     signature = list(inputs = c(wt = "double"), outputs = "double"))
  expect_length(mlmodel_validate(path), 0)
  expect_equal(names(mlmodel_read(path)$flavors), "crate")
  expect_equal(mlmodel_signature(path)$inputs$name, "wt")
  loaded <- mlmodel_load(path, trust = TRUE)
  expect_equal(mlmodel_predict(loaded, mtcars), predict(model, mtcars))
  expect_error(mlmodel_predict(loaded, data.frame(hp = 1)), "lack the columns wt")
})

test_that("a crate holds what it was given, and nothing else of the session", {
  secret <- "of this session"
  path <- new_folder()
  mlmodel_save_crate(function(x) exists("secret"), path)
  expect_false(mlmodel_load(path, trust = TRUE)$predict(1))
})

test_that("what is there already is kept unless it is to be replaced", {
  path <- new_folder()
  mlmodel_save_crate(function(x) x, path)
  expect_error(mlmodel_save_crate(function(x) x + 1, path), "is there already")
  mlmodel_save_crate(function(x) x + 1, path, overwrite = TRUE)
  expect_equal(mlmodel_predict(mlmodel_load(path, trust = TRUE), 1), 2)
})

test_that("code is not read unless it is trusted", {
  path <- new_folder()
  mlmodel_save_crate(function(x) x, path)
  expect_error(mlmodel_load(path), "trust = TRUE")
})

test_that("a damaged crate, and one that is no function, are told", {
  path <- new_folder()
  mlmodel_save_crate(function(x) x, path)
  whole <- readBin(file.path(path, "crate.bin"), "raw", 1e6)
  writeBin(whole[1:50], file.path(path, "crate.bin"))
  expect_error(suppressWarnings(mlmodel_load(path, trust = TRUE)), "cannot be read.*CRA-003")
  saveRDS(serialize(1:3, NULL), file.path(path, "crate.bin"))
  expect_error(mlmodel_load(path, trust = TRUE), "holds no function, but a integer")
  expect_error(mlmodel_save_crate(1, path), "f is a function")
  expect_error(mlmodel_save_crate(function(x) x, new_folder(), 1), "by name")
})

test_that("what breaks the schema is named with its place", {
  says <- function(...) paste(mlmodel_validate(written(c(...))), collapse = "\n")
  expect_match(says("run_id: a"), "lacks flavors")
  expect_match(says("flavors: {}"), "/flavors: is empty")
  expect_match(says("flavors: {crate: {model: [a]}}"), "/flavors/crate/model: is not")
  expect_match(says("flavors: {crate: {version: [1]}}"), "/flavors/crate/version: is not")
  expect_match(says("flavors: {crate: {}}"), "no file crate.bin.*DIR-003")
  expect_match(says("flavors: {crate: {model: ../a}}"), "leads out.*DIR-002")
  expect_match(says("flavors: {own: {}}", "signature: {inputs: 'no'}"), "/signature/inputs: is not JSON")
  expect_match(says("flavors: {own: {}}", "signature: {inputs: '[{\"type\": \"decimal\"}]'}"), "/signature/inputs/0")
  expect_equal(says("flavors: {python_function: {loader_module: a}}", "metadata: {a: [1, b]}", "signature: {inputs: '[{\"type\": \"double\", \"name\": \"a\"}]'}"), "")
})

test_that("a file that cannot be read is told", {
  expect_error(mlmodel_read(new_folder()), "There is no model at")
  expect_error(mlmodel_read(written("a: [")), "is not YAML")
  expect_error(mlmodel_read(written("- a")), "no mapping")
  expect_match(mlmodel_validate(written("a: [")), "^2:1 .*is not YAML \\(MLM-001\\)$")
  expect_error(mlmodel_load(written("flavors: {python_function: {loader_module: a}}")), "R loads crates")
})

test_that("nothing in a file is run", {
  path <- written("flavors: {own: {a: !expr stop('run')}}")
  expect_no_error(suppressWarnings(mlmodel_read(path)))
})

test_that("bodies keep columns, missing values and all digits", {
  data <- data.frame(a = c(0.1 + 0.2, NA), b = factor(c("x", NA)), t = as.POSIXct(c(0.5, NA), origin = "1970-01-01", tz = "UTC"))
  expect_equal(
    mlmodel:::body_of(data),
    '{"dataframe_split":{"columns":["a","b","t"],"data":[[0.30000000000000004,"x","1970-01-01T00:00:00.500000"],[null,null,null]]}}'
  )
  expect_error(mlmodel:::body_of(data.frame(a = Inf)), "Column a has infinite")
  expect_error(mlmodel_score("ftp://a", data), "http://host:port")
  expect_error(mlmodel_score("http://127.0.0.1:1", data), "no server")
})

test_that("what is no model is not replaced, and a model that cannot be written leaves the old one", {
  file <- tempfile()
  writeLines("results", file)
  folder <- new_folder()
  dir.create(folder)
  writeLines("thesis", file.path(folder, "thesis.txt"))
  for (path in c(file, folder)) for (overwrite in c(FALSE, TRUE))
    expect_error(mlmodel_save_crate(function(x) x, path, overwrite = overwrite), "is no model, so it is not replaced")
  expect_equal(readLines(file), "results")
  expect_equal(dir(folder), "thesis.txt")
  path <- new_folder()
  mlmodel_save_crate(function(x) x, path)
  expect_error(mlmodel_save_crate(function(x) x, path, signature = list(inputs = c(a = "numeric")), overwrite = TRUE), "SIG-003")
  expect_equal(mlmodel_predict(mlmodel_load(path, trust = TRUE), 4), 4)
  expect_equal(dir(dirname(path), "^[.]mlmodel-", all.files = TRUE), character())
})

test_that("a signature that is none is refused", {
  for (signature in list(list(input = c(a = "double")), c(a = "double"), "double", list(inputs = mtcars["wt"]), list(),
                         list(inputs = c(a = "double"), params = list(level = 0.95))))
    expect_error(mlmodel_save_crate(function(x) x, new_folder(), signature = signature), "SIG-00[13]")
  path <- new_folder()
  mlmodel_save_crate(function(x) x, path, signature = list(inputs = list(wt = "double")))
  expect_equal(mlmodel_signature(path)$inputs$name, "wt")
})

test_that("what a function uses of the session and does not bring is said", {
  assign("of_session", 3, globalenv())
  on.exit(rm("of_session", envir = globalenv()))
  expect_warning(mlmodel_save_crate(function(x) x[, 1] + of_session, new_folder()), "uses of_session of this session")
  expect_no_warning(mlmodel_save_crate(function(x) x + of_session, new_folder(), of_session = 3))
  expect_no_warning(mlmodel_save_crate(function(x) { of_session <- 1; x + of_session }, new_folder()))
  expect_no_warning(mlmodel_save_crate(function(x) { subset(); x$of_session + with(x, of_session) + of_session::f(x) }, new_folder()))
  expect_warning(mlmodel_save_crate(function(x) of_session$x, new_folder()), "uses of_session of this session")
})

test_that("a loaded model has what R users look for", {
  path <- new_folder()
  model <- lm(mpg ~ wt, mtcars)
  mlmodel_save_crate(function(x) stats::predict(model, x), path, model = model, signature = list(inputs = c(wt = "double")))
  loaded <- mlmodel_load(path, trust = TRUE)
  expect_equal(predict(loaded, head(mtcars)), predict(model, head(mtcars)))
  expect_equal(mlmodel_signature(loaded), mlmodel_signature(path))
  expect_error(mlmodel_signature(mtcars), "not an object of the class data.frame")
  expect_output(print(loaded), "Model of the flavor crate in")
})

test_that("a matrix is its columns by name, and never one column of all its values", {
  path <- new_folder()
  mlmodel_save_crate(function(x) x, path, signature = list(inputs = c(wt = "double")))
  expect_equal(mlmodel_enforce(path, as.matrix(mtcars[1:2, c("hp", "wt")])), data.frame(wt = mtcars$wt[1:2]))
  expect_equal(vapply(mlmodel_infer(as.matrix(mtcars[1:2, 1:3]))$inputs, function(one) one$name, ""), names(mtcars)[1:3])
  for (data in list(matrix(1:4, 2), array(1:8, c(2, 2, 2)))) {
    expect_error(mlmodel_enforce(path, data), "without names of columns")
    expect_error(mlmodel_infer(data), "without names of columns")
  }
})

test_that("a model is given by one path", {
  for (path in list(NULL, character(), c("a", "b"), NA_character_, 1))
    for (ask in list(mlmodel_validate, mlmodel_read, mlmodel_load)) expect_error(ask(path), "by one path")
})

test_that("what the function needs is not taken for an argument", {
  expect_error(mlmodel_save_crate(function(x) x + p, new_folder(), p = 3), "path is one text.*other names than f, path, pat, pa and p")
  expect_error(mlmodel_save_crate(function(x) f(x), new_folder(), f = sqrt), "path is one text")
})
