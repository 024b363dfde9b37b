"""Recordings of markets: the tape format, importers of other exchanges', and shipped samples."""
