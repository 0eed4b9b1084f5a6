# The files and modules that an MLmodel file names (DIR-002 to DIR-009, PYF-004, PYF-006).

check_path <- function(ck, node, schema, pointer) {
  name <- if (isTRUE(schema[["x-last-part"]])) sub("^.*[\\\\/]", "", node$value) else node$value
  wrong <- path_fault(ck$folder, name, schema)
  if (!is.null(wrong)) add(ck, names(wrong), pointer, node$place, paste0("'", shown(name, 200L), "' ", wrong))
  else if (grepl("\\", name, fixed = TRUE)) add(ck, "DIR-006", pointer, node$place, "has backslashes in a path", "warning")
}

# What is wrong with a path, under the name of its rule; NULL where nothing is.
path_fault <- function(root, name, schema) {
  wrong <- wrong_path(name)
  if (!is.null(wrong)) return(c("DIR-002" = paste0(wrong, ", so it leads out of the model's folder")))
  if (is.null(root)) return(NULL)
  place <- place_in(root, name)
  if (is.null(place)) return(c("DIR-004" = "leads out of the model's folder by a link"))
  if (isTRUE(schema[["x-not-looked-for"]])) return(NULL)
  if (!is_there(place)) return(c("DIR-003" = "is not in the model's folder"))
  has_kind <- isTRUE(schema[["x-is-file"]])
  if (has_kind && dir.exists(place)) return(c("DIR-009" = "is a folder, and no file"))
  # Files of the environment are looked at where they are read. What a user's own loader is given may be anything but a pointer.
  instead <- if (schema[["x-file"]] != "environment") (if (has_kind) stand_in_at(place, name) else pointer_at(place))
  if (!is.null(instead)) c("DIR-009" = unname(instead))
}

# What a module of the model's own finds by a path beside it is its own matter (PYF-004).
with_module_beside <- function(schema, node) {
  asked <- schema[["x-of-module"]]
  module <- if (!is.null(asked)) entry_of(node, asked[["in"]])[[2L]]
  is_text <- !is.null(module) && module$kind == "text" && form_of(module) != "null"
  if (is_text && !matches(asked[["known"]], module$value)) schema[["x-not-looked-for"]] <- TRUE
  schema
}

# A module that should be in the folder's code, and is not.
check_module <- function(ck, node, asked, beside, pointer) {
  code <- entry_of(beside, asked[["in"]])[[2L]]
  is_asked <- !is.null(ck$folder) && node$kind == "text" && !matches(asked[["known"]], node$value) &&
    !is.null(code) && code$kind == "text" && form_of(code) != "null"
  if (!is_asked) return()
  place <- place_in(ck$folder, file.path(code$value, gsub(".", "/", node$value, fixed = TRUE)))
  # What is wrong with the path of the code is told there.
  if (is.null(place) || dir.exists(place)) return()
  files <- list.files(dirname(place), all.files = TRUE)
  if (!any(startsWith(files, paste0(basename(place), "."))))
    add(ck, asked[["rule"]], pointer, node$place, "is a module that is not in the folder's code: it has to be installed, or its files are missing", "warning")
}
