"""What a run is judged by: its journal, tables and summary."""
