"""The money of sessions, from their journals, as an accountant wants it."""
