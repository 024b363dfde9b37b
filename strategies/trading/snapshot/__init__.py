"""What a desk shows to those who watch it: read from it at a moment, never changing it."""
