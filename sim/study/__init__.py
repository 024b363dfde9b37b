"""Studies: several settings on the same games, compared game by game."""
