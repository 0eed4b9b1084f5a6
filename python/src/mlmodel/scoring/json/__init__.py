"""JSON read exactly, and values of every kind written as JSON."""
