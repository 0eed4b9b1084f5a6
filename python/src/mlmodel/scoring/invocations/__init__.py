"""The protocol of ``/invocations``, without I/O."""
