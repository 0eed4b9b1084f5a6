# The JSON texts of a signature within an MLmodel file; each character knows its place in the file.

check_json_text <- function(ck, node, schema, pointer) {
  wrong <- json_fault(node$value)
  if (!is.null(wrong)) {
    place <- if (wrong <= length(node$characters)) node$characters[wrong] else node$place
    return(add(ck, "SIG-001", pointer, place, "is not JSON"))
  }
  list <- yaml_document(node$value, c(node$characters, node$place)[seq_len(nchar(node$value) + 1L)])$root
  list$place <- node$place
  is_params <- endsWith(pointer, "params")
  if (list$kind != "list")
    return(add(ck, if (is_params) "SIG-008" else "SIG-002", pointer, node$place, "is JSON, and no list"))
  keys_once(ck, list, pointer)
  check_node(ck, list, schema, pointer, node$place)
  check_specs(ck, list, pointer, is_params)
}

keys_once <- function(ck, node, pointer) {
  node$is_json <- TRUE
  node$form <- NULL
  seen <- character()
  for (entry in node$entries) {
    key <- entry[[1L]]
    if (key$value %in% seen) add(ck, "SIG-001", child(pointer, key$value), key$place, "is a key that stands twice")
    seen <- c(seen, key$value)
  }
  each_child(node, pointer, function(one, at) keys_once(ck, one, at))
}

# What spans the specs of a list (SIG-002, SIG-004, SIG-005, SIG-008, SIG-020).
check_specs <- function(ck, list, pointer, is_params) {
  value <- function(spec, key) entry_of(spec, key)[[2L]]
  is_tensor <- vapply(list$items, function(spec) {
    !is.null(value(spec, "tensor-spec")) || (!is_params && !is.null(value(spec, "dtype")))
  }, NA)
  names <- lapply(list$items, function(spec) {
    name <- value(spec, "name")
    if (!is.null(name) && form_of(name) != "null") name
  })
  mixed <- match(TRUE, is_tensor != is_tensor[1L])
  check_twice(ck, names, pointer, is_params, upto = if (is.na(mixed)) length(names) else mixed - 1L)
  at <- function(i) list$items[[i]]$place
  if (!is.na(mixed))
    return(add(ck, "SIG-002", child(pointer, mixed - 1L), at(mixed), "stands beside columns, and is a tensor, or the other way round"))
  check_unnamed(ck, vapply(names, is.null, NA), isTRUE(is_tensor[1L]), is_params, pointer, at)
}

check_twice <- function(ck, names, pointer, is_params, upto) {
  seen <- character()
  for (i in seq_len(upto)) {
    name <- names[[i]]
    if (is.null(name)) next
    if (isTRUE(name$value %in% seen))
      add(ck, if (is_params) "SIG-008" else "SIG-004", paste0(child(pointer, i - 1L), "/name"), name$place, paste0("the name '", name$value, "' stands twice"))
    seen <- c(seen, name$value)
  }
}

check_unnamed <- function(ck, unnamed, are_tensors, is_params, pointer, at) {
  if (are_tensors && length(unnamed) > 1L && any(unnamed)) {
    i <- which(unnamed)[1L]
    return(add(ck, "SIG-005", child(pointer, i - 1L), at(i), "is one of several tensors, and has no name"))
  }
  odd <- match(TRUE, unnamed != unnamed[1L])
  if (!is.na(odd) && !is_params)
    add(ck, "SIG-020", child(pointer, odd - 1L), at(odd), "has a name where others have none, or the other way round", "warning")
}
