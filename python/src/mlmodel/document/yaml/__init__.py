"""YAML read with positions, in bounded time and memory."""
