"""The report of several implementations, of which conformance/report/README.md tells."""
