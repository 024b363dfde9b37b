"""The report of a run: one HTML file that stands alone, made from the run folder and no more."""
