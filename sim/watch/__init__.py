"""Plays the books of a recording in a terminal, forward and back: `python -m sim watch`."""
