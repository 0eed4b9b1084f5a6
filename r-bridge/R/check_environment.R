# The files of a model's environment: conda.yaml, python_env.yaml and requirements.txt (ENV-002 to ENV-012, ENV-023).

environment_files <- list(
  conda = list(file = "conda.yaml", schema = "conda-env", rule = "ENV-002"),
  virtualenv = list(file = "python_env.yaml", schema = "python-env", rule = "ENV-007")
)

# What is wrong in them, file by file; `flavors` are those of the model, whose env may name other files.
check_environment <- function(root, flavors) {
  read <- lapply(names(environment_files), function(tool) {
    name <- environment_name(flavors, tool)
    at_work_on(name, root, read_environment(root, name, environment_files[[tool]]))
  })
  conda <- read[[1L]]
  c(conda$found, read[[2L]]$found, at_work_on("requirements.txt", root, check_requirements(root, conda)))
}

environment_name <- function(flavors, tool) {
  name <- environment_files[[tool]]$file
  for (entry in flavors$entries) {
    env <- entry_of(entry[[2L]], "env")[[2L]]
    if (is.null(env)) next
    given <- if (env$kind == "text" && tool == "conda") env else entry_of(env, tool)[[2L]]
    if (!is.null(given) && given$kind == "text" && form_of(given) != "null") name <- given$value
  }
  name
}

# A file of YAML: what is wrong with it, and its root where it is a mapping.
read_environment <- function(root, name, of) {
  read <- list(name = name, found = list(), root = NULL)
  place <- place_in(root, name)
  if (!is_file(place)) return(read)
  checked <- check_content(read_bytes(place, yaml_bounds$bytes + 1), name, root, function(ck, node) {
    require_mapping(node, of$rule)
    check_yaml(ck, node, "")
    check_node(ck, node, schemas()[[of$schema]], "", node$place)
    check_forms(ck, node, "")
    if (of$rule == "ENV-002") check_conda(ck, node) else check_python_env(ck, node)
  })
  read$found <- checked$found
  read$root <- checked$root
  read
}

check_conda <- function(ck, node) {
  each_text(entry_of(node, "channels")[[2L]], "/channels", function(node, at) {
    check_secret(ck, node, at)
    if (has_form(defaults_form, node$value))
      add(ck, "ENV-005", at, node$place, "is a channel of Anaconda's, whose terms may ask for a licence; 'conda-forge' needs none", "warning")
  })
  for (entry in entry_of(node, "variables")[[2L]]$entries) check_secret(ck, entry[[2L]], child("/variables", entry[[1L]]$value))
  pip <- entry_of(node, "pip")
  if (!is.null(pip)) add(ck, "ENV-004", "/pip", pip[[1L]]$place, "stands where conda does not look; move it under dependencies, as '- pip:'", "warning")
  packages <- entry_of(node, "dependencies")[[2L]]
  for (i in seq_along(packages$items))
    check_lines(ck, entry_of(packages$items[[i]], "pip")[[2L]], child(child("/dependencies", i - 1L), "pip"), "ENV-002")
}

check_python_env <- function(ck, node) {
  for (key in c("build_dependencies", "dependencies")) check_lines(ck, entry_of(node, key)[[2L]], child("", key), "ENV-007")
}

check_secret <- function(ck, node, pointer) {
  hidden <- if (node$kind == "text") masked(node$value)
  if (!is.null(hidden) && hidden != node$value) add(ck, "ENV-023", pointer, node$place, secret_told(hidden), "warning")
}

# The texts of a list: their nodes, and where they stand in it.
texts_of <- function(list) {
  at <- which(vapply(list$items, function(item) item$kind == "text", NA))
  list(nodes = list$items[at], at = at - 1L)
}

each_text <- function(list, pointer, f) {
  found <- texts_of(list)
  for (i in seq_along(found$at)) f(found$nodes[[i]], child(pointer, found$at[i]))
}

written_in <- function(nodes) vapply(nodes, function(node) node$value, "")

check_lines <- function(ck, lines, pointer, rule) {
  found <- texts_of(lines)
  told <- about_requirements(written_in(found$nodes), rule, ck$folder)
  for (i in seq_along(told)) for (one in told[[i]]) add(ck, one$rule, child(pointer, found$at[i]), found$nodes[[i]]$place, one$why, one$severity)
}

# The lines of requirements.txt, and whether they are those of conda's file.
check_requirements <- function(root, conda) {
  place <- place_in(root, "requirements.txt")
  if (!is_file(place)) return(list())
  bytes <- read_bytes(place, yaml_bounds$bytes + 1)
  instead <- text_stand_in(bytes)
  if (!is.null(instead)) return(list(violation_of("DIR-009", "requirements.txt", instead)))
  text <- tryCatch(text_within_bounds(bytes), mlmodel_broken = identity)
  if (inherits(text, "error")) {
    at <- if (!is.na(text$place)) lines_and_columns(new_reader(text$text), text$place)
    return(list(violation_of(if (text$rule == "MLM-001") "ENV-008" else text$rule, "requirements.txt", text$why, line = at$line, column = at$column)))
  }
  lines <- requirement_lines(sub("^\ufeff", "", text))
  found <- Map(function(told, number) {
    lapply(told, function(one) violation_of(one$rule, "requirements.txt", one$why, one$severity, number, 1L))
  }, about_requirements(lines$texts, "ENV-008", root), lines$numbers)
  listed(c(differing(lines$texts, conda), unlist(found, FALSE)))
}

# Requirements that only one of both files has (ENV-006).
differing <- function(here, conda) {
  if (is.null(conda$root)) return(list())
  packages <- entry_of(conda$root, "dependencies")[[2L]]$items
  lists <- c(lapply(packages, function(item) entry_of(item, "pip")[[2L]]), list(entry_of(conda$root, "pip")[[2L]]))
  here <- masked(here)
  there <- masked(trimws(unlist(lapply(lists, function(list) written_in(texts_of(list)$nodes)))))
  only <- list(setdiff(here, there), setdiff(there, here))
  if (!any(lengths(only))) return(list())
  names <- c("requirements.txt", conda$name)
  told <- vapply(which(lengths(only) > 0L), function(i) {
    first <- shown(only[[i]][seq_len(min(5L, length(only[[i]])))])
    paste0("only in ", names[i], ": ", paste(first, collapse = ", "), if (length(only[[i]]) > 5L) ", ...")
  }, "")
  list(violation_of("ENV-006", "requirements.txt", paste0("is not the pip part of conda.yaml (", paste(told, collapse = "; "), ")"), "warning", 1L, 1L))
}
