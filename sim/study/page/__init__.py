"""The page of a study: one self-contained HTML file with its pictures and tables."""
