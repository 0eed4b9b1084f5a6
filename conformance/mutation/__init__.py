"""How much of the specification the vectors hold: deliberate breaks, and which of them they notice."""
