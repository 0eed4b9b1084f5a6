"""The rules of the format, one file per page of the specification."""
