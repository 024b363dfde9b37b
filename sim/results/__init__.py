"""The results of a run: its journal, tables and summary."""
