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

# `folder` is that of the model; without one nothing is looked for.
new_checker <- function(folder = NULL) {
  ck <- new.env(parent = emptyenv())
  ck$found <- list()
  ck$folder <- folder
  ck
}

# `ck$text` is the text of JSON in which a place is, if it is in one.
add <- function(ck, rule, pointer, place, why, severity = "error") {
  shown <- if (nchar(pointer) <= 1000L) pointer # MLM-035
  one <- list(rule = rule, severity = severity, pointer = shown, place = place, why = why, within = ck$text)
  ck$found[[length(ck$found) + 1L]] <- one
  invisible()
}

# The bytes of a file held against what `check` says of a document: what is wrong, each with rule, severity, pointer,
# line, column and message, in order (MLM-042), and the root of the document where it has one.
check_content <- function(bytes, file, folder, check) {
  instead <- if (!is.null(folder)) text_stand_in(bytes)
  if (!is.null(instead)) return(list(found = list(violation_of("DIR-009", file, instead))))
  ck <- new_checker(folder)
  r <- NULL
  is_read <- FALSE
  tryCatch({
    r <- document_reader(text_within_bounds(bytes))
    check(ck, read_root(r)$root)
    is_read <- TRUE
  }, mlmodel_broken = function(e) {
    if (!is.null(e$text)) r <<- new_reader(e$text)
    ck$found <- c(ck$found, list(list(rule = e$rule, severity = "error", place = e$place, why = e$why)))
  })
  list(found = in_document_order(ck$found, r, file), root = if (is_read) r$root)
}

violation_of <- function(rule, file, why, severity = "error", line = NULL, column = NULL, pointer = NULL) {
  list(rule = rule, severity = severity, pointer = pointer, file = file, line = line, column = column, message = why)
}

in_document_order <- function(found, r, file) {
  found <- without_many_in_texts(found)
  places <- vapply(found, function(one) as.integer(one$place), 0L)
  rules <- vapply(found, function(one) one$rule, "")
  at <- if (is.null(r)) NULL else lines_and_columns(r, places)
  listed(lapply(order(places, rules, na.last = FALSE), function(i) {
    is_placed <- !is.na(places[i])
    one <- violation_of(rules[i], file, found[[i]]$why, found[[i]]$severity, if (is_placed) at$line[i], if (is_placed) at$column[i], found[[i]]$pointer)
    one$stands_for <- found[[i]]$stands_for
    one
  }))
}

most_listed <- 100L

# Of one rule in a text of JSON a hundred are listed; one entry, where the text begins, stands for the others (MLM-034).
without_many_in_texts <- function(found) {
  kinds <- vapply(found, function(one) if (is.null(one$within)) NA_character_ else paste(one$within, one$rule, one$severity), "")
  counts <- table(kinds)
  for (kind in names(counts)[counts > most_listed]) {
    at <- which(kinds == kind)
    others <- at[-seq_len(most_listed)]
    first <- found[[at[1L]]]
    more <- list(rule = first$rule, severity = first$severity, place = first$within, why = of_others(length(others)), stands_for = length(others))
    found <- c(found[-others], list(more))
    kinds <- c(kinds[-others], NA)
  }
  found
}

# Likewise of one rule in a file; that entry has no place, and stands behind the last that is listed.
listed <- function(found) {
  kinds <- vapply(found, function(one) if (is.null(one$stands_for)) paste(one$rule, one$severity) else NA_character_, "")
  counts <- table(kinds)
  for (kind in names(counts)[counts > most_listed]) {
    at <- which(kinds == kind)
    others <- at[-seq_len(most_listed)]
    first <- found[[at[1L]]]
    found[[at[most_listed]]]$others <- violation_of(first$rule, first$file, of_others(length(others)), first$severity)
    found <- found[-others]
    kinds <- kinds[-others]
  }
  as.list(unlist(lapply(found, function(one) {
    others <- one$others
    one[c("stands_for", "others")] <- NULL
    if (is.null(others)) list(one) else list(one, others)
  }), FALSE))
}

of_others <- function(count) paste("is broken at least", count, "times more in this file, of which", most_listed, "are listed (MLM-034)")

# A document holds a mapping; one of nothing at all is none by MLM-001, whatever file it is.
require_mapping <- function(node, rule = "MLM-001") {
  is_nothing <- node$kind == "text" && node$is_plain && node$value == ""
  if (is_nothing) broken("MLM-001", why = "is no mapping of keys, and empty")
  if (node$kind != "mapping") broken(rule, node$place, "is no mapping of keys")
}

check_root <- function(ck, node) {
  require_mapping(node)
  check_yaml(ck, node, "")
  check_node(ck, node, schemas()$mlmodel, "", node$place)
  check_forms(ck, node, "")
  check_times(ck, node)
  check_examples(ck, node)
  check_delivery(ck, node)
}

# What holds for every value, declared or not: keys and tags (MLM-003, MLM-004).
check_yaml <- function(ck, node, pointer) {
  if (!is.null(node$tag) && !identical(unname(yaml_tags[node$tag]), node$kind))
    add(ck, "MLM-004", pointer, node$place, paste("has the tag", shown(node$tag), "which is not one of its kind"))
  if (node$kind == "mapping") node$entries <- first_entries(ck, node, pointer)
  each_child(node, pointer, function(one, at) check_yaml(ck, one, at))
}

each_child <- function(node, pointer, f) {
  for (entry in node$entries) f(entry[[2L]], child(pointer, entry[[1L]]$value))
  for (i in seq_along(node$items)) f(node$items[[i]], child(pointer, i - 1L))
}

# The first entry of each key is the one that is read (MLM-003); one whose key is no text is none.
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
    if (is_twice[i]) add(ck, "MLM-003", at, key$place, paste0("has the key '", shown(key$value), "' a second time"))
  }
  node$entries[is_text & !is_twice]
}

# Whether the schema names the keys of the mapping at a pointer, so that they are texts (MLM-003).
are_named <- function(pointer) {
  pointer %in% c("", "/flavors", "/signature", "/saved_input_example_info") ||
    (startsWith(pointer, "/flavors/") && pointer %in% child("/flavors", names(schemas()$flavors)))
}

# What has the form of a type, and no value of it (MLM-006); keys that the schema names are texts.
check_forms <- function(ck, node, pointer) {
  say <- function(one, at) {
    if (one$kind == "text" && (!isTRUE(one$is_text) || is_typed_by_tag(one)) && !has_value(one))
      add(ck, "MLM-006", at, one$place, paste0("'", shown(one$value), "' has the form of a type, and is no value of it"))
  }
  say(node, pointer)
  if (!are_named(pointer)) for (entry in node$entries) say(entry[[1L]], child(pointer, entry[[1L]]$value))
  each_child(node, pointer, function(one, at) check_forms(ck, one, at))
}

child <- function(pointer, name) {
  if (is.null(name)) name <- ""
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
  add(ck, "MLM-009", "/utc_time_created", both[[2L]][[1L]]$place, "names another moment than the other time")
}

check_examples <- function(ck, root) {
  early <- entry_of(root, "input_example")[[2L]]
  now <- entry_of(entry_of(root, "saved_input_example_info")[[2L]], "artifact_path")[[2L]]
  if (is.null(early) || is.null(now) || form_of(early) == "null" || identical(early$value, now$value)) return()
  add(ck, "MLM-023", "/input_example", early$place, "names another file than saved_input_example_info", "warning")
}
