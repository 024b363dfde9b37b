"""Market data of ProphetX as rows of a tape."""
