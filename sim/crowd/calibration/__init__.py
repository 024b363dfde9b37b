"""Comparison of simulated games with measurements of real ones."""
