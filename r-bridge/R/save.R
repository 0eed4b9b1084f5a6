# Models that R saves: functions as crates, and models of libraries by their own package for R, with the names of files and
# keys that MLflow's package for R gives them. All are written whole or not at all.

mlmodel_save_model <- function(model, path, ..., signature = NULL, overwrite = FALSE) UseMethod("mlmodel_save_model")

mlmodel_load_model <- function(path, trust = FALSE) mlmodel_load(path, trust)

mlmodel_log_model <- function(model, artifact_path, ...) {
  stop("There is no run to log into yet. Save the model to a folder with mlmodel_save_model(model, path); ",
       "mlflow_log_artifact(path, \"model\") of the package mlflow puts it into a run, from which MLflow loads it", call. = FALSE)
}

mlmodel_save_model.function <- function(model, path, ..., signature = NULL, overwrite = FALSE)
  mlmodel_save_crate(model, path, ..., signature = signature, overwrite = overwrite)

# The class alone is looked for where an object has one.
mlmodel_save_model.crate <- mlmodel_save_model.function

mlmodel_save_model.default <- function(model, path, ..., signature = NULL, overwrite = FALSE) {
  # What a function needs is given by name, and R takes one of these names for an argument.
  if (!missing(path) && is.function(path))
    stop("What the function needs has other names here than model and path, and than their beginnings; mlmodel_save_crate(f, path, ...) ",
         "takes model by name", call. = FALSE)
  stop("mlmodel_save_model takes functions and crates, and models of xgboost (xgb.Booster), keras3, keras and h2o, and pipelines of ",
       "sparklyr (ml_pipeline_model), not an object of the class ", class(model)[1L], ". A function that asks it can be saved: ",
       "mlmodel_save_crate(function(data) stats::predict(model, data), path, model = model)", call. = FALSE)
}

mlmodel_save_model.xgb.Booster <- function(model, path, ..., signature = NULL, overwrite = FALSE) {
  save_by_package("xgboost", "xgboost", path, list(...), signature, overwrite, function(folder) {
    version <- getNamespaceVersion("xgboost")
    # Before, it wrote a form that XGBoost itself reads no more.
    if (numeric_version(version) < "1.6")
      stop("The model is saved by R's package xgboost from 1.6 on, and ", version, " is installed (XGB-005): install.packages(\"xgboost\")", call. = FALSE)
    exported("xgboost", "xgb.save")(model, file.path(folder, "model.ubj"))
    # Behind the second number, the releases for R and for Python are not the same.
    release <- sub("^([0-9]+[.][0-9]+).*", "\\1", version)
    list(keys = list(data = "model.ubj", xgb_version = sub("^([0-9]+[.][0-9]+[.][0-9]+).*", "\\1", version)),
         requirements = paste0("xgboost==", release, ".*"))
  })
}

mlmodel_save_model.keras.src.models.model.Model <- function(model, path, ..., signature = NULL, overwrite = FALSE) {
  save_by_package("keras", "keras3", path, list(...), signature, overwrite, function(folder) {
    exported("keras3", "save_model")(model, file.path(folder, "model.keras"))
    keras <- imported("keras")
    backend <- keras$backend$backend()
    version <- version_of(keras)
    list(keys = list(data = "model.keras", keras_version = version, keras_backend = backend),
         requirements = c(paste0("keras==", version), paste0(backend, "==", version_of(imported(backend)))))
  })
}

# The class that the package keras gives models of Keras 2, wherever they are from.
mlmodel_save_model.keras.engine.training.Model <- function(model, path, ..., signature = NULL, overwrite = FALSE) {
  save_by_package("keras", "keras", path, list(...), signature, overwrite, function(folder) {
    exported("keras", "save_model_hdf5")(model, file.path(folder, "model.h5"))
    tensorflow <- imported("tensorflow")
    version <- version_of(tensorflow$keras)
    # Keras 2 has another name from the release on with which TensorFlow took Keras 3.
    distribution <- if (grepl("^2[.](1[6-9]|[2-9][0-9])", version)) "tf-keras" else "keras"
    list(keys = list(data = "model.h5", keras_version = version, keras_backend = "tensorflow"),
         requirements = c(paste0(distribution, "==", version), paste0("tensorflow==", version_of(tensorflow))))
  })
}

# A module of the Python in which R's models of Keras live, and its version without its local part (ENV-014).
imported <- function(module) exported("reticulate", "import")(module)
version_of <- function(module) sub("[+].*", "", module$`__version__`)

mlmodel_save_model.H2OModel <- function(model, path, ..., signature = NULL, overwrite = FALSE) {
  save_by_package("h2o", "h2o", path, list(...), signature, overwrite, function(folder) {
    data <- file.path(folder, "model.h2o")
    dir.create(data)
    # H2O's server may be on another machine, and does not write into this one's folders.
    file <- basename(exported("h2o", "h2o.download_model")(model, data))
    if (!is_file(file.path(data, file))) stop("R's package h2o wrote no file ", shown(file, 200L), " (HTO-003)", call. = FALSE)
    # MLflow writes places of this machine beside it, which nobody may follow (HTO-003).
    write_yaml(list(model_file = file), file.path(data, "h2o.yaml"))
    version <- unname(getNamespaceVersion("h2o"))
    list(keys = list(data = "model.h2o", h2o_version = version), requirements = paste0("h2o==", version))
  })
}

mlmodel_save_model.ml_pipeline_model <- function(model, path, ..., sample_input, signature = NULL, overwrite = FALSE) {
  if (missing(sample_input))
    stop("A pipeline of Spark is saved with sample_input, a data frame of Spark that it answers and whose columns say the types of its ",
         "inputs (MLP-014)", call. = FALSE)
  save_by_package("mleap", "mleap", path, list(...), signature, overwrite, function(folder) {
    file <- file.path(folder, "model.zip")
    # By name: early releases took another table in its place.
    exported("mleap", "ml_write_bundle")(model, sample_input = sample_input, path = file)
    # A model of MLeap alone has no python_function.
    list(keys = list(mleap_version = bundle_version(file), model_data = "model.zip"))
  })
}

# The version of MLeap that wrote a bundle.
bundle_version <- function(file) {
  opened <- unz(file, "bundle.json")
  on.exit(close(opened))
  # Bytes: of such a file, readLines leaves out a last line that does not end.
  bytes <- tryCatch({
    suppressWarnings(open(opened, "rb"))
    readBin(opened, "raw", yaml_bounds$bytes)
  }, error = function(e) stop("R's package mleap wrote no bundle with bundle.json (MLP-001)", call. = FALSE))
  at_key(read_json(text_of_bytes(bytes)), "version")
}

# Saves a model of a library: `write` writes it into a folder and returns the keys of its flavor, and what Python needs for it.
save_by_package <- function(name, package, path, unknown, signature, overwrite, write) {
  if (length(unknown))
    stop("mlmodel_save_model has no argument ", paste(if (is.null(names(unknown))) "without a name" else names(unknown), collapse = ", "),
         " for a model of the flavor ", name, call. = FALSE)
  if (!is_one_text(path)) stop("path is one text, not an object of the class ", class(path)[1L], call. = FALSE)
  require_room(path, overwrite)
  if (!requireNamespace(package, quietly = TRUE)) stop(needs_package(name, package), call. = FALSE)
  # What is wrong with it is told before a library writes for long.
  if (!is.null(signature)) signature_texts(signature)
  write_model(path, function(folder) {
    made <- write(folder)
    flavors <- structure(list(made$keys), names = name)
    if (!is.null(made$requirements)) flavors$python_function <- python_function_of(name, made$keys$data)
    write_text(mlmodel_text(flavors, signature), file.path(folder, "MLmodel"))
    if (!is.null(made$requirements)) write_environment(folder, made$requirements)
  })
}

python_function_of <- function(name, data) {
  list(loader_module = paste0("mlflow.", name), data = data, env = list(conda = "conda.yaml", virtualenv = "python_env.yaml"))
}

# The three files of the environment (ENV-001). R does not know which Python will load the model, so none is named.
write_environment <- function(folder, requirements) {
  conda <- list(name = "mlflow-env", channels = list("conda-forge"), dependencies = list("python", "pip", list(pip = as.list(requirements))))
  write_yaml(conda, file.path(folder, "conda.yaml"))
  tools <- list(build_dependencies = list("pip", "setuptools", "wheel"), dependencies = list("-r requirements.txt"))
  write_yaml(tools, file.path(folder, "python_env.yaml"))
  write_text(requirements, file.path(folder, "requirements.txt"))
}

write_yaml <- function(value, file) write_text(yaml_text(value), file)
yaml_text <- function(value) enc2utf8(sub("\n$", "", yaml::as.yaml(value)))

# Lines end as everywhere else, on every system.
write_text <- function(text, file) {
  opened <- file(file, "wb")
  on.exit(close(opened))
  writeLines(text, opened, useBytes = TRUE)
}

is_one_text <- function(path) is.character(path) && length(path) == 1L && !is.na(path)

# Whole or not at all: written beside its place, and moved there.
write_model <- function(path, write) {
  parent <- dirname(normalizePath(path, mustWork = FALSE))
  dir.create(parent, recursive = TRUE, showWarnings = FALSE)
  new <- tempfile(".mlmodel-", parent)
  dir.create(new)
  on.exit(unlink(new, recursive = TRUE))
  write(new)
  require_valid(new)
  put_in_place(new, path)
  invisible(path)
}

# A model may be replaced; nothing else that is there is.
require_room <- function(path, overwrite) {
  is_empty <- dir.exists(path) && !length(dir(path, all.files = TRUE, no.. = TRUE))
  if (!file.exists(path) || is_empty) return(invisible())
  if (!dir.exists(path) || !file.exists(file.path(path, "MLmodel")))
    stop(path, " is there already and is no model, so it is not replaced", call. = FALSE)
  if (!overwrite) stop(path, " is there already; overwrite = TRUE replaces it", call. = FALSE)
}

# What would be refused by whoever reads it is not written.
require_valid <- function(folder) {
  wrong <- as.data.frame(mlmodel_validate(folder))
  wrong <- wrong[wrong[["severity"]] == "error", ]
  if (nrow(wrong))
    stop("The model would break rules of the format: ", wrong[["message"]][1L], " (", wrong[["pointer"]][1L], ", ", wrong[["rule"]][1L], ")",
         call. = FALSE)
}

# Moves a folder to its place. What was there is removed last, and put back where the move fails.
put_in_place <- function(new, path) {
  old <- if (file.exists(path)) tempfile(".mlmodel-old-", dirname(new))
  if (!is.null(old) && !suppressWarnings(file.rename(path, old))) stop(path, " cannot be replaced", call. = FALSE)
  if (!suppressWarnings(file.rename(new, path))) {
    if (!is.null(old)) file.rename(old, path)
    stop(path, " cannot be written", call. = FALSE)
  }
  if (!is.null(old)) unlink(old, recursive = TRUE)
}

mlmodel_text <- function(flavors, signature) {
  written <- list(flavors = flavors, utc_time_created = format(Sys.time(), "%Y-%m-%d %H:%M:%OS6", tz = "UTC"))
  if (!is.null(signature)) written$signature <- signature_texts(signature)
  delivery <- at_key(signature, "delivery")
  warn_of_delivery(at_key(delivery, "columns"))
  c(yaml_text(written), if (!is.null(delivery)) paste0("metadata:\n  mlmodel: ", delivery_text(delivery)))
}

# list(inputs = c(a = "double"), outputs = "double"), or what mlmodel_infer returns, as the format has it.
signature_texts <- function(signature) {
  known <- c("inputs", "outputs", "delivery")
  if (!is.list(signature) || is.data.frame(signature) || !length(signature) || !all(names(signature) %in% known) ||
      is.null(names(signature)))
    stop("signature is list(inputs = c(name = \"double\"), outputs = \"double\"), or what mlmodel_infer returns; parameters ",
         "are those of the function (SIG-001)", call. = FALSE)
  lapply(signature[names(signature) != "delivery"], column_texts)
}

# Types by their names, or the lists of mlmodel_infer.
column_texts <- function(types) {
  is_list <- is.list(types) && !is.data.frame(types)
  if (is_list && is.null(names(types))) return(write_json(types))
  types <- if (is_list) unlist(types) else types
  if (!is.character(types))
    stop("The columns of a signature are types by their names, c(name = \"double\"), or what mlmodel_infer(data) returns (SIG-003)",
         call. = FALSE)
  names <- names(types)
  columns <- lapply(seq_along(types), function(i) {
    c(list(type = types[[i]]), if (!is.null(names) && nzchar(names[i])) list(name = names[i]), list(required = TRUE))
  })
  as.character(jsonlite::toJSON(columns, auto_unbox = TRUE))
}
