# The files of a model's folder: those that it names, those of its environment, its example.

a_folder <- function(..., model = "flavors: {python_function: {loader_module: mlflow.sklearn}}") {
  path <- tempfile("model-")
  dir.create(path)
  writeLines(model, file.path(path, "MLmodel"))
  files <- list(...)
  for (name in names(files)) {
    place <- file.path(path, name)
    dir.create(dirname(place), recursive = TRUE, showWarnings = FALSE)
    if (is.raw(files[[name]])) writeBin(files[[name]], place) else writeLines(files[[name]], place)
  }
  path
}

told <- function(...) {
  found <- as.data.frame(mlmodel_validate(a_folder(...)))
  paste0(found$file, ":", found$line, ":", found$column, " ", found$rule, recycle0 = TRUE)
}

test_that("the files of the environment are read, one after the other, with their places", {
  found <- told(
    conda.yaml = c("channels: [conda-forge, defaults]", "dependencies:", "- python=3.11", "- pip: [numpy==2.1, 'scipy = 1']"),
    python_env.yaml = c("python: 3.10", "dependencies: [-r requirements.txt, 'numpy = 2']"),
    requirements.txt = c("numpy==2.1", "# none", "pandas \\", "== x", "-c absent.txt", "./here", "https://me:secret@host/a.whl")
  )
  expect_equal(found, c(
    "conda.yaml:1:25 ENV-005", "conda.yaml:4:21 ENV-002", "python_env.yaml:1:9 MLM-005", "python_env.yaml:2:37 ENV-007",
    "requirements.txt:1:1 ENV-006", "requirements.txt:4:1 ENV-008", "requirements.txt:5:1 ENV-011", "requirements.txt:6:1 ENV-012",
    "requirements.txt:7:1 ENV-023"
  ))
  expect_equal(told(), character(0))
  expect_match(mlmodel_validate(a_folder(conda.yaml = "a: [")), "^conda.yaml:2:1 .*MLM-001")
})

test_that("requirements are those of pip", {
  wrong <- function(line) !is.na(mlmodel:::wrong_requirements(line))
  for (line in c("numpy", "a[b,c]>=1,<2", "a (>=1.0)", "a==1.*", "a ~= 1.2", "a @ https://b/c.whl ; python_version > '3.8'", "a===x", "./a b", "-e .",
                 "a==1!2.0rc1.post2.dev3+l.1; (os_name == 'x' or extra == \"y\") and 'a' not in sys_platform", "a --hash=sha256:0", "c:/a"))
    expect_false(wrong(line), info = line)
  for (line in c("numpy = 2", "numpy-", "a==1.x", "a~=1", "a; b == 'c'", "a; os_name == 'x' and", "a[b", "a>=1,,<2", "not one", strrep("a", 65537)))
    expect_true(wrong(line), info = line)
  deep <- paste0("a; ", strrep("(", 5000), "os_name == 'x'", strrep(")", 5000))
  expect_silent(mlmodel:::wrong_requirements(deep))
})

test_that("what is said of many lines is what is said of each", {
  root <- a_folder(there.txt = "")
  lines <- c("numpy", "-r there.txt", "-r absent.txt", "not one", "./here", "https://a:hush@h/b.whl", "x @ https://a:hush@h/b =", "not one", "", strrep("a", 65537), "-c http://h/c.txt")
  told <- mlmodel:::about_requirements(lines, "ENV-008", root)
  rules <- vapply(told, function(one) paste(vapply(one, function(two) two$rule, ""), collapse = " "), "")
  expect_equal(rules, c("", "", "ENV-011", "ENV-008", "ENV-012", "ENV-023", "ENV-023 ENV-008", "ENV-008", "", "ENV-008", ""))
  expect_equal(told, unlist(lapply(lines, mlmodel:::about_requirements, "ENV-008", root), FALSE))
  expect_match(told[[5]][[1]]$why, "^'./here' is a path")
  expect_equal(mlmodel:::about_requirements(character(), "ENV-008", root), list())
})

test_that("the forms of requirements are asked of all lines at once", {
  asked <- 0
  form <- mlmodel:::has_form
  counted <- function(count) {
    many <- sprintf("package-%d[a]>=1.2.%d,<2 ; python_version >= '3.8'", seq_len(count), seq_len(count))
    path <- a_folder(requirements.txt = c(many, "numpy = 2"), conda.yaml = c("dependencies:", "- pip:", paste0("  - \"", many, "\""), "  - numpy = 2"))
    asked <<- 0
    found <- with_replaced("has_form", function(...) { asked <<- asked + 1; form(...) }, as.data.frame(mlmodel_validate(path)))
    expect_equal(paste(found$file, found$rule, found$line), paste(c("conda.yaml ENV-002", "requirements.txt ENV-008"), count + c(3, 1)))
    asked
  }
  expect_equal(counted(3), counted(300))
  expect_gt(asked, 0)
})

test_that("no password of an address is shown", {
  hidden <- mlmodel:::masked
  expect_equal(hidden("a @ https://token@host/x"), "a @ https://\u2026@host/x")
  expect_equal(hidden("git+ssh://me:secret@host"), "git+ssh://\u2026@host")
  expect_equal(hidden("https://h/t/one/c https://h/t/two/t/three/d?sig=x&a=1"), "https://h/t/\u2026/c https://h/t/\u2026/t/\u2026/d?sig=\u2026&a=1")
  expect_equal(hidden("https://${TOKEN}@host/t/${T}/a"), "https://${TOKEN}@host/t/${T}/a")
  many <- paste0("https://h", strrep("/t/x", 16000))
  expect_lt(system.time(found <- hidden(many))[["user.self"]], 2)
  expect_equal(found, paste0("https://h", strrep("/t/\u2026", 16000)))
  found <- mlmodel_validate(a_folder(conda.yaml = c("channels: ['https://h/t/hush/c']", "dependencies: [{pip: ['https://a:hush@b = 1']}]"), requirements.txt = "https://hush@b"))
  expect_gt(length(found), 2)
  expect_false(any(grepl("hush", found)))
})

test_that("what stands in the place of a file is named by its first bytes", {
  says <- function(name, content) {
    place <- file.path(tempfile(), name)
    dir.create(dirname(place))
    writeBin(if (is.raw(content)) content else charToRaw(content), place)
    found <- mlmodel:::stand_in_at(place, name)
    if (is.null(found)) "" else sub("^is (?:an? )?(?:the )?(\\w+).*", "\\1", unname(found), perl = TRUE)
  }
  zip <- as.raw(c(0x50, 0x4b, 3, 4, 0, 1))
  pickle <- as.raw(c(0x80, 4, 0x4e))
  expect_equal(says("m.bin", "version https://git-lfs.github.com/spec/v1\n"), "pointer")
  expect_equal(says("m.pkl", ".git/annex/objects/x"), "pointer")
  expect_equal(says("m.pkl", ""), "empty")
  expect_equal(says("a.txt", ""), "")
  expect_equal(says("a.JSON", "\xef\xbb\xbf <?xml version='1.0'?> <!-- a --> <HTML>"), "web")
  expect_equal(says("a.html", "<html>"), "")
  expect_equal(says("a.onnx", "<s3:Error><Code>NoSuchKey</Code>"), "answer")
  for (text in c('{"error": "none", "status": 404}', '{"error": {"Message": "x"}}', '{"message": "x", "statusCode": 4}')) expect_equal(says("a.bin", text), "answer")
  for (text in c('{"error": 1}', '{"error": "x", "a": [1]}', '{"message": "x"}', '{"error": ', '{"a": 1}')) expect_equal(says("a.bin", text), "")
  expect_equal(says("a.json", zip), "archive")
  expect_equal(says("a.pkl", as.raw(c(0x1f, 0x8b, 8))), "")
  expect_equal(says("a.pkl", c(zip, charToRaw("archive/data.pkl"))), "")
  expect_equal(says("a.yaml", c(raw(257), charToRaw("ustar"))), "archive")
  expect_equal(says("a.yaml", pickle), "pickle")
  expect_match(says("a.pkl", pickle), "^begins as a pickle")
  expect_equal(says("a.pkl", c(pickle, charToRaw("."))), "")
  expect_equal(told(model = "flavors: {sklearn: {pickled_model: m.pkl}}", m.pkl = raw()), "MLmodel:1:36 DIR-009")
  expect_equal(told(model = "flavors: {sklearn: {pickled_model: m}}", "m/a" = "x"), "MLmodel:1:36 DIR-009")
  expect_equal(told(requirements.txt = zip), "requirements.txt:NA:NA DIR-009")
  expect_equal(told(model = "<html></html>"), "MLmodel:NA:NA DIR-009")
})

test_that("code beside the model holds the loader module", {
  model <- c("flavors:", "  python_function:", "    loader_module: mine.loader", "    code: code", "    model_path: anything")
  expect_equal(told(model = model, "code/other.py" = ""), "MLmodel:3:20 PYF-006")
  expect_equal(told(model = model, "code/mine/loader.py" = ""), character(0))
})

example_of <- function(content, inputs, ..., type = "dataframe") {
  keys <- paste0(names(c(...)), ": ", c(...), recycle0 = TRUE)
  model <- c("flavors: {python_function: {loader_module: mlflow.sklearn}}", paste0("signature: {inputs: '", inputs, "'}"),
             paste0("saved_input_example_info: {", paste(c("artifact_path: e.json", paste("type:", type), keys), collapse = ", "), "}"))
  path <- a_folder(model = model, e.json = content)
  found <- mlmodel_validate(path)
  expect_true(all(as.data.frame(found)$severity == "warning"))
  as.character(found)
}
columns <- '[{"name": "a", "type": "long"}, {"name": "b", "type": "string", "required": false}]'
tensor <- '[{"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, 2]}}]'

test_that("an example is held against the signature, cell by cell", {
  expect_length(example_of('{"columns": ["b", "a"], "data": [["x", 1], [NaN, 2]]}', columns), 0)
  found <- example_of(c('{"columns": ["b", "a"],', ' "data": [[1, 1],', '  ["x", 1.5]]}'), columns)
  expect_match(found[1], "^e.json:3:9 warning: /data/1/1: column a, row 2: expected a whole number, got 1.5 \\(ENF-042\\) \\(EXA-003\\)")
  expect_match(found[2], "^e.json:2:12 warning: /data/0/0: column b.*EXA-003")
  expect_match(example_of('{"columns": ["b"], "data": [["x"]]}', columns), "^e.json:1:1 .*lack the column a.*EXA-003")
  expect_match(example_of('{"columns": ["a"], "data": []}', columns), "EXA-004")
  expect_match(example_of('{"columns": ["a"], "data": [[1], [1, 2]]}', columns), "differ in length.*EXA-007")
  expect_match(example_of('{"columns": ["a"]', columns), "not JSON at character 19 \\(EXA-007\\)")
  expect_match(example_of("[1]", columns, type = "parchment"), "'parchment' is not known.*EXA-007")
  expect_match(example_of('{"inputs": {"columns": ["a"], "data": [["x"]]}, "params": {}}', columns, params = "true"), "1:41 .*/inputs/data/0/0:")
  expect_match(example_of('{"inputs": {"columns": ["a"], "data": [[1]]}, "params": {"k": 1}}', columns, params = "true"), "does not declare.*k.*EXA-003")
  expect_match(example_of('{"columns": ["a"], "data": [[1]]}', columns, params = "true"), "EXA-010")
  expect_match(example_of('[{"a": 1}, {"a": "x"}]', columns, type = "json_object"), "1:1 .*row 2.*EXA-003")
  expect_match(example_of('{"columns": ["a"], "data": [[1]]} x', columns), "not JSON at character 35")
  expect_match(example_of("[[1, 2]]", columns), "have no names.*\\(ENF-011\\).*EXA-003")
  only <- '[{"name": "a", "type": "long"}]'
  expect_match(example_of("[[1, 2]]", only), "have no names.*\\(ENF-011\\).*EXA-003")
  expect_length(example_of("[1, [2]]", only, type = "json_object"), 0)
  expect_match(example_of("[[1], [1, 2]]", only, type = "json_object"), "differ in length.*EXA-007")
  expect_match(example_of("[]", columns), "EXA-007")
  expect_match(example_of('{"a": [1], "b": ["x", "y"]}', columns, type = "json_object"), "differ in length.*EXA-007")
  expect_match(example_of('{"a": [1], "b": "x"}', columns, type = "json_object"), "mixes.*EXA-007")
  expect_length(example_of('{"a": [1], "b": ["x"]}', columns, type = "json_object"), 0)
  many <- example_of(paste0('{"columns": ["b", "a"], "data": [', paste(rep('["x", "y"]', 30), collapse = ","), "]}"), columns)
  expect_length(many, 1)
})

test_that("an example that R does not take is told, and loses nothing of what else was found", {
  expect_match(example_of(paste0(strrep("[", 101), strrep("]", 101)), columns), "not held.*nested more than 100 deep.*\\(EXA-013\\)")
  expect_match(example_of(strrep("[", 100000), columns), "EXA-013")
  optional <- '[{"name": "a", "type": "double", "required": false}]'
  expect_match(example_of('[{"zzz": 1.0}]', optional), "^e.json:1:1 .*no name is one of the inputs' \\(ENF-112\\) \\(EXA-003\\)")
  for (parts in c('"indices": [1e999], "indptr": [0, 1], "shape": [1, 1]', '"indices": [0], "indptr": [0, 1e999], "shape": [1, 1]',
                  '"indices": [0], "indptr": [0, 1], "shape": [1, 1e999]', '"indices": [NaN], "indptr": [0, 1], "shape": [1, 1]',
                  '"indices": [0.0], "indptr": [0, 1], "shape": [1, 1]', '"indices": ["0"], "indptr": [0, 1], "shape": [1, 1]')) {
    told <- example_of(paste0('{"data": [1], ', parts, "}"), tensor, type = "sparse_matrix_csr")
    expect_match(told, "^e.json:1:1 .*are whole numbers \\(EXA-012\\)$", info = parts)
  }
  expect_match(example_of('{"data": [1], "indices": 0, "indptr": [0, 1], "shape": [1, 1]}', tensor, type = "sparse_matrix_csr"), "are lists.*EXA-007")
})

test_that("records of which hardly any have the same keys are no table (EXA-015)", {
  apart <- function(count) paste0("[", paste0('{"k', seq_len(count), '": 1}', collapse = ", "), "]")
  optional <- '[{"name": "k1", "type": "long", "required": false}]'
  free <- '[{"type": "any"}]'
  hardly <- "^e.json:1:1 warning: Hardly any.*\\(EXA-015\\)$"
  expect_match(example_of(apart(1001), optional), hardly)
  expect_match(example_of(apart(1001), optional, type = "json_object"), hardly)
  # A million cells, and no more.
  expect_false(any(grepl("EXA-015", example_of(apart(1000), optional))))
  # One cell of a hundred is given, and of 101.
  often <- function(count, times) paste0("[", paste(rep(sub("^.(.*).$", "\\1", apart(count)), times), collapse = ", "), "]")
  expect_false(any(grepl("EXA-015", example_of(often(100, 101), optional))))
  expect_match(example_of(often(101, 100), optional), hardly)
  # Where an object is a value there is no table.
  expect_length(example_of(apart(1001), free, type = "json_object"), 0)
  # More cells than R has integers.
  expect_match(example_of(apart(50000), optional), hardly)
})

test_that("an example of a tensor has its shape and its values", {
  expect_length(example_of("[[1, 255], [0, 2]]", tensor, type = "ndarray"), 0)
  expect_match(example_of("[[1, 2, 3]]", tensor, type = "ndarray"), "shape \\[1, 3\\] and is declared \\[-1, 2\\].*EXA-003")
  expect_match(example_of("[[1, 256]]", tensor, type = "ndarray"), "not of uint8: 256.*EXA-003")
  expect_match(example_of("[[1], [1, 2]]", tensor, type = "ndarray"), "ENF-076")
  expect_match(example_of("[]", tensor, type = "ndarray"), "EXA-004")
  expect_match(example_of(paste0(strrep("[", 40), 1, strrep("]", 40)), tensor, type = "ndarray"), "ENF-076")
  named <- '[{"type": "tensor", "name": "x", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  expect_length(example_of('{"x": [1, NaN, "Infinity"]}', named, type = "ndarray"), 0)
  expect_match(example_of('{"y": [1]}', named, type = "ndarray"), "tensor x is not given.*EXA-003")
  sparse <- function(indices, type) example_of(paste0('{"data": [1], "indices": [', indices, '], "indptr": [0, 1], "shape": [1, 2]}'), tensor, type = type)
  expect_length(sparse(1, "sparse_matrix_csr"), 0)
  expect_match(sparse(2, "sparse_matrix_csr"), "contradict each other \\(EXA-012\\)")
  expect_match(sparse(0, "sparse_matrix_csc"), "EXA-012")
})

test_that("a fault of the checker itself is told with the file, and is no word on the model", {
  model <- c("flavors: {python_function: {loader_module: a}}", "saved_input_example_info: {artifact_path: e.json, type: json_object}")
  path <- a_folder(model = model, conda.yaml = "dependencies: [python]", requirements.txt = "numpy", e.json = "{}")
  breaks <- c(check_root = "MLmodel", crate_faults = "MLmodel", check_conda = "conda.yaml", requirement_lines = "requirements.txt", json_of_example = "e.json",
              in_document_order = "MLmodel", place_in = "MLmodel")
  for (name in names(breaks)) {
    error <- expect_error(with_replaced(name, function(...) stop("subscript \033 out of bounds"), mlmodel_validate(path)), class = "mlmodel_internal", info = name)
    expect_match(conditionMessage(error), paste0("^INTERNAL_ERROR: ", breaks[[name]], " of the model in .*", basename(path), " could not be checked: subscript"), info = name)
    expect_match(conditionMessage(error), "This is a bug in mlmodel; please report it, with the file$")
    expect_false(grepl("\033", conditionMessage(error), fixed = TRUE))
    expect_equal(error$file, breaks[[name]])
  }
  endless <- function(text) endless(text)
  expect_error(with_replaced("new_reader", endless, mlmodel_validate(path)), class = "mlmodel_internal")
})

test_that("a file that may not be read is no fault of the checker", {
  path <- a_folder(conda.yaml = "dependencies: [python]")
  error <- expect_error(with_replaced("open_file", function(place) stop("cannot open file '", place, "': Permission denied"), mlmodel_validate(path)), class = "mlmodel_unreadable")
  expect_match(conditionMessage(error), "MLmodel cannot be read: Permission denied$")
  Sys.chmod(file.path(path, "conda.yaml"), "000")
  skip_if(file.access(file.path(path, "conda.yaml"), 4L) == 0L, "this user may read every file")
  expect_error(mlmodel_validate(path), "conda.yaml cannot be read: Permission denied$")
})

test_that("of many violations of one rule a hundred are listed, and one stands for the others", {
  found <- as.data.frame(mlmodel_validate(a_folder(model = c("flavors: {python_function: {loader_module: mlflow.sklearn}}", paste0("k", 1:250, ": 1")))))
  expect_equal(nrow(found), 101)
  expect_match(found$message[101], "at least 150 times more")
  specs <- paste(rep('{"type": "x"}', 103), collapse = ",")
  found <- as.data.frame(mlmodel_validate(a_folder(model = c("flavors: {a: {}}", paste0("signature: {inputs: '[", specs, "]'}")))))
  expect_equal(found$pointer[2], NA_character_)
  expect_equal(sum(found$rule == "SIG-003"), 101)
})
