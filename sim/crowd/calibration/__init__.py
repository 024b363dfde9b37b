"""Figures of simulated games and markets, held against those that were measured on real ones."""
