"""Strategies, one file each; the desk that every strategy trades with is `strategies.trading`."""
