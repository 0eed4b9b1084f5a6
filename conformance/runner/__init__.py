"""What runs vectors against an implementation, whatever its language."""
