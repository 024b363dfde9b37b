"""Importers: other exchanges' public recordings, turned into tapes."""
