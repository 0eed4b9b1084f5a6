# Functions with their data, as carrier::crate makes them, saved and loaded.

mlmodel_save_crate <- function(f, path, ..., signature = NULL, overwrite = FALSE) {
  if (!is.function(f)) stop("f is a function, not an object of the class ", class(f)[1L], call. = FALSE)
  if (file.exists(path) && length(dir(path, all.files = TRUE, no.. = TRUE)) && !overwrite)
    stop(path, " is there already; overwrite = TRUE replaces it", call. = FALSE)
  made <- crate_of(f, list(...))
  parent <- dirname(normalizePath(path, mustWork = FALSE))
  dir.create(parent, recursive = TRUE, showWarnings = FALSE)
  # Whole or not at all: written beside its place, and moved there.
  new <- tempfile(".mlmodel-", parent)
  dir.create(new)
  on.exit(unlink(new, recursive = TRUE))
  saveRDS(serialize(made, NULL), file.path(new, "crate.bin"))
  writeLines(mlmodel_text(signature), file.path(new, "MLmodel"), useBytes = TRUE)
  if (file.exists(path)) unlink(path, recursive = TRUE)
  if (!file.rename(new, path)) stop(path, " cannot be written", call. = FALSE)
  invisible(path)
}

# The function with what it is given by name, and nothing else of this session.
crate_of <- function(f, data) {
  if (inherits(f, "crate") && !length(data)) return(f)
  if (length(data) && (is.null(names(data)) || !all(nzchar(names(data)))))
    stop("what the function needs is given by name: mlmodel_save_crate(f, path, model = model)", call. = FALSE)
  environment(f) <- list2env(data, parent = globalenv())
  structure(f, class = "crate")
}

mlmodel_text <- function(signature) {
  written <- list(
    flavors = list(crate = list(version = "0.1.0", model = "crate.bin")),
    utc_time_created = format(Sys.time(), "%Y-%m-%d %H:%M:%OS6", tz = "UTC")
  )
  if (!is.null(signature)) written$signature <- signature_texts(signature)
  enc2utf8(yaml::as.yaml(written))
}

# list(inputs = c(a = "double"), outputs = c("double")), or what mlmodel_infer returns, as the format has it.
signature_texts <- function(signature) {
  of <- function(types) {
    if (is.list(types)) return(write_json(types))
    names <- names(types)
    columns <- lapply(seq_along(types), function(i) {
      c(list(type = types[[i]]), if (!is.null(names) && nzchar(names[i])) list(name = names[i]), list(required = TRUE))
    })
    as.character(jsonlite::toJSON(columns, auto_unbox = TRUE))
  }
  lapply(signature[intersect(c("inputs", "outputs"), names(signature))], of)
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
