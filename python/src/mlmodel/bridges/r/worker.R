# What runs in R: it answers what it is asked over two pipes, until the first of them is closed.
#
# A request is a double, as a sign that there is one, and a serialization: list(what, …). An answer is
# the length of a serialization, as a double, and the serialization: list(value, how, text, kinds, said), where `how` is "ok", "stop" or "cannot"
# (the answer is not data), `text` is an error's message and the function that it is of, and `said` are warnings and messages, with their kinds.
#
# It is base R alone, and leaves nothing but one environment in the search path's reach.

local({
  pipes <- commandArgs(TRUE)
  input <- file(paste0("/dev/fd/", pipes[1L]), "rb", raw = TRUE)
  output <- file(paste0("/dev/fd/", pipes[2L]), "wb", raw = TRUE)

  most_said <- 100L
  longest_said <- 2000L
  longest_write <- 2^30

  # -- what an answer may be: vectors, with the attributes that have a meaning elsewhere ----------

  kept <- c("names", "dim", "dimnames", "class", "levels", "tzone", "units", "row.names")
  known <- c("factor", "ordered", "Date", "POSIXct", "POSIXt", "difftime", "integer64", "data.frame")
  # Classes that say how a vector is printed, or where it is from.
  shown <- c("AsIs", "noquote", "table", "xtabs", "ts", "mts", "matrix", "array", "numeric", "integer",
             "character", "logical", "complex", "double", "list", "tbl_df", "tbl", "data.table",
             "grouped_df", "spec_tbl_df", "rowwise_df", "simple.list", "Dlist", "hexmode", "octmode",
             "numeric_version_list", "crate")
  known_or_shown <- c(known, shown)
  data_types <- c("logical", "integer", "double", "complex", "character", "raw", "list", "NULL")

  cannot <- function(at, ...) {
    at <- if (nzchar(at)) at else "the answer"
    stop(structure(
      class = c("mlmodel_cannot", "error", "condition"),
      list(message = paste0(at, " ", ...), call = NULL)
    ))
  }

  plain <- function(x, at = "") {
    if (is.null(attributes(x)) && is.atomic(x)) return(x)
    if (inherits(x, "POSIXlt")) x <- as.POSIXct(x)
    if (is.pairlist(x) && !is.null(x)) x <- as.list(x)
    if (isS4(x)) cannot(at, "is an object of the class ", class(x)[1L], ", which is not data")
    if (!typeof(x) %in% data_types) cannot(at, "is a ", typeof(x), ", which is not data")
    frame <- is.data.frame(x)
    found <- plain_attributes(x, frame, at)
    if (is.list(x)) {
      # Without its class, so that R's own methods for it cost nothing.
      attributes(x) <- NULL
      x <- plain_elements(x, found$names, at)
    }
    attributes(x) <- found
    x
  }

  plain_attributes <- function(x, frame, at) {
    found <- attributes(x)
    found <- found[names(found) %in% kept]
    classes <- attr(x, "class", exact = TRUE)
    found$class <- NULL
    if (frame) {
      found$class <- "data.frame"
      found$row.names <- .row_names_info(x, 0L)
    } else if (!is.list(x) && !is.null(classes)) {
      # Of a list, what its class adds is methods; of a vector, it says what its numbers mean.
      strange <- classes[!classes %in% known_or_shown]
      if (length(strange))
        cannot(at, "is of the class ", strange[1L], "; give its data: unclass(x), or as.numeric(x)")
      found$class <- classes[classes %in% known]
      if (length(found$class) == 0L) found$class <- NULL
    }
    # The names that R gives rows by itself, which predictions inherit, are their numbers.
    own <- found$names
    if (!is.list(x) && length(own) && identical(own[1L], "1") &&
        identical(own, as.character(seq_along(own)))) found$names <- NULL
    if (!is.null(found$dimnames)) found$dimnames <- unname(lapply(found$dimnames, texts_or_null))
    found
  }

  texts_or_null <- function(x) if (is.null(x)) NULL else as.character(x)

  plain_elements <- function(x, names, at) {
    for (i in seq_along(x)) {
      one <- x[[i]]
      if (is.null(attributes(one)) && is.atomic(one)) next
      named <- !is.null(names) && !is.na(names[i]) && nzchar(names[i])
      x[[i]] <- plain(one, paste0(at, if (named) paste0("$", names[i]) else paste0("[[", i, "]]")))
    }
    x
  }

  # -- what is asked ------------------------------------------------------------------------------

  loaded <- NULL

  load <- function(bytes) {
    found <- unserialize(bytes)
    # MLflow keeps the function as its own serialization, within the file's.
    if (is.raw(found)) found <- unserialize(found)
    if (!is.function(found))
      cannot("", "is an object of the class ", class(found)[1L], ", and not a function")
    loaded <<- found
    list(arguments = as.character(names(formals(args(found)))), version = as.character(getRversion()))
  }

  # The call has names in the place of its data: whoever shows or keeps it does not get them all.
  call_loaded <- function(arguments) {
    frame <- new.env(parent = globalenv())
    frame[["model"]] <- loaded
    symbols <- list()
    for (i in seq_along(arguments)) {
      at <- paste0("argument", i)
      frame[[at]] <- arguments[[i]]
      symbols[[i]] <- as.name(at)
    }
    names(symbols) <- names(arguments)
    plain(eval(as.call(c(quote(model), symbols)), frame))
  }

  answer <- function(asked) {
    kinds <- said <- character()
    note <- function(kind, condition) {
      if (length(said) >= most_said) return()
      kinds <<- c(kinds, kind)
      said <<- c(said, substr(trimws(conditionMessage(condition), "right"), 1L, longest_said))
    }
    how <- "ok"
    text <- c("", "")
    failed <- function(kind) function(condition) {
      how <<- kind
      called <- conditionCall(condition)
      called <- if (is.call(called) && is.name(called[[1L]])) as.character(called[[1L]]) else ""
      text <<- c(substr(paste(conditionMessage(condition), collapse = " "), 1L, longest_said), called)
      NULL
    }
    value <- tryCatch(
      withCallingHandlers(
        switch(asked[[1L]], load = load(asked[[2L]]), call = call_loaded(asked[[2L]])),
        warning = function(w) { note("warning", w); tryInvokeRestart("muffleWarning") },
        message = function(m) { note("message", m); tryInvokeRestart("muffleMessage") }
      ),
      mlmodel_cannot = failed("cannot"),
      error = failed("stop"),
      interrupt = failed("stop")
    )
    list(value, how, enc2utf8(text), kinds, enc2utf8(said))
  }

  send <- function(bytes) {
    writeBin(as.double(length(bytes)), output)
    at <- 0
    while (length(bytes) - at > longest_write) {
      writeBin(bytes[at + seq_len(longest_write)], output)
      at <- at + longest_write
    }
    writeBin(if (at) bytes[(at + 1):length(bytes)] else bytes, output)
    flush(output)
  }

  in_bytes <- function(value) serialize(value, NULL, xdr = FALSE, version = 2L)

  repeat {
    sign <- readBin(input, "double", 1L)
    if (length(sign) == 0L) break
    asked <- unserialize(input)
    # An answer that memory does not suffice for is an error, and not the end.
    bytes <- tryCatch(in_bytes(answer(asked)), error = function(e) {
      in_bytes(list(NULL, "stop", c(conditionMessage(e), ""), character(), character()))
    })
    asked <- NULL
    send(bytes)
    bytes <- NULL
  }
  quit("no")
})
