# Models that R loads: crates, and those of flavors whose package for R is installed.

# By flavor: the packages of which one is needed, and what loads a model with it. A function of the data is returned.
r_flavors <- list(
  crate = list(packages = character(), load = function(root, flavor, package) load_crate(root, flavor)),
  keras = list(packages = c("keras3", "keras"), load = function(root, flavor, package) load_keras(root, flavor, package)),
  xgboost = list(packages = "xgboost", load = function(root, flavor, package) load_xgboost(root, flavor)),
  h2o = list(packages = "h2o", load = function(root, flavor, package) load_h2o(root, flavor)),
  mleap = list(packages = "mleap", load = function(root, flavor, package) load_mleap(root, flavor))
)

mlmodel_load <- function(path, trust = FALSE) {
  read <- mlmodel_read(path)
  name <- loaded_flavor(read, path)
  if (!isTRUE(trust))
    stop("A model of the flavor ", name, " may be code, and reading it runs code. If you know where ", path,
         " comes from, load it with trust = TRUE (CRA-005)", call. = FALSE)
  inputs <- specs_of(read)$inputs
  if (!is.null(inputs)) delivery_of(read, inputs) # a broken record is refused
  how <- r_flavors[[name]]
  package <- Find(function(one) requireNamespace(one, quietly = TRUE), how$packages)
  if (is.null(package) && length(how$packages)) stop(without_package(name, how$packages, path), call. = FALSE)
  predict <- how$load(attr(read, "root"), at_key(at_key(read, "flavors"), name), package)
  structure(list(predict = predict, file = read, flavor = name), class = "mlmodel_loaded")
}

# The flavor by which a model is loaded: the first whose package is there, and without any the first.
loaded_flavor <- function(read, path) {
  names <- intersect(names(r_flavors), names(at_key(read, "flavors")))
  if (!length(names)) stop(not_of_r(read, path), call. = FALSE)
  is_ready <- vapply(names, function(name) {
    packages <- r_flavors[[name]]$packages
    !length(packages) || any(vapply(packages, requireNamespace, NA, quietly = TRUE))
  }, NA)
  if (any(is_ready)) names[is_ready][1L] else names[1L]
}

served_instead <- function(path) paste0("serve it (mlmodel serve -m ", path, "), and ask it with mlmodel_score(url, data)")

not_of_r <- function(read, path) {
  flavors <- shown(paste(names(at_key(read, "flavors")), collapse = ", "), 200L)
  paste0(path, ": the model has the flavors ", flavors, ", and R loads crates and models of ",
         paste(setdiff(names(r_flavors), "crate"), collapse = ", "), "; ", served_instead(path))
}

without_package <- function(name, packages, path) paste0(needs_package(name, packages), ". Or ", served_instead(path))

needs_package <- function(name, packages) {
  paste0("A model of the flavor ", name, " needs R's package ", paste(packages, collapse = " or "), ", which is not installed: ",
         "install.packages(\"", packages[1L], "\")")
}

# The name of a file of a flavor, which is in the folder, and there.
file_of <- function(root, given, default = NULL) {
  file <- if (is.null(given)) default else given
  if (!is.character(file) || length(file) != 1L) stop("the flavor does not name the model's file (MLM-008)", call. = FALSE)
  if (!is_inside(root, file)) stop(shown(file, 200L), " leads out of the model's folder (DIR-004)", call. = FALSE)
  if (!is_there(place_in(root, file))) stop("there is no file ", shown(file, 200L), " in the model's folder (DIR-003)", call. = FALSE)
  file
}

exported <- function(package, name) getExportedValue(package, name)

# Numbers as a matrix, which these libraries take; texts would become one of texts.
number_matrix <- function(data) {
  is_odd <- function(column) is.character(column) || !is_plain(without_as_is(column))
  refuse <- function(what, of) stop("The model takes numbers, and ", what, " is of the class ", class(without_as_is(of))[1L], call. = FALSE)
  if (is.data.frame(data)) {
    odd <- which(vapply(data, is_odd, NA))
    if (length(odd)) refuse(paste("column", names(data)[odd[1L]]), data[[odd[1L]]])
  } else if (is.atomic(data) && is.object(data)) refuse("what it is given", data)
  as.matrix(data)
}

load_xgboost <- function(root, flavor) {
  model <- exported("xgboost", "xgb.load")(file.path(root, file_of(root, at_key(flavor, "data"))))
  function(data, ...) stats::predict(model, number_matrix(data), ...)
}

load_keras <- function(root, flavor, package) {
  file <- file_of(root, at_key(flavor, "data"), "data")
  # A folder holds one model, in the form of either age.
  if (dir.exists(file.path(root, file)))
    file <- Find(function(one) is_there(file.path(root, one)), file.path(file, c("model.keras", "model.h5")))
  if (is.null(file)) stop("there is neither model.keras nor model.h5 in the model's data (DIR-003)", call. = FALSE)
  load <- exported(package, if (package == "keras3") "load_model" else "load_model_hdf5")
  model <- load(file.path(root, file_of(root, file)), compile = FALSE)
  function(data, ...) stats::predict(model, number_matrix(data), ...)
}

load_h2o <- function(root, flavor) {
  folder <- file_of(root, at_key(flavor, "data"), "model.h2o")
  settings <- value_of(read_yaml(file.path(root, file_of(root, file.path(folder, "h2o.yaml")))))
  file <- file_of(root, file.path(folder, at_key(settings, "model_file")))
  exported("h2o", "h2o.init")(bind_to_localhost = TRUE)
  model <- exported("h2o", "h2o.loadModel")(file.path(root, file))
  function(data, ...) as.data.frame(exported("h2o", "h2o.predict")(model, exported("h2o", "as.h2o")(data), ...))
}

load_mleap <- function(root, flavor) {
  file <- file.path(root, file_of(root, at_key(flavor, "model_data")))
  if (dir.exists(file)) stop("R's package mleap reads bundles that are zip files, and this one is a folder", call. = FALSE)
  model <- exported("mleap", "mleap_load_bundle")(file)
  function(data, ...) exported("mleap", "mleap_transform")(model, data, ...)
}

mlmodel_predict <- function(model, data, ...) UseMethod("mlmodel_predict")

mlmodel_predict.mlmodel_loaded <- function(model, data, ...) {
  inputs <- mlmodel_signature(model$file)$inputs
  absent <- setdiff(inputs$name[inputs$required & !is.na(inputs$name)], names(data))
  if (is.data.frame(data) && length(absent))
    stop("The data lack the columns ", paste(absent, collapse = ", "), " (ENF-004)", call. = FALSE)
  data <- delivered_frame(model$file, data)
  # A function of R takes what it likes; a library's model its columns alone, in their order.
  is_by_name <- model$flavor != "crate" && is.data.frame(data) && length(inputs$name) && !anyNA(inputs$name)
  model$predict(if (is_by_name) data[intersect(inputs$name, names(data))] else data, ...)
}

mlmodel_predict.default <- function(model, data, ...) {
  if (is.character(model)) stop("load the model first: mlmodel_load(path, trust = TRUE)", call. = FALSE)
  stop("mlmodel_predict takes what mlmodel_load returns, not an object of the class ", class(model)[1L], call. = FALSE)
}

predict.mlmodel_loaded <- function(object, newdata, ...) mlmodel_predict(object, newdata, ...)

print.mlmodel_loaded <- function(x, ...) {
  cat("Model of the flavor", x[["flavor"]], "in", attr(x[["file"]], "root"), "\n")
  invisible(x)
}
