"""Changes of an MLmodel file in its own text, and its canonical form."""
