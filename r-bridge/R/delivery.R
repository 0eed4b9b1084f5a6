# The record of delivery: what a model gets of its columns that no signature can say (ENF-091 to ENF-097).

# Levels of all columns that a record holds (ENF-097).
most_categories <- 20000L

# The record of a data frame; NULL where there is nothing to record.
delivery_found <- function(data) {
  if (!is.data.frame(data)) return(NULL)
  columns <- lapply(data, recorded_column)
  counts <- vapply(columns, function(one) length(one$categories), 1L)
  left_out <- cumsum(counts) > most_categories & counts > 0L
  if (any(left_out))
    warning("The levels of ", paste(names(data)[left_out], collapse = ", "), " are too many to be recorded (more than ", most_categories,
            " in all), so the model gets texts there when it is served (ENF-097)", call. = FALSE)
  columns <- columns[!left_out & lengths(columns) > 0L]
  if (length(columns)) list(columns = columns)
}

# Levels, days, and the zone that times are shown in, which is the session's where they have none.
recorded_column <- function(column) {
  column <- without_as_is(column)
  if (is.factor(column)) return(c(list(dtype = "category", categories = as.list(levels(column))), if (is.ordered(column)) list(ordered = TRUE)))
  if (inherits(column, "Date")) return(list(dtype = "date"))
  if (!inherits(column, "POSIXt")) return(NULL)
  zone <- attr(as.POSIXct(column), "tzone")[1L]
  if (is.null(zone) || !nzchar(zone)) zone <- Sys.timezone()
  # Times without a record are of UTC.
  if (!is.na(zone) && zone %in% OlsonNames() && !zone %in% utc_names) list(zone = zone)
}

utc_names <- c("UTC", "GMT", "Etc/UTC", "Etc/GMT", "Etc/UCT", "UCT", "Etc/Zulu", "Zulu", "Etc/Universal", "Universal")

# The record of a model or of what mlmodel_infer returns; it is to be a mapping of columns, each of which fits its type.
delivery_of <- function(model, specs) {
  if (is.character(model)) model <- mlmodel_read(model)
  if (inherits(model, "mlmodel_loaded")) model <- model$file
  record <- if (inherits(model, "mlmodel_file")) at_key(mapping_at(model, "metadata"), "mlmodel") else at_key(model, "delivery")
  columns <- mapping_at(record, "columns")
  names <- column_names(specs)
  for (i in seq_along(specs)) {
    kept <- mapping_at(columns, names[i])
    if (length(kept) && !fits_record(at_key(kept, "zone"), at_key(kept, "dtype"), specs[[i]]$type$kind))
      invalid_signature(paste0("what is recorded of the column ", names[i], " does not fit its declared type, ", specs[[i]]$type$kind, " (ENF-091)"))
  }
  list(columns = columns, form = at_key(record, "form"))
}

# What a mapping has at a key, which is a mapping; an empty one where there is none.
mapping_at <- function(mapping, key) {
  value <- at_key(mapping, key)
  if (is.null(value)) return(list())
  if (!is_mapping(value)) invalid_signature(paste("what is recorded as", key, "is no mapping (ENF-091)"))
  value
}

# A zone and `date` fit a datetime, the dtypes `boolean` and `string` the types of these names, all else any scalar type.
fits_record <- function(zone, dtype, type) {
  if (!type %in% scalar_types) return(FALSE)
  if (!is.null(zone)) return(type == "datetime" && is.null(dtype))
  if (identical(dtype, "date")) return(type == "datetime")
  is.null(dtype) || !dtype %in% c("boolean", "string") || dtype == type
}

# A column of R as the record has it. R has one form for what pandas calls object, boolean and string.
delivered <- function(values, record, name) {
  zone <- at_key(record, "zone")
  if (!is.null(zone)) return(in_zone(values, zone, name))
  switch(c(at_key(record, "dtype"), "")[1L], date = as.Date(values), category = as_levels(values, record), values)
}

# An offset is one of the zones that R has by whole hours; the signs of their names are the other way round.
in_zone <- function(values, zone, name) {
  hours <- if (grepl("^[+-][0-9]{2}:00$", zone)) as.integer(substr(zone, 1L, 3L))
  known <- if (is.null(hours)) zone else sprintf("Etc/GMT%+d", -hours)
  if (!known %in% OlsonNames())
    invalid_signature(paste0("the model was made for times of the zone ", shown(zone, 60L), " in the column ", name, ", which R does not know here (ENF-092)"))
  attr(values, "tzone") <- known
  values
}

# What is none of the levels stands behind them (ENF-095).
as_levels <- function(values, record) {
  levels <- as.character(unlist(at_key(record, "categories")))
  texts <- as.character(values)
  factor(texts, c(levels, setdiff(texts[!is.na(texts)], levels)), ordered = isTRUE(at_key(record, "ordered")))
}
