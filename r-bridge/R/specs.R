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
  if (!is_mapping(lists)) invalid_signature("a signature is a list of inputs, outputs and params (SIG-001)")
  list(
    inputs = read_schema(at_key(lists, "inputs"), "inputs"),
    outputs = read_schema(at_key(lists, "outputs"), "outputs"),
    params = read_params(at_key(lists, "params"))
  )
}

# A list of objects, as each part is one.
require_objects <- function(list, what, rule) {
  is_one <- is.list(list) && is.null(names(list)) && all(vapply(list, is_described, NA))
  if (!is_one) invalid_signature(paste0(what, " are no list of objects (", rule, ")"))
}

is_described <- function(one) is.list(one) && !is.null(names(one))

read_params <- function(given) {
  if (is.null(given)) return(list())
  require_objects(given, "params", "SIG-008")
  params <- lapply(given, read_param)
  if (anyDuplicated(vapply(params, function(one) one$name, ""))) invalid_signature("a parameter's name stands twice (SIG-008)")
  params
}

read_param <- function(one) {
  name <- at_key(one, "name")
  if (!is_one_text(name)) invalid_signature("the name of a parameter is a text (SIG-008)")
  if (is.null(one[["type"]])) one[["type"]] <- at_key(one, "dtype")
  shape <- at_key(one, "shape")
  if (!is.null(shape)) read_shape(shape, "SIG-008")
  list(name = name, type = read_type(one), shape = shape, default = at_key(one, "default"))
}

# Lengths of axes; -1 is any.
read_shape <- function(shape, rule) {
  is_length <- function(one) is.numeric(one) && length(one) == 1L && is.finite(one) && one == trunc(one)
  if (!is.list(shape) || !is.null(names(shape)) || !all(vapply(shape, is_length, NA))) invalid_signature(paste0("a shape is a list of whole numbers (", rule, ")"))
  as.numeric(unlist(shape))
}

read_schema <- function(list, part) {
  if (is.null(list)) return(NULL)
  require_objects(list, part, "SIG-002")
  if (!length(list)) invalid_signature(paste(part, "declare nothing (SIG-002)"))
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
  name <- read_name(at_key(one, "name"))
  if (!any(c("tensor-spec", "dtype") %in% names(one))) return(c(name, list(type = read_type(one), required = is_required(one))))
  said <- at_key(one, "tensor-spec")
  if (is.null(said)) said <- one
  dtype <- if (is_described(said)) at_key(said, "dtype")
  if (!is_one_text(dtype)) invalid_signature("a tensor without dtype and shape (SIG-006)")
  c(name, list(dtype = dtype, shape = read_shape(at_key(said, "shape"), "SIG-006"), required = TRUE))
}

# A name is a text, or a whole number, which data have as its digits (ENF-012).
read_name <- function(name) {
  if (is.null(name) || is_one_text(name)) return(list(name = name))
  is_number <- is.numeric(name) && length(name) == 1L && is.finite(name) && name == trunc(name)
  if (!is_number) invalid_signature("the name of an input is a text, or a whole number (SIG-012)")
  list(name = sprintf("%.0f", name), is_number = TRUE)
}

is_required <- function(one) {
  said <- at_key(one, "required")
  if (is.null(said)) return(!isTRUE(at_key(one, "optional")))
  if (!isTRUE(said) && !isFALSE(said)) invalid_signature("required is TRUE or FALSE (SIG-003)")
  said
}

read_type <- function(one) {
  kind <- if (is_described(one)) at_key(one, "type")
  if (!is_one_text(kind)) invalid_signature("a type is a text (SIG-003)")
  if (kind %in% c(scalar_types, opaque_types)) return(list(kind = kind))
  switch(kind,
    array = list(kind = kind, items = read_type(at_key(one, "items"))),
    map = list(kind = kind, values = read_type(at_key(one, "values"))),
    object = list(kind = kind, properties = read_properties(at_key(one, "properties"))),
    invalid_signature(paste("the type", shown(kind), "is not known (SIG-003, SIG-021)"))
  )
}

read_properties <- function(given) {
  if (!is.list(given) || is.null(names(given))) invalid_signature("properties are types by their names (SIG-007)")
  lapply(sort(names(given), method = "radix"), function(name) {
    one <- at_key(given, name)
    list(name = name, type = read_type(one), required = !isFALSE(at_key(one, "required")))
  })
}
