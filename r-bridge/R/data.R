# Data of R as cells of JSON, and columns of enforced cells as data of R.

mlmodel_enforce <- function(model, data) {
  model <- read_or_given(model)
  specs <- specs_of(model)$inputs
  if (is.null(specs)) return(data)
  kept <- delivery_of(model, specs)
  columns <- enforce_json(specs, as_json_data(data), kept$columns)
  names <- column_names(specs)
  values <- lapply(seq_along(columns), function(i) delivered(r_column(columns[[i]], specs[[i]]), at_key(kept$columns, names[i]), names[i]))
  if (!is.null(kept$form)) return(values[[1L]])
  names(values) <- names
  structure(values, class = "data.frame", row.names = c(NA_integer_, -length(columns[[1L]]$values)))
}

read_or_given <- function(model) {
  if (inherits(model, "mlmodel_loaded")) model$file
  else if (is.character(model)) mlmodel_read(model)
  else model
}

# The specs of a model's path, of what mlmodel_read and mlmodel_load return, or of a signature's lists.
specs_of <- function(model) {
  model <- read_or_given(model)
  if (!inherits(model, "mlmodel_file")) return(read_specs(model))
  read <- signature_lists(model)
  if (is.null(read)) NULL else read_specs(lapply(read, plain))
}

# A text of JSON as it is read, a data frame as columns by name, other data as one column.
as_json_data <- function(data) {
  data <- matrix_as_frame(data)
  if (is.data.frame(data)) {
    named_by_hand(data)
    # Its columns are columns, also where their cells are lists.
    read <- json_object(lapply(seq_along(data), function(i) json_cells(data[[i]], names(data)[i])), names(data))
    return(structure(read, class = c("json_table", class(read))))
  }
  if (is_json_text(data)) read_json(data) else json_cells(data, "1")
}

# The columns of a matrix by their names; without them its values would stand one below the other.
matrix_as_frame <- function(data) {
  if (is.null(dim(data)) || is.data.frame(data)) return(data)
  if (!is.matrix(data) || is.null(colnames(data)))
    stop("The data are an array of ", paste(dim(data), collapse = " x "), " without names of columns; give a data frame, or a ",
         "matrix with column names", call. = FALSE)
  as.data.frame(data, optional = TRUE)
}

is_json_text <- function(data) inherits(data, "json") || (is.character(data) && length(data) == 1L && grepl("^\\s*[[{]", data))

named_by_hand <- function(data, what = "data") {
  twice <- names(data)[duplicated(names(data))]
  if (length(twice)) stop("The ", what, " have the name ", twice[1L], " twice (CRA-009)", call. = FALSE)
}

json_cells <- function(column, name) {
  if (is_list_column(column)) return(lapply(column, json_value_of, name))
  column <- plain_column(column, name)
  gaps <- is.na(column)
  cells <- if (is.numeric(column)) json_numbers(column, gaps) else as.list(column)
  cells[gaps] <- list(NULL)
  cells
}

# A column of truth values, numbers or texts: levels as texts, times and dates as ISO 8601 has them, in UTC.
plain_column <- function(column, name) {
  column <- without_as_is(column)
  if (is.factor(column)) return(as.character(column))
  if (inherits(column, c("Date", "POSIXt")) && any(is.infinite(as.numeric(column))))
    stop("Column ", name, " has infinite times, which JSON does not have", call. = FALSE)
  if (inherits(column, "Date")) return(format(whole_days(column, name)))
  if (inherits(column, "POSIXt")) return(moment_texts(as.numeric(as.POSIXct(column)), name))
  if (is_plain(column)) return(column)
  stop("Column ", name, " is of the class ", class(column)[1L], ", which has no form in JSON", call. = FALSE)
}

# R has days with a part of one, which it shows as the day.
whole_days <- function(days, name) {
  cut <- which(as.numeric(days) != floor(as.numeric(days)))
  if (length(cut))
    stop("Column ", name, ", row ", cut[1L], ": the day has a part of one (", format(as.numeric(days[cut[1L]]), digits = 15),
         " since 1970), which would be lost; give as.Date(round(x)) (CRA-009)", call. = FALSE)
  days
}

is_list_column <- function(column) is.list(column) && !inherits(column, c("POSIXlt", "data.frame"))

# Numbers, texts and truth values that are what they seem: those of a class, as integer64 and difftime, mean others.
is_plain <- function(column) {
  (is.numeric(column) || is.character(column) || is.logical(column)) && !is.object(column) && length(dim(column)) < 2L
}

# What I() says is for data.frame alone; the class that it stands before stays.
without_as_is <- function(column) {
  if (inherits(column, "AsIs")) oldClass(column) <- setdiff(oldClass(column), "AsIs")
  column
}

# Moments by the nearest microsecond; R's own format cuts, and makes .099999 of .1. Doubles hold them for 270 years.
moment_texts <- function(seconds, name) {
  beyond <- which(abs(seconds) > 2^33 & seconds != trunc(seconds))
  if (length(beyond))
    stop("Column ", name, ", row ", beyond[1L], ": a time farther than some 270 years from 1970 has no exact parts of a second (CRA-009)",
         call. = FALSE)
  whole <- floor(seconds)
  rest <- round((seconds - whole) * 1e6)
  is_full <- !is.na(rest) & rest == 1e6
  whole[is_full] <- whole[is_full] + 1
  rest[is_full] <- 0
  texts <- format(as.POSIXct(whole, origin = "1970-01-01", tz = "UTC"), "%Y-%m-%dT%H:%M:%S")
  texts <- sprintf("%s.%06.0f", texts, rest)
  texts[is.na(seconds)] <- NA
  texts
}

# Whole numbers are integers, as R writes them; infinite ones are their names (ENF-064).
json_numbers <- function(column, gaps) {
  cells <- vector("list", length(column))
  cells[!gaps] <- lapply(number_texts(column[!gaps]), json_number)
  endless <- which(is.infinite(column))
  cells[endless] <- lapply(column[endless], special)
  cells
}

number_texts <- function(numbers) {
  is_whole <- is.finite(numbers) & numbers == trunc(numbers) & abs(numbers) < 2^53
  texts <- character(length(numbers))
  texts[is_whole] <- sprintf("%.0f", numbers[is_whole])
  texts[!is_whole] <- exact(as.double(numbers[!is_whole]))
  texts
}

# The cells of a column as JSON has them, all at once.
written_cells <- function(column, name) {
  if (is_list_column(column)) return(vapply(json_cells(column, name), write_json, ""))
  column <- plain_column(column, name)
  gaps <- is.na(column)
  texts <- rep("null", length(column))
  texts[!gaps] <- if (is.character(column)) quoted(column[!gaps])
    else if (is.logical(column)) ifelse(column[!gaps], "true", "false")
    else number_texts(column[!gaps])
  texts
}

# One value within a cell, or of a parameter: vectors of one are single values, unless I() says that they are lists.
json_value_of <- function(value, name) {
  if (is.raw(value)) return(jsonlite::base64_enc(value))
  if (is_list_column(value) && !is.null(names(value)))
    return(json_object(lapply(unname(value), json_value_of, name), names(value)))
  if (is.null(value)) return(NULL)
  if (is.matrix(value)) return(lapply(seq_len(nrow(value)), function(i) json_cells(value[i, ], name)))
  cells <- json_cells(value, name)
  if (length(value) == 1L && !is.list(value) && !inherits(value, "AsIs")) cells[[1L]] else cells
}

# Enforced cells as a vector of R; lists where R has none.
r_column <- function(column, spec) {
  column$dtype <- dtype_of(spec, column$values, NULL)
  gaps <- vapply(column$values, is.null, NA)
  values <- column$values
  if (column$dtype == "object" || column$dtype == "binary") return(r_objects(values, gaps, column$dtype))
  values[gaps] <- NA
  values <- unlist(values)
  if (startsWith(column$dtype, "datetime64")) {
    texts <- as.character(values)
    is_day <- !is.na(texts) & nchar(texts) == 10L
    texts[is_day] <- paste0(texts[is_day], "T00:00:00")
    return(as.POSIXct(strptime(texts, "%Y-%m-%dT%H:%M:%OS", tz = "UTC")))
  }
  if (column$dtype == "bool") return(as.logical(values))
  if (startsWith(column$dtype, "float")) return(as.double(values))
  whole_column(as.character(values), column)
}

r_objects <- function(values, gaps, dtype) {
  if (dtype == "binary") return(I(lapply(values, function(one) if (!is.null(one)) jsonlite::base64_dec(one))))
  is_text <- vapply(values, is.character, NA)
  is_truth <- vapply(values, is.logical, NA)
  values[gaps] <- NA
  if (all(is_text | gaps)) as.character(unlist(values))
  else if (all(is_truth | gaps)) as.logical(unlist(values))
  else I(lapply(values, plain))
}

# R has no integers of 64 bits: doubles hold those up to 2^53, and no others are made of them (CRA-009).
whole_column <- function(texts, column) {
  if (tolower(column$dtype) == "int32" && !"-2147483648" %in% texts) return(as.integer(texts))
  numbers <- as.double(texts)
  beyond <- which(!is.na(texts) & sprintf("%.0f", numbers) != texts)
  if (length(beyond))
    stop("Column ", column$name, ", row ", beyond[1L], ": ", texts[beyond[1L]], " is beyond 2^53, and R has no integers of 64 bits (CRA-009)",
         call. = FALSE)
  numbers
}
