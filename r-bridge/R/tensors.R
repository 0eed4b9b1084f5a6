# Nested arrays held against declared tensors (ENF-070 to ENF-076), and matrices of compressed rows or columns (EXA-012).

tensor_kinds <- c(
  bool = "boolean", float16 = "float", float32 = "float", float64 = "double", str = "string", object = "string", bytes = "binary",
  int8 = "int8", int16 = "int16", int32 = "integer", int64 = "long", uint8 = "uint8", uint16 = "uint16", uint32 = "uint32", uint64 = "uint64"
)
most_axes <- 31L

tensor_kind <- function(dtype) if (startsWith(dtype, "datetime64")) "datetime" else unname(tensor_kinds[dtype])

# The data of an ndarray that MLflow has put under the key inputs (EXA-009).
in_wrapping <- function(data, format, specs) {
  is_wrapped <- identical(names(data), "inputs") && (identical(format, "tf-serving") || !"inputs" %in% column_names(specs))
  if (is_wrapped) at_key(data, "inputs") else data
}

# How many cells the smallest of the declared tensors has.
read_tensors <- function(data, specs) {
  is_named <- !is.null(specs[[1L]]$name)
  if (!is_named && is_object(data)) wrong_example("EXA-003", "The tensor has no name, and is given by one (ENF-073)")
  if (identical(data, list())) return(0L) # no rows of all of them (ENF-109)
  if (is_named && !is_object(data) && length(specs) > 1L) wrong_example("EXA-003", "The tensors have names, and are given without (ENF-072)")
  given <- if (is_object(data)) lapply(specs, function(spec) if (has_key(data, spec$name)) list(at_key(data, spec$name))) else list(list(data))
  faults <- unlist(lapply(seq_along(specs), function(i) tensor_faults(given[[i]], specs[[i]])), FALSE)
  if (length(faults)) stop(errorCondition("does not fit", faults = faults, class = "mlmodel_example"))
  min(vapply(given, function(one) length(flat(one[[1L]])$cells), 0L))
}

tensor_faults <- function(given, spec) {
  label <- if (is.null(spec$name)) "The tensor" else paste("The tensor", spec$name)
  say <- function(...) list(example_fault("EXA-003", paste(label, ...)))
  if (is.null(given)) return(say("is not given (ENF-072)"))
  found <- flat(given[[1L]])
  if (is.null(found$shape)) return(say("has lists that differ in length, or too many axes (ENF-076)"))
  wrong <- wrong_element(found$cells, spec$dtype)
  c(
    if (!has_shape(found$shape, spec$shape)) say("has the shape", shape_text(found$shape), "and is declared", shape_text(spec$shape), "(ENF-071)"),
    if (!is.na(wrong)) say("has a value that is not of", paste0(spec$dtype, ":"), shown(write_json(found$cells[[wrong]])), "(ENF-075)")
  )
}

shape_text <- function(shape) paste0("[", paste(shape, collapse = ", "), "]")

# An empty list does not show the axes below it (ENF-109).
has_shape <- function(shape, declared) {
  if (0 %in% shape && length(shape) < length(declared)) declared <- declared[seq_along(shape)]
  length(shape) == length(declared) && all(declared == -1 | shape == declared)
}

# The lengths of the axes of nested lists, and their cells; without a shape where lists differ.
flat <- function(data) {
  cells <- list(data)
  shape <- integer()
  while (length(cells) && any(is_list <- vapply(cells, is_array, NA))) {
    sizes <- unique(lengths(cells))
    if (!all(is_list) || length(sizes) > 1L || length(shape) >= most_axes) return(list(cells = cells))
    shape <- c(shape, sizes)
    cells <- unlist(cells, FALSE)
  }
  list(shape = shape, cells = as.list(cells))
}

# The number of the first cell that is none of a dtype, if R knows the dtype.
wrong_element <- function(cells, dtype) {
  kind <- tensor_kind(dtype)
  if (is.na(kind)) NA_integer_ else Position(function(cell) !is_element(cell, kind, dtype), cells)
}

is_element <- function(cell, kind, dtype) {
  if (is.double(cell) && is.nan(cell) && (dtype == "object" || kind == "datetime")) return(TRUE)
  if (is.null(cell)) return(dtype == "object" || kind %in% c(floating_types, "datetime"))
  if (is.list(cell)) return(FALSE)
  if (kind %in% names(highest)) return(is_number(cell) && is_whole(cell) && is_within(unclass(cell), kind))
  !is_fault(read_cell(list(kind = kind), cell, TRUE))
}

# A matrix of compressed rows or columns: how many rows it has.
read_sparse <- function(data, type, specs) {
  parts <- c("data", "indices", "indptr", "shape")
  if (!is_object(data) || !setequal(names(data), parts)) wrong_example("EXA-007", "A sparse matrix is an object with data, indices, indptr and shape")
  cells <- at_key(data, "data")
  if (!all(vapply(unclass(data), is_array, NA)) || any(vapply(cells, is.list, NA)))
    wrong_example("EXA-007", "The parts of a sparse matrix are lists of numbers")
  dtype <- if (!is.null(specs) && is_tensor_spec(specs[[1L]])) specs[[1L]]$dtype else "float64"
  if (!is.na(wrong_element(cells, dtype))) wrong_example("EXA-003", paste("A sparse matrix has a value that is not of", dtype, "(ENF-075)"))
  read <- lapply(structure(parts, names = parts), function(part) if (part == "data") cells else whole_numbers(at_key(data, part)))
  if (any(vapply(read, is.null, NA))) wrong_example("EXA-012", "Indices, ends and lengths of a sparse matrix are whole numbers")
  if (!is_sparse(read, type)) wrong_example("EXA-012", "The parts of a sparse matrix contradict each other")
  shape <- read[["shape"]]
  if (!is.null(specs)) {
    spec <- specs[[1L]]
    wrong <- if (!is_tensor_spec(spec)) "has no columns, which the signature declares (ENF-010)"
      else if (!is.null(spec$name)) "has no name, and the signature names its tensors (ENF-072)"
      else if (!has_shape(shape, spec$shape)) paste("has the shape", shape_text(shape), "and is declared", shape_text(spec$shape), "(ENF-071)")
    if (!is.null(wrong)) wrong_example("EXA-003", paste("A sparse matrix", wrong))
  }
  1L
}

# The numbers of a list, if all are whole, and written without a point and an exponent.
whole_numbers <- function(list) {
  if (all(vapply(list, function(one) is_number(one) && is_whole(one), NA))) vapply(list, as.double, 0)
}

# Each row (or column) ends in order, and each index lies in the matrix.
is_sparse <- function(read, type) {
  shape <- read[["shape"]]
  ends <- read[["indptr"]]
  if (length(shape) != 2L || any(shape < 0)) return(FALSE)
  if (type == "sparse_matrix_csc") shape <- rev(shape)
  count <- length(read[["indices"]])
  length(ends) == shape[1L] + 1 && ends[1L] == 0 && !is.unsorted(ends) && ends[length(ends)] <= count && count == length(read[["data"]]) &&
    all(read[["indices"]] >= 0 & read[["indices"]] < shape[2L])
}
