"""One module per flavor; names that start with ``_`` are what they share."""
