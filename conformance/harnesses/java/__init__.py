"""The harness of the implementation in Java, which is a class of ``java-bridge/``."""
