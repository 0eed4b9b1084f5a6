"""Two signatures compared: what a change means for callers."""
