"""Holding simulated games against what was measured on real ones."""
