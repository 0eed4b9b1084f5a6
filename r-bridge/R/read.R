# The MLmodel file of a model folder.

# Where a model's file is: the place, the folder, and its name there. A copy in the folder `metadata` is one of the folder
# above (DIR-007). The name is not followed to where a link leads: what lies there is another folder (DIR-011).
model_file <- function(path) {
  if (!is.character(path) || length(path) != 1L || is.na(path)) stop("A model is given by one path, as a text", call. = FALSE)
  place <- if (dir.exists(path)) file.path(path, "MLmodel") else path
  if (!is_file(place)) stop("There is no model at ", path, ": a model is a folder with a file MLmodel", call. = FALSE)
  root <- normalizePath(dirname(place))
  is_copy <- basename(root) == "metadata" && is_file(file.path(dirname(root), "MLmodel"))
  list(
    place = place, root = if (is_copy) dirname(root) else root,
    name = if (is_copy) file.path("metadata", basename(place)) else basename(place)
  )
}

mlmodel_read <- function(path) {
  file <- model_file(path)
  if (!is_inside(file$root, file$name)) stop(path, " is a link that leads out of the model's folder, so it is not read (DIR-011)", call. = FALSE)
  structure(value_of(read_yaml(file$place, schema_read)), class = "mlmodel_file", root = file$root)
}

# The document of a file within the bounds of MLM-002, which `look` returns; what cannot be read is told with its place.
read_yaml <- function(place, look = identity) {
  r <- NULL
  tryCatch({
    r <- document_reader(text_within_bounds(read_bytes(place, yaml_bounds$bytes + 1)))
    look(read_root(r)$root)
  }, mlmodel_broken = function(e) {
    if (!is.null(e$text)) r <- new_reader(e$text)
    at <- if (!is.na(e$place)) lines_and_columns(r, e$place)
    stop(place, if (!is.null(at)) paste0(":", at$line, ":", at$column), " ", e$why, " (", e$rule, ")", call. = FALSE)
  })
}

# The mapping of a document of which each value knows whether its schema says that it is a text (MLM-005).
schema_read <- function(node) {
  require_mapping(node)
  ck <- new_checker()
  ck$is_of_values <- TRUE
  check_yaml(ck, node, "")
  check_node(ck, node, schemas()$mlmodel, "", node$place)
  node
}

# What a node is in R. Lists stay lists: R would make vectors of them.
value_of <- function(node) {
  if (node$kind == "list") return(lapply(node$items, value_of))
  if (node$kind == "text") return(text_value(node))
  names <- vapply(node$entries, function(entry) if (is.null(entry[[1L]]$value)) "" else entry[[1L]]$value, "")
  structure(lapply(node$entries, function(entry) value_of(entry[[2L]])), names = names)
}

# A whole number that R would have as another one keeps its digits, as a text; so does a time its form.
text_value <- function(node) {
  form <- form_of(node)
  if (form == "null") return(NULL)
  if (isTRUE(node$is_text) || !has_value(node)) return(node$value)
  if (form == "boolean") return(node$value %in% true_texts)
  if (form == "number") return(number_of(node$value))
  if (form != "integer") return(node$value)
  number <- number_of(node$value)
  if (abs(number) < 2^31) as.integer(number) else if (abs(number) < 2^53) number else node$value
}

# As lists have it, but of whole names: R's own `$` would take the value of `signature_old` for that of `signature`.
`$.mlmodel_file` <- function(x, name) x[[name]]

print.mlmodel_file <- function(x, ...) {
  cat("MLmodel in", attr(x, "root"), "\n  flavors:", shown(paste(names(at_key(x, "flavors")), collapse = ", "), 200L), "\n")
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
  list <- tryCatch(read_json(text, TRUE, deepest_text), mlmodel_not_json = function(e) stop(where, " are ", conditionMessage(e), " (SIG-001)", call. = FALSE))
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
