"""Signatures: types, inference, enforcement, examples (spec/signature.md, spec/enforcement.md)."""
