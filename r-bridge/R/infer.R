# A signature from data (SIG-010 to SIG-015, SIG-040, SIG-041, SIG-067, SIG-073).

mlmodel_infer <- function(data, outputs = NULL) {
  found <- list(inputs = infer_data(data))
  if (!is.null(outputs)) found$outputs <- infer_data(outputs)
  found$delivery <- delivery_found(data)
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
  if (is.null(data)) invalid_signature("there is nothing to infer from (SIG-010)")
  columns <- columns_of(data)
  if (!length(columns)) invalid_signature("there is nothing to infer from (SIG-012)")
  lapply(columns, function(column) infer_column(column$name, column$cells))
}

# The columns that data stand for; a name of NULL is none.
columns_of <- function(data) {
  means <- stands_for(data)
  given <- means$data
  if (is.null(means)) {
    if (!is_object(data)) invalid_signature("records, rows and values stand side by side (SIG-014)")
    means <- meant("one_row", data)
    given <- data
  }
  switch(means$kind,
    records = columns_of_records(given),
    rows = columns_of_rows(given),
    values = list(list(name = NULL, cells = given)),
    columns_of_mapping(given)
  )
}

# One row is a mapping with single values, lists of several lengths (SIG-067), or lists of lists or of objects (SIG-073).
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
  if (!length(rows)) return(list())
  if (length(unique(lengths(rows))) > 1L) invalid_signature("rows differ in length (SIG-014)")
  lapply(seq_along(rows[[1L]]), function(i) list(name = NULL, cells = lapply(rows, function(row) row[[i]])))
}

infer_column <- function(name, cells) {
  type <- type_of(cells, TRUE)
  if (is.null(type)) type <- list(type = "any")
  # What the type cannot hold has none: an integer of more than 64 bits, or one that a double has as another.
  declared <- read_type(type)
  if (any(vapply(cells, function(cell) is_fault(read_cell(declared, cell, FALSE)), NA)))
    invalid_signature(paste("a column holds values that its type,", type$type, "cannot hold (SIG-014)"))
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

# The type of all values that stand at one place together; NULL where nothing is known (SIG-014, SIG-040, SIG-041).
type_of <- function(values, is_column) {
  there <- Filter(Negate(is.null), values)
  kinds <- unique(vapply(there, kind_of, ""))
  if ("double" %in% kinds) kinds <- setdiff(kinds, "long")
  if (!length(kinds)) return(NULL)
  if (length(kinds) > 1L) {
    if (is_column && !any(c("array", "object") %in% kinds)) invalid_signature("a column holds values of several types (SIG-014)")
    return(list(type = "any"))
  }
  if (kinds == "array") return(type_of_lists(there))
  if (kinds == "object") return(type_of_objects(there))
  # Of a column, and of a list, integers of which some are missing are floating point.
  list(type = if (kinds == "long" && length(there) < length(values)) "double" else kinds)
}

# A list of which nothing is known is nothing that is known.
type_of_lists <- function(lists) {
  items <- type_of(do.call(c, lists), FALSE)
  if (!is.null(items)) list(type = "array", items = items)
}

type_of_objects <- function(objects) {
  names <- sort(unique(unlist(lapply(objects, names))), method = "radix")
  if (!length(names)) return(NULL)
  properties <- lapply(names, function(name) {
    values <- lapply(objects, at_key, name)
    is_there <- !vapply(values, is.null, NA)
    type <- type_of(values[is_there], FALSE)
    c(if (is.null(type)) list(type = "any") else type, list(required = all(is_there)))
  })
  list(type = "object", properties = structure(properties, names = names))
}
