"""Replay of a recorded session, and its report."""
