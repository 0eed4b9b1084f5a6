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
  labels <- labels_of(specs)
  kept <- lapply(column_names(specs), function(name) at_key(record, name))
  keys <- vapply(labels, label_key, "")
  faults <- as.list(columns$faults)
  about <- vapply(faults, function(one) label_key(one$column), "")
  own <- split(faults, factor(about, levels = unique(keys)))
  at <- match(keys, names(own))
  found <- lapply(seq_along(specs), function(i) read_column(specs[[i]], labels[[i]], columns$cells[[i]], own[[at[i]]], kept[[i]]))
  # What is wrong with a position that is given to no column.
  is_told <- about %in% keys
  details <- c(unlist(lapply(found, function(one) one$details), FALSE), faults[!is_told])
  if (length(details)) invalid_input(details, paste(vapply(details, function(one) one$message, ""), collapse = "; "))
  is_named <- have_names(specs)
  lapply(seq_along(specs), function(i) list(name = if (is_named) specs[[i]]$name, dtype = found[[i]]$dtype, values = found[[i]]$values))
}

# A text by which labels are told apart: a name, or a number, which is a position.
label_key <- function(label) if (is.null(label)) "" else paste(is.character(label), label)

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

# The cells of each declared column, and what is missing.
arranged <- function(specs, data) {
  if (is.null(data)) no_table("nothing is given")
  if (inherits(data, "json_table")) return(arranged_columns(specs, data))
  means <- stands_for(data, specs)
  if (is.null(means)) no_table(if (is_object(data)) "a mapping holds single values and lists" else "a list holds records, rows and values side by side")
  given <- means$data
  switch(means$kind,
    records = arranged_records(specs, given),
    rows = if (length(given)) arranged_rows(specs, given) else list(cells = rep(list(list()), length(specs))), # ENF-109
    one_row = arranged_table(specs, names(given), 1L, lapply(unclass(given), list)),
    by_column = arranged_columns(specs, given),
    values = {
      if (is_array(data) && length(specs) > 1L && !have_names(specs)) no_table("a list of values is given for several columns")
      arranged_table(specs, NULL, length(given), list(given))
    }
  )
}

no_table <- function(why) invalid_input(list(list(rule = "ENF-010")), paste(why, "(ENF-010)"))

# Columns of cells, of which each declared one has its own; `rows` is how many each has.
arranged_table <- function(specs, names, rows, columns) {
  found <- match_specs(specs, names, length(columns))
  list(cells = lapply(found$at, function(at) if (is.na(at)) rep(list(absent), rows) else columns[[at]]), faults = found$faults)
}

arranged_rows <- function(specs, rows) {
  widths <- unique(lengths(rows))
  if (length(widths) > 1L) no_table("rows differ in length")
  arranged_table(specs, NULL, length(rows), lapply(seq_len(widths), function(i) lapply(rows, function(row) row[[i]])))
}

# Nobody asks for what is not declared: only its names are told (ENF-005).
arranged_columns <- function(specs, mapping) {
  part <- declared_part(mapping, specs)
  rows <- unique(lengths(part))
  if (length(rows) > 1L) no_table("columns differ in length")
  arranged_table(specs, names(mapping), if (length(rows)) rows else 0L, unclass(mapping))
}

# A record without the key of a required column is refused with its row (ENF-004), and so is one of whose names none is
# declared (ENF-112).
arranged_records <- function(specs, records) {
  if (!have_names(specs)) no_table("records are not matched by position")
  cells <- lapply(specs, function(spec) {
    lapply(records, function(record) if (has_key(record, spec$name)) at_key(record, spec$name) else absent)
  })
  faults <- missing_cells(specs, cells)
  if (length(faults)) return(list(cells = cells, faults = faults))
  known <- column_names(specs)
  is_strange <- vapply(records, function(record) length(record) > 0L && !any(names(record) %in% known), NA)
  if (any(is_strange) && !any(vapply(specs, function(one) one$required, NA))) {
    row <- which(is_strange)[1L]
    none_declared(names(records[[row]]), row - 1L)
  }
  list(cells = cells, faults = list())
}

missing_cells <- function(specs, cells) {
  labels <- labels_of(specs)
  found <- lapply(seq_along(specs), function(i) {
    gone <- which(vapply(cells[[i]], is_absent, NA))
    if (specs[[i]]$required && length(gone)) detail_of("ENF-004", labels[[i]], gone[1L] - 1L, absent)
  })
  Filter(Negate(is.null), found)
}

# Dtype and values of a column, and what is wrong with it, once per rule and declared place; `missing` are faults of its own, `record` is that of its delivery.
read_column <- function(spec, label, cells, missing = list(), record = NULL) {
  gone <- if (spec$type$kind %in% floating_types) NaN
  values <- lapply(cells, function(cell) if (is_absent(cell)) gone else read_cell(spec$type, cell, spec$required))
  if (identical(at_key(record, "dtype"), "date") && !any(vapply(values, is_fault, NA))) values <- lapply(values, as_day)
  faults <- column_faults(values)
  faults <- faults[!faults$rule %in% vapply(missing, function(one) one$rule, ""), ]
  details <- c(missing, lapply(seq_len(nrow(faults)), function(i) {
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
