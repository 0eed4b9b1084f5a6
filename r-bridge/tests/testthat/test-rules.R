on_disk <- function(text) {
  path <- tempfile("model-")
  dir.create(path)
  writeLines(text, file.path(path, "MLmodel"))
  path
}

test_that("violations have their rules and places, in order", {
  found <- mlmodel_validate(on_disk(c("flavors:", "  sklearn: {pickled_model: absent.pkl}", "  own: {}", "run_id: [1]", "run_id: a")))
  told <- as.data.frame(found)
  expect_equal(told$rule, c("DIR-003", "MLM-012", "MLM-008", "MLM-003"))
  expect_equal(told$line, c(2, 3, 4, 5))
  expect_equal(told$column, c(28, 3, 9, 1))
  expect_equal(told$severity, c("error", "warning", "error", "error"))
  expect_equal(nrow(as.data.frame(mlmodel_validate(on_disk("flavors: {python_function: {loader_module: a}}")))), 0)
  expect_output(print(found), "2:28 /flavors/sklearn/pickled_model: 'absent.pkl' is not in the model's folder")
})

test_that("bytes that are not UTF-8, or no text at all, are told with their place", {
  path <- on_disk("")
  says <- function(bytes) {
    writeBin(as.raw(bytes), file.path(path, "MLmodel"))
    as.data.frame(mlmodel_validate(path))[c("rule", "line", "column")]
  }
  expect_equal(says(c(0x61, 0x3a, 0x0a, 0xc3, 0xa9, 0xff)), data.frame(rule = "MLM-001", line = 2L, column = 2L))
  expect_equal(says(c(0x61, 0x00))$rule, "MLM-001")
})

test_that("what a tag says goes before the schema, and what has no value of it is told", {
  says <- function(...) as.data.frame(mlmodel_validate(on_disk(c("flavors: {python_function: {loader_module: a}}", ...))))$rule
  expect_equal(says("run_id: !!int 5"), "MLM-008")
  expect_equal(says("run_id: !!binary aGk="), "MLM-008")
  expect_equal(says("run_id: !!binary aGk"), "MLM-006")
  expect_equal(says("run_id: !!timestamp x"), "MLM-006")
  expect_equal(says("time_created: !!timestamp 2020-01-01"), character())
  expect_equal(says("metadata: {a: !!null x, b: 0001-01-01 00:00:00+01:00}"), character())
  expect_equal(says("metadata:", "  a: b: c"), "MLM-001")
  expect_equal(says("metadata:", "  a: - b"), "MLM-001")
  expect_equal(says("metadata:", "  a:", "  - b: c", "    d: e"), character())
})

test_that("names are all there, or none", {
  says <- function(inputs) {
    told <- as.data.frame(mlmodel_validate(on_disk(c("flavors: {python_function: {loader_module: a}}", paste0("signature: {inputs: '", inputs, "'}")))))
    paste(told$rule, told$pointer, recycle0 = TRUE)
  }
  tensor <- '{"type": "tensor", "tensor-spec": {"dtype": "int8", "shape": [1]}}'
  expect_equal(says('[{"type": "long"}, {"type": "long", "name": "a"}]'), "SIG-020 /signature/inputs/0")
  expect_equal(says(paste0('[{"type": "long", "name": "a"}, ', tensor, "]")), c("SIG-002 /signature/inputs/1", "SIG-005 /signature/inputs/1"))
  expect_equal(says(paste0("[", tensor, ", ", tensor, "]")), "SIG-005 /signature/inputs/0")
  expect_equal(says('[{"type": "long"}, {"type": "long"}]'), character())
  expect_equal(says('[{"type": "long"}] x'), "SIG-001 /signature/inputs")
})

test_that("numbers of any size in a signature are looked at without a word of R's", {
  path <- on_disk(c("flavors: {python_function: {loader_module: a}}", "signature: {inputs: '[{\"type\": \"double\", \"name\": 123456789012345678901e5}]'}"))
  expect_silent(found <- as.data.frame(mlmodel_validate(path)))
  expect_equal(found$rule, character())
})

test_that("YAML that nobody else reads is none, and what others write is read", {
  read <- function(...) {
    text <- paste0(c(...), "\n", collapse = "")
    tryCatch(mlmodel:::value_of(mlmodel:::yaml_document(text)$root), mlmodel_broken = function(e) paste(e$rule, e$place))
  }
  # A key without its colon, which the next line would be a part of.
  expect_equal(read("a: 1", "signature", "  params: 2"), "MLM-001 24")
  expect_equal(read("signature", "  params: 2"), "MLM-001 19")
  for (text in c("\t:\n  a: 1", "a:\n\tb: 1", "a: [0, |]", "a: {- }", ": 1", "a: >x\n  b", "a: &x! 1", "a: !!in\"t 5", "a: - b"))
    expect_match(read(text), "^MLM-001", info = text)
  expect_equal(read("...: 1", "--- : 2"), "MLM-001 8")
  expect_equal(read("...: 1", "...x: 2"), list("..." = 1L, "...x" = 2L))
  # A tag on the line of a key is the key's, and one further out is of another key.
  expect_equal(read("!!str 1: -.5", "b: 2"), list("1" = "-.5", b = 2L))
  expect_equal(read("a:", "!!str b: c"), list(a = NULL, b = "c"))
  expect_equal(read("a: !!map", "  b: 1"), list(a = list(b = 1L)))
  expect_equal(read("a: !<tag:yaml.org,2002:str> 5"), list(a = "5"))
  # PyYAML writes keys of more than 128 characters so.
  long <- strrep("k", 200)
  expect_equal(read(paste("?", long), ": - 1", "  - 2", "z: 1"), structure(list(list(1L, 2L), 1L), names = c(long, "z")))
  expect_equal(read("m:", "  ? a", "  ? b", "  : c"), list(m = list(a = NULL, b = "c")))
})

test_that("the lines of block scalars are joined as YAML says", {
  read <- function(...) mlmodel:::value_of(mlmodel:::yaml_document(paste0(c(...), "\n", collapse = ""))$root)$a
  expect_equal(read("a: |", "  x", "", "  y", "", "", "b: 1"), "x\n\ny\n")
  expect_equal(read("a: >", "  x", "  y", "", "  z", "    i", "  w", "b: 1"), "x y\nz\n  i\nw\n")
  expect_equal(read("a: |+", "  x", "", "b: 1"), "x\n\n")
  expect_equal(read("a: |2-", "    x", "   y"), "  x\n y")
  expect_equal(read("a: >-", "", "  x", "", "", "  y"), "\nx\n\ny")
  # The places in a text of JSON are those of its characters.
  path <- on_disk(c("flavors: {python_function: {loader_module: a}}", "signature:", "  inputs: >-", "    [{\"type\":", "", "     \"x\"}]"))
  told <- as.data.frame(mlmodel_validate(path))
  expect_equal(paste(told$rule, told$line, told$column), "SIG-003 6 6")
})

test_that("what is no entry of a mapping is not looked at as one", {
  says <- function(...) {
    told <- as.data.frame(mlmodel_validate(on_disk(c(...))))
    paste(told$rule, told$pointer)
  }
  expect_equal(says("flavors: {python_function: {loader_module: a}}", "[x]: 1"), "MLM-004 /")
  # A flavor that nobody knows is told whatever stands under it.
  expect_equal(says("flavors:", "  other:", "  python_function: {loader_module: a}"), c("MLM-012 /flavors/other", "MLM-007 /flavors/other"))
})

test_that("a signature that is none is refused, with a word on why", {
  refused <- function(signature, why) {
    error <- expect_error(mlmodel_enforce(signature, "[1]"), why, class = "mlmodel_refused")
    expect_equal(error$code, "INVALID_ARGUMENT")
  }
  column <- function(...) list(inputs = list(list(...)))
  refused(list(inputs = list(1)), "SIG-002")
  refused(list(inputs = "x"), "SIG-002")
  refused(list(list(1)), "SIG-001")
  refused(column(type = "long", name = FALSE), "SIG-012")
  refused(column(type = "long", name = list(1)), "SIG-012")
  refused(column(type = "long", name = 1.5), "SIG-012")
  refused(column(type = "long", required = "yes"), "SIG-003")
  refused(column(type = list("long")), "SIG-003")
  refused(column(type = "object"), "SIG-007")
  refused(column(type = "array"), "SIG-003")
  refused(column(type = "tensor", "tensor-spec" = list(dtype = "int8", shape = list("x"))), "SIG-006")
  refused(column(type = "tensor", "tensor-spec" = 1), "SIG-006")
  refused(list(params = list(list(type = "long"))), "SIG-008")
  refused(list(params = rep(list(list(name = "k", type = "long", default = 1)), 2)), "SIG-008")
  # R writes 100000 as 1e+05.
  expect_identical(names(mlmodel_enforce(column(type = "long", name = 100000), '{"100000": [1]}')), "100000")
})

test_that("what plain data stand for is told by the signature (ENF-010, ENF-015)", {
  one <- function(type, ...) list(inputs = list(list(type = type, ...)))
  two <- list(inputs = list(list(type = "long"), list(type = "long")))
  named <- list(inputs = list(list(type = "long", name = "a"), list(type = "long", name = "b")))
  rules <- function(signature, data) tryCatch({
    mlmodel_enforce(signature, data)
    "taken"
  }, mlmodel_refused = function(e) vapply(e$details, function(one) one$rule, ""))
  expect_equal(rules(one("long", name = "a"), "[1, [1]]"), "ENF-010")
  expect_equal(rules(one("any"), '[{"a": 1}, [1]]'), "ENF-010")
  expect_equal(rules(one("long", name = "a"), '[{"a": 1}, 2]'), "ENF-010")
  expect_equal(rules(two, "[[1, 2], [1, 2, 3]]"), "ENF-010")
  expect_equal(rules(two, "[[1], [2]]"), "ENF-009")
  expect_equal(rules(two, "[1, 2]"), "ENF-010")
  expect_equal(rules(named, "[1, 2]"), "ENF-011")
  expect_equal(rules(named, "[[1, 2]]"), "ENF-011")
  expect_equal(rules(one("long", name = "a"), "[[1, 2]]"), "ENF-011")
  expect_equal(rules(two, '{"x": [1], "y": [2]}'), "taken")
  expect_identical(mlmodel_enforce(two, '{"1": [1], "0": [2]}')[["0"]], 2)
  expect_equal(rules(list(inputs = list(list(type = "long"), list(type = "long", name = "b"))), '{"x": [1], "c": [2]}'), "ENF-013")
  expect_error(mlmodel:::enforce_json(mlmodel:::read_specs(one("string", name = "a"))$inputs, NULL), "ENF-010")
})

test_that("what JSON holds has the types of its values, or is refused", {
  of <- function(text) mlmodel:::write_json(mlmodel:::infer_specs(mlmodel:::read_json(text)))
  expect_equal(of('{"a": [1, ""], "b": [3]}'),
               '[{"type":"array","items":{"type":"any"},"name":"a","required":true},{"type":"array","items":{"type":"long"},"name":"b","required":true}]')
  expect_equal(of('[{"a": []}]'), '[{"type":"any","name":"a","required":true}]')
  for (text in c("[9223372036854775808]", '{"a": [[1]], "b": [9223372036854775808]}', '[{"a": 1}, null]', "[1, [1]]", "null"))
    expect_error(of(text), class = "mlmodel_refused", info = text)
})

test_that("a link that leads out of the folder is told", {
  path <- on_disk("flavors: {crate: {}}")
  outside <- tempfile()
  writeLines("", outside)
  file.symlink(outside, file.path(path, "crate.bin"))
  expect_match(mlmodel_validate(path), "leads out.*DIR-004")
})

spec <- function(type, ...) list(inputs = list(list(type = type, name = "a", ...)))

test_that("cells are read at the declared type, or refused with row, value and rule", {
  expect_identical(mlmodel_enforce(spec("integer"), '[{"a": 5}]')$a, 5L)
  expect_identical(mlmodel_enforce(spec("integer", required = FALSE), '[{"a": 5}, {}]')$a, c(5L, NA))
  expect_identical(mlmodel_enforce(spec("long"), '{"a": [9007199254740992]}')$a, 2^53)
  expect_identical(mlmodel_enforce(spec("double"), '[{"a": 0.1}, {"a": null}]')$a, c(0.1, NaN))
  expect_identical(mlmodel_enforce(spec("string"), '[{"a": "\\u00e9"}, {"a": null}]')$a, c("\u00e9", NA))
  expect_equal(mlmodel_enforce(spec("datetime"), '[{"a": "2020-01-01T01:00+01:00"}]')$a, as.POSIXct("2020-01-01", tz = "UTC"))
  expect_identical(mlmodel_enforce(spec("binary"), '[{"a": "AQI="}]')$a[[1]], as.raw(1:2))
  expect_error(mlmodel_enforce(spec("integer"), '[{"a": 1}, {"a": 1.0}]'), "column a, row 2: expected a whole number, got 1.0 \\(ENF-042\\)")
  expect_error(mlmodel_enforce(spec("long"), '[{"a": 9223372036854775808}]'), "ENF-043")
  expect_error(mlmodel_enforce(spec("double"), '[{"a": 9007199254740993}]'), "ENF-045")
  expect_error(mlmodel_enforce(spec("long"), '[{"a": 9007199254740993}]'), "row 1: 9007199254740993 is beyond 2\\^53.*CRA-009")
  expect_error(mlmodel_enforce(spec("string"), '[{"a": "\\u0000"}]'), "no texts with NUL")
})

test_that("data frames are held against signatures, too", {
  data <- data.frame(b = c("x", NA), a = c(1, 2), other = 1)
  signature <- list(inputs = list(list(type = "integer", name = "a"), list(type = "string", name = "b")))
  expect_identical(mlmodel_enforce(signature, data), data.frame(a = 1:2, b = c("x", NA)))
  error <- expect_error(mlmodel_enforce(signature, data.frame(a = c(1, 1.5), b = c(1, 2))), class = "mlmodel_refused")
  expect_equal(error$code, "INVALID_INPUT")
  expect_equal(lapply(error$details, function(one) one[c("rule", "column", "row")]), list(
    list(rule = "ENF-042", column = "a", row = 1L), list(rule = "ENF-050", column = "b", row = 0L)
  ))
  expect_error(mlmodel_enforce(signature, data.frame(b = "x")), "the data lack the column a \\(ENF-004\\)")
  expect_error(mlmodel_enforce(signature, data.frame(a = I(list(quote(x))), b = "x")), "no form in JSON")
})

test_that("a column of lists of which none is there is a column", {
  signature <- list(inputs = list(list(type = "array", items = list(type = "long"), name = "a", required = FALSE)))
  expect_equal(nrow(mlmodel_enforce(signature, data.frame(a = I(list(NULL, NULL))))), 2)
})

test_that("a signature that is made from data takes the data", {
  data <- data.frame(
    i = c(1L, NA), d = c(0.5, NA), s = c("x", NA), t = c(TRUE, NA), f = factor(c("u", "v")), day = as.Date(c("2020-01-01", NA))
  )
  signature <- mlmodel_infer(data)
  expect_equal(vapply(signature$inputs, function(one) one$type, ""), c("integer", "double", "string", "boolean", "string", "datetime"))
  back <- mlmodel_enforce(signature, data)
  expect_identical(back$i, data$i)
  expect_identical(back$t, data$t)
  expect_identical(back$f, data$f)
  expect_equal(back$day, data$day)
  path <- tempfile()
  mlmodel_save_crate(function(x) x, path, signature = signature)
  expect_length(mlmodel_validate(path), 0)
  expect_identical(mlmodel_enforce(path, data), back)
  expect_equal(nrow(mlmodel_compare(path, signature)), 0)
})

# Columns that a signature alone does not tell from texts and moments of UTC.
told_apart <- function() data.frame(
  day = as.Date(c("2020-01-01", NA)), `1e3` = factor(c("y", "1e3"), c("1e3", "yes", "y")), `a: "b"` = factor(c("\u00e9", "#\u0085x")),
  size = factor(c("lo", "hi"), c("lo", "hi"), ordered = TRUE), at = as.POSIXct(c("2020-01-01 10:00:00", NA), tz = "Asia/Tokyo"),
  check.names = FALSE
)

test_that("days, levels and zones are recorded and delivered (ENF-092, ENF-094, ENF-095, ENF-097)", {
  data <- told_apart()
  path <- tempfile()
  expect_warning(mlmodel_save_crate(function(x) x, path, signature = mlmodel_infer(data)), "times of a zone in at and days in day.*ENF-097")
  expect_length(mlmodel_validate(path), 0)
  for (model in list(path, mlmodel_read(path), mlmodel_load(path, trust = TRUE), mlmodel_infer(data))) {
    expect_identical(mlmodel_enforce(model, data), data)
    expect_identical(mlmodel_enforce(model, data[0, ]), data[0, ])
  }
  new <- mlmodel_enforce(path, '{"day": ["2020-02-02"], "1e3": ["new"], "a: \\"b\\"": ["#\\u0085x"], "size": ["hi"], "at": ["2020-01-01T00:00:00Z"]}')
  expect_identical(new$day, as.Date("2020-02-02"))
  expect_identical(levels(new[["1e3"]]), c("1e3", "yes", "y", "new"))
  expect_identical(as.integer(new[[3L]]), 1L)
  expect_true(new$size > "lo")
  expect_identical(format(new$at, "%H"), "09")
  data$day <- as.POSIXct(c("2020-01-01 00:00:00", "2020-01-01 10:00:00"), tz = "UTC")
  expect_error(mlmodel_enforce(path, data), "column day, row 2: expected a day.*ENF-094")
})

test_that("a vector has its record, and what is missing is no level (ENF-097)", {
  for (data in list(factor(c("a", "b")), as.Date("2020-01-01"))) {
    signature <- mlmodel_infer(data)
    expect_identical(names(signature$delivery$columns), "0")
    expect_identical(mlmodel_enforce(signature, data)[[1L]], data)
  }
  signature <- mlmodel_infer(data.frame(f = addNA(factor(c("a", NA)))))
  expect_identical(signature$delivery$columns$f$categories, list("a"))
})

test_that("times without a zone are of the session's (ENF-097)", {
  before <- Sys.getenv("TZ", NA)
  on.exit(if (is.na(before)) Sys.unsetenv("TZ") else Sys.setenv(TZ = before))
  Sys.unsetenv("TZ")
  Sys.timezone() # which R remembers
  recorded <- function(zone) {
    Sys.setenv(TZ = zone)
    mlmodel_infer(data.frame(at = as.POSIXct("2020-01-01 10:00:00")))$delivery
  }
  expect_null(recorded("UTC"))
  expect_identical(recorded("Europe/Berlin"), list(columns = list(at = list(zone = "Europe/Berlin"))))
  expect_warning(expect_null(recorded("<+0530>-5:30")), "the times in at, <\\+0530>-5:30, is none that others know.*ENF-097")
})

test_that("more levels than a record holds are left out, and said so (ENF-097)", {
  data <- data.frame(few = factor(rep("a", 20001)), many = factor(seq_len(20001)))
  for (columns in list(c("few", "many"), c("many", "few"))) {
    expect_warning(signature <- mlmodel_infer(data[columns]), "levels of many are too many.*ENF-097")
    expect_identical(signature$delivery, list(columns = list(few = list(dtype = "category", categories = list("a")))))
  }
})

test_that("levels are numbers where they are recorded so (ENF-095)", {
  of <- function(type, categories) {
    spec <- list(type = type, name = "c", required = FALSE)
    list(inputs = list(spec), delivery = list(columns = list(c = list(dtype = "category", categories = categories))))
  }
  expect_identical(mlmodel_enforce(of("double", list(0.5, 2L)), '[{"c": 2}, {"c": null}, {"c": 0.5}]')$c, factor(c("2", NA, "0.5"), c("0.5", "2")))
  expect_identical(levels(mlmodel_enforce(of("long", list(100000L)), '[{"c": 100000}]')$c), "100000")
  expect_identical(levels(mlmodel_enforce(of("string", list("a", "a")), '[{"c": "b"}]')$c), c("a", "b"))
})

test_that("a record that is broken, fits no column, or has a zone that is not known, is refused (ENF-091, ENF-092)", {
  with_record <- function(type, ...) list(inputs = list(list(type = type, name = "a")), delivery = list(columns = list(a = list(...))))
  ask <- function(signature) mlmodel_enforce(signature, '[{"a": "2020-01-01"}]')
  expect_error(ask(with_record("string", dtype = "date")), "the column a does not fit its declared type, string \\(ENF-091")
  expect_error(ask(with_record("string", dtype = "dat")), "dtype of the column a is not known \\(ENF-091")
  expect_error(ask(with_record("string", dtype = "category")), "the column a has no categories \\(ENF-091")
  expect_error(ask(with_record("datetime", zone = 5)), "zone of the column a is no text \\(ENF-091")
  expect_error(mlmodel_enforce(with_record("datetime", zone = "Mars/Olympus"), "[1]"), "Mars/Olympus in the column a.*ENF-092")
  of_one <- with_record("string", dtype = "object")
  expect_error(ask(replace(of_one, "delivery", list(list(columns = 1)))), "columns are no mapping \\(ENF-091")
  expect_error(ask(replace(of_one, "delivery", list(list(columns = list(a = 1))))), "column a is no mapping \\(ENF-091")
  expect_error(ask(replace(of_one, "delivery", list(list(form = "frame")))), "form is list or series \\(ENF-091")
  expect_identical(format(ask(with_record("datetime", zone = "+09:00"))$a, "%H"), "09")
  expect_error(ask(with_record("datetime", zone = "+09:30")), "ENF-092")
  of_one$delivery$form <- "series"
  expect_identical(ask(of_one), "2020-01-01")
  tensors <- list(inputs = list(list(type = "tensor", `tensor-spec` = list(dtype = "int64", shape = list(-1)))), delivery = of_one$delivery)
  expect_error(ask(tensors), "the signature has tensors")
})

test_that("a loaded model gets recorded columns as where it is served", {
  data <- told_apart()[1L, ]
  path <- tempfile()
  say <- function(x) paste(x$day, as.integer(x$size), x$size > "lo", format(x$at, "%H"))
  suppressWarnings(mlmodel_save_crate(say, path, signature = mlmodel_infer(data)))
  loaded <- mlmodel_load(path, trust = TRUE)
  other <- data
  other$day <- as.character(data$day)
  other$size <- as.character(data$size)
  attr(other$at, "tzone") <- "UTC"
  unordered <- data
  unordered$size <- factor(data$size, levels(data$size), ordered = FALSE)
  for (given in list(data, other, unordered)) expect_identical(mlmodel_predict(loaded, given), say(data))
  other$day <- as.POSIXct("2020-01-01 10:00", tz = "UTC")
  expect_error(mlmodel_predict(loaded, other), "ENF-094")
  writeLines(sub('"date"', '"dat"', readLines(file.path(path, "MLmodel"))), file.path(path, "MLmodel"))
  expect_error(mlmodel_load(path, trust = TRUE), "ENF-091")
})

test_that("a day with a part of one is refused (CRA-009)", {
  for (f in list(mlmodel_infer, function(data) mlmodel_enforce(list(inputs = list(list(type = "datetime", name = "d"))), data)))
    expect_error(f(data.frame(d = structure(c(1, 1.5), class = "Date"))), "Column d, row 2: the day has a part of one \\(1.5")
})

test_that("what a change breaks is told", {
  told <- mlmodel_compare(spec("double"), spec("integer"))
  expect_equal(told, data.frame(part = "inputs", name = "a", change = "type", breaks = "typed, untyped", rule = "SIG-054"))
})
