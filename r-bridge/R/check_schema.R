# A node held against a JSON Schema, by the keywords that those of the specification have.

rules_of <- function(schema) {
  rule <- schema[["x-rule"]]
  if (is.character(rule)) c("*" = rule, type = rule, required = rule) else unlist(rule)
}

rule_for <- function(rules, what) {
  if (what %in% names(rules)) rules[[what]] else if ("*" %in% names(rules)) rules[["*"]] else "MLM-008"
}

referred <- function(reference) {
  parts <- strsplit(reference, "#", fixed = TRUE)[[1L]]
  # The signature's is the only one with references to its own parts.
  home <- schemas()[[if (nzchar(parts[1L])) sub(".json", "", parts[1L], fixed = TRUE) else "signature"]]
  path <- if (length(parts) > 1L) strsplit(parts[2L], "/", fixed = TRUE)[[1L]][-1L]
  for (key in path) home <- home[[key]]
  home
}

# Hold a node against a schema; `key_place` is where the key stands that holds it.
check_node <- function(ck, node, schema, pointer, key_place, outer = character()) {
  if (!is.null(schema[["$ref"]])) schema <- referred(schema[["$ref"]])
  own <- rules_of(schema)
  rules <- c(own, outer[setdiff(names(outer), names(own))])
  types <- unlist(schema[["type"]])
  is_time <- isTRUE(schema[["x-time"]]) && form_of(node) == "time" # by its tag, too (MLM-009)
  if (!is.null(types) && !is_time && !has_type(node, types))
    return(add(ck, rule_for(rules, "type"), pointer, node$place, paste("is not", expected_of(schema, types))))
  goes_on <- check_itself(ck, node, schema, types, pointer, rules)
  check_hints(ck, node, schema, types, pointer)
  if (goes_on) check_inside(ck, node, schema, pointer, key_place, rules)
}

check_inside <- function(ck, node, schema, pointer, key_place, rules) {
  if (node$kind == "mapping") check_mapping(ck, node, schema, pointer, key_place, rules)
  if (!is.null(schema[["items"]])) check_items(ck, node, schema[["items"]], pointer, rules)
  if (!isTRUE(node$is_json) && length(schema[["allOf"]])) mark_undeclared(node)
  for (part in schema[["allOf"]]) check_node(ck, node, part, pointer, key_place, rules)
  if (!is.null(schema[["if"]])) {
    following <- schema[[if (holds(node, schema[["if"]])) "then" else "else"]]
    if (!is.null(following)) check_node(ck, node, following, pointer, key_place, rules)
  }
  if (!is.null(schema[["anyOf"]])) check_any(ck, node, schema, pointer, key_place, rules)
  if (!is.null(schema[["contentSchema"]]) && node$kind == "text" && form_of(node) != "null")
    check_json_text(ck, node, schema[["contentSchema"]], pointer)
}

# Of objects of a signature that differ in their names alone one is looked at, if it is as it should be.
check_items <- function(ck, node, schema, pointer, rules) {
  known <- new.env(parent = emptyenv())
  for (i in seq_along(node$items)) {
    item <- node$items[[i]]
    looks <- if (isTRUE(item$is_json)) looks_of(item)
    if (!is.null(looks) && !is.null(known[[looks]])) next
    before <- length(ck$found)
    check_node(ck, item, schema, child(pointer, i - 1L), item$place, rules)
    if (!is.null(looks) && length(ck$found) == before) known[[looks]] <- TRUE
  }
}

# What an object says but for the text of its name, if all its values are single ones, and nothing in it is as a mark here.
looks_of <- function(item) {
  keys <- vapply(item$entries, function(entry) entry[[1L]]$value, "")
  values <- lapply(item$entries, function(entry) entry[[2L]])
  if (!length(keys) || any(vapply(values, function(one) one$kind != "text", NA))) return(NULL)
  is_text <- vapply(values, function(one) !one$is_plain, NA)
  said <- vapply(values, function(one) one$value, "")
  said[is_text & keys == "name"] <- ""
  # R's environments take no names of more than 10,000 bytes.
  if (length(keys) > 100L || any(grepl("[\"\n]", c(keys, said))) || sum(nchar(c(keys, said))) > 1000L) return(NULL)
  paste0(keys, ifelse(is_text, "\"t", "\"p"), said, collapse = "\n")
}

expected_of <- function(schema, types) {
  types <- paste(types, collapse = " or ")
  if (is.null(schema[["description"]])) types else paste0(schema[["description"]], " (", types, ")")
}

check_any <- function(ck, node, schema, pointer, key_place, rules) {
  # A part with a rule of its own says more exactly what is wrong.
  says <- function(part) {
    (!is.null(part[["x-rule"]]) || !is.null(part[["x-file"]])) && !is.null(part[["type"]]) && has_type(node, unlist(part[["type"]]))
  }
  parts <- schema[["anyOf"]]
  fits <- Find(function(part) holds(node, part), parts)
  if (is.null(fits)) fits <- Find(says, parts)
  if (!is.null(fits)) return(check_node(ck, node, fits, pointer, key_place, rules))
  is_of_keys <- all(vapply(parts, function(part) !is.null(part[["required"]]), NA))
  add(ck, rule_for(rules, "*"), pointer, if (is_of_keys) key_place else node$place, "is in none of the forms that it may have")
}

# Whether a node passes a schema of a condition.
holds <- function(node, schema) {
  if (!is.null(schema[["not"]]) && holds(node, schema[["not"]])) return(FALSE)
  parts <- schema[["anyOf"]]
  if (!is.null(parts) && !any(vapply(parts, function(part) holds(node, part), NA))) return(FALSE)
  probe <- new_checker()
  check_node(probe, node, schema[setdiff(names(schema), c("anyOf", "not"))], "", node$place)
  all(vapply(probe$found, function(one) one$severity != "error", NA))
}

# What a schema says of a value itself; FALSE if nothing within it need be looked at.
check_itself <- function(ck, node, schema, types, pointer, rules) {
  why <- wrong_itself(node, schema)
  if (is.null(why)) return(TRUE)
  add(ck, rule_for(rules, "*"), pointer, node$place, why)
  !is.null(schema[["minLength"]])
}

wrong_itself <- function(node, schema) {
  choices <- if ("const" %in% names(schema)) schema["const"] else schema[["enum"]]
  if (length(choices) && !any(vapply(choices, function(one) is_value(node, one), NA)))
    return(paste("is none of", paste(unlist(choices), collapse = ", ")))
  if (node$kind == "text") return(wrong_text(node, schema))
  length <- length(if (node$kind == "list") node$items else node$entries)
  least <- schema[[if (node$kind == "list") "minItems" else "minProperties"]]
  if (!is.null(least) && length < least) return(if (length) "has too few items" else "is empty")
  if (node$kind == "list" && !is.null(schema[["maxItems"]]) && length > schema[["maxItems"]]) "has too many items"
}

wrong_text <- function(node, schema) {
  if (!is.null(schema[["minLength"]]) && nchar(node$value) < schema[["minLength"]] && !has_type(node, "null")) return("is empty")
  if (!is.null(schema[["pattern"]]) && !matches(schema[["pattern"]], node$value))
    return(paste("is not", expected_of(schema, schema[["pattern"]])))
  if (!is.null(schema[["minimum"]]) && has_type(node, "number") && isTRUE(node_number(node) < schema[["minimum"]]))
    paste("is less than", schema[["minimum"]])
}

# Whether a pattern of the schemas is found; its `$` is the very end.
matches <- function(pattern, text) has_form(sub("\\$$", "\\\\z", pattern), text)

check_mapping <- function(ck, node, schema, pointer, key_place, rules) {
  names <- vapply(node$entries, function(entry) if (is.null(entry[[1L]]$value)) "" else entry[[1L]]$value, "")
  absent <- setdiff(unlist(schema[["required"]]), names)
  for (name in absent) add(ck, rule_for(rules, "required"), pointer, key_place, paste("lacks", name))
  more <- schema[["additionalProperties"]]
  for (i in seq_along(names)) {
    own <- if (nzchar(names[i])) schema[["properties"]][[names[i]]]
    if (is.null(own) && is.list(more)) own <- more
    check_entry(ck, node$entries[[i]], with_module_beside(own, node), schema, child(pointer, names[i]), rules)
    if (!is.null(own[["x-module"]])) check_module(ck, node$entries[[i]][[2L]], own[["x-module"]], node, child(pointer, names[i]))
  }
}

check_entry <- function(ck, entry, own, schema, pointer, rules) {
  key <- entry[[1L]]
  if (!is.null(own)) check_node(ck, entry[[2L]], own, pointer, key$place, rules)
  else if (!is.null(schema[["x-unknown-keys"]]))
    add(ck, schema[["x-unknown-keys"]], pointer, key$place, "is a key that the format does not have", "warning")
  if (!identical(schema[["x-schemas"]], "flavors")) return()
  flavor <- if (isTRUE(nzchar(key$value))) schemas()$flavors[[key$value]]
  if (is.null(flavor)) add(ck, "MLM-012", pointer, key$place, "is a flavor that the format does not know", "warning")
  else if (entry[[2L]]$kind == "mapping") check_node(ck, entry[[2L]], flavor, pointer, key$place)
}

# Texts without quotes that look like something else, forms, times, paths.
check_hints <- function(ck, node, schema, types, pointer) {
  if (node$kind != "text") return()
  looks <- form_of(node)
  if (looks == "null") return()
  if ("string" %in% types) check_looks(ck, node, schema, types, looks, pointer)
  form <- schema[["x-form"]]
  if (!is.null(form) && !matches(paste0("^(?:", form$pattern, ")$"), node$value))
    add(ck, form$rule, pointer, node$place, paste("is not", form$expected), "warning")
  if (isTRUE(schema[["x-time"]]) && is.null(moment_of(node$value)))
    add(ck, "MLM-010", pointer, node$place, "is no time in UTC, such as 2024-05-01 12:30:00.000000", "warning")
  if (!is.null(schema[["x-file"]])) check_path(ck, node, schema, pointer)
}

check_looks <- function(ck, node, schema, types, looks, pointer) {
  node$is_text <- !isTRUE(node$is_undeclared) # by its schema (MLM-005)
  is_declared <- looks %in% c(types, "string") || (looks == "integer" && "number" %in% types) || isTRUE(schema[["x-time"]])
  if (!is_declared)
    add(ck, "MLM-005", pointer, node$place, paste0("is a text that looks like a ", looks, "; put it in quotes"), "warning")
}
