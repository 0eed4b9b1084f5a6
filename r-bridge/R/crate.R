# Functions with their data, as carrier::crate makes them, saved and loaded.

mlmodel_save_crate <- function(f, path, ..., signature = NULL, overwrite = FALSE) {
  if (!is.function(f)) stop("f is a function, not an object of the class ", class(f)[1L], call. = FALSE)
  # R takes the beginning of an argument's name for it.
  if (!is.character(path) || length(path) != 1L || is.na(path))
    stop("path is one text, not an object of the class ", class(path)[1L], "; what the function needs has other names than f, path, pat, pa and p",
         call. = FALSE)
  require_room(path, overwrite)
  made <- crate_of(f, list(...))
  text <- mlmodel_text(signature)
  parent <- dirname(normalizePath(path, mustWork = FALSE))
  dir.create(parent, recursive = TRUE, showWarnings = FALSE)
  # Whole or not at all: written beside its place, and moved there.
  new <- tempfile(".mlmodel-", parent)
  dir.create(new)
  on.exit(unlink(new, recursive = TRUE))
  saveRDS(serialize(made, NULL), file.path(new, "crate.bin"))
  writeLines(text, file.path(new, "MLmodel"), useBytes = TRUE)
  require_valid(new)
  put_in_place(new, path)
  invisible(path)
}

# A model may be replaced; nothing else that is there is.
require_room <- function(path, overwrite) {
  is_empty <- dir.exists(path) && !length(dir(path, all.files = TRUE, no.. = TRUE))
  if (!file.exists(path) || is_empty) return(invisible())
  if (!dir.exists(path) || !file.exists(file.path(path, "MLmodel")))
    stop(path, " is there already and is no model, so it is not replaced", call. = FALSE)
  if (!overwrite) stop(path, " is there already; overwrite = TRUE replaces it", call. = FALSE)
}

# What would be refused by whoever reads it is not written.
require_valid <- function(folder) {
  wrong <- as.data.frame(mlmodel_validate(folder))
  wrong <- wrong[wrong[["severity"]] == "error", ]
  if (nrow(wrong))
    stop("The model would break rules of the format: ", wrong[["message"]][1L], " (", wrong[["pointer"]][1L], ", ", wrong[["rule"]][1L], ")",
         call. = FALSE)
}

# Moves a folder to its place. What was there is removed last, and put back where the move fails.
put_in_place <- function(new, path) {
  old <- if (file.exists(path)) tempfile(".mlmodel-old-", dirname(new))
  if (!is.null(old) && !suppressWarnings(file.rename(path, old))) stop(path, " cannot be replaced", call. = FALSE)
  if (!suppressWarnings(file.rename(new, path))) {
    if (!is.null(old)) file.rename(old, path)
    stop(path, " cannot be written", call. = FALSE)
  }
  if (!is.null(old)) unlink(old, recursive = TRUE)
}

# The function with what it is given by name, and nothing else of this session.
crate_of <- function(f, data) {
  if (inherits(f, "crate") && !length(data)) return(f)
  if (length(data) && (is.null(names(data)) || !all(nzchar(names(data)))))
    stop("what the function needs is given by name: mlmodel_save_crate(f, path, model = model)", call. = FALSE)
  warn_of_session(f, names(data))
  environment(f) <- list2env(data, parent = globalenv())
  structure(f, class = "crate")
}

# The next session has none of this one's variables, while in this one the function works.
warn_of_session <- function(f, given) {
  if (is.primitive(f)) return(invisible())
  used <- setdiff(all.vars(body(f)), c(names(formals(f)), given, assigned_in(body(f))))
  left <- used[vapply(used, exists, NA, envir = globalenv(), inherits = FALSE)]
  if (length(left))
    warning("The function uses ", paste(left, collapse = ", "), " of this session, which is not saved with it; give it by name: ",
            "mlmodel_save_crate(f, path, ", left[1L], " = ", left[1L], ")", call. = FALSE)
}

# The names that code gives values to.
assigned_in <- function(code) {
  if (missing(code) || !is.call(code)) return(character())
  is_one <- is.name(code[[1L]]) && as.character(code[[1L]]) %in% c("<-", "=", "for") && is.name(code[[2L]])
  c(if (is_one) as.character(code[[2L]]), unlist(lapply(as.list(code), assigned_in)))
}

mlmodel_text <- function(signature) {
  written <- list(
    flavors = list(crate = list(version = "0.1.0", model = "crate.bin")),
    utc_time_created = format(Sys.time(), "%Y-%m-%d %H:%M:%OS6", tz = "UTC")
  )
  if (!is.null(signature)) written$signature <- signature_texts(signature)
  enc2utf8(yaml::as.yaml(written))
}

# list(inputs = c(a = "double"), outputs = "double"), or what mlmodel_infer returns, as the format has it.
signature_texts <- function(signature) {
  known <- c("inputs", "outputs")
  if (!is.list(signature) || is.data.frame(signature) || !length(signature) || !all(names(signature) %in% known) ||
      is.null(names(signature)))
    stop("signature is list(inputs = c(name = \"double\"), outputs = \"double\"), or what mlmodel_infer returns; parameters ",
         "are those of the function (SIG-001)", call. = FALSE)
  lapply(signature, column_texts)
}

# Types by their names, or the lists of mlmodel_infer.
column_texts <- function(types) {
  is_list <- is.list(types) && !is.data.frame(types)
  if (is_list && is.null(names(types))) return(write_json(types))
  types <- if (is_list) unlist(types) else types
  if (!is.character(types))
    stop("The columns of a signature are types by their names, c(name = \"double\"), or what mlmodel_infer(data) returns (SIG-003)",
         call. = FALSE)
  names <- names(types)
  columns <- lapply(seq_along(types), function(i) {
    c(list(type = types[[i]]), if (!is.null(names) && nzchar(names[i])) list(name = names[i]), list(required = TRUE))
  })
  as.character(jsonlite::toJSON(columns, auto_unbox = TRUE))
}

load_crate <- function(root, flavor) {
  file <- file_of(root, at_key(flavor, "model"), "crate.bin")
  loaded <- tryCatch({
    found <- readRDS(file.path(root, file))
    if (is.raw(found)) unserialize(found) else found
  }, error = function(e) stop(file, " cannot be read: ", conditionMessage(e), " (CRA-003)", call. = FALSE))
  if (!is.function(loaded)) stop(file, " holds no function, but a ", class(loaded)[1L], " (CRA-003)", call. = FALSE)
  loaded
}
