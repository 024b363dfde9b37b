"""A simulated game with makers and takers who trade on it, published as tape rows."""
