# One cell of an untyped form, read at the declared type, or refused with a rule (ENF-040 to ENF-068).
#
# What is read is what write_json writes: integers keep their digits, NaN is the number. What is refused is a
# fault: rules at places within the cell, which are names of properties.

fault <- function(rules, at = rep(list(character()), length(rules))) structure(list(rules = rules, at = at), class = "cell_fault")
is_fault <- function(x) inherits(x, "cell_fault")
below <- function(fault, name) lapply(fault$at, function(at) c(name, at))

numeric_types <- c("integer", "long", "float", "double")
floating_types <- c("float", "double")
moment_form <- paste0(
  "^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[T ](\\d\\d):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d{1,9}))?)?(Z|[+-]\\d\\d(?::?\\d\\d)?)?)?\\z"
)
# Bits that no byte takes must be zero: encoded again it is the same text.
base64_form <- "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?\\z"

# Read a cell; `required` is that of its column or property.
read_cell <- function(type, value, required) {
  kind <- type$kind
  if (kind %in% opaque_types) return(value)
  if (!kind %in% scalar_types) return(read_nested(type, value, required))
  if (is.list(value)) return(fault(if (kind == "binary") "ENF-026" else "ENF-057"))
  if (is.null(value)) return(read_null(kind, required))
  switch(kind,
    boolean = if (is.logical(value)) value else fault("ENF-041"),
    string = if (is.character(value) && !is_number(value)) value else fault("ENF-050"),
    binary = read_binary(value),
    datetime = read_datetime(value),
    read_number(kind, value, required)
  )
}

read_null <- function(kind, required) {
  if (kind %in% c("boolean", "integer", "long") && required) return(fault("ENF-044"))
  if (kind %in% floating_types) NaN else NULL
}

read_binary <- function(value) {
  if (!is.character(value) || is_number(value)) return(fault("ENF-052"))
  text <- gsub("\r?\n", "", value)
  if (grepl(base64_form, text, perl = TRUE)) text else fault("ENF-052")
}

read_number <- function(kind, value, required) {
  is_floating <- kind %in% floating_types
  if (is_floating && is.double(value)) return(value) # a bare word (ENF-065)
  if (is_floating && !is_number(value) && value %in% c("NaN", "Infinity", "-Infinity"))
    return(c("NaN" = NaN, Infinity = Inf, "-Infinity" = -Inf)[[value]])
  if (!is_number(value)) return(fault("ENF-049"))
  if (is_floating) return(read_floating(kind, value))
  digits <- whole_digits(unclass(value), required)
  if (is.null(digits)) return(fault("ENF-042"))
  if (is_within(digits, kind)) json_number(digits) else fault("ENF-043")
}

# The digits of an integer literal, or of a decimal one that is exactly an integer below 2^53, where a value
# may be missing (ENF-115); else NULL.
whole_digits <- function(text, required) {
  if (is_whole(text)) return(if (text == "-0") "0" else text)
  if (required) return(NULL)
  parts <- regmatches(text, regexec("^-?([0-9]+)(?:\\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?$", text))[[1L]]
  digits <- sub("0+$", "", paste0(parts[2L], parts[3L]))
  shift <- (if (nzchar(parts[4L])) as.numeric(parts[4L]) else 0) + nchar(parts[2L]) - nchar(digits)
  number <- doubles(text)
  if ((grepl("[1-9]", digits) && shift < 0) || abs(number) >= 2^53) return(NULL)
  sprintf("%.0f", if (number == 0) 0 else number)
}

highest <- c(
  integer = "2147483647", long = "9223372036854775807", int8 = "127", int16 = "32767",
  uint8 = "255", uint16 = "65535", uint32 = "4294967295", uint64 = "18446744073709551615"
)
lowest <- c(
  integer = "2147483648", long = "9223372036854775808", int8 = "128", int16 = "32768", uint8 = "0", uint16 = "0", uint32 = "0", uint64 = "0"
)

# Digits are compared as texts: R has no integers of 64 bits.
is_within <- function(digits, kind) {
  bound <- if (startsWith(digits, "-")) lowest[[kind]] else highest[[kind]]
  digits <- sub("^-", "", digits)
  if (nchar(digits) != nchar(bound)) nchar(digits) < nchar(bound)
  else !is.unsorted(c(digits, bound)) || digits == bound
}

read_floating <- function(kind, value) {
  text <- unclass(value)
  nearest <- if (kind == "float") float_of(text) else doubles(text)
  if (!is.finite(nearest)) return(fault(if (is_whole(text)) "ENF-045" else "ENF-047"))
  is_exact <- !is_whole(text) || sprintf("%.0f", abs(nearest)) == sub("^-", "", text)
  if (is_exact) nearest else fault("ENF-045")
}

# The nearest of 32 bits.
as_float <- function(number) readBin(writeBin(number, raw(), size = 4L), "double", size = 4L)

# The float next to a literal (ENF-046). Where the double next to it lies halfway between two floats, the digits
# that the double has lost decide, and not the tie.
float_of <- function(text) {
  double <- doubles(text)
  size <- abs(double)
  float <- float_by_bits(bits_of(as_float(size)))
  if (size >= 2^128 || float == size) return(as_float(double))
  other <- float_by_bits(bits_of(as_float(size)) + if (float < size) 1L else -1L)
  if (abs(float - size) != abs(other - size)) return(as_float(double))
  side <- compared(sub("^-", "", text), sprintf("%.160e", size))
  found <- if (side > 0) max(float, other) else if (side < 0) min(float, other) else float
  as_float(if (startsWith(text, "-")) -found else found)
}

bits_of <- function(float) readBin(writeBin(float, raw(), size = 4L), "integer", size = 4L)

# What follows the greatest float would be 2^128.
float_by_bits <- function(bits) if (bits == 0x7f800000L) 2^128 else readBin(writeBin(bits, raw()), "double", size = 4L)

# Whether a literal is more (1), the same (0) or less (-1) than another; neither is zero or has a sign.
compared <- function(text, other) {
  one <- significant(text)
  two <- significant(other)
  if (one$power != two$power) return(sign(one$power - two$power))
  width <- max(nchar(c(one$digits, two$digits)))
  both <- paste0(c(one$digits, two$digits), strrep("0", width - nchar(c(one$digits, two$digits))))
  if (both[1L] == both[2L]) 0 else if (order(both, method = "radix")[1L] == 1L) -1 else 1
}

# The digits of a literal from the first that is not zero, and the power of ten of that one.
significant <- function(text) {
  parts <- regmatches(text, regexec("^([0-9]+)(?:\\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?$", text))[[1L]]
  written <- paste0(parts[2L], parts[3L])
  digits <- sub("^0+", "", written)
  exponent <- if (nzchar(parts[4L])) as.numeric(parts[4L]) else 0
  list(digits = digits, power = exponent + nchar(parts[2L]) - (nchar(written) - nchar(digits)))
}

read_datetime <- function(value) {
  if (is_number(value)) return(fault("ENF-055"))
  if (identical(value, "NaT")) return(NULL)
  found <- if (is.character(value)) regmatches(value, regexec(moment_form, value, perl = TRUE))[[1L]]
  if (!length(found)) return(fault("ENF-053"))
  parts <- as.numeric(ifelse(nzchar(found[2:7]), found[2:7], "0"))
  zone <- as.numeric(strsplit(sub("^(..):?", "\\1 ", gsub("[-+Z]", "", found[9L])), " ")[[1L]])
  is_real <- parts[1L] > 0 && is_date(parts) && all(parts[4:6] <= c(23, 59, 59)) && all(zone <= c(23, 59)[seq_along(zone)])
  if (!is_real) return(fault("ENF-053"))
  iso_text(seconds_of(parts) - zone_seconds(found[9L]), substr(paste0(found[8L], "000000000"), 1L, 9L))
}

# A moment of whole seconds and nanoseconds, if it is one of 64 bits of nanoseconds (ENF-056).
iso_text <- function(seconds, nanoseconds) {
  rest <- as.numeric(nanoseconds)
  is_late <- seconds > 9223372036 || (seconds == 9223372036 && rest > 854775807)
  is_early <- seconds < -9223372037 || (seconds == -9223372037 && rest < 145224193)
  if (is_late || is_early) return(fault("ENF-056"))
  text <- format(as.POSIXct(seconds, origin = "1970-01-01", tz = "UTC"), "%Y-%m-%dT%H:%M:%S")
  if (rest == 0) text else paste0(text, ".", nanoseconds)
}

# Lists and objects within a cell (ENF-032 to ENF-037).

read_nested <- function(type, value, required) {
  if (is.null(value)) return(if (required) fault("ENF-037"))
  switch(type$kind,
    array = if (is_array(value)) read_items(type, value) else fault("ENF-033"),
    map = if (is_object(value)) read_map(type, value) else fault("ENF-036"),
    object = if (is_object(value)) read_object(type, value) else fault("ENF-034")
  )
}

read_items <- function(type, value) gathered_cells(lapply(value, read_within, type$items, TRUE), rep("", length(value)))

read_map <- function(type, value) gathered_cells(lapply(unclass(value), read_within, type$values, TRUE), rep("", length(value)), names(value))

# A value within a cell; NaN there is its text.
read_within <- function(value, type, required) {
  read <- read_cell(type, value, required)
  if (is.double(read) && is.nan(read)) "NaN" else read
}

# What was read, or all its faults together, each below the name of its place.
gathered_cells <- function(read, places, names = NULL) {
  wrong <- vapply(read, is_fault, NA)
  if (!any(wrong)) return(if (is.null(names)) unname(read) else structure(read, names = names, class = "json_object"))
  faults <- read[wrong]
  at <- Map(below, faults, places[wrong])
  fault(unlist(lapply(faults, function(one) one$rules)), unlist(unname(at), FALSE))
}

# The properties, whose faults stand in the order of their names (ENF-003), which is how types list them.
read_object <- function(type, value) {
  declared <- vapply(type$properties, function(one) one$name, "")
  strange <- setdiff(names(value), declared)
  read <- rep(list(fault("ENF-035")), length(strange))
  places <- rep("", length(strange))
  for (one in type$properties) {
    if (!has_key(value, one$name) && !one$required) next
    got <- if (has_key(value, one$name)) read_within(at_key(value, one$name), one$type, one$required) else fault("ENF-034")
    read[length(read) + 1L] <- list(got)
    places[length(places) + 1L] <- one$name
  }
  found <- gathered_cells(read, places, places)
  if (is_fault(found)) return(without_empty_place(found))
  structure(unclass(found)[match(names(value), places)], names = names(value), class = "json_object")
}

# What the object itself breaks has no place within it.
without_empty_place <- function(fault) {
  is_own <- fault$rules == "ENF-035" & vapply(fault$at, identical, NA, "")
  fault$at[is_own] <- list(character())
  fault
}
