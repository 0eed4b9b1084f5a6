"""Pickles read without running them, and loaded under a list of names."""
