"""Compares the wagers of a session with what the simulator makes of them."""
