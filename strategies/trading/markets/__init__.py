"""Which markets a desk follows, and their present state."""
