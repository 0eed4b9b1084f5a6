"""The harness of MLServer with its MLflow runtime (conformance/report/README.md)."""
