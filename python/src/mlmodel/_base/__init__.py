"""What every room may use; nothing here knows what a model is."""
