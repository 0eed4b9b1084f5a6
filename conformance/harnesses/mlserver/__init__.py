"""The harness of MLServer with its MLflow runtime, over HTTP (conformance/report/README.md)."""
