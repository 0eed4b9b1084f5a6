"""Serving a model over REST: a Flask application behind a thin WSGI callable, on granian."""
