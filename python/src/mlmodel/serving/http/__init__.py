"""HTTP/1.1 for a server that calls a model: it knows requests and threads, and no model."""
