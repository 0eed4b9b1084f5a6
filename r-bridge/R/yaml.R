# YAML as MLmodel files use it, as nodes that know where they stand. The package yaml gives values: of keys that
# stand twice it keeps none, and it shows no places.
#
# A node is an environment with `kind` ("text", "list" or "mapping"), `place` (the number of a character) and
# `value` with `is_plain`, `items`, or `entries` (pairs of nodes). The end of the text is the character "".

yaml_bounds <- list(depth = 64L, values = 50000L, aliases = 1000L, directives = 8L, bytes = 8 * 2^20)
yaml_escapes <- c("0" = "\ufdd0", a = "\a", b = "\b", t = "\t", "\t" = "\t", n = "\n", v = "\v", f = "\f", r = "\r", e = "\033",
                  " " = " ", "\"" = "\"", "/" = "/", "\\" = "\\", N = "\u0085", "_" = "\u00a0", L = "\u2028", P = "\u2029")

# The signs of a tag, and of an anchor.
tag_form <- "^!(?:<[^<>]+>|[A-Za-z0-9;/?:@&=+$_.!~*'()%#-]*)$"
anchor_form <- "^&[A-Za-z0-9_-]+$"

# An error of a file, with its rule and place; `text` is that of the place, if not the document's.
broken <- function(rule, place = NA_integer_, why = "is not YAML", text = NULL) {
  stop(errorCondition(paste0(why, " (", rule, ")"), rule = rule, place = place, why = why, text = text, class = "mlmodel_broken"))
}

# A text with one character for each end of a line (MLM-040).
of_lines <- function(text) gsub("\r\n|[\r\u0085\u2028\u2029]", "\n", sub("^\ufeff", "", text))

characters_of <- function(text) if (nzchar(text)) strsplit(text, "", fixed = TRUE)[[1L]] else character()

# Controls, but for tabs and ends of lines, and what is no character.
has_strange_characters <- function(text) {
  grepl("[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]", text, perl = TRUE, useBytes = TRUE) ||
    (grepl("[\\x80-\\xff]", text, perl = TRUE, useBytes = TRUE) && grepl("[\u0080-\u0084\u0086-\u009f\ufffe\uffff]", text))
}

yaml_document <- function(text) read_root(document_reader(text))

document_reader <- function(text) {
  r <- new_reader(of_lines(text))
  r$places <- seq_len(r$size + 1L)
  r$has_strange <- has_strange_characters(text)
  r
}

read_root <- function(r) {
  if (r$has_strange) broken("MLM-001", why = "has characters that YAML does not allow")
  r$root <- read_document(r)
  r
}

new_reader <- function(text) {
  r <- new.env(parent = emptyenv())
  chars <- characters_of(text)
  r$size <- length(chars)
  r$chars <- c(chars, rep("", 4L))
  is_end <- c(chars == "\n", TRUE)
  r$ends <- which(is_end)
  # The line of each character, from 1.
  r$line <- cumsum(c(TRUE, is_end[-length(is_end)]))
  # Where the next character is that may be more than a part of a text.
  r$stops_in_quotes <- next_of(chars, c("\"", "'", "\\", "\n"))
  r$stops <- next_of(chars, c(":", "#", "\n"))
  r$stops_in_brackets <- next_of(chars, c(":", "#", "\n", ",", "[", "]", "{", "}"))
  r$at <- 1L
  r$values <- 0L
  r$aliases <- 0L
  r$anchors <- list(names = character(), nodes = list())
  r$open <- character()
  r
}

next_of <- function(chars, wanted) {
  end <- length(chars) + 1L
  at <- rep(end, end)
  found <- which(chars %in% wanted)
  at[found] <- found
  rev(cummin(rev(at)))
}

# Lines and columns from 1, of numbers of characters.
lines_and_columns <- function(r, places) {
  line <- r$line[places]
  list(line = line, column = places - c(0L, r$ends)[line])
}

peek <- function(r, ahead = 0L) r$chars[r$at + ahead]
place_of <- function(r) r$places[r$at]
fail <- function(r, rule = "MLM-001", why = "is not YAML") broken(rule, place_of(r), why)
is_blank <- function(one) one == " " || one == "\n" || one == "\t" || one == ""
starts_with <- function(r, token) all(r$chars[r$at + seq_len(nchar(token)) - 1L] == characters_of(token))
end_of_line <- function(r, at) r$ends[r$line[at]]

# How far the line of a character is indented up to it.
indent_at <- function(r, at = r$at) {
  line <- r$line[at]
  if (line > 1L) at - 1L - r$ends[line - 1L] else at - 1L
}

# Pass over spaces, comments and, where allowed, ends of lines. No tab indents a line, but within brackets.
space <- function(r, lines = TRUE, in_brackets = FALSE) {
  chars <- r$chars
  at <- r$at
  is_indent <- indent_at(r) == 0L
  repeat {
    one <- chars[at]
    if (one == "\n" && lines) is_indent <- TRUE
    if (one == "\t" && is_indent && lines && !in_brackets) broken("MLM-001", r$places[at], "is not YAML: a tab indents a line")
    if (one == " " || one == "\t" || (lines && one == "\n")) at <- at + 1L
    else if (one == "#" && (at == 1L || is_blank(chars[at - 1L]))) at <- end_of_line(r, at)
    else break
  }
  r$at <- at
}

read_document <- function(r) {
  space(r)
  directives(r)
  if (is_marker(r, "---")) r$at <- r$at + 3L
  root <- block(r, -1L, 0L)
  space(r)
  if (is_marker(r, "...")) r$at <- r$at + 3L
  space(r)
  if (r$at <= r$size) fail(r)
  root
}

directives <- function(r) {
  lines <- 0L
  while (peek(r) == "%") {
    lines <- lines + 1L
    if (lines > yaml_bounds$directives) broken("MLM-002", why = "has too many directives")
    r$at <- min(end_of_line(r, r$at) + 1L, r$size + 1L)
  }
}

new_node <- function(r, kind, place, depth, ...) {
  r$values <- r$values + 1L
  if (kind != "text" && depth >= yaml_bounds$depth) broken("MLM-002", place, "is nested more than 64 deep")
  if (r$values > yaml_bounds$values) broken("MLM-002", place, "has more than 50,000 values")
  list2env(list(kind = kind, place = place, tag = NULL, ...), parent = emptyenv())
}

text_node <- function(r, value, is_plain, place, depth, tag = NULL, characters = integer()) {
  node <- new_node(r, "text", place, depth, value = value, is_plain = is_plain, characters = characters)
  node$tag <- tag
  node
}

# A node in block style that is indented by more than `outer`; a list under a key may stand as far out as the key.
block <- function(r, outer, depth, in_sequence = FALSE, is_behind_key = in_sequence) {
  start <- place_of(r)
  line <- r$line[r$at]
  space(r)
  # What stands further out is not this node's.
  marks <- if (indent_at(r) > outer) read_marks(r) else list()
  # Behind the colon of a key neither a list nor a mapping begins on that line.
  is_behind_colon <- is_behind_key && r$line[r$at] == line
  if (is_behind_colon && is_dash(r)) fail(r)
  indent <- indent_at(r)
  one <- peek(r)
  is_outside <- indent <= outer && !(in_sequence && indent == outer && is_dash(r))
  if (one == "" || is_outside || is_end(r)) {
    place <- if (is.null(marks$place)) start else marks$place
    return(named(r, text_node(r, "", TRUE, place, depth, marks$tag), marks))
  }
  found <- if (one == "*") read_alias(r, depth)
    else if (one == "-" && is_dash(r)) read_sequence(r, indent, depth)
    else if (one == "|" || one == ">") read_literal(r, outer, marks, depth)
    else return(mapping_or_value(r, indent, outer, depth, is_behind_colon, marks))
  if (length(marks)) named(r, found, marks) else found
}

is_end <- function(r) {
  one <- peek(r)
  (one == "-" || one == ".") && indent_at(r) == 0L && (is_marker(r, "---") || is_marker(r, "..."))
}

is_marker <- function(r, marker) starts_with(r, marker) && is_blank(peek(r, 3L))

is_dash <- function(r) peek(r) == "-" && is_blank(peek(r, 1L))

read_marks <- function(r) {
  found <- list()
  repeat {
    one <- peek(r)
    if (one != "&" && one != "!") return(found)
    if (is.null(found$place)) {
      found$place <- place_of(r)
      found$at <- r$at
    }
    word <- read_word(r)
    if (!grepl(if (one == "!") tag_form else anchor_form, word, perl = TRUE)) fail(r)
    if (!is.null(found[[if (one == "!") "tag" else "anchor"]])) fail(r, why = "has two tags or anchors")
    if (one == "!") found$tag <- word
    else {
      found$anchor <- substr(word, 2L, nchar(word))
      r$open <- c(r$open, found$anchor)
    }
    space(r, TRUE, TRUE)
  }
}

read_word <- function(r) {
  start <- r$at
  if (peek(r) == "!" && peek(r, 1L) == "<") return(read_whole_tag(r))
  while (!is_blank(peek(r)) && !peek(r) %in% c(",", "[", "]", "{", "}")) r$at <- r$at + 1L
  paste(r$chars[seq_len(r$at - start) + start - 1L], collapse = "")
}

# A tag with its whole address, `!<tag:yaml.org,2002:str>`, as the short one.
read_whole_tag <- function(r) {
  end <- r$at
  while (end <= r$size && !is_blank(r$chars[end]) && r$chars[end] != ">") end <- end + 1L
  if (end > r$size || r$chars[end] != ">") fail(r)
  word <- paste(r$chars[r$at:end], collapse = "")
  r$at <- end + 1L
  sub("^!<tag:yaml[.]org,2002:(.*)>$", "!!\\1", word)
}

named <- function(r, node, marks) {
  if (!is.null(marks$anchor)) {
    at <- length(r$anchors$names) + 1L
    r$anchors$names[at] <- marks$anchor
    r$anchors$nodes[[at]] <- node
    r$open <- setdiff(r$open, marks$anchor)
  }
  if (!is.null(marks$tag)) node$tag <- marks$tag
  if (!is.null(marks$place)) node$place <- marks$place
  node
}

read_alias <- function(r, depth) {
  place <- place_of(r)
  word <- read_word(r)
  name <- substr(word, 2L, nchar(word))
  if (name %in% r$open) broken("MLM-002", place, paste("has the alias", shown(name), "within itself"))
  at <- which(r$anchors$names == name)
  if (!length(at)) broken("MLM-001", place, paste("has no anchor", shown(name)))
  target <- r$anchors$nodes[[at[length(at)]]] # the last of those before it
  r$values <- r$values + node_size(target)
  r$aliases <- r$aliases + 1L
  is_too_much <- r$values > yaml_bounds$values || r$aliases > yaml_bounds$aliases ||
    depth + node_levels(target) > yaml_bounds$depth
  if (is_too_much) broken("MLM-002", place, "has too many aliases, or too much behind them")
  node <- list2env(as.list(target), parent = emptyenv())
  node$place <- place
  node
}

inner_nodes <- function(node) if (node$kind == "mapping") unlist(node$entries, FALSE) else node$items

# How many lists and mappings stand in one another.
node_levels <- function(node) {
  if (node$kind == "text") return(0L)
  if (is.null(node$levels)) node$levels <- 1L + max(0L, vapply(inner_nodes(node), node_levels, 0L))
  node$levels
}

node_size <- function(node) {
  if (node$kind == "text") return(1L)
  if (is.null(node$size)) node$size <- 1L + sum(vapply(inner_nodes(node), node_size, 0L))
  node$size
}

read_sequence <- function(r, indent, depth) {
  node <- new_node(r, "list", place_of(r), depth, items = list())
  items <- list()
  while (indent_at(r) == indent && is_dash(r)) {
    r$at <- r$at + 1L
    items[[length(items) + 1L]] <- block(r, indent, depth + 1L)
    space(r)
  }
  node$items <- items
  node
}

# Marks on the line of a key are those of the key; those above it are the mapping's.
mapping_or_value <- function(r, indent, outer, depth, is_behind_colon, marks) {
  from <- r$at
  place <- place_of(r)
  is_long <- is_long_key(r)
  key <- if (!is_long) flow(r, depth, outer)
  if (!is_long && (!is_colon(r) || end_of_line(r, from) < r$at)) return(named(r, key, marks))
  if (is_behind_colon) fail(r)
  are_of_key <- length(marks) > 0L && r$line[marks$at] == r$line[from]
  if (are_of_key) {
    if (is_long) fail(r)
    key <- named(r, key, marks)
    indent <- indent_at(r, marks$at)
  }
  node <- new_node(r, "mapping", if (is_long) place else key$place, depth, entries = list())
  first <- if (is_long) long_entry(r, indent, depth) else key_and_value(r, key, indent, depth)
  node$entries <- read_entries(r, first, indent, depth)
  if (are_of_key) node else named(r, node, marks)
}

read_entries <- function(r, first, indent, depth) {
  entries <- list(first)
  repeat {
    space(r)
    if (peek(r) == "" || indent_at(r) != indent || is_end(r)) return(entries)
    entries[[length(entries) + 1L]] <- read_entry(r, indent, depth)
  }
}

# A key ends on its line, with a colon behind it, unless a question mark stands before it.
read_entry <- function(r, indent, depth) {
  if (is_long_key(r)) return(long_entry(r, indent, depth))
  from <- r$at
  key <- marked(r, depth + 1L, indent, FALSE)
  if (!is_colon(r) || end_of_line(r, from) < r$at) fail(r)
  key_and_value(r, key, indent, depth)
}

key_and_value <- function(r, key, indent, depth, is_behind_key = TRUE) {
  r$at <- r$at + 1L
  list(key, block(r, indent, depth + 1L, TRUE, is_behind_key))
}

is_long_key <- function(r) peek(r) == "?" && is_blank(peek(r, 1L))

# Writers of YAML put longer keys so (PyYAML those of more than 128 characters): `? key`, and on the next line `: value`.
long_entry <- function(r, indent, depth) {
  r$at <- r$at + 1L
  key <- block(r, indent, depth + 1L, TRUE, FALSE)
  space(r)
  if (indent_at(r) == indent && peek(r) == ":" && is_blank(peek(r, 1L))) key_and_value(r, key, indent, depth, FALSE)
  else list(key, text_node(r, "", TRUE, place_of(r), depth + 1L))
}

is_colon <- function(r) {
  space(r, FALSE)
  peek(r) == ":" && is_blank(peek(r, 1L))
}
