saved_by <- list(
  xgboost = function(file) structure(list(file = file), class = "xgb.Booster"),
  keras = function(file) structure(list(file = file), class = c("keras.engine.sequential.Sequential", "keras.engine.training.Model", "python.builtin.object")),
  keras3 = function(file) structure(list(file = file), class = c("keras.src.models.sequential.Sequential", "keras.src.models.model.Model", "python.builtin.object")),
  h2o = function(file) methods::new(methods::getClass("H2ORegressionModel", where = asNamespace("h2o")), file = file),
  mleap = function(file) structure(list(file = file), class = c("ml_pipeline_model", "ml_transformer"))
)
signature <- list(inputs = c(b = "double", a = "double"), outputs = "double")
sample_input <- structure(list(), class = c("tbl_spark", "tbl"))

a_file <- function(text = "what the library wrote") {
  file <- tempfile()
  writeLines(text, file)
  file
}

# A zip file of a bundle.json alone, which says the version 0.20.0.
a_bundle <- function() {
  text <- paste0(
    "UEsDBBQAAAAAAAAAIQDsdL6LIQAAACEAAAALAAAAYnVuZGxlLmpzb257InVpZCI6ICJwIiwgInZlcnNpb24iOiAiMC4yMC4wIn1Q",
    "SwECFAMUAAAAAAAAACEA7HS+iyEAAAAhAAAACwAAAAAAAAAAAAAAgAEAAAAAYnVuZGxlLmpzb25QSwUGAAAAAAEAAQA5AAAASgAA",
    "AAAA"
  )
  file <- tempfile(fileext = ".zip")
  writeBin(jsonlite::base64_dec(text), file)
  file
}

lines_of <- function(...) readLines(file.path(...))

test_that("functions and crates are saved as mlmodel_save_crate saves them", {
  path <- tempfile("model-")
  expect_equal(mlmodel_save_model(function(x) x + one, path, one = 1, signature = list(inputs = "double")), path)
  expect_length(mlmodel_validate(path), 0)
  expect_equal(names(mlmodel_read(path)$flavors), "crate")
  expect_equal(mlmodel_signature(path)$inputs$type, "double")
  expect_equal(mlmodel_predict(mlmodel_load_model(path, trust = TRUE), 2), 3)
  expect_error(mlmodel_load_model(path), "trust = TRUE")
  crate <- structure(function(x) x * 2, class = "crate")
  expect_error(mlmodel_save_model(crate, path), "is there already")
  mlmodel_save_model(crate, path, overwrite = TRUE)
  expect_equal(mlmodel_predict(mlmodel_load_model(path, trust = TRUE), 2), 4)
})

test_that("what cannot be saved is told with its class, and what can be done", {
  path <- tempfile("model-")
  model <- lm(mpg ~ wt, mtcars)
  expect_error(mlmodel_save_model(model, path), "not an object of the class lm.*mlmodel_save_crate")
  expect_error(mlmodel_save_model(function(x) predict(model, x), path, model = model), "other names here than model and path")
  expect_error(mlmodel_log_model(model, "model"), "no run to log into yet.*mlmodel_save_model.*mlflow_log_artifact")
  expect_false(file.exists(path))
})

test_that("the package that saving needs is named", {
  for (name in setdiff(names(saved_by), "h2o")) {
    skip_if(has_any_of(name))
    path <- tempfile("model-")
    more <- if (name == "mleap") list(sample_input = sample_input)
    expect_error(do.call(mlmodel_save_model, c(list(saved_by[[name]](a_file()), path), more)),
                 paste0("needs R's package ", name, ", which is not installed: install.packages\\(\"", name, "\"\\)$"))
    expect_false(file.exists(path))
  }
})

test_that("models of libraries are saved by their package, valid and loaded again", {
  skip_if(has_any_of(names(stand_ins)))
  with_stand_ins(names(stand_ins), {
    saved <- function(name, file = a_file(), ...) {
      path <- tempfile("model-")
      if (name == "h2o") loadNamespace("h2o")
      expect_equal(mlmodel_save_model(saved_by[[name]](file), path, ..., signature = signature), path)
      expect_length(mlmodel_validate(path), 0)
      expect_equal(mlmodel_signature(path)$inputs$name, c("b", "a"))
      normalizePath(path)
    }
    # Every file of the folder, the model's own flavor, and what Python installs for it.
    expect_saved <- function(path, files, keys, requirements) {
      expect_setequal(dir(path, recursive = TRUE), c("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", files))
      flavors <- mlmodel_read(path)$flavors
      expect_equal(names(flavors)[2L], "python_function")
      expect_mapequal(flavors[[1L]], keys)
      module <- paste0("mlflow.", names(flavors)[1L])
      env <- list(conda = "conda.yaml", virtualenv = "python_env.yaml")
      expect_mapequal(flavors$python_function, list(loader_module = module, data = keys$data, env = env))
      expect_equal(lines_of(path, "requirements.txt"), requirements)
      expect_equal(trimws(tail(lines_of(path, "conda.yaml"), length(requirements))), paste("-", requirements))
      expect_true("- -r requirements.txt" %in% lines_of(path, "python_env.yaml"))
    }
    asked <- function(path) mlmodel_predict(mlmodel_load_model(path, trust = TRUE), data.frame(a = 1, b = 2))

    path <- saved("xgboost")
    expect_saved(path, "model.ubj", list(data = "model.ubj", xgb_version = "1.7.11"), "xgboost==1.7.*")
    expect_equal(lines_of(path, "model.ubj"), "what the library wrote")
    expect_equal(asked(path)[[1]]$file, file.path(path, "model.ubj"))

    path <- saved("keras")
    expect_saved(path, "model.h5", list(data = "model.h5", keras_version = "2.15.0", keras_backend = "tensorflow"),
                 c("keras==2.15.0", "tensorflow==2.15.1"))
    options(stand_in.keras = "2.16.0")
    expect_equal(lines_of(saved("keras"), "requirements.txt")[1L], "tf-keras==2.16.0")
    options(stand_in.keras = NULL)

    path <- saved("keras3")
    expect_saved(path, "model.keras", list(data = "model.keras", keras_version = "3.8.0", keras_backend = "torch"),
                 c("keras==3.8.0", "torch==2.6.0"))
    expect_equal(asked(path)[[1]]$file, file.path(path, "model.keras"))

    path <- saved("h2o")
    expect_saved(path, file.path("model.h2o", c("GLM_model_R_1", "h2o.yaml")), list(data = "model.h2o", h2o_version = "3.44.0.3"), "h2o==3.44.0.3")
    expect_equal(lines_of(path, "model.h2o", "h2o.yaml"), "model_file: GLM_model_R_1")
    expect_equal(asked(path)$file, file.path(path, "model.h2o", "GLM_model_R_1"))

    path <- saved("mleap", a_bundle(), sample_input = sample_input)
    expect_setequal(dir(path), c("MLmodel", "model.zip"))
    expect_equal(mlmodel_read(path)$flavors, list(mleap = list(mleap_version = "0.20.0", model_data = "model.zip")))
    expect_equal(asked(path)$prediction, file.path(path, "model.zip"))
  })
})

test_that("a model of a library is saved whole or not at all", {
  skip_if(has_any_of(names(stand_ins)))
  with_stand_ins(names(stand_ins), {
    folder <- tempfile("models-")
    dir.create(folder)
    path <- file.path(folder, "model")
    booster <- saved_by$xgboost(a_file("old"))
    mlmodel_save_model(booster, path)
    stays <- function(model, told, ..., overwrite = TRUE) {
      expect_error(suppressWarnings(mlmodel_save_model(model, path, ..., overwrite = overwrite)), told)
      expect_equal(dir(folder, all.files = TRUE, no.. = TRUE), "model")
      expect_equal(lines_of(path, "model.ubj"), "old")
    }
    loadNamespace("h2o")
    stays(booster, "is there already", overwrite = FALSE)
    stays(saved_by$xgboost("absent"), "would break rules.*not in the model's folder.*DIR-003")
    stays(saved_by$keras3("absent"), "would break rules.*DIR-003")
    stays(saved_by$h2o("absent"), "h2o wrote no file GLM_model_R_1")
    stays(saved_by$mleap("absent"), "wrote no bundle", sample_input = sample_input)
    stays(saved_by$mleap(a_file("no zip file")), "wrote no bundle", sample_input = sample_input)
    stays(saved_by$mleap(a_bundle()), "saved with sample_input")
    stays(booster, "SIG-003", signature = list(inputs = c(a = "numeric")))
    stays(booster, "SIG-001", signature = "double")
    stays(booster, "has no argument conda_env for a model of the flavor xgboost", conda_env = "a")
    stays(booster, "has no argument without a name", 1)
    expect_error(mlmodel_save_model(booster, 1), "path is one text")
    mlmodel_save_model(saved_by$xgboost(a_file("new")), path, overwrite = TRUE)
    expect_equal(lines_of(path, "model.ubj"), "new")
  })
})

test_that("a release of xgboost that writes its old form is refused", {
  skip_if(has_any_of("xgboost"))
  path <- tempfile("model-")
  with_stand_ins("xgboost", versions = c(xgboost = "1.5.2.1"), {
    expect_error(mlmodel_save_model(saved_by$xgboost(a_file()), path), "from 1.6 on, and 1.5.2.1 is installed")
  })
  expect_false(file.exists(path))
})
