"""The Python API: recordings, runs and sessions as polars frames, with names and times."""
