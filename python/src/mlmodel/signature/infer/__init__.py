"""The types that data have: signatures inferred from what a model takes and gives."""
