# A server asked for predictions, by the form of bodies that keeps columns in order.

mlmodel_score <- function(url, data, params = NULL, timeout = 60) {
  if (!is.data.frame(data)) data <- as.data.frame(data)
  answer <- post(paste0(sub("/+$", "", url), "/invocations"), body_of(data, params), timeout)
  read <- tryCatch(jsonlite::fromJSON(answer), error = function(e) NULL)
  if (is.list(read) && !is.null(read$error_code))
    stop(read$error_code, ": ", read$message, call. = FALSE)
  if (is.null(read) || !"predictions" %in% names(read))
    stop(url, " answered with something else than predictions: ", substr(answer, 1L, 200L), call. = FALSE)
  read$predictions
}

body_of <- function(data, params = NULL) {
  for (name in names(data)) if (is.double(data[[name]]) && any(is.infinite(data[[name]])))
    stop("Column ", name, " has infinite numbers, which JSON does not have", call. = FALSE)
  named_by_hand(data)
  columns <- lapply(seq_along(data), function(i) written_cells(data[[i]], names(data)[i]))
  rows <- if (nrow(data)) paste0("[", do.call(paste, c(columns, sep = ",")), "]")
  params <- if (length(params)) paste0(",\"params\":", jsonlite::toJSON(params, auto_unbox = TRUE, digits = NA, null = "null"))
  paste0(
    "{\"dataframe_split\":{\"columns\":[", paste(quoted(names(data)), collapse = ","),
    "],\"data\":[", paste(rows, collapse = ","), "]}", params, "}"
  )
}

# Base R asks with GET alone, so HTTP is spoken here, in the few lines that one request takes.
post <- function(url, body, timeout) {
  parts <- regmatches(url, regexec("^http://([^/:]+|\\[[^]]+\\])(?::([0-9]+))?(/.*)$", url, perl = TRUE))[[1L]]
  if (!length(parts)) stop("a server is at http://host:port, not at ", url, call. = FALSE)
  port <- if (nzchar(parts[3L])) as.integer(parts[3L]) else 80L
  server <- tryCatch(
    suppressWarnings(socketConnection(parts[2L], port, open = "r+b", blocking = TRUE, timeout = timeout)),
    error = function(e) stop("There is no server at ", url, call. = FALSE)
  )
  on.exit(close(server))
  bytes <- charToRaw(enc2utf8(body))
  writeBin(c(charToRaw(paste0(
    "POST ", parts[4L], " HTTP/1.0\r\nHost: ", parts[2L], ":", port, "\r\nContent-Type: application/json\r\n",
    "Content-Length: ", length(bytes), "\r\nConnection: close\r\n\r\n"
  )), bytes), server)
  answer <- raw()
  while (length(got <- readBin(server, "raw", 65536L))) answer <- c(answer, got)
  content(answer, url)
}

# HTTP/1.0 is answered without chunks; the body begins after the first empty line.
content <- function(answer, url) {
  end <- grepRaw("\r\n\r\n", answer, fixed = TRUE)
  if (!length(end)) stop(url, " did not answer in time, or not as a server of HTTP does", call. = FALSE)
  text <- rawToChar(answer[-seq_len(end + 3L)])
  Encoding(text) <- "UTF-8"
  text
}
