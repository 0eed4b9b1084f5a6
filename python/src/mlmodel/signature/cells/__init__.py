"""One cell or many, read at the declared type."""
