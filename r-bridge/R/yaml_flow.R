# Nodes in flow style (quoted, plain, in brackets) and block scalars.

flow <- function(r, depth, outer = -1L, in_brackets = FALSE) {
  place <- place_of(r)
  one <- peek(r)
  if (one == "*") return(read_alias(r, depth))
  if (one == "[" || one == "{") return(brackets(r, one == "[", depth))
  if (one == "\"" || one == "'") return(read_quoted(r, one, depth))
  if (one %in% c("", "@", "`", "%", ",", "]", "}", "|", ">")) fail(r)
  # A dash of a list, and a colon without a key.
  following <- peek(r, 1L)
  if (one == "-" && (is_blank(following) || (in_brackets && following %in% c(",", "[", "]", "{", "}")))) fail(r)
  if (one == ":" && is_blank(following) && !in_brackets) fail(r)
  plain_text(r, outer, in_brackets, place, depth)
}

brackets <- function(r, is_list, depth) {
  end <- if (is_list) "]" else "}"
  node <- if (is_list) new_node(r, "list", place_of(r), depth, items = list())
    else new_node(r, "mapping", place_of(r), depth, entries = list())
  found <- list()
  r$at <- r$at + 1L
  space(r, TRUE, TRUE)
  while (peek(r) != end) {
    found[[length(found) + 1L]] <- in_brackets(r, is_list, depth)
    space(r, TRUE, TRUE)
    if (peek(r) == ",") r$at <- r$at + 1L else if (peek(r) != end) fail(r)
    space(r, TRUE, TRUE)
  }
  r$at <- r$at + 1L
  if (is_list) node$items <- found else node$entries <- found
  node
}

in_brackets <- function(r, is_list, depth) {
  if (peek(r) == "?" && is_blank(peek(r, 1L))) r$at <- r$at + 1L
  space(r, TRUE, TRUE)
  item <- marked(r, depth + 1L)
  space(r, TRUE, TRUE)
  if (!is_list) return(list(item, value_in_braces(r, depth + 1L)))
  if (peek(r) != ":") return(item)
  # A mapping of one entry, as a list may hold it without braces.
  node <- new_node(r, "mapping", item$place, depth + 1L, entries = list())
  node$entries <- list(list(item, value_in_braces(r, depth + 2L)))
  node
}

marked <- function(r, depth, outer = -1L, in_brackets = TRUE) {
  marks <- read_marks(r)
  named(r, flow(r, depth, outer, in_brackets), marks)
}

value_in_braces <- function(r, depth) {
  if (peek(r) != ":") return(text_node(r, "", TRUE, place_of(r), depth))
  r$at <- r$at + 1L
  start <- place_of(r)
  space(r, TRUE, TRUE)
  if (peek(r) %in% c(",", "}", "]", "")) return(text_node(r, "", TRUE, start, depth))
  marked(r, depth)
}

# A text that is being read: its characters, and where each stands. What is long is put aside in pieces, since a
# vector is copied at each addition, and a text may have as many additions as characters.
gathered <- function() {
  g <- new.env(parent = emptyenv())
  g$value <- character()
  g$places <- integer()
  g$pieces <- list()
  g
}

gather <- function(g, values, places) {
  g$value <- c(g$value, values)
  g$places <- c(g$places, places)
  if (length(g$value) < 512L) return()
  g$pieces[[length(g$pieces) + 1L]] <- list(value = g$value, places = g$places)
  g$value <- character()
  g$places <- integer()
}

whole_text <- function(g) {
  all_of <- function(key) c(unlist(lapply(g$pieces, function(piece) piece[[key]])), g[[key]])
  list(value = all_of("value"), places = all_of("places"))
}

# Leave out the spaces that a text ends with so far.
without_last_spaces <- function(g) {
  repeat {
    kept <- seq_len(max(0L, which(!g$value %in% c(" ", "\t"))))
    g$value <- g$value[kept]
    g$places <- g$places[kept]
    count <- length(g$pieces)
    if (length(kept) || !count) return()
    g$value <- g$pieces[[count]]$value
    g$places <- g$pieces[[count]]$places
    g$pieces[[count]] <- NULL
  }
}

read_quoted <- function(r, quote, depth) {
  place <- place_of(r)
  g <- gathered()
  r$at <- r$at + 1L
  repeat {
    upto <- r$stops_in_quotes[r$at]
    run <- seq_len(upto - r$at) + r$at - 1L
    gather(g, r$chars[run], r$places[run])
    r$at <- upto
    one <- peek(r)
    if (one == "") fail(r, why = "has a text in quotes without its end")
    if (one == quote && !(quote == "'" && peek(r, 1L) == "'")) break
    in_quotes(r, g, one, quote)
    r$at <- r$at + 1L
  }
  whole <- whole_text(g)
  places <- c(whole$places, place_of(r))
  r$at <- r$at + 1L
  text_node(r, paste(whole$value, collapse = ""), FALSE, place, depth, characters = places)
}

in_quotes <- function(r, g, one, quote) {
  if (one == "\n") return(fold(r, g))
  if (one == "\\" && quote == "\"") return(escape(r, g))
  gather(g, one, place_of(r))
  if (one == quote) r$at <- r$at + 1L
}

escape <- function(r, g) {
  place <- place_of(r)
  r$at <- r$at + 1L
  one <- peek(r)
  if (one == "\n") {
    while (peek(r, 1L) %in% c(" ", "\t")) r$at <- r$at + 1L
    return()
  }
  digits <- c(x = 2L, u = 4L, U = 8L)[one]
  if (!is.na(digits)) return(gather(g, by_number(r, digits), place))
  if (!one %in% names(yaml_escapes)) fail(r, why = "has an escape that YAML does not know")
  gather(g, yaml_escapes[[one]], place)
}

by_number <- function(r, digits) {
  text <- paste(r$chars[r$at + seq_len(digits)], collapse = "")
  if (!grepl(paste0("^[0-9A-Fa-f]{", digits, "}$"), text)) fail(r, why = "has an escape that YAML does not know")
  r$at <- r$at + digits
  number <- strtoi(text, 16L)
  # R has no text with NUL: its place takes a character that no file may have.
  if (is.na(number) || number > 0x10ffff) fail(r) else if (number == 0) "\ufdd0" else intToUtf8(number)
}

# An end of line within a text: a space, or as many ends as there are empty lines.
fold <- function(r, g) {
  place <- place_of(r)
  without_last_spaces(g)
  empty <- 0L
  while (peek(r, 1L) %in% c(" ", "\t", "\n")) {
    r$at <- r$at + 1L
    if (peek(r) == "\n") empty <- empty + 1L
  }
  gather(g, if (empty) rep("\n", empty) else " ", rep(place, max(empty, 1L)))
}

plain_text <- function(r, outer, in_brackets, place, depth) {
  upto <- end_of_plain(r, in_brackets, TRUE)
  run <- seq_len(upto - r$at) + r$at - 1L
  g <- list(value = r$chars[run], places = r$places[run])
  r$at <- upto
  if (r$chars[upto] == "\n" && goes_on(r, outer, in_brackets)) g <- more_lines(r, g, outer, in_brackets)
  whole <- sub("[ \t\n]+$", "", paste(g$value, collapse = ""))
  places <- c(g$places, place_of(r))[seq_len(nchar(whole) + 1L)]
  text_node(r, whole, TRUE, place, depth, characters = places)
}

# The further lines of a plain text, each behind a fold.
more_lines <- function(r, first, outer, in_brackets) {
  g <- gathered()
  gather(g, first$value, first$places)
  while (r$chars[r$at] == "\n" && goes_on(r, outer, in_brackets)) {
    fold(r, g)
    r$at <- r$at + 1L
    upto <- end_of_plain(r, in_brackets, length(g$value) + length(g$pieces) == 0L)
    run <- seq_len(upto - r$at) + r$at - 1L
    gather(g, r$chars[run], r$places[run])
    r$at <- upto
  }
  whole_text(g)
}

# Where a plain text ends on its line: before ": ", " #", and in brackets before what they are made of.
end_of_plain <- function(r, in_brackets, is_first) {
  stops <- if (in_brackets) r$stops_in_brackets else r$stops
  at <- stops[r$at]
  while (!is_stop(r, at, in_brackets, is_first)) at <- stops[at + 1L]
  at
}

is_stop <- function(r, at, in_brackets, is_first) {
  one <- r$chars[at]
  if (one == "#") return(if (at == r$at) !is_first else is_blank(r$chars[at - 1L]))
  if (one != ":") return(TRUE)
  following <- r$chars[at + 1L]
  is_blank(following) || (in_brackets && following %in% c(",", "]", "}"))
}

goes_on <- function(r, outer, in_brackets) {
  following <- r$at
  while (r$chars[following] %in% c(" ", "\t", "\n")) following <- following + 1L
  one <- r$chars[following]
  if (one == "" || one == "#") return(FALSE)
  in_brackets || indent_at(r, following) > outer
}

# The beginning of a block scalar: its kind, how many spaces indent it, and what becomes of the ends of its last lines.
literal_form <- "^([|>])(?:([-+])([1-9])?|([1-9])([-+])?)?(?:[ \t]+#.*|[ \t]*)$"

read_literal <- function(r, outer, marks, depth) {
  place <- place_of(r)
  end <- end_of_line(r, r$at)
  header <- regmatches(h <- paste(r$chars[r$at:(end - 1L)], collapse = ""), regexec(literal_form, h, perl = TRUE))[[1L]]
  if (!length(header)) fail(r)
  chomping <- paste0(header[3L], header[6L])
  spaces <- paste0(header[4L], header[5L])
  r$at <- min(end + 1L, r$size + 1L)
  lines <- literal_lines(r, outer, if (nzchar(spaces)) max(outer, 0L) + as.integer(spaces) else 0L)
  whole <- joined_lines(r, lines, header[2L] == ">", chomping)
  text_node(r, paste(whole$value, collapse = ""), FALSE, place, depth, marks$tag, as.integer(whole$places))
}

# The characters of a block scalar's lines with what joins them, and their places.
joined_lines <- function(r, runs, is_folded, chomping) {
  filled <- which(lengths(runs) > 0L)
  last <- max(0L, filled)
  ends <- vapply(runs, function(run) attr(run, "end"), 0L)
  starts_blank <- vapply(runs, function(run) length(run) > 0L && r$chars[run[1L]] %in% c(" ", "\t"), NA)
  next_filled <- c(filled, NA)[findInterval(seq_len(last), filled) + 1L]
  parts <- lapply(seq_len(last), function(i) {
    run <- runs[[i]]
    joint <- "\n"
    following <- next_filled[i]
    # Lines that are indented further are not folded; of empty lines one end is the fold itself.
    is_fold <- is_folded && length(run) > 0L && !is.na(following) && !starts_blank[i] && !starts_blank[following]
    if (is_fold) joint <- if (following == i + 1L) " " else character()
    if (i == last) joint <- if (chomping == "-") character() else "\n"
    list(value = c(r$chars[run], joint), places = r$places[c(run, rep(ends[i], length(joint)))])
  })
  more <- if (chomping == "+") seq_along(runs)[seq_along(runs) > last] else integer()
  list(
    value = c(unlist(lapply(parts, function(part) part$value)), rep("\n", length(more))),
    places = c(unlist(lapply(parts, function(part) part$places)), r$places[ends[more]], r$places[r$at])
  )
}

# The lines, each as numbers of its characters with that of its end.
literal_lines <- function(r, outer, width) {
  runs <- list()
  while (r$at <= r$size) {
    end <- end_of_line(r, r$at)
    line <- r$chars[seq_len(end - r$at) + r$at - 1L]
    spaces <- match(FALSE, line == " ", length(line) + 1L) - 1L
    is_empty <- spaces == length(line)
    if (!is_empty && width == 0L) width <- spaces
    if (!is_empty && (spaces < width || (width <= max(outer, 0L) && outer >= 0L))) break
    cut <- if (is_empty && spaces <= width) spaces else width
    runs[[length(runs) + 1L]] <- structure(seq_len(length(line) - cut) + r$at + cut - 1L, end = end)
    r$at <- min(end + 1L, r$size + 1L)
  }
  runs
}
