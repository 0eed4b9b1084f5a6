# What stands in the place of a file, known by its first bytes and its name (DIR-009).

head_bytes <- 1024L
tail_bytes <- 65536L
names_of_pickles <- c("pkl", "pickle", "joblib")
names_of_models <- c("onnx", "ubj", "xgb")
names_of_texts <- c("json", "yaml", "yml", "txt", "toml", "py", "csv")
may_be_empty <- c("txt", "py", "csv", "toml")
# What may stand before the first tag of a page or an answer.
before_tag <- "^(?:\\xef\\xbb\\xbf)?\\s*+(?:<\\?xml[^>]*+>\\s*+)?+(?>(?:<!--(?>(?s:.*?)-->)\\s*+)*)"
page_form <- paste0("(?i)", before_tag, "<(?:!doctype\\s+html|html|head|body)\\b")
answer_form <- paste0(before_tag, "<(?:\\w+:)?Error(?:Response)?[\\s>]")
archive_forms <- c(
  zip = "PK\\x03\\x04", zip = "PK\\x05\\x06", gzip = "\\x1f\\x8b", bzip2 = "BZh", xz = "\\xfd7zXZ\\x00", zstd = "\\x28\\xb5\\x2f\\xfd",
  "7z" = "7z\\xbc\\xaf\\x27\\x1c", rar = "Rar!\\x1a\\x07", tar = "(?s:.{257})ustar"
)

# What a file of that name is instead, as the end of a sentence; NULL for the file itself, and for a folder.
stand_in_at <- function(place, name) {
  if (!is_file(place)) return(NULL)
  suffix <- suffix_of(name)
  found <- stand_in(suffix, read_bytes(place, head_bytes), file.size(place))
  if (is.null(found) && suffix %in% names_of_pickles) return(cut_pickle(place))
  # What libraries have in the archives that are their own form (skops, PyTorch).
  is_own <- identical(names(found), "zip") && has_bytes("schema\\.json|/data\\.pkl", last_bytes(place, tail_bytes))
  if (is_own) NULL else found
}

pointer_at <- function(place) if (is_file(place)) pointer(read_bytes(place, head_bytes))

# What a text is instead, of which all bytes are given; an empty one is no matter of this rule.
text_stand_in <- function(bytes) if (length(bytes)) stand_in("yaml", bytes[seq_len(min(length(bytes), head_bytes))], length(bytes))

suffix_of <- function(name) tolower(sub("^.*[^/]\\.([^./]+)$|^.*$", "\\1", name))

has_bytes <- function(form, bytes) {
  # Where a NUL stood that a form asks for, the byte that has taken its place is as good.
  bytes[bytes == 0] <- as.raw(0xff)
  grepl(gsub("\\x00", "\\xff", form, fixed = TRUE), rawToChar(bytes), perl = TRUE, useBytes = TRUE)
}

stand_in <- function(suffix, head, size) {
  for (look in list(pointer, emptiness, page, answer, archive, pickle_for_text)) {
    found <- look(head, suffix, size)
    if (!is.null(found)) return(found)
  }
}

pointer <- function(head, ...) {
  if (has_bytes("^version https://(?:git-lfs|hawser)\\.github\\.com/spec/", head))
    "is a pointer of Git LFS, and not the file that it stands for: run `git lfs pull` in the repository"
  else if (has_bytes("^(?:\\.git/annex/objects|/annex/objects)/", head))
    "is a pointer of git-annex, and not the file that it stands for: run `git annex get` in the repository"
}

emptiness <- function(head, suffix, size) {
  is_one <- size == 0 && suffix %in% setdiff(c(names_of_pickles, names_of_models, names_of_texts), may_be_empty)
  if (is_one) "is empty: copy or download it again, or save the model again"
}

page <- function(head, suffix, size) {
  if (!suffix %in% c("html", "htm") && has_bytes(page_form, head))
    paste("is a web page, as a site answers that asks for a login or has no such file: download the file again, with the address of the",
          "file itself and signed in")
}

answer <- function(head, suffix, size) {
  is_xml <- !suffix %in% c("xml", "pmml") && has_bytes(answer_form, head)
  is_json <- size <= length(head) && has_bytes("^\\s*\\{", head) && is_error_in_json(head)
  if (is_xml || is_json) "is the answer of a server that did not give the file: download it again, with the rights to read it"
}

is_error_in_json <- function(head) {
  # R has no text with NUL, and what is in its place does not count here.
  text <- gsub("\\u0000", "\\u0001", text_of_bytes(head), fixed = TRUE)
  held <- tryCatch(read_json(text, deepest = 64L), error = function(e) NULL)
  if (!is_object(held)) return(FALSE)
  inner <- at_key(held, "error")
  if (is_object(inner)) return("message" %in% tolower(names(inner)))
  if (has_key(held, "error")) {
    is_single <- function(one) is.null(one) || (!is.list(one) && (!is_number(one) || is_whole(one)))
    return(is.character(inner) && !is_number(inner) && all(vapply(unclass(held), is_single, NA)))
  }
  keys <- tolower(names(held))
  "message" %in% keys && any(c("error_code", "code", "status", "statuscode", "documentation_url") %in% keys)
}

# The kind of the archive is the name of what is said.
archive <- function(head, suffix, size) {
  if (!suffix %in% c(names_of_pickles, names_of_models, names_of_texts)) return(NULL)
  kind <- Find(function(kind) any(vapply(archive_forms[names(archive_forms) == kind], function(form) has_bytes(paste0("^", form), head), NA)),
               unique(names(archive_forms)))
  # joblib compresses so.
  if (is.null(kind) || (suffix %in% names_of_pickles && kind %in% c("gzip", "bzip2", "xz"))) return(NULL)
  structure(paste0("is an archive (", kind, "), and not the file itself: unpack it, and put what is in it in its place"), names = kind)
}

is_pickle <- function(head) has_bytes("^\\x80[\\x02-\\x05]", head)

pickle_for_text <- function(head, suffix, size) {
  if (suffix %in% names_of_texts && is_pickle(head))
    "is a pickle, which holds objects of Python and no text: put the text file that belongs there in its place"
}

# The last byte of a pickle ends it.
cut_pickle <- function(place) {
  if (is_pickle(read_bytes(place, head_bytes)) && last_bytes(place, 1L) != charToRaw("."))
    "begins as a pickle and does not end as one: copy or download it again, or save the model again"
}

last_bytes <- function(place, count) part_of_file(place, max(0, file.size(place) - count), count)
