# Signatures as lists of specs (SIG-003 to SIG-008, SIG-021).

scalar_types <- c("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")
opaque_types <- c("any", "sparkml_vector")

# An error of the specification's table: its code, and each thing that is wrong.
refused <- function(code, details, why) {
  stop(errorCondition(paste0(code, ": ", why), code = code, details = details, class = "mlmodel_refused"))
}

invalid_signature <- function(why) refused("INVALID_ARGUMENT", list(list(message = why)), why)

# Lists of a signature (named lists of R, as its JSON has them) as specs; a part that is not declared is NULL.
read_specs <- function(lists) {
  if (is.null(lists)) return(NULL)
  list(
    inputs = read_schema(lists[["inputs"]], "inputs"),
    outputs = read_schema(lists[["outputs"]], "outputs"),
    params = lapply(lists[["params"]], read_param)
  )
}

read_param <- function(one) {
  if (is.null(one[["type"]])) one[["type"]] <- one[["dtype"]]
  list(name = one[["name"]], type = read_type(one), shape = one[["shape"]], default = one[["default"]])
}

read_schema <- function(list, part) {
  if (is.null(list)) return(NULL)
  if (!is.list(list) || !is.null(names(list)) || !length(list)) invalid_signature(paste(part, "is no list of specs (SIG-002)"))
  specs <- lapply(list, read_spec)
  is_tensor <- vapply(specs, is_tensor_spec, NA)
  if (any(is_tensor) && !all(is_tensor)) invalid_signature("columns and tensors stand side by side (SIG-002)")
  names <- unlist(lapply(specs, function(one) one$name))
  if (anyDuplicated(names)) invalid_signature("a name stands twice (SIG-004)")
  if (is_tensor[1L] && length(specs) > 1L && length(names) < length(specs)) invalid_signature("tensors without names (SIG-005)")
  specs
}

is_tensor_spec <- function(spec) "dtype" %in% names(spec)

read_spec <- function(one) {
  name <- if (!is.null(one[["name"]])) as.character(one[["name"]])
  is_flat <- is.null(one[["type"]]) && !is.null(one[["dtype"]])
  if (!is_flat && !identical(one[["type"]], "tensor"))
    return(list(name = name, type = read_type(one), required = is_required(one)))
  said <- if (is_flat) one else one[["tensor-spec"]]
  if (!is.character(said[["dtype"]]) || !is.list(said[["shape"]])) invalid_signature("a tensor without dtype and shape (SIG-006)")
  list(name = name, dtype = said[["dtype"]], shape = as.numeric(unlist(said[["shape"]])), required = TRUE)
}

is_required <- function(one) {
  if (!is.null(one[["required"]])) one[["required"]] else !isTRUE(one[["optional"]])
}

read_type <- function(one) {
  kind <- if (is.list(one)) one[["type"]]
  if (!is.character(kind)) invalid_signature("a type is a text (SIG-003)")
  if (kind %in% c(scalar_types, opaque_types)) return(list(kind = kind))
  switch(kind,
    array = list(kind = kind, items = read_type(one[["items"]])),
    map = list(kind = kind, values = read_type(one[["values"]])),
    object = list(kind = kind, properties = read_properties(one[["properties"]])),
    invalid_signature(paste("the type", kind, "is not known (SIG-003, SIG-021)"))
  )
}

read_properties <- function(given) {
  lapply(sort(names(given), method = "radix"), function(name) {
    one <- at_key(given, name)
    list(name = name, type = read_type(one), required = is_required(one))
  })
}
