"""Ledger and commission: the profit of settled wagers, and the balance that may still be staked."""
