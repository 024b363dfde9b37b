"""Fair prices: from the offers of others, from the score of a game, from outside."""
