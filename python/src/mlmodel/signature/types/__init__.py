"""The types of columns, tensors and parameters; nothing here needs numpy."""
