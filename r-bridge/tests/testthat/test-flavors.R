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
  skip_if(has_any_of(names(stand_ins)))
  with_stand_ins(setdiff(names(stand_ins), c("keras3", "reticulate")), {
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
})
