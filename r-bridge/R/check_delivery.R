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
    if (is.null(kept) || kept$kind != "mapping" || is.null(type) || type == "tensor" || fits_record(kept, type)) next
    add(ck, "ENF-091", child("/metadata/mlmodel/columns", key), kept$place, paste("does not fit the declared type,", shown(type)))
  }
}

# A zone and `date` fit a datetime, the dtypes `boolean` and `string` the types of these names, all else any scalar type.
fits_record <- function(record, type) {
  said <- function(key) {
    node <- entry_of(record, key)[[2L]]
    if (!is.null(node) && form_of(node) != "null") node$value
  }
  dtype <- said("dtype")
  if (!type %in% scalar_types) return(FALSE)
  if (!is.null(said("zone"))) return(type == "datetime" && is.null(dtype))
  if (identical(dtype, "date")) return(type == "datetime")
  is.null(dtype) || !dtype %in% c("boolean", "string") || dtype == type
}
