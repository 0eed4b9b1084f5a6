# A signature from data (SIG-010 to SIG-015, SIG-040, SIG-041, SIG-067, SIG-073).

mlmodel_infer <- function(data, outputs = NULL) {
  found <- list(inputs = infer_data(data))
  if (!is.null(outputs)) found$outputs <- infer_data(outputs)
  found
}

infer_data <- function(data) {
  data <- matrix_as_frame(data)
  if (is.data.frame(data)) lapply(seq_along(data), function(i) infer_r_column(names(data)[i], data[[i]]))
  else if (is_json_text(data)) infer_specs(as_json_data(data))
  else list(infer_r_column(NULL, data))
}

# A column of R has a type already; a list has that of its values.
infer_r_column <- function(name, column) {
  if (is_list_column(column)) return(infer_column(name, json_cells(column, name)))
  column <- without_as_is(column)
  type <- if (inherits(column, c("Date", "POSIXt"))) "datetime"
    else if (is.factor(column)) "string"
    else if (is_plain(column)) switch(typeof(column), logical = "boolean", integer = "integer", double = "double", character = "string")
  if (is.null(type)) invalid_signature(paste("column", name, "is of the class", class(column)[1L], "(SIG-014)"))
  # Integers and truth values with gaps are those that may be missing.
  required <- is.null(name) || !anyNA(column)
  c(list(type = type), if (!is.null(name)) list(name = name), list(required = required))
}

# Return the specs of data that read_json read, as the lists of the file have them.
infer_specs <- function(data) {
  columns <- columns_of(data)
  if (!length(columns)) invalid_signature("there is nothing to infer from (SIG-012)")
  lapply(columns, function(column) infer_column(column$name, column$cells))
}

# The columns that data stand for; a name of NULL is none.
columns_of <- function(data) {
  if (is_object(data)) return(columns_of_mapping(data))
  if (!is_array(data)) return(list(list(name = NULL, cells = list(data))))
  kinds <- setdiff(unique(vapply(data, kind_of, "")), "null")
  if (!length(data)) return(list())
  if (length(kinds) > 1L && any(c("object", "array") %in% kinds))
    invalid_signature("records, rows and values stand side by side (SIG-014)")
  if ("object" %in% kinds) return(columns_of_records(data))
  if ("array" %in% kinds) return(columns_of_rows(data))
  list(list(name = NULL, cells = data))
}

columns_of_mapping <- function(mapping) {
  values <- unclass(mapping)
  is_column <- vapply(values, function(one) is_array(one) && !is_nested_list(one), NA)
  is_row <- !all(is_column) || length(unique(lengths(values))) > 1L
  lapply(seq_along(values), function(i) list(name = names(values)[i], cells = if (is_row) values[i] else values[[i]]))
}

# Whether a list holds objects alone, or lists alone (SIG-073).
is_nested_list <- function(list) {
  length(list) > 0L && (all(vapply(list, is_object, NA)) || all(vapply(list, is_array, NA)))
}

columns_of_records <- function(records) {
  names <- unique(unlist(lapply(records, names)))
  lapply(names, function(name) list(name = name, cells = lapply(records, at_key, name)))
}

columns_of_rows <- function(rows) {
  if (length(unique(lengths(rows))) > 1L) invalid_signature("rows differ in length (SIG-014)")
  lapply(seq_along(rows[[1L]]), function(i) list(name = NULL, cells = lapply(rows, function(row) row[[i]])))
}

infer_column <- function(name, cells) {
  type <- type_of(cells, TRUE)
  required <- is.null(name) || !any(vapply(cells, is.null, NA))
  c(type, if (!is.null(name)) list(name = name), list(required = required))
}

kind_of <- function(value) {
  if (is.null(value)) "null"
  else if (is_number(value)) (if (is_whole(value)) "long" else "double")
  else if (is_object(value)) "object"
  else if (is.list(value)) "array"
  else if (is.logical(value)) "boolean"
  else "string"
}

# The type of all values that stand at one place together (SIG-014, SIG-040, SIG-041).
type_of <- function(values, is_column) {
  there <- Filter(Negate(is.null), values)
  kinds <- unique(vapply(there, kind_of, ""))
  if ("double" %in% kinds) kinds <- setdiff(kinds, "long")
  if (length(kinds) != 1L) {
    is_nested <- any(c("array", "object") %in% kinds)
    if (is_column && length(kinds) > 1L && !is_nested) invalid_signature("a column holds values of several types (SIG-014)")
    return(list(type = "any"))
  }
  if (kinds == "array") return(type_of_lists(there))
  if (kinds == "object") return(type_of_objects(there))
  # Of a column, and of a list, integers of which some are missing are floating point.
  list(type = if (kinds == "long" && length(there) < length(values)) "double" else kinds)
}

type_of_lists <- function(lists) {
  items <- type_of(do.call(c, lists), FALSE)
  if (items$type == "any") items else list(type = "array", items = items)
}

type_of_objects <- function(objects) {
  names <- sort(unique(unlist(lapply(objects, names))), method = "radix")
  if (!length(names)) return(list(type = "any"))
  properties <- lapply(names, function(name) {
    values <- lapply(objects, at_key, name)
    is_there <- !vapply(values, is.null, NA)
    c(type_of(values[is_there], FALSE), list(required = all(is_there)))
  })
  list(type = "object", properties = structure(properties, names = names))
}
