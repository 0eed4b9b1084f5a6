# The MLmodel file of a model folder.

model_file <- function(path) {
  file <- if (dir.exists(path)) file.path(path, "MLmodel") else path
  if (!file.exists(file))
    stop("There is no model at ", path, ": a model is a folder with a file MLmodel", call. = FALSE)
  file
}

mlmodel_read <- function(path) {
  file <- model_file(path)
  read <- tryCatch(
    # Lists stay lists: R would make vectors of them, and 1.0 of 1.
    yaml::yaml.load_file(file, handlers = list(seq = function(x) as.list(x)), eval.expr = FALSE),
    error = function(e) stop(file, " is not YAML: ", conditionMessage(e), call. = FALSE)
  )
  if (!is_mapping(read)) stop(file, " is no mapping of keys (MLM-001)", call. = FALSE)
  structure(read, class = "mlmodel_file", root = dirname(normalizePath(file)))
}

print.mlmodel_file <- function(x, ...) {
  cat("MLmodel in", attr(x, "root"), "\n  flavors:", paste(names(x$flavors), collapse = ", "), "\n")
  invisible(x)
}

mlmodel_signature <- function(model) {
  if (is.character(model)) model <- mlmodel_read(model)
  said <- model$signature
  if (is.null(said)) return(NULL)
  parts <- list()
  for (part in c("inputs", "outputs", "params")) {
    text <- said[[part]]
    if (!is.null(text)) parts[[part]] <- specs(jsonlite::fromJSON(text, simplifyVector = FALSE))
  }
  parts
}

# A table of columns, as R users look at them; tensors and nested types keep their JSON.
specs <- function(read) {
  text <- function(one) {
    if (is.null(one)) NA_character_
    else if (is.character(one)) one
    else as.character(jsonlite::toJSON(one, auto_unbox = TRUE))
  }
  of <- function(one) if (identical(one$type, "tensor")) text(one$`tensor-spec`) else text(one$type)
  data.frame(
    name = vapply(read, function(one) text(one$name), ""),
    type = vapply(read, of, ""),
    required = vapply(read, function(one) !isFALSE(one$required), NA),
    default = vapply(read, function(one) text(one$default), "")
  )
}

is_mapping <- function(x) is.list(x) && (length(x) == 0L || !is.null(names(x)))
