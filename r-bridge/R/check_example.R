# The input example of a model folder, held against the signature (EXA-003 to EXA-015). What does not fit is a warning.

most_of_example <- 8 * 2^20
most_with_places <- 2^20
most_of_faults <- 20L
# Of records with different keys: a larger table has no more than so many cells for each that is given (EXA-015).
few_cells <- 1e6
most_empty <- 100
example_types <- c("dataframe", "ndarray", "json_object", "sparse_matrix_csr", "sparse_matrix_csc")

# What is wrong with one part of an example ends what is looked at: `row` counts from 0.
example_fault <- function(rule, why, column = NULL, row = NULL) list(rule = rule, why = why, column = column, row = row)
wrong_example <- function(rule, why) stop(errorCondition(why, faults = list(example_fault(rule, why)), class = "mlmodel_example"))

check_example <- function(root, file) {
  info <- example_info(file)
  if (is.character(info$file)) at_work_on(info$file, root, example_violations(root, info, file)) else list()
}

example_violations <- function(root, info, file) {
  place <- place_in(root, info$file)
  # Where the file is named it is said that it is not there, or is something else.
  if (!is_file(place) || !is.null(stand_in_at(place, info$file))) return(list())
  if (file.size(place) > most_of_example) 
    return(list(violation_of("EXA-015", info$file, "was not held against the signature: it has more than 8 MiB", "warning")))
  text <- text_of_bytes(read_bytes(place, most_of_example))
  found <- tryCatch(example_faults(root, info, text, specs_of_nodes(file)), mlmodel_example = function(e) e$faults)
  placed_faults(found, info, text)
}

# What the file says of its example; the early key names that of a data frame (EXA-014).
example_info <- function(file) {
  held <- entry_of(file, "saved_input_example_info")[[2L]]
  said <- function(key) {
    node <- entry_of(held, key)[[2L]]
    if (!is.null(node) && node$kind == "text" && form_of(node) != "null") node$value
  }
  if (!is.null(held) && held$kind == "mapping") {
    has_params <- !said_false(said("params"))
    return(list(file = said("artifact_path"), type = said("type"), format = said("format"), request = said("serving_input_path"), has_params = has_params))
  }
  early <- entry_of(file, "input_example")[[2L]]
  if (!is.null(early) && early$kind == "text" && form_of(early) != "null") list(file = early$value, type = "dataframe", has_params = FALSE)
}

said_false <- function(text) is.null(text) || text %in% c("", false_texts)

# The specs of the signature, NULL where there are none that can be used: that is told elsewhere.
specs_of_nodes <- function(file) {
  read <- tryCatch(signature_lists(list(signature = value_of(entry_of(file, "signature")[[2L]]))), error = function(e) NULL)
  if (is.null(read)) NULL else tryCatch(read_specs(lapply(read, plain)), error = function(e) NULL)
}

example_faults <- function(root, info, text, specs) {
  document <- json_of_example(text)
  params <- if (info$has_params) params_of_example(document)
  data <- if (info$has_params && has_key(document, "inputs")) at_key(document, "inputs") else document
  rows <- rows_of_example(data, info, specs$inputs)
  c(
    if (rows == 0) list(example_fault("EXA-004", "An example holds at least one row")),
    if (!is.null(params)) param_faults(params, specs),
    request_faults(root, info$request)
  )
}

json_of_example <- function(text) {
  if (!validUTF8(text)) wrong_example("EXA-007", "The example is not UTF-8")
  tryCatch(
    read_json(text, TRUE),
    mlmodel_too_deep = function(e)
      wrong_example("EXA-013", paste("The example was not held against the signature: it is nested more than", deepest_json, "deep, which R does not take")),
    mlmodel_not_json = function(e) wrong_example("EXA-007", paste("The example is", conditionMessage(e))),
    mlmodel_no_text = function(e) wrong_example("EXA-013", paste("The example was not held against the signature:", conditionMessage(e)))
  )
}

params_of_example <- function(document) {
  params <- if (is_object(document)) at_key(document, "params")
  if (is_object(params)) params else wrong_example("EXA-010", "An example with params is an object with inputs and params")
}

# How many rows the data have, once they are read at the declared types.
rows_of_example <- function(data, info, specs) {
  if (!isTRUE(info$type %in% example_types)) wrong_example("EXA-007", paste0("An example of the type '", shown(paste0(info$type, "")), "' is not known"))
  are_tensors <- length(specs) && is_tensor_spec(specs[[1L]])
  if (startsWith(info$type, "sparse")) return(read_sparse(data, info$type, specs))
  if (info$type == "dataframe" && !is_records(data)) return(read_frame(data, specs, are_tensors))
  if (are_tensors) return(read_tensors(in_wrapping(data, info$format, specs), specs))
  if (info$type == "dataframe" || length(specs)) require_alike(data, specs)
  if (is.null(specs)) return(if (is_array(data)) length(data) else 1L)
  require_columns(data, specs)
  means <- stands_for(data, specs)
  # Among rows, single values are rows of one cell.
  are_rows <- is_array(data) && length(data) && (is.null(means) || means$kind == "rows")
  if (are_rows) return(read_frame(lapply(data, function(row) if (is_array(row)) row else list(row)), specs, FALSE))
  columns <- tryCatch(enforce_json(specs, without_nan(data)), mlmodel_refused = function(e) refused_example(e))
  length(columns[[1L]]$values)
}

# A mapping is one row, or columns of one length, where no input is a list itself (EXA-007).
require_columns <- function(data, specs) {
  is_plain <- is_object(data) && all(vapply(specs, function(one) one$type$kind %in% scalar_types, NA))
  if (!is_plain) return()
  are_lists <- vapply(unclass(data), is_array, NA)
  if (any(are_lists) && !all(are_lists)) wrong_example("EXA-007", "An example mixes single values and columns of them")
  if (any(are_lists) && length(unique(lengths(unclass(data)))) > 1L) wrong_example("EXA-007", "The columns of an example differ in length")
}

# Records of which hardly any have the same keys are no table; where an object is a value they may be as they like.
require_alike <- function(data, specs) {
  are_values <- length(specs) == 1L && is.null(specs[[1L]]$name) && !specs[[1L]]$type$kind %in% scalar_types
  if (are_values || !is_array(data) || !all(vapply(data, is_object, NA))) return()
  names <- unique(unlist(lapply(data, names)))
  # Doubles: there may be more cells than integers.
  if (as.double(length(names)) * length(data) > max(few_cells, most_empty * sum(lengths(data))))
    wrong_example("EXA-015", "Hardly any of the example's records have the same keys, so they are no table")
}

is_records <- function(data) is_array(data) && length(data) > 0L && is_object(data[[1L]])

refused_example <- function(e) {
  faults <- lapply(e$details, function(one) {
    why <- if (is.null(one$message)) conditionMessage(e) else one$message
    example_fault("EXA-003", why, one$column, one$row)
  })
  stop(errorCondition("does not fit", faults = faults, class = "mlmodel_example"))
}

# NaN that stands for a missing value in columns of every type (EXA-009).
without_nan <- function(data) {
  if (is.double(data) && is.nan(data)) return(NULL)
  if (is.list(data)) data[] <- lapply(unclass(data), without_nan)
  data
}

# A data frame's file: names of columns, and rows (EXA-002, EXA-007).
read_frame <- function(data, specs, are_tensors) {
  names <- if (is_object(data)) at_key(data, "columns")
  rows <- if (is_object(data)) at_key(data, "data") else data
  if (!is_array(rows) || !all(vapply(rows, is_array, NA))) wrong_example("EXA-007", "An example of a data frame is an object with columns and data")
  is_name <- function(one) is.character(one) && (!is_number(one) || is_whole(one))
  if (!is.null(names) && !(is_array(names) && all(vapply(names, is_name, NA))))
    wrong_example("EXA-007", "The columns of an example are names: texts, or whole numbers")
  widths <- unique(c(lengths(rows), if (!is.null(names)) length(names)))
  if (length(widths) != 1L) wrong_example("EXA-007", "The rows of an example differ in length")
  if (!are_tensors) return(read_rows(specs, if (!is.null(names)) vapply(names, as.character, ""), without_nan(rows), widths))
  is_by_name <- !is.null(specs[[1L]]$name) && !is.null(names)
  columns <- function() lapply(seq_along(names), function(i) lapply(rows, function(row) row[[i]]))
  read_tensors(if (is_by_name) json_object(columns(), vapply(names, as.character, "")) else rows, specs)
}

# The cells of rows, each at the type of its column.
read_rows <- function(specs, names, rows, width) {
  if (is.null(specs)) return(length(rows))
  twice <- if (have_names(specs)) intersect(names[duplicated(names)], column_names(specs))
  if (length(twice)) wrong_example("EXA-003", paste("The column", shown(twice[1L]), "is given more than once (ENF-007)"))
  found <- tryCatch(match_specs(specs, names, width), mlmodel_refused = refused_example)
  labels <- labels_of(specs)
  details <- lapply(which(!is.na(found$at)), function(i) {
    read_column(specs[[i]], labels[[i]], lapply(rows, function(row) row[[found$at[i]]]))$details
  })
  details <- c(found$faults, unlist(details, FALSE))
  if (length(details)) tryCatch(invalid_input(details, "does not fit"), mlmodel_refused = refused_example)
  length(rows)
}

# Parameters that are not declared, or are of another type (EXA-010, ENF-080 to ENF-086).
param_faults <- function(params, specs) {
  if (is.null(specs)) return(list())
  declared <- vapply(specs$params, function(one) one$name, "")
  say <- function(why) list(example_fault("EXA-003", why))
  odd <- setdiff(names(params), declared)
  c(
    if (length(odd)) say(paste("The signature does not declare the parameters", paste(shown(odd[seq_len(min(5L, length(odd)))]), collapse = ", "), "(ENF-080)")),
    unlist(lapply(specs$params, function(one) {
      if (!has_key(params, one$name) || is_param(at_key(params, one$name), one)) list()
      else say(paste0("The parameter ", shown(one$name), " is not of its declared type, ", one$type$kind, " (ENF-082)"))
    }), FALSE)
  )
}

is_param <- function(value, spec) {
  if (is.null(value)) return(is.null(spec$default) || spec$type$kind == "any")
  fits <- function(one) !is.null(one) && !is_fault(read_cell(spec$type, one, TRUE))
  if (is.null(spec$shape)) fits(value) else is_array(value) && all(vapply(value, fits, NA))
}

# The example as a request is an object (EXA-011); that it is not there is told where it is named.
request_faults <- function(root, name) {
  place <- if (!is.null(name)) place_in(root, name)
  if (!is_file(place) || file.size(place) > most_of_example) return(list())
  text <- text_of_bytes(read_bytes(place, most_of_example))
  read <- tryCatch(if (validUTF8(text)) read_json(text, TRUE), error = function(e) NULL)
  if (is_object(read)) list() else list(example_fault("EXA-011", "The example as a request is no JSON object with the data"))
}

# Violations with the places of cells, where the file is a table.
placed_faults <- function(faults, info, text) {
  more <- length(faults) - most_of_faults
  if (more > 0L) faults <- c(faults[seq_len(most_of_faults)], list(example_fault("EXA-003", paste("There are", more, "more"))))
  is_cell <- vapply(faults, function(one) !is.null(one$row), NA)
  places <- if (any(is_cell) && info$type == "dataframe" && nchar(text) <= most_with_places) cell_places(text, info$has_params)
  lapply(faults, function(one) {
    at <- if (!is.null(places) && !is.null(one$row)) places(one$column, one$row)
    if (is.null(at)) at <- list(line = 1L, column = 1L)
    violation_of(one$rule, if (one$rule == "EXA-011") info$request else info$file, one$why, "warning", at$line, at$column, at$pointer)
  })
}

# A function that gives line, column and pointer of a cell of a table.
cell_places <- function(text, has_params) {
  reader <- new_reader(text)
  node <- json_nodes(text, seq_len(nchar(text) + 1L), deepest_json)
  before <- if (has_params) "/inputs" else ""
  if (has_params) node <- entry_of(node, "inputs")[[2L]]
  names <- vapply(entry_of(node, "columns")[[2L]]$items, function(one) one$value, "")
  row_nodes <- entry_of(node, "data")[[2L]]$items
  function(column, row) {
    if (is.null(column)) return(NULL) # what is wrong with a whole row (ENF-112)
    at <- if (column %in% names) match(column, names) else if (is.numeric(column)) column + 1L
    if (is.null(at) || row >= length(row_nodes) || at > length(row_nodes[[row + 1L]]$items)) return(NULL)
    place <- lines_and_columns(reader, row_nodes[[row + 1L]]$items[[at]]$place)
    list(line = place$line, column = place$column, pointer = paste0(before, "/data/", row, "/", at - 1L))
  }
}
