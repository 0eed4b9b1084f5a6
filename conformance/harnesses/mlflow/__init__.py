"""The harness of MLflow; it asks as a user of MLflow would (conformance/report/README.md)."""
