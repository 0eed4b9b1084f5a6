# A server asked for predictions, by the form of bodies that keeps columns in order.

mlmodel_score <- function(url, data, params = NULL, timeout = 60, cafile = NULL) {
  if (!is.data.frame(data)) data <- as.data.frame(data)
  at <- paste0(sub("(/invocations)?/*$", "", url), "/invocations")
  body <- charToRaw(enc2utf8(body_of(data, params)))
  answer <- if (startsWith(at, "https://")) post_encrypted(at, body, timeout, cafile) else post(at, body, timeout)
  told <- attr(answer, "warning")
  if (!is.null(told)) warning(url, ": ", shown(told, 1000L), call. = FALSE)
  predictions_of(as.vector(answer), url)
}

# The warning in the head of an answer, of a parameter that is left out for example (RST-089); NULL where there is none.
warning_in <- function(head) {
  lines <- strsplit(rawToChar(head[head > 31L | head == 10L]), "\n", fixed = TRUE)[[1L]]
  found <- grep("^mlmodel-warning:", lines, ignore.case = TRUE, value = TRUE, useBytes = TRUE)
  if (length(found)) utf8_text(charToRaw(sub("^[^:]*:[ ]*", "", found[1L], useBytes = TRUE)))
}

# The error that a server told, with all that is wrong, as mlmodel_enforce tells it.
refused_by_server <- function(read) {
  details <- read[["details"]]
  more <- if (is.data.frame(details)) details[["rule"]] else character()
  also <- if (length(more) > 1L) paste0(" All that is wrong is in the condition's details (", paste(unique(more), collapse = ", "), ").")
  why <- paste0(read[["error_code"]], ": ", read[["message"]], also)
  stop(errorCondition(why, code = read[["error_code"]], details = details, class = "mlmodel_refused"))
}

# An answer is others' text: it is JSON or refused, and never taken for an address that is to be asked in turn.
predictions_of <- function(answer, url) {
  read <- tryCatch(jsonlite::parse_json(answer, simplifyVector = TRUE), error = function(e) NULL)
  if (is.list(read) && !is.null(read[["error_code"]])) refused_by_server(read)
  if (!is.list(read) || !"predictions" %in% names(read))
    stop(url, " answered with something else than predictions: ", substr(answer, 1L, 200L), call. = FALSE)
  beyond <- whole_beyond(answer)
  if (!is.na(beyond))
    stop(url, " answered with ", beyond, ", which is beyond 2^53, and R has no integers of 64 bits (CRA-009)", call. = FALSE)
  told <- read[["predictions"]]
  # What has one column without a name is a vector, whether or not something is missing in it.
  if (is.data.frame(told) && identical(names(told), "0")) told[[1L]] else told
}

# The first whole number of a valid text of JSON that R would have as another one.
whole_beyond <- function(text) {
  outside <- gsub('"(?:[^"\\\\]++|\\\\.)*+"', "\"\"", text, perl = TRUE, useBytes = TRUE)
  found <- regmatches(outside, gregexpr("(?<![-+0-9.eE])-?[0-9]{16,}+(?![.eE])", outside, perl = TRUE, useBytes = TRUE))[[1L]]
  found[sprintf("%.0f", as.double(found)) != found][1L]
}

body_of <- function(data, params = NULL) {
  for (name in names(data)) if (is.double(data[[name]]) && any(is.infinite(data[[name]])))
    stop("Column ", name, " has infinite numbers, which JSON does not have", call. = FALSE)
  named_by_hand(data)
  columns <- lapply(seq_along(data), function(i) written_cells(data[[i]], names(data)[i]))
  rows <- if (nrow(data)) paste0("[", do.call(paste, c(columns, sep = ",")), "]")
  params <- if (length(params)) paste0(",\"params\":", write_json(params_of(params)))
  paste0(
    "{\"dataframe_split\":{\"columns\":[", paste(quoted(names(data)), collapse = ","),
    "],\"data\":[", paste(rows, collapse = ","), "]}", params, "}"
  )
}

# Parameters with all digits, as the cells have them.
params_of <- function(params) {
  names <- names(params)
  if (is.null(names) || !all(nzchar(names))) stop("parameters are given by name: list(level = 0.9)", call. = FALSE)
  named_by_hand(params, "parameters")
  json_object(lapply(names, function(name) json_value_of(params[[name]], name)), names)
}

# Encryption is not to be spoken in a few lines: the package curl has it.
post_encrypted <- function(url, body, timeout, cafile) {
  if (!requireNamespace("curl", quietly = TRUE))
    stop("A server at https:// is asked by the package curl, which is not installed: install.packages(\"curl\"), on Debian ",
         "apt-get install r-cran-curl", call. = FALSE)
  asked <- curl::new_handle(post = TRUE, postfields = body, timeout_ms = ceiling(timeout * 1000))
  if (!is.null(cafile)) curl::handle_setopt(asked, cainfo = normalizePath(cafile, mustWork = TRUE))
  curl::handle_setheaders(asked, "Content-Type" = "application/json", Expect = "")
  answer <- tryCatch(
    curl::curl_fetch_memory(url, asked),
    error = function(e) stop(url, " was not asked: ", conditionMessage(e), call. = FALSE)
  )
  structure(utf8_text(answer$content), warning = warning_in(answer$headers))
}

# Base R asks with GET alone, so HTTP is spoken here, in the few lines that one request takes.
post <- function(url, body, timeout) {
  parts <- regmatches(url, regexec("^http://([^/:]+|\\[[^]]+\\])(?::([0-9]+))?(/.*)$", url, perl = TRUE))[[1L]]
  if (!length(parts)) stop("a server is at http://host:port or https://host:port, not at ", url, call. = FALSE)
  port <- if (nzchar(parts[3L])) as.integer(parts[3L]) else 80L
  server <- tryCatch(
    suppressWarnings(socketConnection(parts[2L], port, open = "r+b", blocking = TRUE, timeout = timeout)),
    error = function(e) stop("There is no server at ", url, call. = FALSE)
  )
  on.exit(close(server))
  writeBin(c(charToRaw(paste0(
    "POST ", parts[4L], " HTTP/1.0\r\nHost: ", parts[2L], ":", port, "\r\nContent-Type: application/json\r\n",
    "Content-Length: ", length(body), "\r\nConnection: close\r\n\r\n"
  )), body), server)
  pieces <- list()
  while (length(got <- readBin(server, "raw", 65536L))) pieces[[length(pieces) + 1L]] <- got
  content(as.raw(unlist(pieces)), url)
}

# HTTP/1.0 is answered without chunks; the body begins after the first empty line.
content <- function(answer, url) {
  end <- grepRaw("\r\n\r\n", answer, fixed = TRUE)
  if (!length(end)) stop(url, " did not answer in time, or not as a server of HTTP does", call. = FALSE)
  structure(utf8_text(answer[-seq_len(end + 3L)]), warning = warning_in(answer[seq_len(end)]))
}

utf8_text <- function(bytes) {
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  text
}
