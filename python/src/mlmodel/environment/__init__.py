"""The environment of a model: what it needs, given or observed, as files, and what is installed."""
