"""What carries values: columns with masks, frames, arrays."""
