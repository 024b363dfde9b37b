"""Limits, and the controls that hold every wager to them."""
