"""One adapter per operation: ``run(case_input) -> result`` in the shape of ``expected``."""
