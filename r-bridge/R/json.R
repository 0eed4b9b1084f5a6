# JSON with what R's vectors lose: all digits of a number, whether it has a point, the order of keys and
# keys that stand twice. Numbers are texts of the class json_number, objects lists of the class json_object.

json_number <- function(text) structure(text, class = "json_number")
is_number <- function(x) inherits(x, "json_number")
is_object <- function(x) inherits(x, "json_object")
is_array <- function(x) is.list(x) && !is_object(x)
is_whole <- function(number) grepl("^-?[0-9]+$", number)

json_token <- paste0(
  "[ \t\r\n]*(?:", '"(?:[^"\\\\\\x00-\\x1f]++|\\\\(?:["\\\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"',
  "|-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|[][{},:])"
)

# In a signature and in an example NaN and the infinities may stand as bare words, which is not JSON (SIG-001, EXA-009).
json_token_or_bare <- sub("-?(?:0", "-?Infinity|NaN|-?(?:0", json_token, fixed = TRUE)
# The list of a signature, and 64 levels in it (SIG-001).
deepest_text <- 65L
longest_whole <- 4300L
# Of other texts: what R's own stack takes.
deepest_json <- 100L

read_json <- function(text, is_bare = FALSE, deepest = deepest_json) json_document(json_reader(text, is_bare, deepest, as_values))

# `made` says what becomes of what is read (as_values, as_nodes).
json_reader <- function(text, is_bare, deepest, made) {
  s <- json_tokens(text, if (is_bare) json_token_or_bare else json_token)
  s$at <- 1L
  s$levels <- 0L
  s$deepest <- deepest
  s$made <- made
  s
}

# Searched as bytes: of characters R counts those before each match anew, from where the text begins.
json_tokens <- function(text, token) {
  text <- enc2utf8(text)
  bytes <- charToRaw(text)
  found <- gregexpr(token, text, perl = TRUE, useBytes = TRUE)[[1L]]
  s <- new.env(parent = emptyenv())
  s$starts <- as.integer(found)
  s$ends <- s$starts + attr(found, "match.length") - 1L
  s$count <- contiguous(s, bytes)
  tokens <- regmatches(text, list(found))[[1L]][seq_len(s$count)]
  Encoding(tokens) <- "UTF-8"
  tokens <- sub("^[ \t\r\n]+", "", tokens)
  # The number of the character to which each byte belongs.
  characters <- cumsum(bitwAnd(as.integer(bytes), 0xC0L) != 0x80L)
  s$length <- max(0L, characters)
  # Where each begins, behind the spaces before it.
  s$starts <- characters[s$ends[seq_len(s$count)] - nchar(tokens, "bytes") + 1L]
  if (!is.null(s$rest)) s$rest <- characters[s$rest]
  s$kinds <- substr(tokens, 1L, 1L)
  is_text <- s$kinds == "\""
  tokens[is_text] <- json_texts(tokens[is_text])
  s$tokens <- tokens
  s
}

# How many tokens stand one after another; what follows them is no token, and told when it is reached.
contiguous <- function(s, bytes) {
  if (s$starts[1L] == -1L) return(0L)
  gaps <- which(s$starts != c(1L, s$ends[-length(s$ends)] + 1L))
  count <- if (length(gaps)) gaps[1L] - 1L else length(s$starts)
  end <- if (count) s$ends[count] else 0L
  s$rest <- first_sign(bytes, end)
  count
}

# Where the first byte behind `end` stands that is no space; NULL where there is none.
first_sign <- function(bytes, end) {
  at <- match(FALSE, bytes[seq_along(bytes) > end] %in% charToRaw(" \t\r\n"))
  if (!is.na(at)) end + at
}

json_texts <- function(tokens) {
  texts <- substr(tokens, 2L, nchar(tokens) - 1L)
  escaped <- grep("\\", texts, fixed = TRUE)
  if (!length(escaped)) return(texts)
  texts[escaped] <- unescaped(paste0("[", paste(tokens[escaped], collapse = ","), "]"))
  texts
}

unescaped <- function(text) {
  marks <- gsub("\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]", "", gsub("\\\\", "", text, fixed = TRUE))
  if (grepl("\\\\u(?:0000|[dD][89a-fA-F])", marks, perl = TRUE))
    stop(errorCondition("R has no texts with NUL or half a pair of surrogates (CRA-009)", class = "mlmodel_no_text"))
  as.character(jsonlite::parse_json(text, simplifyVector = TRUE))
}

place_of_token <- function(s, at) if (at <= s$count) s$starts[at] else if (is.null(s$rest)) s$length + 1L else s$rest

not_json <- function(s, place = place_of_token(s, s$at), what = "not JSON", class = NULL) {
  stop(errorCondition(paste(what, "at character", place), at = place, what = what, class = c(class, "mlmodel_not_json")))
}

# One value; what follows it, a token or none, is not JSON.
json_document <- function(s) {
  value <- json_value(s)
  if (s$at <= s$count || !is.null(s$rest)) not_json(s)
  value
}

# One level of lists and objects more; what is too deep is told where the text begins (MLM-041).
into <- function(s, read) {
  s$levels <- s$levels + 1L
  if (s$levels > s$deepest) not_json(s, 1L, paste("nested more than", s$deepest, "deep, and so not JSON"), "mlmodel_too_deep")
  read_there <- read(s)
  s$levels <- s$levels - 1L
  read_there
}

json_value <- function(s) {
  at <- s$at
  if (at > s$count) not_json(s)
  switch(s$kinds[at], "]" = , "}" = , "," = , ":" = not_json(s))
  s$at <- at + 1L
  switch(s$kinds[at], "{" = into(s, json_pairs), "[" = into(s, json_items), s$made$single(s, at))
}

# What stands in brackets, of which the first has been read.
json_items <- function(s) {
  at <- s$at - 1L
  items <- list()
  is_end <- took(s, "]")
  while (!is_end) {
    items[length(items) + 1L] <- list(json_value(s))
    is_end <- ended(s, "]")
  }
  s$made$list(s, at, items)
}

json_pairs <- function(s) {
  at <- s$at - 1L
  keys <- integer()
  values <- list()
  is_end <- took(s, "}")
  while (!is_end) {
    if (s$at > s$count || s$kinds[s$at] != "\"") not_json(s)
    keys[length(keys) + 1L] <- s$at
    s$at <- s$at + 1L
    if (!took(s, ":")) not_json(s)
    values[length(values) + 1L] <- list(json_value(s))
    is_end <- ended(s, "}")
  }
  s$made$object(s, at, keys, values)
}

# Whether a list or an object ends behind a value; else a comma stands there.
ended <- function(s, token) took(s, token) || (!took(s, ",") && not_json(s))

took <- function(s, token) {
  is_there <- s$at <= s$count && s$kinds[s$at] == token
  if (is_there) s$at <- s$at + 1L
  is_there
}

# Of tokens, given by their numbers, values as write_json takes them.
as_values <- list(
  single = function(s, at) json_single(s$tokens[at], s$kinds[at]),
  list = function(s, at, items) items,
  object = function(s, at, keys, values) json_object(values, s$tokens[keys])
)

json_single <- function(token, kind) {
  switch(kind, "\"" = token, t = TRUE, f = FALSE, n = NULL, N = NaN, I = Inf, if (token == "-Infinity") -Inf else json_number(token))
}

# Of a key that stands twice the last value is what readers of JSON take.
json_object <- function(items, keys) {
  last <- !duplicated(keys, fromLast = TRUE)
  structure(items[last], names = keys[last], class = "json_object")
}

# What stands under a key; `[[` knows no key that is the empty text.
at_key <- function(object, key) {
  index <- match(key, names(object))
  if (is.na(index)) NULL else unclass(object)[[index]]
}

has_key <- function(object, key) key %in% names(object)

# Values as R has them, for what is no data: numbers, named lists.
plain <- function(value) {
  if (is_number(value)) return(doubles(value))
  if (is.list(value)) lapply(unclass(value), plain) else value
}

# The doubles next to literals. R's own reader may be one unit of the last place beside them.
doubles <- function(texts) {
  if (!length(texts)) return(numeric())
  # A point keeps the zero of "-0" negative.
  texts <- sub("^-0$", "-0.0", texts)
  as.double(jsonlite::parse_json(paste0("[", paste(texts, collapse = ","), "]"), simplifyVector = TRUE))
}

# Doubles by as many digits as tell them from their neighbours; jsonlite writes 15 at most.
exact <- function(numbers) {
  texts <- sprintf("%.15g", numbers)
  finite <- is.finite(numbers)
  short <- finite
  short[finite] <- doubles(texts[finite]) == numbers[finite]
  texts[finite & !short] <- sprintf("%.17g", numbers[finite & !short])
  texts
}

# Named lists are objects, other lists are arrays, and each vector is its one value.
write_json <- function(value) {
  if (is.null(value)) return("null")
  if (is_number(value)) return(unclass(value))
  if (is.list(value)) return(if (is.null(names(value))) written_items(value) else written_pairs(value))
  if (is.character(value)) return(quoted(value))
  if (is.logical(value)) return(if (is.na(value)) "null" else if (value) "true" else "false")
  if (is.finite(value)) exact(value) else quoted(special(value))
}

special <- function(number) if (is.nan(number) || is.na(number)) "NaN" else if (number > 0) "Infinity" else "-Infinity"

written_items <- function(items) paste0("[", paste(vapply(items, write_json, ""), collapse = ","), "]")

written_pairs <- function(object) {
  values <- vapply(unclass(object), write_json, "")
  paste0("{", paste0(quoted(names(object)), ":", values, recycle0 = TRUE, collapse = ","), "}")
}

quoted <- function(texts) {
  texts <- gsub("\"", "\\\"", gsub("\\", "\\\\", enc2utf8(texts), fixed = TRUE), fixed = TRUE)
  odd <- grep("[\x01-\x1f]", texts)
  texts[odd] <- vapply(texts[odd], without_controls, "")
  paste0("\"", texts, "\"", recycle0 = TRUE)
}

# A text that others wrote, as a message shows it: cut, and without what would steer a terminal (MLM-035).
shown <- function(text, most = 60L) {
  text <- substr(text, 1L, most)
  odd <- grepl("[\x01-\x1f\x7f]", text) | grepl("[\u0080-\u009f]", text)
  text[odd] <- vapply(text[odd], without_controls, "")
  text
}

without_controls <- function(text) {
  points <- utf8ToInt(text)
  paste(ifelse(points < 32L | (points >= 127L & points < 160L), sprintf("\\u%04x", points), intToUtf8(points, multiple = TRUE)), collapse = "")
}
