# The harness: one JSON object a line, as conformance/README.md says. It asks the functions of the package in
# r-bridge: the one that is installed, or with a folder as its argument the one whose source is there.

arguments <- commandArgs(trailingOnly = TRUE)

# The package as it would be installed, without a library: its functions in an environment of their own.
from_source <- function(folder) {
  package <- new.env(parent = globalenv())
  for (file in list.files(file.path(folder, "R"), "[.]R$", full.names = TRUE)) sys.source(file, package)
  assign("system.file", function(..., package, mustWork) file.path(folder, "inst", ...), package)
  package
}

mlmodel <- if (length(arguments)) from_source(arguments[1L]) else asNamespace("mlmodel")

plain_or_null <- function(input, key) {
  value <- mlmodel$at_key(input, key)
  if (!is.null(value)) mlmodel$plain(value)
}

data_of <- function(input, key) mlmodel$at_key(mlmodel$at_key(input, key), "value")

# The file of a case: its text, its bytes, or pairs of a text and how many times it stands there.
bytes_of <- function(input) {
  if (mlmodel$has_key(input, "mlmodel_base64")) return(jsonlite::base64_dec(mlmodel$at_key(input, "mlmodel_base64")))
  if (mlmodel$has_key(input, "mlmodel")) return(charToRaw(mlmodel$at_key(input, "mlmodel")))
  parts <- mlmodel$at_key(input, "mlmodel_parts")
  charToRaw(paste(vapply(parts, function(part) strrep(part[[1L]], as.integer(part[[2L]])), ""), collapse = ""))
}

# The folder of a case, with its files.
folder_of <- function(input) {
  root <- tempfile("model-")
  dir.create(root)
  files <- mlmodel$at_key(input, "files")
  for (name in names(files)) {
    place <- file.path(root, name)
    dir.create(dirname(place), recursive = TRUE, showWarnings = FALSE)
    writeBin(charToRaw(mlmodel$at_key(files, name)), place)
  }
  root
}

check_model <- function(input) {
  bytes <- bytes_of(input)
  if (mlmodel$has_key(input, "files") || mlmodel$has_key(input, "mlmodel_base64")) {
    root <- folder_of(input)
    on.exit(unlink(root, recursive = TRUE))
    writeBin(bytes, file.path(root, "MLmodel"))
    found <- mlmodel$check_folder(normalizePath(root), bytes)
  } else found <- mlmodel$check_content(bytes, "MLmodel", NULL, mlmodel$check_root)$found
  list(valid = all(vapply(found, function(one) one$severity != "error", NA)), violations = found)
}

enforce <- function(input) {
  specs <- mlmodel$read_specs(plain_or_null(input, "signature"))$inputs
  data <- data_of(input, "data")
  if (is.null(specs)) return(list(data = list(value = data)))
  record <- mlmodel$at_key(plain_or_null(input, "delivery"), "columns")
  list(data = list(columns = mlmodel$enforce_json(specs, data, if (is.null(record)) list() else record)))
}

compare_signatures <- function(input) {
  read <- lapply(c("old", "new"), function(key) mlmodel$read_specs(plain_or_null(input, key)))
  changes <- mlmodel$compare_specs(read[[1L]], read[[2L]])
  list(compatible = !any(vapply(changes, function(one) length(one$breaks) > 0L, NA)), changes = changes)
}

infer_signature <- function(input) {
  found <- list(delivery = structure(list(), names = character()))
  for (key in intersect(c("data", "outputs"), names(input)))
    found[[if (key == "data") "inputs" else "outputs"]] <- mlmodel$infer_specs(data_of(input, key))
  found
}

operations <- list(
  "check-model" = check_model, enforce = enforce,
  "compare-signatures" = compare_signatures, "infer-signature" = infer_signature
)

about <- function() {
  list(
    implementation = "mlmodel-r", version = "0.1.0", language = paste0("R ", R.version$major, ".", R.version$minor),
    operations = as.list(names(operations)), profiles = list("checker", "untyped", "signature")
  )
}

is_typed <- function(input, key) mlmodel$has_key(input, key) && !mlmodel$has_key(mlmodel$at_key(input, key), "value")

answer <- function(message) {
  input <- mlmodel$at_key(message, "input")
  if (is_typed(input, "data") || is_typed(input, "outputs"))
    return(list(skip = "only JSON values are read, no columns or tensors with dtypes"))
  tryCatch(
    list(result = operations[[mlmodel$at_key(message, "operation")]](input)),
    mlmodel_refused = function(e) list(result = list(error = e$code, details = e$details)),
    error = function(e) list(error = paste(class(e)[1L], conditionMessage(e)))
  )
}

# What cannot be read has an id nevertheless.
id_of <- function(line) mlmodel$json_number(sub('^.*?"id": *([0-9]+).*$', "\\1", line, perl = TRUE))

say <- function(said) {
  cat(mlmodel$write_json(said), "\n", sep = "", file = stdout())
  flush(stdout())
}

lines <- file("stdin", "r", blocking = TRUE)
while (length(line <- readLines(lines, 1L))) {
  message <- tryCatch(mlmodel$read_json(line), error = identity)
  if (inherits(message, "error")) {
    say(list(id = id_of(line), error = conditionMessage(message)))
    next
  }
  if (identical(message[["cmd"]], "stop")) break
  say(if (identical(message[["cmd"]], "start")) about() else c(list(id = message[["id"]]), answer(message)))
}
