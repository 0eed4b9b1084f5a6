# The record of delivery, held against the inputs that the signature declares (ENF-091).

check_delivery <- function(ck, root) {
  record <- entry_of(entry_of(root, "metadata")[[2L]], "mlmodel")[[2L]]
  columns <- entry_of(record, "columns")[[2L]]
  is_broken <- any(vapply(ck$found, function(one) startsWith(paste0(one$pointer, ""), "/metadata/mlmodel"), NA))
  if (is.null(columns) || is.null(ck$inputs) || is_broken) return()
  for (i in seq_along(ck$inputs$items)) {
    spec <- ck$inputs$items[[i]]
    name <- entry_of(spec, "name")[[2L]]
    key <- if (is.null(name) || form_of(name) == "null") as.character(i - 1L) else name$value
    kept <- entry_of(columns, key)[[2L]]
    type <- entry_of(spec, "type")[[2L]]$value
    if (is.null(kept) || kept$kind != "mapping" || is.null(type) || type == "tensor" || fits_node(kept, type)) next
    add(ck, "ENF-091", child("/metadata/mlmodel/columns", key), kept$place, paste("does not fit the declared type,", shown(type)))
  }
}

fits_node <- function(record, type) {
  said <- function(key) {
    node <- entry_of(record, key)[[2L]]
    if (!is.null(node) && form_of(node) != "null") node$value
  }
  fits_record(said("zone"), said("dtype"), type)
}
