"""The markets that a desk follows, and their present state."""
