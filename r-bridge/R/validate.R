# Values held against the JSON Schema of MLmodel files, by the keywords that it uses.
#
# Debian has no validator of JSON Schema for R, and the schema needs few keywords.

mlmodel_validate <- function(path) {
  read <- mlmodel_read(path)
  root <- attr(read, "root")
  found <- c(
    against(unclass_file(read), schema_of_files(), "", schema_of_files()),
    absent_files(read, root)
  )
  structure(found, class = "mlmodel_violations", path = path)
}

print.mlmodel_violations <- function(x, ...) {
  cat(attr(x, "path"), if (length(x)) "is not valid:\n" else "is valid\n")
  for (one in unclass(x)[seq_along(x)]) cat("  ", one, "\n", sep = "")
  invisible(x)
}

unclass_file <- function(read) {
  attr(read, "root") <- NULL
  unclass(read)
}

# A crate is the flavor that R can load, so its file has to be there.
absent_files <- function(read, root) {
  crate <- read$flavors$crate
  if (!is_mapping(crate)) return(character())
  file <- if (is.null(crate$model)) "crate.bin" else crate$model
  if (!is.character(file)) return(character())
  if (!is_inside(root, file)) return(paste0("/flavors/crate/model: ", file, " leads out of the folder (DIR-004)"))
  if (file.exists(file.path(root, file))) return(character())
  paste0("/flavors/crate/model: there is no file ", file, " (DIR-003)")
}

is_inside <- function(root, file) {
  parts <- strsplit(file, "[/\\\\]")[[1L]]
  if (startsWith(file, "/") || any(parts == "..")) return(FALSE)
  place <- file.path(root, file)
  !file.exists(place) || startsWith(normalizePath(place), paste0(normalizePath(root), "/"))
}

known <- new.env(parent = emptyenv())

schema_of_files <- function() {
  if (is.null(known$schema)) {
    file <- system.file("schemas", "mlmodel.json", package = "mlmodel", mustWork = TRUE)
    known$schema <- jsonlite::fromJSON(file, simplifyVector = FALSE)
  }
  known$schema
}

json_types <- function(value) {
  if (is.null(value)) "null"
  else if (is.list(value)) c(if (is_mapping(value)) "object", if (is.null(names(value))) "array")
  else if (is.logical(value)) "boolean"
  else if (is.character(value)) "string"
  else if (is.numeric(value)) c("number", if (is.finite(value) && value == trunc(value) && is.integer(value)) "integer")
  else "text"
}

against <- function(value, schema, at, root) {
  if (is.logical(schema)) return(if (schema) character() else fault(at, "may not be there"))
  reference <- schema$`$ref`
  if (!is.null(reference)) {
    name <- sub("#/$defs/", "", reference, fixed = TRUE)
    return(against(value, root$`$defs`[[name]], at, root))
  }
  types <- unlist(schema$type)
  if (!is.null(types) && !any(json_types(value) %in% types))
    return(fault(at, "is not ", expected(schema, types)))
  c(
    of_choices(value, schema, at),
    of_text(value, schema, at, root),
    of_number(value, schema, at),
    if (is_mapping(value) && "object" %in% json_types(value)) of_mapping(value, schema, at, root),
    if (is.list(value) && is.null(names(value))) of_list(value, schema, at, root),
    of_parts(value, schema, at, root)
  )
}

fault <- function(at, ...) paste0(if (nzchar(at)) at else "/", ": ", ...)

expected <- function(schema, types) {
  if (is.null(schema$description)) paste(types, collapse = " or ")
  else paste0(schema$description, " (", paste(types, collapse = " or "), ")")
}

of_choices <- function(value, schema, at) {
  choices <- if (is.null(schema$const)) schema$enum else list(schema$const)
  if (is.null(choices) || any(vapply(choices, identical, NA, value))) return(character())
  fault(at, "is none of ", paste(unlist(choices), collapse = ", "))
}

of_text <- function(value, schema, at, root) {
  if (!is.character(value)) return(character())
  c(
    if (!is.null(schema$minLength) && nchar(value) < schema$minLength) fault(at, "is empty"),
    if (!is.null(schema$pattern) && !grepl(schema$pattern, value, perl = TRUE))
      fault(at, "is not ", expected(schema, schema$pattern)),
    if (!is.null(schema$contentSchema)) of_json(value, schema$contentSchema, at, root)
  )
}

of_json <- function(value, schema, at, root) {
  read <- tryCatch(list(jsonlite::fromJSON(value, simplifyVector = FALSE)), error = function(e) NULL)
  if (is.null(read)) fault(at, "is not JSON") else against(read[[1L]], schema, at, root)
}

of_number <- function(value, schema, at) {
  if (!is.numeric(value) || is.null(schema$minimum) || value >= schema$minimum) return(character())
  fault(at, "is less than ", schema$minimum)
}

of_mapping <- function(value, schema, at, root) {
  absent <- setdiff(unlist(schema$required), names(value))
  found <- if (length(absent)) fault(at, "lacks ", paste(absent, collapse = ", "))
  if (!is.null(schema$minProperties) && length(value) < schema$minProperties)
    found <- c(found, fault(at, "is empty"))
  for (i in seq_along(value)) {
    name <- names(value)[i]
    own <- schema$properties[[name]]
    if (is.null(own)) own <- schema$additionalProperties
    if (!is.null(own)) found <- c(found, against(value[[i]], own, paste0(at, "/", name), root))
  }
  found
}

of_list <- function(value, schema, at, root) {
  found <- c(
    if (!is.null(schema$minItems) && length(value) < schema$minItems) fault(at, "has too few items"),
    if (!is.null(schema$maxItems) && length(value) > schema$maxItems) fault(at, "has too many items")
  )
  if (is.null(schema$items)) return(found)
  each <- lapply(seq_along(value), function(i) against(value[[i]], schema$items, paste0(at, "/", i - 1L), root))
  c(found, unlist(each))
}

of_parts <- function(value, schema, at, root) {
  fits <- function(one) length(against(value, one, at, root)) == 0L
  c(
    unlist(lapply(schema$allOf, function(one) against(value, one, at, root))),
    if (!is.null(schema$anyOf) && !any(vapply(schema$anyOf, fits, NA)))
      fault(at, "is in none of the forms that it may have"),
    if (!is.null(schema$`not`) && fits(schema$`not`)) fault(at, "is in a form that it may not have"),
    if (!is.null(schema$`if`)) {
      then <- if (fits(schema$`if`)) schema$then else schema$`else`
      if (!is.null(then)) against(value, then, at, root)
    }
  )
}
