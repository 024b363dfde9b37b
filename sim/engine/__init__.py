"""Simulated time, latency and randomness."""
