# Data held against a signature, as columns in the delivered dtypes (ENF-001 to ENF-015, ENF-107, ENF-112).

delivered_dtypes <- c(
  boolean = "bool", integer = "int32", long = "int64", float = "float32", double = "float64",
  string = "object", binary = "binary", datetime = "datetime64[ns]"
)
dtypes_with_gaps <- c(boolean = "object", integer = "Int32", long = "Int64")
absent <- structure(list(), class = "mlmodel_absent")
is_absent <- function(x) inherits(x, "mlmodel_absent")

invalid_input <- function(details, why) refused("INVALID_INPUT", details, why)

# Data of read_json held against specs; columns with name, dtype and values.
enforce_json <- function(specs, data, record = list()) {
  if (is_tensor_spec(specs[[1L]])) invalid_input(list(list(rule = "ENF-074")), "the signature has tensors, which are not read from cells")
  columns <- arranged(specs, data)
  labels <- lapply(seq_along(specs), function(i) if (is.null(specs[[i]]$name)) i - 1L else specs[[i]]$name)
  found <- lapply(seq_along(specs), function(i) read_column(specs[[i]], labels[[i]], columns$cells[[i]], columns$faults, record))
  details <- unlist(lapply(found, function(one) one$details), FALSE)
  if (length(details)) invalid_input(details, paste(vapply(details, function(one) one$message, ""), collapse = "; "))
  is_named <- have_names(specs)
  lapply(seq_along(specs), function(i) list(name = if (is_named) specs[[i]]$name, dtype = found[[i]]$dtype, values = found[[i]]$values))
}

# What a cell is expected to be, by the rule that refuses another.
expected_cells <- c(
  "ENF-004" = "a value, since the input is required", "ENF-026" = "bytes in base64", "ENF-033" = "a list",
  "ENF-034" = "an object with all required properties", "ENF-035" = "an object with declared properties alone",
  "ENF-036" = "an object", "ENF-037" = "a value, since the input is required", "ENF-041" = "TRUE or FALSE",
  "ENF-042" = "a whole number", "ENF-043" = "a whole number within the range of the type",
  "ENF-044" = "a value: the input is required, and its type has none for what is missing",
  "ENF-045" = "a whole number that the type holds exactly", "ENF-047" = "a number within the range of the type",
  "ENF-049" = "a number", "ENF-050" = "a text", "ENF-052" = "bytes in base64",
  "ENF-053" = "a time as ISO 8601 has it, such as 2024-05-01T12:30:00", "ENF-055" = "a time as ISO 8601 has it, and no number",
  "ENF-056" = "a time from 1677-09-21 to 2262-04-11", "ENF-057" = "a single value", "ENF-094" = "a day, and no time within one"
)

detail_of <- function(rule, label, row, cell) {
  got <- if (is_absent(cell)) "nothing" else write_json(cell)
  if (nchar(got) > 60L) got <- paste0(substr(got, 1L, 57L), "...")
  message <- paste0("column ", label, ", row ", row + 1L, ": expected ", expected_cells[[rule]], ", got ", got, " (", rule, ")")
  list(rule = rule, column = label, row = row, message = message)
}

# The cells of each declared column, and what is missing: of records, a mapping, rows, values.
arranged <- function(specs, data) {
  only <- if (length(specs) == 1L) specs[[1L]]
  if (is_array(data) && !length(data)) return(list(cells = rep(list(list()), length(specs))))
  is_one_object <- !is.null(only) && is.null(only$name) && only$type$kind %in% c("object", "map") && is_object(data)
  if (is_one_object) return(list(cells = list(list(data))))
  if (is_object(data)) return(arranged_mapping(specs, data))
  if (is_array(data)) return(arranged_list(specs, data, only))
  if (is.null(only)) invalid_input(list(list(rule = "ENF-011")), "one value is given for several inputs (ENF-011)")
  list(cells = list(list(data)))
}

arranged_list <- function(specs, data, only) {
  is_records <- all(vapply(data, is_object, NA))
  if (is_records && have_names(specs)) return(arranged_records(specs, data))
  if (!is.null(only)) return(list(cells = list(lapply(data, cell_of, only$type))))
  if (!all(vapply(data, is_array, NA))) invalid_input(list(list(rule = "ENF-010")), "data are neither records nor rows (ENF-010)")
  if (have_names(specs)) invalid_input(list(list(rule = "ENF-011")), "rows have no names, and the inputs do (ENF-011)")
  if (any(lengths(data) < length(specs))) invalid_input(list(list(rule = "ENF-009")), "a row has fewer values than there are inputs (ENF-009)")
  list(cells = lapply(seq_along(specs), function(i) lapply(data, function(row) row[[i]])))
}

# A row of one cell is that cell, where the type is no list (ENF-107).
cell_of <- function(value, type) {
  if (is_array(value) && length(value) == 1L && !type$kind %in% c("array", "any")) value[[1L]] else value
}

arranged_records <- function(specs, records) {
  for (i in seq_along(records)) require_one(specs, column_names(specs), names(records[[i]]), list(row = i - 1L))
  cells <- lapply(specs, function(spec) {
    lapply(records, function(record) if (has_key(record, spec$name)) at_key(record, spec$name) else absent)
  })
  list(cells = cells, faults = missing_cells(specs, cells))
}

column_names <- function(specs) {
  vapply(seq_along(specs), function(i) if (is.null(specs[[i]]$name)) as.character(i - 1L) else specs[[i]]$name, "")
}

missing_cells <- function(specs, cells) {
  found <- lapply(seq_along(specs), function(i) {
    gone <- which(vapply(cells[[i]], is_absent, NA))
    if (specs[[i]]$required && length(gone)) detail_of("ENF-004", specs[[i]]$name, gone[1L] - 1L, absent)
  })
  Filter(Negate(is.null), found)
}

# Names of which none is declared are refused where all inputs are optional, too (ENF-112).
require_one <- function(specs, names, given, place) {
  is_strange <- length(given) && !any(given %in% names) && !any(vapply(specs, function(one) one$required, NA))
  if (!is_strange) return()
  invalid_input(list(c(list(rule = "ENF-112", got = paste0("'", given[1L], "'")), place)), "no name is one of the inputs' (ENF-112)")
}

arranged_mapping <- function(specs, mapping) {
  names <- column_names(specs)
  require_one(specs, names, names(mapping), list())
  given <- lapply(names, function(name) if (has_key(mapping, name)) at_key(mapping, name) else absent)
  gone <- vapply(given, is_absent, NA)
  faults <- lapply(which(gone & vapply(specs, function(one) one$required, NA)), function(i) {
    label <- if (is.null(specs[[i]]$name)) i - 1L else specs[[i]]$name
    list(rule = "ENF-004", column = label, message = paste("the data lack the column", label, "(ENF-004)"))
  })
  are_columns <- vapply(which(!gone), function(i) is_column_of(specs[[i]]$type, given[[i]]), NA)
  rows <- unique(lengths(given[!gone][are_columns]))
  if (length(rows) > 1L || (any(are_columns) && !all(are_columns)))
    invalid_input(list(list(rule = "ENF-010")), "columns differ in length, or stand beside single values (ENF-010)")
  rows <- if (length(rows)) rows else 1L
  cells <- lapply(given, function(value) if (is_absent(value)) rep(list(absent), rows) else if (any(are_columns)) value else list(value))
  list(cells = cells, faults = faults)
}

# Whether a list under a name is a column of values, or one value of an array (ENF-015).
is_column_of <- function(type, value) {
  if (!is_array(value)) return(FALSE)
  depth <- 0L
  while (type$kind == "array") {
    depth <- depth + 1L
    type <- type$items
  }
  depth_of(value) > depth
}

depth_of <- function(value) if (is_array(value)) 1L + max(0L, vapply(value, depth_of, 0L)) else 0L

# Dtype and values of a column, and what is wrong with it, once per rule and declared place.
read_column <- function(spec, label, cells, missing, record) {
  gone <- if (spec$type$kind %in% floating_types) NaN
  values <- lapply(cells, function(cell) if (is_absent(cell)) gone else read_cell(spec$type, cell, spec$required))
  record <- at_key(record, as.character(label))
  if (identical(at_key(record, "dtype"), "date")) values <- lapply(values, as_day)
  own <- Filter(function(one) identical(one$column, label), missing)
  faults <- column_faults(values)
  faults <- faults[!faults$rule %in% vapply(own, function(one) one$rule, ""), ]
  details <- c(own, lapply(seq_len(nrow(faults)), function(i) {
    detail_of(faults$rule[i], label, faults$row[i], cells[[faults$row[i] + 1L]])
  }))
  list(dtype = dtype_of(spec, values, record), values = values, details = details)
}

# The day of a moment that is the beginning of one (ENF-094).
as_day <- function(value) {
  if (is_fault(value) || is.null(value)) return(value)
  if (endsWith(value, "T00:00:00")) substr(value, 1L, 10L) else fault("ENF-094")
}

column_faults <- function(values) {
  wrong <- which(vapply(values, is_fault, NA))
  rules <- lapply(values[wrong], function(one) one$rules)
  at <- lapply(values[wrong], function(one) vapply(one$at, place_text, ""))
  found <- data.frame(rule = as.character(unlist(rules)), at = as.character(unlist(at)), row = rep(wrong - 1L, lengths(rules)))
  found <- found[!duplicated(found[c("rule", "at")]), ]
  found[order(found$at, method = "radix"), ]
}

# A text that sorts as the names of a place do, one after another.
place_text <- function(names) paste0(names, "\001", collapse = "", recycle0 = TRUE)

# The dtype of ENF-002, unless the record of delivery has another (ENF-091 to ENF-095).
dtype_of <- function(spec, values, record) {
  zone <- at_key(record, "zone")
  if (!is.null(zone)) return(paste0("datetime64[ns, ", zone, "]"))
  dtype <- at_key(record, "dtype")
  if (!is.null(dtype)) return(dtype)
  kind <- spec$type$kind
  is_null <- vapply(values, is.null, NA)
  if (kind %in% names(dtypes_with_gaps) && any(is_null)) return(dtypes_with_gaps[[kind]])
  if (!kind %in% scalar_types || (kind == "binary" && all(is_null))) "object" else delivered_dtypes[[kind]]
}
