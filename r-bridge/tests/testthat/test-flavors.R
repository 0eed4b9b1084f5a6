# Debian has none of these packages. Stand-ins say which of their functions is called, and with what.
stand_ins <- list(
  xgboost = c("xgb.load <- function(modelfile) structure(list(file = modelfile), class = 'stand_in')"),
  keras = c("load_model_hdf5 <- function(filepath, compile = TRUE) structure(list(file = filepath, compile = compile), class = 'stand_in')"),
  h2o = c(
    "started <- new.env()",
    "h2o.init <- function(bind_to_localhost = FALSE) started$local <- bind_to_localhost",
    "h2o.loadModel <- function(path) { stopifnot(isTRUE(started$local)); list(file = path) }",
    "as.h2o <- function(x) structure(list(x), class = 'given')",
    "h2o.predict <- function(object, newdata) { stopifnot(inherits(newdata, 'given')); list(file = object$file, rows = nrow(newdata[[1]])) }"
  ),
  mleap = c(
    "mleap_load_bundle <- function(path) list(file = path)",
    "mleap_transform <- function(model, data) cbind(data, prediction = model$file)"
  )
)

installed <- function(names) {
  folder <- tempfile("stand-ins-")
  library <- file.path(folder, "library")
  dir.create(library, recursive = TRUE)
  for (name in names) {
    dir.create(file.path(folder, name, "R"), recursive = TRUE)
    writeLines(c(paste("Package:", name), "Version: 0.0.1", "Title: Stand-in", "License: none", "Description: None."), file.path(folder, name, "DESCRIPTION"))
    code <- c(stand_ins[[name]], "predict.stand_in <- function(object, newdata, ...) list(object, newdata)")
    writeLines(code, file.path(folder, name, "R", "all.R"))
    writeLines(c("exportPattern('.')", "S3method(stats::predict, stand_in)"), file.path(folder, name, "NAMESPACE"))
  }
  how <- c("CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load", "-l", library, file.path(folder, names))
  stopifnot(system2(file.path(R.home("bin"), "R"), how, stdout = FALSE, stderr = FALSE) == 0L)
  library
}

a_model <- function(flavors, files) {
  path <- tempfile("model-")
  dir.create(path)
  for (file in files) {
    dir.create(dirname(file.path(path, file)), recursive = TRUE, showWarnings = FALSE)
    writeLines(if (basename(file) == "h2o.yaml") "model_file: m1" else "", file.path(path, file))
  }
  signature <- "signature: {inputs: '[{\"type\": \"double\", \"name\": \"b\"}, {\"type\": \"double\", \"name\": \"a\"}]'}"
  writeLines(c(paste("flavors:", flavors), signature), file.path(path, "MLmodel"))
  path
}

test_that("the package that is not installed is named, and another way told", {
  for (name in c("keras", "xgboost", "h2o", "mleap")) {
    skip_if(requireNamespace(name, quietly = TRUE) || requireNamespace("keras3", quietly = TRUE))
    path <- a_model(paste0("{", name, ": {data: m}}"), "m")
    expect_error(mlmodel_load(path), "trust = TRUE")
    expect_error(mlmodel_load(path, trust = TRUE), paste0("package .*", name, ".*not installed: install.packages.*mlmodel serve"))
  }
  expect_error(mlmodel_load(a_model("{sklearn: {}}", "m"), trust = TRUE), "has the flavors sklearn, and R loads crates and models of keras")
})

test_that("models of other libraries are loaded by their package, and given their columns in order", {
  skip_if(any(vapply(c(names(stand_ins), "keras3"), requireNamespace, NA, quietly = TRUE)))
  paths <- .libPaths()
  on.exit({
    for (name in intersect(names(stand_ins), loadedNamespaces())) unloadNamespace(name)
    .libPaths(paths)
  })
  .libPaths(c(installed(names(stand_ins)), paths))
  data <- data.frame(a = 1, other = "x", b = 2)
  asked <- function(flavors, files) {
    path <- a_model(flavors, files)
    told <- mlmodel_predict(mlmodel_load(path, trust = TRUE), data)
    list(told = told, path = normalizePath(path))
  }
  got <- asked("{xgboost: {data: model.xgb}}", "model.xgb")
  expect_equal(got$told[[1]]$file, file.path(got$path, "model.xgb"))
  expect_equal(got$told[[2]], matrix(c(2, 1), 1, dimnames = list(NULL, c("b", "a"))))
  got <- asked("{keras: {data: data}}", "data/model.h5")
  expect_equal(unclass(got$told[[1]]), list(file = file.path(got$path, "data", "model.h5"), compile = FALSE))
  outside <- tempfile(fileext = ".h5")
  writeLines("", outside)
  path <- a_model("{keras: {data: data}}", "data/other")
  file.symlink(outside, file.path(path, "data", "model.h5"))
  expect_error(mlmodel_load(path, trust = TRUE), "leads out.*DIR-004")
  got <- asked("{h2o: {}}", c("model.h2o/h2o.yaml", "model.h2o/m1"))
  expect_equal(got$told, data.frame(file = file.path(got$path, "model.h2o", "m1"), rows = 1L))
  got <- asked("{mleap: {model_data: m.zip}}", "m.zip")
  expect_equal(got$told, data.frame(b = 2, a = 1, prediction = file.path(got$path, "m.zip")))
  expect_error(asked("{mleap: {model_data: m}}", "m/bundle.json"), "is a folder")
  expect_error(asked("{xgboost: {data: ../m}}", "m"), "leads out")
  expect_error(asked("{xgboost: {data: absent}}", "m"), "no file absent.*DIR-003")
  expect_error(asked("{xgboost: {}}", "m"), "does not name")
  strings <- mlmodel_load(a_model("{xgboost: {data: m}}", "m"), trust = TRUE)
  expect_error(mlmodel_predict(strings, data.frame(a = "x", b = 1)), "takes numbers, and column a is of the class character")
})
