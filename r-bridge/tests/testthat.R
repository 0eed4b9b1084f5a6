library(testthat)
library(mlmodel)

test_check("mlmodel")
