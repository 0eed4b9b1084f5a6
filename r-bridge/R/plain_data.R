# What plain data stand for (ENF-010, ENF-015): rows, columns, or values of one column. A list may be a value of a
# nested type, and so may an object: what is declared tells.

# The kind of what is given, and its parts; NULL for a list or a mapping of several kinds.
stands_for <- function(data, specs = list()) {
  kind <- only_nested_type(specs)
  if (is_object(data)) return(if (isTRUE(kind$kind %in% c("object", "map"))) meant("values", list(data)) else meaning_of_mapping(data, specs))
  if (!is_array(data)) return(meant("values", list(data)))
  if (!is.null(kind) && are_values(data, kind)) return(meant("values", data))
  kinds <- unique(vapply(data, kind_of_item, ""))
  if (length(kinds) < 2L) meant(if (length(kinds)) kinds else "rows", data)
}

meant <- function(kind, data) list(kind = kind, data = data)

kind_of_item <- function(item) if (is_object(item)) "records" else if (is_array(item)) "rows" else "values"

# The type of the one column that is declared, if it is nested. One with a name may be given as a record; of lists of
# lists only an array is the value.
only_nested_type <- function(specs) {
  only <- if (length(specs) == 1L) specs[[1L]]
  is_one <- !is.null(only) && !only$type$kind %in% scalar_types && (is.null(only$name) || only$type$kind == "array")
  if (is_one) only$type
}

# Whether a list holds values of a nested type, and no rows.
are_values <- function(data, type) {
  leaf <- leaf_of(type)
  if (!leaf$depth) return(!any(vapply(data, is_array, NA)))
  if (!leaf$kind %in% opaque_types) return(depth_of(data) == leaf$depth + 1L)
  # Its items may be lists themselves: each is a value if it is as deep as the type.
  held <- Filter(Negate(is.null), data)
  length(held) > 0L && all(vapply(held, depth_of, 0L) >= leaf$depth)
}

# What stands within an array, an array of arrays and so on, and how many arrays there are.
leaf_of <- function(type) {
  depth <- 0L
  while (identical(type$kind, "array")) {
    depth <- depth + 1L
    type <- type$items
  }
  list(kind = if (is.null(type)) "" else type$kind, depth = depth)
}

# How many lists stand within each other, by the first that is not empty.
depth_of <- function(value) {
  depth <- 0L
  while (is_array(value)) {
    depth <- depth + 1L
    full <- Find(function(item) !is.null(item) && !identical(item, list()), value)
    value <- if (is.null(full)) Find(Negate(is.null), value) else full
  }
  depth
}

# What of a mapping is declared by name: nothing of the rest is looked at (ENF-005). Where nothing of it is declared,
# the first of the rest says how many rows there are.
declared_part <- function(data, specs) {
  part <- unclass(data)
  if (!length(specs) || !have_names(specs)) return(part)
  known <- part[names(part) %in% column_names(specs)]
  if (length(known)) known else part[seq_len(min(1L, length(part)))]
}

meaning_of_mapping <- function(data, specs) {
  part <- declared_part(data, specs)
  are_lists <- vapply(part, is_array, NA)
  if (!any(are_lists)) return(meant(if (length(data)) "one_row" else "by_column", data))
  types <- structure(lapply(specs, function(spec) spec$type), names = column_names(specs))
  nested <- types[!vapply(types, function(type) isTRUE(type$kind %in% scalar_types), NA)]
  is_cell <- vapply(names(part)[are_lists], function(name) is_cell_of(at_key(part, name), at_key(nested, name)), NA)
  columns <- names(part)[are_lists][!is_cell]
  if (length(columns) == length(part) && !are_cells_of_any(part, nested)) return(meant("by_column", data))
  # What is a list where a scalar is declared is a column, and others are none.
  if (!any(columns %in% setdiff(names(types), names(nested)))) meant("one_row", data)
}

# Whether a list is one value of the type that is declared for its name.
is_cell_of <- function(value, type) {
  leaf <- leaf_of(type)
  leaf$depth > 0L && !leaf$kind %in% opaque_types && depth_of(value) == leaf$depth
}

# Whether lists of different lengths are cells, since `any` is declared of one.
are_cells_of_any <- function(part, nested) {
  if (length(unique(lengths(part))) == 1L || !all(names(part) %in% names(nested))) return(FALSE)
  any(vapply(names(part), function(name) leaf_of(at_key(nested, name))$kind %in% opaque_types, NA))
}

# Which given input stands for which declared one.

# Where each declared input stands among those that are given, of which there are `width`; `names` is NULL where they
# have none. What is wrong is told with it, for there may be more (ENF-003).
match_specs <- function(specs, names, width) {
  are_unnamed <- vapply(specs, function(one) is.null(one$name), NA)
  numbers <- as.character(seq_along(specs) - 1L)
  if (all(are_unnamed) && !is.null(names)) {
    is_by_number <- all(numbers %in% names) && !any(numbers %in% names[duplicated(names)])
    if (is_by_number) return(list(at = match(numbers, names), faults = list())) # ENF-111
    names <- NULL
  }
  if (any(are_unnamed)) return(match_by_position(specs, names, width))
  are_numbers <- all(vapply(specs, function(one) isTRUE(one$is_number), NA)) && identical(column_names(specs), numbers)
  # One input takes what has no name (ENF-107); columns that are numbered have none (ENF-012).
  if (is.null(names) && ((length(specs) == 1L && width == 1L) || are_numbers)) return(match_by_position(specs, NULL, width))
  if (is.null(names)) invalid_input(list(list(rule = "ENF-011")), "the data have no names, and the inputs do (ENF-011)")
  match_by_name(specs, names)
}

match_by_position <- function(specs, names, width) {
  at <- seq_along(specs)
  at[at > width] <- NA
  is_other <- vapply(seq_along(specs), function(i) {
    i <= length(names) && !is.null(specs[[i]]$name) && !identical(specs[[i]]$name, names[i])
  }, NA)
  labels <- labels_of(specs)
  faults <- lapply(which(is_other), function(i) {
    list(rule = "ENF-013", column = labels[[i]], message = paste0("position ", i, " is declared as ", specs[[i]]$name, ", and has another name (ENF-013)"))
  })
  is_lacking <- any(is.na(at) & vapply(specs, function(one) one$required, NA))
  why <- paste("the signature declares", length(specs), "inputs by position, and", width, "are given (ENF-009)")
  list(at = at, faults = c(faults, if (is_lacking) list(list(rule = "ENF-009", column = width, message = why))))
}

match_by_name <- function(specs, names) {
  at <- match(column_names(specs), names)
  lacking <- which(is.na(at) & vapply(specs, function(one) one$required, NA))
  labels <- labels_of(specs)
  faults <- lapply(lacking, function(i) {
    list(rule = "ENF-004", column = labels[[i]], message = paste("the data lack the column", specs[[i]]$name, "(ENF-004)"))
  })
  if (length(names) && !length(faults) && all(is.na(at))) none_declared(names)
  list(at = at, faults = faults)
}

# Names of which none is declared are refused where all inputs are optional, too (ENF-112).
none_declared <- function(names, row = NULL) {
  invalid_input(list(c(list(rule = "ENF-112", got = paste0("'", names[1L], "'")), row = row)), "no name is one of the inputs' (ENF-112)")
}

# What errors call the columns: by name, or position.
labels_of <- function(specs) {
  lapply(seq_along(specs), function(i) {
    name <- specs[[i]]$name
    if (is.null(name)) i - 1L else if (isTRUE(specs[[i]]$is_number)) json_number(name) else name
  })
}

have_names <- function(specs) !any(vapply(specs, function(one) is.null(one$name), NA))

column_names <- function(specs) {
  vapply(seq_along(specs), function(i) if (is.null(specs[[i]]$name)) as.character(i - 1L) else specs[[i]]$name, "")
}
