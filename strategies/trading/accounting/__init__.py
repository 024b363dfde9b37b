"""Exposure, ledger and commission: profits, balances and worst cases."""
