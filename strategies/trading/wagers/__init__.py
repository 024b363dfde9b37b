"""Wagers and their life cycle."""
