# What a change of a signature means for callers (SIG-050 to SIG-062).

callers <- c("typed", "untyped")
# The dtypes that a declared type takes (the table of ENF-020), and its literals.
taken_dtypes <- list(
  boolean = "bool",
  integer = c("int8", "int16", "int32", "uint8", "uint16"),
  long = c("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
  float = c("float16", "float32", "int8", "int16", "uint8", "uint16"),
  double = c("float16", "float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32"),
  string = "text", binary = "bytes", datetime = "datetime64"
)
integers <- function(bits, is_signed = TRUE) {
  list(form = "integer", low = if (is_signed) -(2^(bits - 1)) else 0, high = 2^(if (is_signed) bits - 1 else bits))
}
numbers <- function(bits) list(form = "number", low = -(2^bits), high = 2^bits, is_null = TRUE)
literal <- function(form, is_null = TRUE) list(form = form, is_null = is_null)
literals <- list(
  boolean = literal("boolean", FALSE), integer = integers(32), long = integers(64), float = numbers(24), double = numbers(53),
  string = literal("text"), binary = literal("base64"), datetime = literal("moment")
)
tensor_literals <- list(
  bool = literals$boolean, str = literal("text", FALSE), object = literal("text"), bytes = literal("base64", FALSE),
  float16 = numbers(11), float32 = numbers(24), float64 = numbers(53)
)

mlmodel_compare <- function(old, new) {
  changes <- compare_specs(specs_of(old), specs_of(new))
  at <- function(key) vapply(changes, function(one) paste(unlist(one[[key]]), collapse = ", "), "")
  data.frame(part = at("part"), name = at("name"), change = at("change"), breaks = at("breaks"), rule = at("rule"))
}

compare_specs <- function(old, new) {
  c(
    compare_schemas("inputs", old$inputs, new$inputs),
    compare_schemas("outputs", old$outputs, new$outputs),
    compare_params(old, new)
  )
}

change <- function(rule, part, name, what, breaks = FALSE) {
  if (is.logical(breaks)) breaks <- if (breaks) callers else character()
  list(rule = rule, part = part, name = name, change = what, breaks = as.list(breaks))
}

compare_schemas <- function(part, old, new) {
  is_read <- part == "outputs"
  if (is.null(old) && is.null(new)) return(list())
  if (is.null(old)) return(list(change("SIG-060", part, NULL, "declared", !is_read)))
  if (is.null(new)) return(list(change("SIG-060", part, NULL, "undeclared", is_read)))
  if (is_tensor_spec(old[[1L]]) != is_tensor_spec(new[[1L]])) return(list(change("SIG-057", part, NULL, "kind", TRUE)))
  if (have_names(old) != have_names(new)) return(list(change("SIG-051", part, NULL, "names", TRUE)))
  compare_specs_of(part, old, new, have_names(old))
}

compare_specs_of <- function(part, old, new, is_named) {
  labels <- function(specs) if (is_named) lapply(specs, function(one) one$name) else as.list(seq_along(specs) - 1L)
  before <- labels(old)
  after <- labels(new)
  at <- match(before, after)
  kept <- lapply(seq_along(old), function(i) {
    if (is.na(at[i])) list(removed(part, before[[i]])) else compare_pair(part, before[[i]], old[[i]], new[[at[i]]])
  })
  added <- lapply(which(!after %in% before), function(i) added(part, after[[i]], new[[i]]))
  moved <- is_named && is.unsorted(at[!is.na(at)])
  c(do.call(c, kept), added, if (moved) list(change("SIG-061", part, NULL, "order")))
}

removed <- function(part, name) {
  if (part == "inputs") change("SIG-053", part, name, "removed") else change("SIG-058", part, name, "removed", TRUE)
}

added <- function(part, name, spec) {
  if (part == "inputs") change("SIG-052", part, name, "added", spec$required)
  else change("SIG-058", part, name, "added", is.integer(name))
}

compare_pair <- function(part, name, old, new) {
  is_read <- part == "outputs"
  given <- if (is_read) new else old
  taken <- if (is_read) old else new
  found <- list()
  if (!identical(essence(old), essence(new))) {
    breaks <- Filter(function(caller) !spec_takes(given, taken, caller, is_read), callers)
    said <- rule_of_change(old, new)
    found <- list(change(if (is_read) "SIG-058" else said[1L], part, name, said[2L], breaks))
  }
  if (old$required == new$required) return(found)
  breaks <- if (is_read) !new$required else new$required
  c(found, list(change(if (is_read) "SIG-058" else "SIG-055", part, name, "required", breaks)))
}

essence <- function(spec) spec[intersect(names(spec), c("dtype", "shape", "type"))]

rule_of_change <- function(old, new) {
  if (is_tensor_spec(old)) return(c("SIG-057", if (identical(old$shape, new$shape)) "type" else "shape"))
  is_nested <- old$type$kind %in% c("array", "object", "map") && old$type$kind == new$type$kind
  c(if (is_nested) "SIG-056" else "SIG-054", "type")
}

spec_takes <- function(given, taken, caller, is_read) {
  if (is_tensor_spec(given)) tensor_takes(given, taken, caller) else type_takes(given$type, taken$type, caller, is_read)
}

tensor_takes <- function(given, taken, caller) {
  if (length(given$shape) != length(taken$shape)) return(FALSE)
  if (any(taken$shape != -1 & taken$shape != given$shape)) return(FALSE)
  if (given$dtype == taken$dtype) return(TRUE)
  # Moments of one unit are not those of another, but texts both.
  to <- if (!startsWith(taken$dtype, "datetime64")) literals_of_tensor(taken$dtype)
  from <- literals_of_tensor(given$dtype)
  caller == "untyped" && !is.null(from) && !is.null(to) && literals_take(from, to)
}

literals_of_tensor <- function(dtype) {
  bits <- sub("^u?int([0-9]+)$", "\\1", dtype)
  if (bits != dtype) return(integers(as.numeric(bits), !startsWith(dtype, "u")))
  if (startsWith(dtype, "datetime64")) literals$datetime else tensor_literals[[dtype]]
}

# Whether `taken` takes all that `given` takes (SIG-054, SIG-056).
type_takes <- function(given, taken, caller, is_read) {
  is_nested <- taken$kind %in% c("array", "map", "object")
  if (taken$kind == "any" || (taken$kind == given$kind && !is_nested)) return(TRUE)
  if (given$kind == taken$kind) return(switch(given$kind,
    array = type_takes(given$items, taken$items, caller, is_read),
    map = type_takes(given$values, taken$values, caller, is_read),
    object_takes(given, taken, caller, is_read)
  ))
  if (!all(c(given$kind, taken$kind) %in% scalar_types)) return(FALSE)
  if (caller == "untyped") return(literals_take(literals[[given$kind]], literals[[taken$kind]]))
  all(taken_dtypes[[given$kind]] %in% taken_dtypes[[taken$kind]])
}

object_takes <- function(given, taken, caller, is_read) {
  by_name <- function(type) structure(type$properties, names = vapply(type$properties, function(one) one$name, ""))
  before <- by_name(given)
  after <- by_name(taken)
  fits <- vapply(before, function(one) {
    other <- at_key(after, one$name)
    if (is.null(other)) return(is_read) # who reads an answer may pass over a property
    !(other$required && !one$required) && type_takes(one$type, other$type, caller, is_read)
  }, NA)
  is_free <- vapply(after, function(one) one$name %in% names(before) || !one$required, NA)
  all(fits, is_free)
}

literals_take <- function(given, taken) {
  if (isTRUE(given$is_null) && !isTRUE(taken$is_null)) return(FALSE)
  is_range <- (given$form == "integer" && taken$form != "text") || given$form == "number"
  if (is_range && taken$form %in% c("integer", "number")) {
    if (given$form == "number" && taken$form == "integer") return(FALSE)
    return(taken$low <= given$low && given$high - (given$form == "integer") <= taken$high)
  }
  given$form == taken$form || (given$form %in% c("base64", "moment") && taken$form == "text")
}

# Parameters are read by the rules for untyped cells, whoever gives them (ENF-082).
compare_params <- function(old, new) {
  if (is.null(old) && is.null(new)) return(list())
  if (is.null(old)) return(list(change("SIG-060", "params", NULL, "declared", length(new$params) > 0L)))
  if (is.null(new)) return(if (length(old$params)) list(change("SIG-060", "params", NULL, "undeclared")) else list())
  names <- function(params) vapply(params, function(one) one$name, "")
  before <- names(old$params)
  after <- names(new$params)
  kept <- lapply(seq_along(before), function(i) {
    at <- match(before[i], after)
    if (is.na(at)) list(change("SIG-059", "params", before[i], "removed"))
    else compare_param(old$params[[i]], new$params[[at]])
  })
  c(do.call(c, kept), lapply(setdiff(after, before), function(name) change("SIG-059", "params", name, "added")))
}

compare_param <- function(old, new) {
  found <- list()
  if (!identical(old$shape, new$shape)) found <- list(change("SIG-059", "params", old$name, "shape", TRUE))
  else if (!identical(old$type, new$type))
    found <- list(change("SIG-059", "params", old$name, "type", !type_takes(old$type, new$type, "untyped", FALSE)))
  if (identical(old$default, new$default)) return(found)
  c(found, list(change("SIG-062", "params", old$name, "default")))
}
