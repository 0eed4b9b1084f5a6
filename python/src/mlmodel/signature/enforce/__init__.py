"""Data held against a schema, and delivered as the model must get them."""
