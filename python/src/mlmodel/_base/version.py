"""The version of this package, where nothing but it is loaded."""

__all__ = ["__version__"]

__version__ = "0.1.0"
