"""Prices from outside the exchange."""
