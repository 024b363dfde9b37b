"""The simulator judged by a session: what became of its wagers, and what would have."""
