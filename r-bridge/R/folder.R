# A model folder: where the paths of a model lead, and what is read of them.

# What makes a path leave the folder by its text alone, whatever lies on the disk; or NULL (DIR-002).
wrong_path <- function(name) {
  if (!nzchar(name)) "is empty"
  else if (nchar(name) > 4096L) "has more than 4,096 characters"
  else if (grepl("\ufdd0", name, fixed = TRUE)) "holds a null character"
  else if (grepl("^[A-Za-z][A-Za-z0-9+.-]+:/", name)) "is a URI"
  else if (grepl("^[\\\\/]", name)) "is absolute"
  else if (grepl("^[A-Za-z]:", name)) "names a drive"
  else if (".." %in% strsplit(name, "[/\\\\]")[[1L]]) "holds '..'"
}

# The place of a path of the model, whether something is there or not; NULL where it leads out (DIR-002, DIR-004).
place_in <- function(root, name) {
  if (!is.null(wrong_path(name))) return(NULL)
  place <- file.path(root, name)
  # A backslash separates where no file has it in its name (DIR-006).
  if (!is_there(place)) place <- file.path(root, gsub("\\", "/", name, fixed = TRUE))
  above <- place
  while (!is_there(above)) above <- dirname(above)
  real <- paste0(normalizePath(above), "/")
  if (startsWith(real, paste0(sub("/$", "", normalizePath(root)), "/"))) place
}

# What no system opens, being too long, is not there.
is_there <- function(place) nchar(place, "bytes") < 4096L && file.exists(place)

is_inside <- function(root, name) !is.null(place_in(root, name))

is_file <- function(place) !is.null(place) && is_there(place) && !dir.exists(place)

# The bytes of a file, of which no more than `most` are read. Pipes and devices have no size, and are not opened: some
# have no end. So is no file decompressed, whatever it holds.
read_bytes <- function(place, most) {
  size <- file.size(place)
  if (is.na(size) || size == 0) raw() else part_of_file(place, 0, min(size, most))
}

# A file that is there, and may not be read, is no fault of this package.
part_of_file <- function(place, from, count) {
  unread <- function(e) stop(errorCondition(paste0(place, " cannot be read: ", sub("^.*: ", "", conditionMessage(e))), class = "mlmodel_unreadable"))
  tryCatch({
    opened <- open_file(place)
    on.exit(close(opened))
    if (from > 0) seek(opened, from)
    readBin(opened, "raw", count)
  }, warning = unread, error = unread)
}

open_file <- function(place) file(normalizePath(place), "rb")

# The text of bytes. No text of R has a NUL: its place takes a character that JSON has as little as this one.
text_of_bytes <- function(bytes) {
  bytes[bytes == 0] <- as.raw(1)
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  text
}

# The text of the MLmodel file, or of one of the environment, within its bound (MLM-001, MLM-002).
text_within_bounds <- function(bytes) {
  if (length(bytes) > yaml_bounds$bytes) broken("MLM-002", why = "is larger than 8 MiB")
  if (any(bytes == 0)) broken("MLM-001", 1L, "has null bytes", text = "")
  text <- text_of_bytes(bytes)
  if (validUTF8(text)) return(text)
  marked <- of_lines(iconv(text, "UTF-8", "UTF-8", sub = "\ufdd0"))
  broken("MLM-001", as.integer(regexpr("\ufdd0", marked, fixed = TRUE)), "is not UTF-8", text = marked)
}
