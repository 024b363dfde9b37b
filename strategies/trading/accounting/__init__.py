"""Exposure, ledger and commission: what wagers are worth and what they may cost."""
