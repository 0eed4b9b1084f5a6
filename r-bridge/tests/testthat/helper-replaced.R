# A function of the package replaced by another one for as long as the code runs.
with_replaced <- function(name, value, code) {
  package <- asNamespace("mlmodel")
  own <- get(name, package)
  replace <- function(by) {
    unlockBinding(name, package)
    assign(name, by, package)
    lockBinding(name, package)
  }
  on.exit(replace(own))
  replace(value)
  code
}
