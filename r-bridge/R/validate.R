# A model folder, or an MLmodel file, held against the rules of the format.

mlmodel_validate <- function(path) {
  file <- model_file(path)
  found <- at_work_on(file$name, file$root, {
    if (is_inside(file$root, file$name)) check_folder(file$root, read_bytes(file$place, yaml_bounds$bytes + 1))
    else list(violation_of("DIR-011", file$name, "is a link that leads out of the model's folder, so it is not read"))
  })
  structure(vapply(found, violation_text, ""), class = "mlmodel_violations", path = path, found = found)
}

# A model folder, whose MLmodel file has these bytes (MLM-042).
check_folder <- function(root, bytes) {
  checked <- at_work_on("MLmodel", root, check_content(bytes, "MLmodel", root, check_root))
  if (is.null(checked$root)) return(checked$found)
  flavors <- entry_of(checked$root, "flavors")[[2L]]
  crate <- at_work_on("MLmodel", root, crate_faults(root, flavors, checked$found))
  c(checked$found, crate, check_environment(root, flavors), check_example(root, checked$root))
}

# A fault of this package, which comes in the place of R's own error with the file that was looked at: it is no
# word on the model (INTERNAL_ERROR of the specification's table of errors).
at_work_on <- function(file, root, code) {
  tryCatch(code, error = function(e) {
    if (inherits(e, c("mlmodel_unreadable", "mlmodel_internal"))) stop(e)
    call <- conditionCall(e)
    where <- if (is.call(call) && is.name(call[[1L]])) paste0(" in ", as.character(call[[1L]]))
    why <- paste0("INTERNAL_ERROR: ", shown(file, 200L), " of the model in ", root, " could not be checked: ", shown(conditionMessage(e), 300L), where,
                  ". This is a bug in mlmodel; please report it, with the file")
    stop(errorCondition(why, file = file, root = root, parent = e, class = "mlmodel_internal"))
  })
}

violation_text <- function(one) {
  file <- if (one$file != "MLmodel") paste0(one$file, ":")
  place <- if (!is.null(one$line)) paste0(file, one$line, ":", one$column, " ") else if (!is.null(file)) paste0(file, " ")
  severity <- if (one$severity == "warning") "warning: "
  pointer <- if (!is.null(one$pointer)) paste0(if (one$pointer == "") "/" else one$pointer, ": ")
  shown(paste0(place, severity, pointer, one$message, " (", one$rule, ")"), 4000L)
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
    file = at("file", ""), line = at("line", NA_integer_), column = at("column", NA_integer_), message = at("message", "")
  )
}

# A crate without a key has the file crate.bin, which no schema names.
crate_faults <- function(root, flavors, found) {
  is_broken <- any(vapply(found, function(one) one$severity == "error", NA))
  crate <- if (!is_broken) entry_of(flavors, "crate")[[2L]]
  if (is.null(crate) || !is.null(entry_of(crate, "model"))) return(list())
  say <- function(rule, why) list(violation_of(rule, "MLmodel", why, pointer = "/flavors/crate"))
  place <- place_in(root, "crate.bin")
  instead <- stand_in_at(place, "crate.bin")
  if (is.null(place)) say("DIR-004", "crate.bin leads out of the folder")
  else if (!is_there(place)) say("DIR-003", "there is no file crate.bin")
  else if (!is.null(instead)) say("DIR-009", paste("crate.bin", instead))
  else list()
}
