"""What is seen of a server from outside: request ids, timings, metrics, the access log, spans."""
