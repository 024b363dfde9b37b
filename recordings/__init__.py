"""Recordings of markets: the tape format, importers, session journals and shipped samples."""
