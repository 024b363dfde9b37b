"""Prices of bookmakers, polled from The Odds API."""
