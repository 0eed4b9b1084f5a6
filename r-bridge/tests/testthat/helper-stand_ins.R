# Debian has none of these packages. Stand-ins say which of their functions is called, and with what; those that save
# write what their model holds.
stand_ins <- list(
  xgboost = c(
    "xgb.load <- function(modelfile) structure(list(file = modelfile), class = 'stand_in')",
    "xgb.save <- function(model, fname) invisible(file.copy(model$file, fname))"
  ),
  keras = c(
    "load_model_hdf5 <- function(filepath, compile = TRUE) structure(list(file = filepath, compile = compile), class = 'stand_in')",
    "save_model_hdf5 <- function(object, filepath, overwrite = TRUE, include_optimizer = TRUE) invisible(file.copy(object$file, filepath))"
  ),
  keras3 = c(
    "load_model <- function(model, compile = TRUE) structure(list(file = model, compile = compile), class = 'stand_in')",
    "save_model <- function(model, filepath = NULL, overwrite = FALSE, zipped = NULL) invisible(file.copy(model$file, filepath))"
  ),
  reticulate = c(
    "said <- function(version, ...) list(`__version__` = version, ...)",
    "import <- function(module) switch(module,",
    "  keras = said('3.8.0', backend = list(backend = function() 'torch')),",
    "  torch = said('2.6.0+cpu'),",
    "  tensorflow = said('2.15.1', keras = said(getOption('stand_in.keras', '2.15.0'))),",
    "  stop('no module ', module))"
  ),
  h2o = c(
    "started <- new.env()",
    "h2o.init <- function(bind_to_localhost = FALSE) started$local <- bind_to_localhost",
    "h2o.loadModel <- function(path) { stopifnot(isTRUE(started$local)); list(file = path) }",
    "as.h2o <- function(x) structure(list(x), class = 'given')",
    "h2o.predict <- function(object, newdata) { stopifnot(inherits(newdata, 'given')); list(file = object$file, rows = nrow(newdata[[1]])) }",
    "setClass('H2OModel', representation(file = 'character'))",
    "setClass('H2ORegressionModel', contains = 'H2OModel')",
    "h2o.download_model <- function(model, path = NULL, export_cross_validation_predictions = FALSE, filename = '') {",
    "  written <- file.path(path, 'GLM_model_R_1')",
    "  file.copy(model@file, written)",
    "  written",
    "}"
  ),
  mleap = c(
    "mleap_load_bundle <- function(path) list(file = path)",
    "mleap_transform <- function(model, data) cbind(data, prediction = model$file)",
    "ml_write_bundle <- function(x, sample_input, path, overwrite = FALSE) {",
    "  stopifnot(inherits(sample_input, 'tbl_spark'), endsWith(path, '.zip'))",
    "  invisible(file.copy(x$file, path))",
    "}"
  )
)

# The releases that they say they are, where it matters.
stand_in_versions <- c(xgboost = "1.7.11.1", h2o = "3.44.0.3")

# A library of R with the stand-ins of these names.
installed <- function(names, versions = stand_in_versions) {
  folder <- tempfile("stand-ins-")
  library <- file.path(folder, "library")
  dir.create(library, recursive = TRUE)
  for (name in names) {
    dir.create(file.path(folder, name, "R"), recursive = TRUE)
    version <- if (name %in% names(versions)) versions[[name]] else "0.0.1"
    described <- c(paste("Package:", name), paste("Version:", version), "Title: Stand-in", "License: none", "Description: None.", "Imports: methods")
    writeLines(described, file.path(folder, name, "DESCRIPTION"))
    code <- c(stand_ins[[name]], "predict.stand_in <- function(object, newdata, ...) list(object, newdata)")
    writeLines(code, file.path(folder, name, "R", "all.R"))
    writeLines(c("import(methods)", "exportPattern('.')", if (name == "h2o") "exportClasses(H2OModel, H2ORegressionModel)", "S3method(stats::predict, stand_in)"), file.path(folder, name, "NAMESPACE"))
  }
  how <- c("CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load", "-l", library, file.path(folder, names))
  stopifnot(system2(file.path(R.home("bin"), "R"), how, stdout = FALSE, stderr = FALSE) == 0L)
  library
}

# With them installed in place of nothing, for as long as the code runs.
with_stand_ins <- function(names, code, versions = stand_in_versions) {
  paths <- .libPaths()
  on.exit({
    for (name in intersect(names(stand_ins), loadedNamespaces())) unloadNamespace(name)
    .libPaths(paths)
  })
  .libPaths(c(installed(names, versions), paths))
  code
}

has_any_of <- function(names) any(vapply(names, requireNamespace, NA, quietly = TRUE))
