"""What is said of a model without loading it: validation, inspection, comparison."""
