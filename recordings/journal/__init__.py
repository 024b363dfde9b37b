"""The SQLite journal of a session, and what is read back from it."""
