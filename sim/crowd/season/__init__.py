"""Seasons of simulated games: teams that keep their strength, on a real season's calendar."""
