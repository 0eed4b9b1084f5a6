"""The conformance suite of the MLmodel specification."""
