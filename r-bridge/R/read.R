# The MLmodel file of a model folder.

model_file <- function(path) {
  if (!is.character(path) || length(path) != 1L || is.na(path)) stop("A model is given by one path, as a text", call. = FALSE)
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

# As lists have it, but of whole names: R's own `$` would take the value of `signature_old` for that of `signature`.
`$.mlmodel_file` <- function(x, name) x[[name]]

print.mlmodel_file <- function(x, ...) {
  cat("MLmodel in", attr(x, "root"), "\n  flavors:", paste(names(at_key(x, "flavors")), collapse = ", "), "\n")
  invisible(x)
}

mlmodel_signature <- function(model) {
  if (inherits(model, "mlmodel_loaded")) model <- model$file
  if (is.character(model)) model <- mlmodel_read(model)
  if (!inherits(model, "mlmodel_file"))
    stop("mlmodel_signature takes a model's path, or what mlmodel_read or mlmodel_load returns, not an object of the class ",
         class(model)[1L], call. = FALSE)
  read <- signature_lists(model)
  if (is.null(read)) NULL else lapply(read, specs)
}

# The lists of a file's signature, as read_json reads their texts; NULL of a file without one.
signature_lists <- function(file) {
  said <- at_key(file, "signature")
  if (is.null(said)) return(NULL)
  parts <- c("inputs", "outputs", "params")
  given <- lapply(structure(parts, names = parts), function(part) at_key(said, part))
  given <- given[!vapply(given, is.null, NA)]
  Map(signature_list, given, names(given))
}

# The text is others': it is read as JSON, or not at all, and never taken for the name of a file or an address.
signature_list <- function(text, part) {
  where <- paste("the", part, "of the signature")
  if (!is.character(text) || length(text) != 1L) stop(where, " are no text of JSON (SIG-001)", call. = FALSE)
  list <- tryCatch(read_json(text), mlmodel_not_json = function(e) stop(where, " are ", conditionMessage(e), " (SIG-001)", call. = FALSE))
  if (!is_array(list) || !all(vapply(list, is_object, NA)))
    stop(where, " are JSON, and no list of objects (", if (part == "params") "SIG-008" else "SIG-002", ")", call. = FALSE)
  list
}

# A table of columns, as R users look at them; tensors and nested types keep their JSON, numbers all digits.
specs <- function(read) {
  text <- function(spec, key) {
    value <- at_key(spec, key)
    if (is.null(value)) NA_character_
    else if (is.character(value)) as.character(unclass(value))
    else write_json(value)
  }
  of <- function(spec) text(spec, if (identical(at_key(spec, "type"), "tensor")) "tensor-spec" else "type")
  data.frame(
    name = vapply(read, text, "", "name"),
    type = vapply(read, of, ""),
    required = vapply(read, function(spec) !isFALSE(at_key(spec, "required")), NA),
    default = vapply(read, text, "", "default")
  )
}

is_mapping <- function(x) is.list(x) && (length(x) == 0L || !is.null(names(x)))
