"""Ledger and commission: what settled wagers brought in, and what may still be staked."""
