"""Prometheus metrics of running sessions, from a process of its own: `python -m live metrics`."""
