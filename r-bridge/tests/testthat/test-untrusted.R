# What others wrote: files, folders and answers.

in_folder <- function(...) {
  path <- tempfile("model-")
  dir.create(path)
  writeLines(c(...), file.path(path, "MLmodel"), useBytes = TRUE)
  path
}

# All calls within the package's functions, each as a language object.
calls_of <- function(code) {
  if (is.call(code)) c(list(code), unlist(lapply(as.list(code), calls_of)))
  else if (is.pairlist(code)) unlist(lapply(as.list(code), calls_of))
}

calls_of_package <- function() {
  package <- asNamespace("mlmodel")
  functions <- Filter(is.function, mget(ls(package, all.names = TRUE), package))
  functions <- c(functions, lapply(package$r_flavors, function(one) one$load))
  unlist(lapply(functions, function(one) calls_of(list_of_code(one))))
}

list_of_code <- function(f) as.call(c(as.name("{"), Filter(is.language, as.list(formals(f))), body(f)))

test_that("a text that is no JSON is no address and no file", {
  file <- tempfile(fileext = ".json")
  writeLines('[{"name": "stolen", "type": "double"}]', file)
  for (place in c(file, paste0("file://", file))) {
    path <- in_folder("flavors: {crate: {}}", paste0("signature: {inputs: '", place, "'}"))
    expect_error(mlmodel_signature(path), "inputs of the signature are not JSON at character 1 \\(SIG-001\\)")
    expect_error(mlmodel_enforce(path, data.frame(stolen = 1)), "SIG-001")
    writeLines('{"predictions": ["stolen"]}', file)
    expect_error(mlmodel:::predictions_of(place, "http://a"), "something else than predictions")
  }
  expect_error(mlmodel_signature(in_folder("flavors: {a: {}}", "signature: {inputs: [1]}")), "no text of JSON")
  expect_error(mlmodel_signature(in_folder("flavors: {a: {}}", "signature: {params: '{}'}")), "no list of objects \\(SIG-008\\)")
  asked <- vapply(calls_of_package(), function(one) deparse(one[[1L]])[1L], "")
  expect_true("jsonlite::parse_json" %in% asked)
  expect_false(any(grepl("fromJSON", asked)))
})

test_that("names are taken whole: the longer ones that others may write are not those of the format", {
  path <- in_folder(
    "flavors: {crate: {model_extra: other.bin}}",
    "signature_old: {inputs: '[{\"name\": \"zz\", \"type\": \"double\"}]'}"
  )
  saveRDS(function(x) "other", file.path(path, "other.bin"))
  read <- mlmodel_read(path)
  expect_null(read$signature)
  expect_null(mlmodel_signature(path))
  expect_match(mlmodel_validate(path), "there is no file crate.bin", all = FALSE)
  expect_error(mlmodel_load(path, trust = TRUE), "no file crate.bin.*DIR-003")
  told <- mlmodel_signature(in_folder("flavors: {a: {}}", "signature: {inputs: '[{\"type\": \"double\", \"name_old\": \"b\"}]'}"))
  expect_identical(told$inputs$name, NA_character_)
  kept <- mlmodel:::enforce_json(list(list(name = "x", type = list(kind = "long"), required = TRUE)), mlmodel:::read_json('{"x": [1]}'), list(x = list(zone_old = "UTC")))
  expect_equal(kept[[1]]$dtype, "int64")
})

# R's `$` takes the beginning of a name for it, of lists. Those that are asked with it are made by the package itself.
ours <- c(
  "ck", "e", "g", "node", "r", "s", "known", "key", "entry", "item", "first", "marks", "probe", "list", "items", "target", # nodes and what reads them
  "spec", "only", "one", "type", "given", "taken", "old", "new", "other", "literals", "specs", "specs_of", "column", "columns", # specs
  "fault", "faults", "two", "whole", "found", "form", "schemas", "how", "r_flavors", "model", "mlmodel_signature", "inputs", "written", "answer",
  "yaml_bounds", "at", "name", "early", "now", "others", "read", "text", "info", "conda", "of", "lines", "file", "checked", "environment_files",
  "read_root", "texts_of", "place", "both", "code", "entry_of", "env", "flat", "flavors", "held", "kept", "module", "packages", "pip", "read_column", "row_nodes",
  "means", "leaf", "leaf_of", "kind", "part", # plain data, and parts of texts
  "made", "keras", "tensorflow" # what a library saved, and modules of Python
)

root_of <- function(code) {
  while (is.call(code)) {
    if (!as.character(code[[1L]])[1L] %in% c("$", "[[", "[")) return(as.character(code[[1L]])[1L])
    code <- code[[2L]]
  }
  as.character(code)
}

test_that("no list that others wrote is asked with `$`", {
  is_dollar <- function(one) identical(one[[1L]], as.name("$"))
  roots <- unique(vapply(Filter(is_dollar, calls_of_package()), root_of, ""))
  expect_gt(length(roots), 30)
  expect_equal(setdiff(roots, ours), character())
})

test_that("an answer's numbers are those that R has, or refused", {
  answered <- function(text) mlmodel:::predictions_of(paste0('{"predictions": ', text, "}"), "http://a")
  expect_error(answered("[1, 9007199254740993]"), "9007199254740993, which is beyond 2\\^53.*CRA-009")
  expect_error(answered("[-18446744073709551617]"), "CRA-009")
  expect_identical(answered("[9007199254740992, 0.30000000000000004, 12345678901234567890.5]"), c(2^53, 0.1 + 0.2, 12345678901234567168))
  expect_identical(answered('["9007199254740993", "\\"9007199254740993"]'), c("9007199254740993", "\"9007199254740993"))
})

test_that("folders of links and texts of escapes take no longer than others", {
  path <- in_folder("flavors: {sklearn: {pickled_model: a/b/a/m.pkl}}")
  file.create(file.path(path, "m.pkl"))
  for (name in c("a", "b")) file.symlink(".", file.path(path, name))
  expect_lt(system.time(found <- mlmodel_validate(path))[["user.self"]], 1)
  expect_false(any(grepl("DIR-003", found)))
  text <- paste0("a: \"", strrep("\\n", 20000), "\"\n")
  expect_lt(system.time(node <- mlmodel:::yaml_document(text)$root)[["user.self"]], 3)
  expect_identical(node$entries[[1]][[2]]$value, strrep("\n", 20000))
  expect_identical(mlmodel:::yaml_document("a: \"x \\t  \n  y  \n\n z\\x20\n\"")$root$entries[[1]][[2]]$value, "x y\nz ")
  writeBin(raw(8 * 2^20 + 1), file.path(path, "MLmodel"))
  expect_match(mlmodel_validate(path), "larger than 8 MiB \\(MLM-002\\)")
})

test_that("a file is read within its bounds, whatever it holds", {
  path <- in_folder("")
  says <- function(..., rule) {
    writeLines(paste0(c(...), collapse = ""), file.path(path, "MLmodel"))
    expect_error(mlmodel_read(path), rule)
    expect_match(mlmodel_validate(path), rule, all = FALSE)
  }
  says("flavors: {a: {}}\n#", strrep("x", 8 * 2^20), rule = "larger than 8 MiB \\(MLM-002\\)")
  says(strrep("[", 100), rule = "nested more than 64 deep \\(MLM-002\\)")
  says("a: &a [1,1,1,1,1,1,1,1,1]\n", paste0(letters[2:9], ": &", letters[2:9], " [", strrep(paste0("*", letters[1:8], ","), 9), "]\n"), rule = "MLM-002")
  says("a: &", strrep("b", 20000), " 1\nc: *", strrep("b", 19999), rule = "has no anchor b+ \\(MLM-001\\)")
  says("a: ", strrep("&b ", 1e4), rule = "two tags or anchors \\(MLM-001\\)")
  writeBin(as.raw(c(0x61, 0)), file.path(path, "MLmodel"))
  expect_error(mlmodel_read(path), "MLmodel:1:1 has null bytes \\(MLM-001\\)")
})

test_that("nothing is decompressed, and what has no end is not opened", {
  path <- in_folder("")
  packed <- gzfile(file.path(path, "MLmodel"), "wb")
  writeLines("flavors: {a: {}}", packed)
  close(packed)
  expect_error(mlmodel_read(path), "null bytes|not UTF-8")
  expect_match(mlmodel_validate(path), "is an archive \\(gzip\\).*DIR-009")
  skip_if(!nzchar(Sys.which("mkfifo")), "there is no mkfifo")
  unlink(file.path(path, "MLmodel"))
  system2("mkfifo", shQuote(file.path(path, "MLmodel")))
  expect_error(mlmodel_read(path), "no mapping of keys, and empty \\(MLM-001\\)")
})

test_that("links do not lead out of the folder, and what lies there is no part of the model", {
  other <- in_folder("flavors: {crate: {}}")
  saveRDS(function(x) "other", file.path(other, "crate.bin"))
  writeLines("nothing of conda: [", file.path(other, "conda.yaml"))
  path <- tempfile("model-")
  dir.create(path)
  file.symlink(file.path(other, "MLmodel"), file.path(path, "MLmodel"))
  for (ask in list(mlmodel_read, mlmodel_signature, function(path) mlmodel_load(path, trust = TRUE))) expect_error(ask(path), "leads out.*DIR-011")
  expect_match(mlmodel_validate(path), "leads out.*DIR-011")
  path <- in_folder("flavors: {crate: {model: there/crate.bin}}")
  file.symlink(other, file.path(path, "there"))
  file.symlink(file.path(other, "conda.yaml"), file.path(path, "conda.yaml"))
  expect_match(mlmodel_validate(path), "leads out.*DIR-004")
  expect_error(mlmodel_load(path, trust = TRUE), "DIR-004")
  # A copy in the folder metadata is of the folder above (DIR-007).
  path <- in_folder("flavors: {sklearn: {pickled_model: m.pkl}}")
  dir.create(file.path(path, "metadata"))
  file.copy(file.path(path, "MLmodel"), file.path(path, "metadata"))
  writeBin(charToRaw("N."), file.path(path, "m.pkl"))
  expect_length(mlmodel_validate(file.path(path, "metadata")), 0)
})

test_that("texts nested too deep are told, and stop nothing", {
  path <- in_folder("flavors: {a: {}}", paste0("signature: {inputs: '", strrep("[", 1e5), "'}"))
  expect_error(mlmodel_signature(path), "nested more than 65 deep.*SIG-001")
  expect_match(mlmodel_validate(path), "SIG-001", all = FALSE)
  expect_error(mlmodel_enforce(list(inputs = list(list(type = "any"))), strrep("[", 1e5)), "nested more than")
  deep <- paste0("[", strrep('{"type": "array", "items": ', 62), '{"type": "double"}', strrep("}", 62), "]")
  path <- in_folder("flavors: {python_function: {loader_module: a}}", paste0("signature: {inputs: '", deep, "'}"))
  expect_length(mlmodel_signature(path), 1)
  expect_equal(as.data.frame(mlmodel_validate(path))$severity, "warning")
})

test_that("what a file holds steers no terminal, and fills no screen", {
  found <- mlmodel_validate(in_folder("flavors: {\"\\e[31m\": {}}", paste0("\"\\e[2J", strrep("k", 900), "\": 1"), "run_id: a", "run_id: b"))
  expect_false(any(grepl("\033", found, fixed = TRUE)))
  expect_match(found, "u001b", all = FALSE)
  expect_output(print(mlmodel_read(in_folder("flavors: {\"\\e[31m\": {}}"))), "flavors: \\\\u001b")
})

test_that("values are read as the format has them (MLM-003, MLM-005, MLM-006)", {
  read <- mlmodel_read(in_folder(
    "flavors: {python_function: {loader_module: a, python_version: 3.10}}", "run_id: 0123", "mlflow_version: 2.10", "model_size_bytes: 9007199254740993",
    "metadata: {n: 1, big: 3000000000, x: .5, t: 2020-01-02, y: yes, z: ~, s: 'no', l: [1, a], h: 0x10}"
  ))
  expect_identical(read$flavors$python_function$python_version, "3.10")
  expect_identical(read[c("run_id", "mlflow_version", "model_size_bytes")], list(run_id = "0123", mlflow_version = "2.10", model_size_bytes = "9007199254740993"))
  expect_identical(read$metadata, list(n = 1L, big = 3e9, x = 0.5, t = "2020-01-02", y = TRUE, z = NULL, s = "no", l = list(1L, "a"), h = 16L))
})

test_that("a wide signature takes no longer than its size warrants", {
  specs <- paste0('{"type": "double", "name": "column', 1:3000, '", "required": true}', collapse = ", ")
  path <- in_folder("flavors: {a: {}}", paste0("signature: {inputs: '[", specs, "]'}"))
  expect_lt(system.time(found <- as.data.frame(mlmodel_validate(path)))[["user.self"]], 10)
  expect_equal(found$rule, "MLM-012")
  expect_equal(nrow(mlmodel_signature(path)$inputs), 3000)
  # An object that is written so that it looks like another one is looked at nevertheless.
  alike <- '[{"type": "double", "required": true}, {"type\\"tdouble\\nrequired": true}]'
  expect_match(mlmodel_validate(in_folder("flavors: {a: {}}", paste0("signature: {inputs: '", alike, "'}"))), "/signature/inputs/1: lacks type", all = FALSE)
})

test_that("objects of many keys without a name are looked at as others are", {
  unnamed <- paste0("[{", paste(rep('"": ""', 3500), collapse = ","), "}]")
  path <- in_folder("flavors: {python_function: {loader_module: a}}", paste0("signature: {inputs: '", unnamed, "'}"))
  expect_match(mlmodel_validate(path), "SIG-001", all = FALSE)
})

test_that("a sign beyond ASCII makes JSON no slower to read, and is one character of its place", {
  many <- paste0('["\u00e9"', strrep(", 1", 30000), "]")
  expect_lt(system.time(read <- mlmodel:::read_json(many))[["user.self"]], 4)
  expect_length(read, 30001)
  expect_identical(read[[1L]], "\u00e9")
  at <- function(text) tryCatch(mlmodel:::read_json(text), error = function(e) e$at)
  expect_equal(at('["\u00e9\U0001f600" x'), 7)
  expect_equal(at('["\u00e9", ]'), 7)
  expect_equal(at('["\u00e9"'), 5)
  expect_equal(at('["\u00e9"] \u00e9'), 7)
})
