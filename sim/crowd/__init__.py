"""A simulated crowd: a game, those who quote it and those who take, told as a tape."""
