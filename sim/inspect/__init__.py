"""Looks into a recording: which lines it has, and the books at a moment."""
