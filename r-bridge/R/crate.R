# Functions with their data, as carrier::crate makes them, saved and loaded.

mlmodel_save_crate <- function(f, path, ..., signature = NULL, overwrite = FALSE) {
  if (!is.function(f)) stop("f is a function, not an object of the class ", class(f)[1L], call. = FALSE)
  # R takes the beginning of an argument's name for it.
  if (!is_one_text(path))
    stop("path is one text, not an object of the class ", class(path)[1L], "; what the function needs has other names than f, path, pat, pa and p",
         call. = FALSE)
  require_room(path, overwrite)
  made <- crate_of(f, list(...))
  text <- mlmodel_text(list(crate = list(version = "0.1.0", model = "crate.bin")), signature)
  write_model(path, function(folder) {
    saveRDS(serialize(made, NULL), file.path(folder, "crate.bin"))
    write_text(text, file.path(folder, "MLmodel"))
  })
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
  used <- setdiff(variables_in(body(f)), c(names(formals(f)), given, assigned_in(body(f))))
  left <- used[vapply(used, exists, NA, envir = globalenv(), inherits = FALSE)]
  if (length(left))
    warning("The function uses ", paste(left, collapse = ", "), " of this session, which is not saved with it; give it by name: ",
            "mlmodel_save_crate(f, path, ", left[1L], " = ", left[1L], ")", call. = FALSE)
}

# The variables of code. What stands behind `$` and `@`, and a package's name, is none, and a name within with() and the like may be a column.
variables_in <- function(code) {
  if (missing(code)) return(character())
  if (is.name(code)) return(setdiff(as.character(code), "")) # which stands for a place that is left open
  if (!is.call(code)) return(character())
  parts <- as.list(code)
  called <- if (is.name(parts[[1L]])) as.character(parts[[1L]]) else ""
  if (called %in% c("~", "::", ":::") || length(parts) == 1L && nzchar(called)) return(character())
  if (called %in% c("$", "@", "with", "within", "subset", "transform")) return(variables_in(parts[[2L]]))
  if (nzchar(called)) parts <- parts[-1L]
  unlist(lapply(parts, variables_in))
}

# The names that code gives values to.
assigned_in <- function(code) {
  if (missing(code) || !is.call(code)) return(character())
  is_one <- is.name(code[[1L]]) && as.character(code[[1L]]) %in% c("<-", "=", "for") && is.name(code[[2L]])
  c(if (is_one) as.character(code[[2L]]), unlist(lapply(as.list(code), assigned_in)))
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
