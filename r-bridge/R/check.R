# An MLmodel file held against the schemas of the specification, the single source of keys: their keywords
# x-rule, x-form, x-file and so on say which rule is broken. Debian has no validator of JSON Schema for R, and
# none would tell of these.

known <- new.env(parent = emptyenv())

# The schemas by name, `flavors` among them, also by their other names.
schemas <- function() {
  if (is.null(known$schemas)) {
    file <- system.file("schemas", "mlmodel.json", package = "mlmodel", mustWork = TRUE)
    known$schemas <- with_other_names(jsonlite::read_json(file))
  }
  known$schemas
}

with_other_names <- function(read) {
  for (flavor in read[["flavors"]]) for (name in flavor[["x-names"]]) read[["flavors"]][[name]] <- flavor
  read
}

# `has_file` tells whether the model's folder has a file, if there is a folder.
new_checker <- function(has_file = NULL) {
  ck <- new.env(parent = emptyenv())
  ck$found <- list()
  ck$has_file <- has_file
  ck
}

add <- function(ck, rule, pointer, place, why, severity = "error") {
  shown <- if (nchar(pointer) <= 1000L) pointer # MLM-035
  one <- list(rule = rule, severity = severity, pointer = shown, place = place, why = why)
  ck$found[[length(ck$found) + 1L]] <- one
  invisible()
}

# What is wrong with the text of a file, each with rule, severity, pointer, line, column and why, in order (MLM-042).
check_text <- function(text, has_file = NULL) {
  ck <- new_checker(has_file)
  r <- NULL
  tryCatch({
    r <- yaml_document(text)
    check_root(ck, r$root)
  }, mlmodel_broken = function(e) {
    ck$found <- c(ck$found, list(list(rule = e$rule, severity = "error", place = e$place, why = e$why)))
  })
  if (is.null(r)) r <- new_reader(of_lines(text))
  in_document_order(ck$found, r)
}

in_document_order <- function(found, r) {
  places <- vapply(found, function(one) as.integer(one$place), 0L)
  rules <- vapply(found, function(one) one$rule, "")
  at <- lines_and_columns(r, places)
  lapply(order(places, rules, na.last = FALSE), function(i) {
    list(
      rule = rules[i], severity = found[[i]]$severity, pointer = found[[i]]$pointer, file = "MLmodel",
      line = if (!is.na(places[i])) at$line[i], column = if (!is.na(places[i])) at$column[i], message = found[[i]]$why
    )
  })
}

check_root <- function(ck, node) {
  is_empty <- node$kind == "text" && node$is_plain && node$value == ""
  if (node$kind != "mapping") broken("MLM-001", if (is_empty) NA_integer_ else node$place, "is no mapping of keys")
  check_yaml(ck, node, "")
  check_node(ck, node, schemas()$mlmodel, "", node$place)
  check_forms(ck, node, "")
  check_times(ck, node)
  check_examples(ck, node)
}

# What holds for every value, declared or not: keys and tags (MLM-003, MLM-004).
check_yaml <- function(ck, node, pointer) {
  if (!is.null(node$tag) && !identical(unname(yaml_tags[node$tag]), node$kind))
    add(ck, "MLM-004", pointer, node$place, paste("has the tag", node$tag, "which is not one of its kind"))
  if (node$kind == "mapping") node$entries <- first_entries(ck, node, pointer)
  each_child(node, pointer, function(one, at) check_yaml(ck, one, at))
}

each_child <- function(node, pointer, f) {
  for (entry in node$entries) f(entry[[2L]], child(pointer, entry[[1L]]$value))
  for (i in seq_along(node$items)) f(node$items[[i]], child(pointer, i - 1L))
}

# The first entry of each key is the one that is read (MLM-003).
first_entries <- function(ck, node, pointer) {
  by_text <- are_named(pointer)
  identities <- vapply(node$entries, function(entry) {
    key <- entry[[1L]]
    if (by_text && key$kind == "text") key$value else identity_of(key)
  }, "")
  is_text <- vapply(node$entries, function(entry) entry[[1L]]$kind == "text", NA)
  is_twice <- is_text & duplicated(identities)
  for (i in seq_along(node$entries)) {
    key <- node$entries[[i]][[1L]]
    at <- child(pointer, key$value)
    if (!is_text[i] || (key$value == "<<" && key$is_plain)) add(ck, "MLM-004", at, key$place, "is a key that is no text")
    if (is_twice[i]) add(ck, "MLM-003", at, key$place, paste0("has the key '", key$value, "' a second time"))
  }
  node$entries[!is_twice]
}

# Whether the schema names the keys of the mapping at a pointer, so that they are texts (MLM-003).
are_named <- function(pointer) {
  pointer %in% c("", "/flavors", "/signature", "/saved_input_example_info") ||
    (startsWith(pointer, "/flavors/") && pointer %in% child("/flavors", names(schemas()$flavors)))
}

# What has the form of a type, and no value of it (MLM-006).
check_forms <- function(ck, node, pointer) {
  if (node$kind == "text" && !isTRUE(node$is_text) && !has_value(node))
    add(ck, "MLM-006", pointer, node$place, paste0("'", substr(node$value, 1L, 60L), "' has the form of a type, and is no value of it"))
  each_child(node, pointer, function(one, at) check_forms(ck, one, at))
}

child <- function(pointer, name) {
  if (is.null(name)) name <- "[object Object]"
  paste0(pointer, "/", gsub("/", "~1", gsub("~", "~0", name, fixed = TRUE), fixed = TRUE))
}

entry_of <- function(node, name) {
  for (entry in node$entries) if (identical(entry[[1L]]$value, name)) return(entry)
  NULL
}

check_times <- function(ck, root) {
  both <- lapply(c("time_created", "utc_time_created"), function(name) entry_of(root, name))
  is_absent <- function(entry) is.null(entry) || entry[[2L]]$kind != "text" || form_of(entry[[2L]]) == "null"
  if (any(vapply(both, is_absent, NA))) return()
  moments <- lapply(both, function(entry) {
    moment <- moment_of(entry[[2L]]$value)
    if (is.null(moment)) entry[[2L]]$value else moment
  })
  if (identical(moments[[1L]], moments[[2L]])) return()
  later <- both[[which.max(vapply(both, function(entry) entry[[1L]]$place, 0L))]]
  add(ck, "MLM-009", child("", later[[1L]]$value), later[[1L]]$place, "names another moment than the other time")
}

check_examples <- function(ck, root) {
  early <- entry_of(root, "input_example")[[2L]]
  now <- entry_of(entry_of(root, "saved_input_example_info")[[2L]], "artifact_path")[[2L]]
  if (is.null(early) || is.null(now) || form_of(early) == "null" || identical(early$value, now$value)) return()
  add(ck, "MLM-023", "/input_example", early$place, "names another file than saved_input_example_info", "warning")
}
