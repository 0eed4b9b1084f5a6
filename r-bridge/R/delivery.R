# The record of delivery: what a model gets of its columns that no signature can say (ENF-091 to ENF-097).

# Levels of all columns that a record holds (ENF-097).
most_categories <- 20000L
delivered_as <- c("boolean", "category", "date", "object", "string")
utc_names <- c("UTC", "GMT", "Etc/UTC", "Etc/GMT", "Etc/UCT", "UCT", "Etc/Zulu", "Zulu", "Etc/Universal", "Universal")

# The record of data; NULL where there is nothing to record. A vector is the one column, at the position 0.
delivery_found <- function(data) {
  if (!is.data.frame(data)) {
    if (is_json_text(data) || is.matrix(data)) return(NULL)
    data <- list("0" = data)
  }
  columns <- lapply(seq_along(data), function(i) recorded_column(data[[i]], names(data)[i]))
  names(columns) <- names(data)
  left <- most_categories
  too_many <- character()
  for (name in names(columns)) {
    count <- length(columns[[name]]$categories)
    if (count > left) {
      too_many <- c(too_many, name)
      columns[[name]] <- NULL
    } else left <- left - count
  }
  if (length(too_many))
    warning("The levels of ", paste(too_many, collapse = ", "), " are too many to be recorded (", most_categories,
            " in all columns), so the model gets texts there when it is served (ENF-097)", call. = FALSE)
  columns <- columns[lengths(columns) > 0L]
  if (length(columns)) list(columns = columns)
}

# Levels, days, and the zone that times are shown in. What is missing is no level.
recorded_column <- function(column, name) {
  column <- without_as_is(column)
  if (is.factor(column)) {
    known <- levels(column)[!is.na(levels(column))]
    return(c(list(dtype = "category", categories = as.list(known)), if (is.ordered(column)) list(ordered = TRUE)))
  }
  if (inherits(column, "Date")) {
    whole_days(column, name)
    return(list(dtype = "date"))
  }
  if (!inherits(column, "POSIXt")) return(NULL)
  zone <- zone_shown(column)
  if (zone %in% utc_names) return(NULL) # as times without a record are
  if (zone %in% OlsonNames()) return(list(zone = zone))
  warning("The zone of the times in ", name, ", ", shown(zone), ", is none that others know by its name; the model gets them in UTC when it is ",
          "served (ENF-097)", call. = FALSE)
  NULL
}

# Times without a zone are shown in that of the session, which R remembers from before TZ was set.
zone_shown <- function(times) {
  zone <- attr(as.POSIXct(times), "tzone")[1L]
  if (is.null(zone) || !nzchar(zone)) zone <- Sys.getenv("TZ")
  if (!nzchar(zone)) zone <- Sys.timezone()
  if (is.na(zone)) "unknown" else zone
}

# What other readers hand over otherwise.
warn_of_delivery <- function(columns) {
  zoned <- names(columns)[vapply(columns, function(one) !is.null(at_key(one, "zone")), NA)]
  days <- names(columns)[vapply(columns, function(one) identical(at_key(one, "dtype"), "date"), NA)]
  what <- c(if (length(zoned)) paste("times of a zone in", paste(zoned, collapse = ", ")), if (length(days)) paste("days in", paste(days, collapse = ", ")))
  if (length(what))
    warning("The model gets ", paste(what, collapse = " and "), ". That is recorded, and mlmodel hands them over so; MLflow hands over times of ",
            "UTC, and the model may answer otherwise there (ENF-097)", call. = FALSE)
}

# The record as JSON, which is YAML too: no name and no level is read as something else than the text that it is.
delivery_text <- function(delivery) {
  points <- utf8ToInt(write_json(delivery))
  # YAML does not have these in a file, or ends a line with them.
  is_odd <- (points >= 127L & points < 160L) | points %in% c(0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff)
  texts <- intToUtf8(points, multiple = TRUE)
  texts[is_odd] <- sprintf("\\u%04x", points[is_odd])
  paste(texts, collapse = "")
}

# The record of a model, or of what mlmodel_infer returns, held against its inputs.
delivery_of <- function(model, specs) {
  if (is_tensor_spec(specs[[1L]])) return(list())
  record <- if (inherits(model, "mlmodel_file")) at_key(at_key(model, "metadata"), "mlmodel") else at_key(model, "delivery")
  if (!is_mapping(record)) record <- list() # of whoever else keeps something there
  form <- at_key(record, "form")
  if (!is.null(form) && !form %in% c("list", "series")) broken_record("form is list or series")
  columns <- at_key(record, "columns")
  if (!is.null(columns) && !is_mapping(columns)) broken_record("columns are no mapping")
  names <- column_names(specs)
  for (i in which(names %in% names(columns))) require_record(at_key(columns, names[i]), names[i], specs[[i]]$type$kind)
  list(columns = columns, form = form)
}

broken_record <- function(why) invalid_signature(paste0("the record of delivery (metadata, mlmodel) is broken: ", why, " (ENF-091)"))

require_record <- function(kept, name, type) {
  if (!is_mapping(kept)) broken_record(paste0("what is recorded of the column ", name, " is no mapping"))
  dtype <- at_key(kept, "dtype")
  zone <- at_key(kept, "zone")
  if (!is.null(dtype) && !(is_one_text(dtype) && dtype %in% delivered_as)) broken_record(paste0("the dtype of the column ", name, " is not known"))
  if (identical(dtype, "category") && is.null(at_key(kept, "categories"))) broken_record(paste0("the column ", name, " has no categories"))
  if (!is.null(zone) && !is_one_text(zone)) broken_record(paste0("the zone of the column ", name, " is no text"))
  if (!fits_record(zone, dtype, type)) broken_record(paste0("what is recorded of the column ", name, " does not fit its declared type, ", type))
  if (!is.null(zone)) known_zone(zone, name)
}

# A zone and `date` fit a datetime, the dtypes `boolean` and `string` the types of these names, all else any scalar type.
fits_record <- function(zone, dtype, type) {
  if (!type %in% scalar_types) return(FALSE)
  if (!is.null(zone)) return(type == "datetime" && is.null(dtype))
  if (identical(dtype, "date")) return(type == "datetime")
  is.null(dtype) || !dtype %in% c("boolean", "string") || dtype == type
}

# A zone as R calls it. Offsets are zones that R has by whole hours, whose names have the sign the other way round.
known_zone <- function(zone, name) {
  hours <- if (grepl("^[+-][0-9]{2}:00$", zone)) as.integer(substr(zone, 1L, 3L))
  known <- if (is.null(hours)) zone else sprintf("Etc/GMT%+d", -hours)
  if (known %in% OlsonNames()) return(known)
  invalid_signature(paste0("the model was made for times of the zone ", shown(zone), " in the column ", name, ", which R does not know here (ENF-092)"))
}

# A column of R as the record has it. R has one form for what pandas calls object, boolean and string.
delivered <- function(values, kept, name) {
  zone <- at_key(kept, "zone")
  if (!is.null(zone)) {
    attr(values, "tzone") <- known_zone(zone, name)
    return(values)
  }
  switch(c(at_key(kept, "dtype"), "")[1L], date = as.Date(values), category = as_levels(values, kept), values)
}

# The recorded columns of a data frame, as the function gets them where it is served.
delivered_frame <- function(file, data) {
  if (!is.data.frame(data) || is.null(at_key(at_key(file, "metadata"), "mlmodel"))) return(data)
  specs <- specs_of(file)$inputs
  if (is.null(specs)) return(data)
  kept <- delivery_of(file, specs)
  kept <- kept$columns
  names <- column_names(specs)
  for (i in which(names %in% intersect(names(kept), names(data)))) {
    given <- data[[names[i]]]
    if (is_as_recorded(given, at_key(kept, names[i]))) next
    read <- structure(json_object(list(json_cells(given, names[i])), names[i]), class = c("json_table", "json_object"))
    column <- enforce_json(specs[i], read, kept[names[i]])[[1L]]
    data[[names[i]]] <- delivered(r_column(column, specs[[i]]), at_key(kept, names[i]), names[i])
  }
  data
}

is_as_recorded <- function(column, kept) {
  if (!is.null(at_key(kept, "zone"))) return(inherits(column, "POSIXct") && identical(attr(column, "tzone")[1L], at_key(kept, "zone")))
  switch(c(at_key(kept, "dtype"), "")[1L],
    date = inherits(column, "Date"),
    category = is.factor(column) && is.ordered(column) == isTRUE(at_key(kept, "ordered")) && identical(levels(column), vapply(at_key(kept, "categories"), level_texts, "")),
    TRUE
  )
}

# What is none of the levels stands behind them (ENF-095).
as_levels <- function(values, kept) {
  known <- unique(vapply(at_key(kept, "categories"), level_texts, ""))
  texts <- level_texts(values)
  factor(texts, c(known, setdiff(texts[!is.na(texts)], known)), ordered = isTRUE(at_key(kept, "ordered")))
}

level_texts <- function(values) {
  texts <- rep(NA_character_, length(values))
  is_there <- !is.na(values)
  texts[is_there] <- if (is.numeric(values)) number_texts(values[is_there]) else as.character(values[is_there])
  texts
}
