# A model folder, or an MLmodel file, held against the rules of the format.

mlmodel_validate <- function(path) {
  file <- model_file(path)
  root <- dirname(normalizePath(file))
  # A folder's files are looked for by the names that are told: listing it would follow links, in circles, too.
  has_file <- if (dir.exists(path)) function(name) nzchar(name) && file.exists(file.path(root, name))
  found <- check_bytes(readBin(file, "raw", yaml_bounds$bytes + 1), has_file)
  found <- c(found, crate_faults(path, root, found))
  structure(vapply(found, violation_text, ""), class = "mlmodel_violations", path = path, found = found)
}

# As check_text, of the bytes of a file (MLM-001).
check_bytes <- function(bytes, has_file = NULL) {
  if (length(bytes) > yaml_bounds$bytes)
    return(list(list(rule = "MLM-002", severity = "error", pointer = NULL, file = "MLmodel", message = "is larger than 8 MiB")))
  bytes[bytes == 0] <- as.raw(1) # no text of R has a NUL, and YAML has neither
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  if (validUTF8(text)) return(check_text(text, has_file))
  marked <- of_lines(iconv(text, "UTF-8", "UTF-8", sub = "\ufdd0"))
  at <- regexpr("\ufdd0", marked, fixed = TRUE)
  found <- list(rule = "MLM-001", severity = "error", place = as.integer(at), why = "is not UTF-8")
  in_document_order(list(found), new_reader(marked))
}

violation_text <- function(one) {
  place <- if (!is.null(one$line)) paste0(one$line, ":", one$column, " ")
  severity <- if (one$severity == "warning") "warning: "
  paste0(place, severity, if (is.null(one$pointer) || one$pointer == "") "/" else one$pointer, ": ", one$message, " (", one$rule, ")")
}

print.mlmodel_violations <- function(x, ...) {
  cat(attr(x, "path"), if (length(x)) "breaks rules of the format:\n" else "is valid\n")
  for (one in unclass(x)[seq_along(x)]) cat("  ", one, "\n", sep = "")
  invisible(x)
}

as.data.frame.mlmodel_violations <- function(x, row.names = NULL, optional = FALSE, ...) {
  found <- attr(x, "found")
  at <- function(key, none) {
    values <- vapply(found, function(one) if (is.null(one[[key]])) none else one[[key]], none)
    as.vector(values, typeof(none))
  }
  data.frame(
    rule = at("rule", ""), severity = at("severity", ""), pointer = at("pointer", NA_character_),
    line = at("line", NA_integer_), column = at("column", NA_integer_), message = at("message", "")
  )
}

# A crate is the flavor that R can load: without a key its file is crate.bin, and no file is a link that leads out.
crate_faults <- function(path, root, found) {
  is_broken <- any(vapply(found, function(one) one$severity == "error", NA))
  crate <- if (!is_broken) at_key(at_key(mlmodel_read(path), "flavors"), "crate")
  if (is.null(crate)) return(list())
  file <- at_key(crate, "model")
  if (is.null(file)) file <- "crate.bin"
  say <- function(rule, why) list(list(rule = rule, severity = "error", pointer = "/flavors/crate", file = "MLmodel", message = why))
  if (!file.exists(file.path(root, file))) say("DIR-003", paste("there is no file", file))
  else if (!is_inside(root, file)) say("DIR-004", paste(file, "leads out of the folder"))
  else list()
}

is_inside <- function(root, file) {
  parts <- strsplit(file, "[/\\\\]")[[1L]]
  if (startsWith(file, "/") || any(parts == "..")) return(FALSE)
  place <- file.path(root, file)
  !file.exists(place) || startsWith(normalizePath(place), paste0(normalizePath(root), "/"))
}
