# What a text of YAML is taken for: the types of YAML 1.1 by the form of a plain text (MLM-006), and times.

null_texts <- c("~", "null", "Null", "NULL", "")
true_texts <- c("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
false_texts <- c("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
yaml_forms <- c(
  integer = "^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)\\z",
  number = paste0(
    "^(?:[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?",
    "|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN))\\z"
  ),
  time = paste0(
    "^\\d{4}-\\d\\d-\\d\\d\\z|^\\d{4}-\\d\\d?-\\d\\d?(?:[Tt]|[ \\t]+)\\d\\d?:\\d\\d:\\d\\d(?:\\.\\d*)?",
    "(?:[ \\t]*(?:Z|[-+]\\d\\d?(?::\\d\\d)?))?\\z"
  )
)
# YAML's own tags, and the kind of node that each is for (MLM-004); `!` alone makes a text.
yaml_tags <- c(
  "!" = "text", "!!str" = "text", "!!int" = "text", "!!float" = "text", "!!bool" = "text", "!!null" = "text",
  "!!timestamp" = "text", "!!binary" = "text", "!!seq" = "list", "!!map" = "mapping", "!!set" = "mapping"
)
tagged_forms <- list(
  "!!int" = "integer", "!!float" = c("integer", "number"), "!!bool" = "boolean", "!!timestamp" = "time"
)
# Times of MLM-010: those of ISO 8601, and that of MLflow for R, with a year of two digits and the seconds written twice.
time_forms <- c(
  iso = paste0(
    "^(\\d{4})-(\\d\\d?)-(\\d\\d?)(?:(?:[Tt]| +)(\\d\\d?):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d+))?)?",
    " *([Zz]|[-+]\\d\\d?(?::?\\d\\d)?)?)?\\z"
  ),
  r = "^(\\d\\d)-(\\d\\d)-(\\d\\d)T(\\d\\d):(\\d\\d):(\\d\\d)\\.\\d\\d\\.(\\d{2,})()\\z"
)
# The first and the last second of the years 1 to 9999.
first_second <- -62135596800
last_second <- 253402300799
longest_form <- 1000L
base64_text <- "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

plain_form <- function(text) {
  if (text %in% null_texts) return("null")
  if (text %in% true_texts || text %in% false_texts) return("boolean")
  if (!grepl("^[-+.0-9]", text)) return("string")
  for (form in names(yaml_forms)) if (grepl(yaml_forms[[form]], text, perl = TRUE)) return(form)
  "string"
}

# What YAML 1.1 takes a node for; kept, since it is asked often.
form_of <- function(node) {
  if (node$kind != "text") return(node$kind)
  if (is.null(node$form)) {
    is_said <- !node$is_plain || identical(node$tag, "!!str") || identical(node$tag, "!")
    node$form <- if (isTRUE(node$is_json) && node$is_plain) json_form(node$value)
      else if (is_typed_by_tag(node)) tagged_form(node)
      else if (is_said) "string"
      else plain_form(node$value)
  }
  node$form
}

is_typed_by_tag <- function(node) !is.null(node$tag) && node$tag %in% c(names(tagged_forms), "!!null", "!!binary")

# The form that a tag says; what has no value of it is read as a text (MLM-006).
tagged_form <- function(node) {
  if (!has_value(node)) "string"
  else switch(node$tag, "!!null" = "null", "!!binary" = "binary", plain_form(node$value))
}

# A number that is whole is a whole number, however it is written (SIG-001).
json_form <- function(text) {
  if (text %in% c("true", "false")) "boolean"
  else if (text == "null") "null"
  else if (is_whole(text) || has_no_fraction(as.double(text))) "integer"
  else "number"
}

# Not by %%, which warns of large numbers.
has_no_fraction <- function(number) is.finite(number) && number == trunc(number)

# Whether a text that has the form of a type, or its tag, has a value of it (MLM-006).
has_value <- function(node) {
  if (identical(node$tag, "!!null")) return(TRUE)
  if (identical(node$tag, "!!binary")) return(grepl(base64_text, gsub("[ \t\n]", "", node$value)))
  wanted <- if (is.null(node$tag)) NULL else tagged_forms[[node$tag]]
  form <- if (is.null(wanted)) form_of(node) else plain_form(node$value)
  if (!is.null(wanted) && !form %in% wanted) return(FALSE)
  if (form == "string") return(TRUE)
  if (form %in% c("integer", "number", "time") && nchar(node$value) > longest_form) return(FALSE)
  if (form == "integer" && grepl("^[-+]?0[bx]_*$", node$value)) return(FALSE)
  form != "time" || !is.null(moment_of(time_of_yaml(node$value), FALSE))
}

has_type <- function(node, types) {
  looks <- switch(node$kind, mapping = "object", list = "array", form_of(node))
  if (looks %in% types || (looks == "integer" && "number" %in% types)) return(TRUE)
  if (!"string" %in% types || node$kind != "text" || looks == "null") return(FALSE)
  # Whatever it looks like is a text where nothing else may stand (MLM-005), unless its tag says what it is, or no more
  # than a condition speaks of it; a JSON text has its types.
  is_declared <- !isTRUE(node$is_json) && !is_typed_by_tag(node) && !isTRUE(node$is_undeclared)
  (is_declared && all(types %in% c("string", "null"))) || looks == "string"
}

# What stands below a value of which no schema says that it is text (MLM-005).
mark_undeclared <- function(node) {
  if (node$kind == "text") node$is_undeclared <- !isTRUE(node$is_text)
  else for (one in inner_nodes(node)) mark_undeclared(one)
}

is_value <- function(node, value) {
  if (is.null(value)) return(has_type(node, "null"))
  if (is.numeric(value)) return(has_type(node, "number") && isTRUE(node_number(node) == value))
  node$kind == "text" && node$value == value
}

# What a key is one with: the same text, or the same number however it is written (MLM-003).
identity_of <- function(key) {
  form <- form_of(key)
  if (form == "boolean") return(if (key$value %in% true_texts) "1" else "0")
  number <- if (form %in% c("integer", "number")) node_number(key) else NaN
  if (is.nan(number)) paste(form, key$value) else exact(number)
}

node_number <- function(node) if (isTRUE(node$is_json)) as.double(node$value) else number_of(node$value)

# The number of a text that has the form of one.
number_of <- function(text) {
  text <- tolower(gsub("[_+]", "", text))
  if (grepl(":", text, fixed = TRUE)) {
    parts <- as.numeric(strsplit(sub("^-", "", text), ":", fixed = TRUE)[[1L]])
    return(Reduce(function(sum, part) sum * 60 + part, parts) * (if (startsWith(text, "-")) -1 else 1))
  }
  if (!grepl("[.]", text)) return(whole_of(text))
  switch(text, .inf = Inf, "-.inf" = -Inf, .nan = NaN, as.numeric(text))
}

whole_of <- function(text) {
  digits <- sub("^-", "", text)
  base <- if (startsWith(digits, "0x")) 16 else if (startsWith(digits, "0b")) 2 else if (startsWith(digits, "0")) 8 else 10
  marks <- match(characters_of(tolower(sub("^0[bx]", "", digits))), c(0:9, letters[1:6])) - 1
  Reduce(function(sum, digit) sum * base + digit, marks, 0) * (if (startsWith(text, "-")) -1 else 1)
}

# The moment of a time, as a text that is the same for the same moment; NULL for what is none (MLM-010, MLM-022), or, of
# the time of a model, not within the years 1 to 9999 in UTC.
moment_of <- function(text, is_of_model = TRUE) {
  is_r <- grepl(time_forms[["r"]], text, perl = TRUE)
  found <- regmatches(text, regexec(time_forms[[if (is_r) "r" else "iso"]], text, perl = TRUE))[[1L]]
  if (!length(found)) return(NULL)
  parts <- as.numeric(ifelse(nzchar(found[2:7]), found[2:7], "0"))
  if (is_r) parts[1L] <- 2000 + parts[1L]
  zone <- zone_seconds(found[9L])
  if (!is_date(parts) || any(parts[4:6] > c(23, 59, 59)) || abs(zone) >= 86400) return(NULL)
  seconds <- seconds_of(parts) - zone
  if (parts[1L] < 1 || (is_of_model && (seconds < first_second || seconds > last_second))) return(NULL)
  paste0(sprintf("%.0f", seconds), ".", substr(paste0(found[8L], "000000"), 1L, 6L))
}

# A time as YAML has it, where tabs are spaces, and a point may stand without digits.
time_of_yaml <- function(text) sub("\\.(?=[^0-9]|$)", "", gsub("\t", " ", text, fixed = TRUE), perl = TRUE)

is_date <- function(parts) {
  year <- parts[1L]
  is_leap <- (year %% 4 == 0 && year %% 100 != 0) || year %% 400 == 0
  days <- c(31, 28 + is_leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
  parts[2L] >= 1 && parts[2L] <= 12 && parts[3L] >= 1 && parts[3L] <= days[parts[2L]]
}

# Seconds since 1970 of year, month, day, hour, minute and second, by days counted from March.
seconds_of <- function(parts) {
  year <- parts[1L] - (parts[2L] <= 2)
  month <- (parts[2L] + 9) %% 12
  days <- 365 * year + year %/% 4 - year %/% 100 + year %/% 400 + (153 * month + 2) %/% 5 + parts[3L] - 1 - 719468
  days * 86400 + parts[4L] * 3600 + parts[5L] * 60 + parts[6L]
}

zone_seconds <- function(text) {
  if (text %in% c("", "Z", "z")) return(0)
  digits <- gsub("[^0-9]", "", text)
  count <- nchar(digits)
  has_minutes <- count > 2L
  hours <- as.numeric(substr(digits, 1L, if (has_minutes) count - 2L else count))
  minutes <- if (has_minutes) as.numeric(substr(digits, count - 1L, count)) else 0
  (hours * 3600 + minutes * 60) * (if (startsWith(text, "-")) -1 else 1)
}
