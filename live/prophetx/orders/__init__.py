"""Wagers at ProphetX."""
