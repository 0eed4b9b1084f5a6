# The JSON texts of a signature within an MLmodel file; each character knows its place in the file.

check_json_text <- function(ck, node, schema, pointer) {
  if (isTRUE(ck$is_of_values)) return()
  list <- tryCatch(json_nodes(node$value, c(node$characters, node$place)), mlmodel_not_json = identity, mlmodel_no_text = identity)
  if (inherits(list, "mlmodel_no_text"))
    return(add(ck, "CRA-009", pointer, node$place, "was not looked at: R has no texts with NUL or half a pair of surrogates", "warning"))
  if (inherits(list, "error")) {
    place <- if (nzchar(node$value) && list$at <= length(node$characters)) node$characters[list$at] else node$place
    return(add(ck, "SIG-001", pointer, place, paste("is", list$what)))
  }
  list$place <- node$place
  is_params <- endsWith(pointer, "params")
  if (list$kind != "list")
    return(add(ck, if (is_params) "SIG-008" else "SIG-002", pointer, node$place, "is JSON, and no list"))
  ck$text <- node$place
  keys_once(ck, list, pointer)
  # Types nested some forty deep take more of R's own stack than there is.
  tryCatch(check_node(ck, list, schema, pointer, node$place), stackOverflowError = function(e) {
    add(ck, "CRA-009", pointer, node$place, "was not looked at as a whole: it is nested deeper than R's stack takes", "warning")
  })
  check_specs(ck, list, pointer, is_params)
  ck$text <- NULL
  if (pointer == "/signature/inputs") ck$inputs <- list
}

# A text of JSON as nodes, as YAML's are; `places` says where each of its characters stands.
json_nodes <- function(text, places, deepest = deepest_text) {
  s <- json_reader(text, TRUE, deepest, as_nodes)
  long <- which(nchar(s$tokens) > longest_whole & grepl("^-?[0-9]+$", s$tokens) & s$kinds != "\"")
  if (length(long)) not_json(s, 1L, paste("a whole number of more than", longest_whole, "digits, and so not JSON"))
  # Where the text stands that is empty, or ends.
  s$places <- places[pmin(s$starts, length(places))]
  json_document(s)
}

json_node <- function(s, at, kind, ...) list2env(list(kind = kind, place = s$places[at], tag = NULL, is_json = TRUE, ...), parent = emptyenv())
json_text_node <- function(s, at) json_node(s, at, "text", value = s$tokens[at], is_plain = s$kinds[at] != "\"")

as_nodes <- list(
  single = json_text_node,
  list = function(s, at, items) json_node(s, at, "list", items = items),
  object = function(s, at, keys, values) json_node(s, at, "mapping", entries = Map(function(key, value) list(json_text_node(s, key), value), keys, values))
)

keys_once <- function(ck, node, pointer) {
  keys <- vapply(node$entries, function(entry) entry[[1L]]$value, "")
  for (i in which(duplicated(keys)))
    add(ck, "SIG-001", child(pointer, keys[i]), node$entries[[i]][[1L]]$place, "is a key that stands twice")
  each_child(node, pointer, function(one, at) keys_once(ck, one, at))
}

# What spans the specs of a list (SIG-002, SIG-004, SIG-005, SIG-008, SIG-020).
check_specs <- function(ck, list, pointer, is_params) {
  value <- function(spec, key) entry_of(spec, key)[[2L]]
  names <- lapply(list$items, function(spec) {
    name <- value(spec, "name")
    if (!is.null(name) && form_of(name) != "null") name
  })
  check_twice(ck, names, pointer, is_params)
  if (is_params) return()
  is_tensor <- vapply(list$items, function(spec) {
    node <- value(spec, "type")
    !is.null(value(spec, "tensor-spec")) || !is.null(value(spec, "dtype")) || (!is.null(node) && identical(node$value, "tensor"))
  }, NA)
  place <- function(i) list$items[[i]]$place
  mixed <- match(TRUE, is_tensor != is_tensor[1L])
  if (!is.na(mixed)) add(ck, "SIG-002", child(pointer, mixed - 1L), place(mixed), "stands beside columns, and is a tensor, or the other way round")
  check_unnamed(ck, vapply(names, is.null, NA), is_tensor, pointer, place)
}

# The number 1 and the text "1" are two names (SIG-004); 1.0 is the number 1 (SIG-001).
check_twice <- function(ck, names, pointer, is_params) {
  keys <- vapply(names, function(name) if (is.null(name)) NA_character_ else identity_of(name), "")
  for (i in which(duplicated(keys) & !is.na(keys))) {
    name <- names[[i]]
    why <- paste0("the name '", shown(name$value), "' stands twice")
    add(ck, if (is_params) "SIG-008" else "SIG-004", paste0(child(pointer, i - 1L), "/name"), name$place, why)
  }
}

check_unnamed <- function(ck, unnamed, is_tensor, pointer, place) {
  i <- match(TRUE, unnamed)
  if (is.na(i) || (all(unnamed) && (length(unnamed) == 1L || !all(is_tensor)))) return()
  if (any(is_tensor)) add(ck, "SIG-005", child(pointer, i - 1L), place(i), "is one of several tensors, and has no name")
  else add(ck, "SIG-020", child(pointer, i - 1L), place(i), "has no name where others have one", "warning")
}
