# What goes over is what was given, or an error (CRA-009).

test_that("times go over by the nearest microsecond", {
  texts <- function(seconds) mlmodel:::plain_column(as.POSIXct(seconds, origin = "1970-01-01", tz = "UTC"), "t")
  expect_identical(
    texts(c(1704067200.1, 1704067200.123457, NA, -0.25, 1704067199.9999999, -0.0000001)),
    c("2024-01-01T00:00:00.100000", "2024-01-01T00:00:00.123457", NA, "1969-12-31T23:59:59.750000", "2024-01-01T00:00:00.000000", "1970-01-01T00:00:00.000000")
  )
  expect_identical(texts(numeric()), character())
  expect_error(texts(c(0, 1e10 + 0.5)), "Column t, row 2: .*CRA-009")
  expect_error(texts(Inf), "infinite times")
})

test_that("parameters have all digits and the forms of cells", {
  given <- function(...) sub('.*"params":', "", mlmodel:::body_of(data.frame(a = 1), list(...)))
  expect_equal(given(q = 0.1 + 0.2, n = NULL, s = I("x")), '{"q":0.30000000000000004,"n":null,"s":["x"]}}')
  expect_equal(given(m = matrix(1:4, 2), l = list(1, "a"), k = list(u = TRUE)), '{"m":[[1,3],[2,4]],"l":[1,"a"],"k":{"u":true}}}')
  expect_error(given(1), "given by name")
  expect_error(given(a = 1, a = 2), "parameters have the name a twice")
  expect_error(given(d = as.difftime(1, units = "mins")), "Column d is of the class difftime")
})

test_that("what a signature shows has the digits of the file", {
  path <- tempfile()
  dir.create(path)
  params <- '[{"name": "p", "type": "double", "default": 0.123456789}, {"name": "q", "type": "long", "default": 9007199254740993}]'
  writeLines(c("flavors: {a: {}}", paste0("signature: {params: '", params, "'}")), file.path(path, "MLmodel"))
  expect_equal(mlmodel_signature(path)$params$default, c("0.123456789", "9007199254740993"))
})

test_that("numbers of a class that means others are refused, wherever they go", {
  odd <- list(integer64 = structure(c(4.94e-324, 9.88e-324), class = "integer64"), difftime = as.difftime(1:2, units = "mins"))
  for (name in names(odd)) {
    data <- data.frame(a = 1:2)
    for (column in list(odd[[name]], I(odd[[name]]))) {
      data$a <- column
      expect_error(mlmodel:::number_matrix(data), paste("column a is of the class", name))
      expect_error(mlmodel_infer(data), paste("column a is of the class", name, "\\(SIG-014\\)"))
      expect_error(mlmodel:::body_of(data), paste("Column a is of the class", name))
    }
    expect_error(mlmodel:::number_matrix(odd[[name]]), paste("is given is of the class", name))
  }
  data$a <- matrix(1:4, 2)
  expect_error(mlmodel:::body_of(data), "Column a is of the class matrix")
  expect_equal(mlmodel:::number_matrix(data.frame(a = I(1:2), b = c(TRUE, NA))), cbind(a = 1:2, b = c(1L, NA)))
})

test_that("a float is the nearest to all digits of a literal (ENF-046)", {
  float <- mlmodel:::float_of
  halfway <- "1.000000059604644775390625"
  expect_identical(float(halfway), 1)
  expect_identical(float(paste0(halfway, "01")), 1 + 2^-23)
  expect_identical(float(paste0("-", halfway, "01e0")), -1 - 2^-23)
  expect_identical(float("1.000000178813934326171874"), 1 + 2^-23)
  expect_identical(float("16777217.00000000000001"), 16777218)
  expect_identical(float("7.006492321624085354619e-46"), 2^-149)
  greatest <- "340282356779733661637539395458142568447"
  expect_identical(c(float(greatest), float(paste0(greatest, ".9")), float("3.5e38"), float("1e39"), float("1e400")), c(rep((2 - 2^-23) * 2^127, 2), rep(Inf, 3)))
})
