"""Values held against the JSON Schemas."""
