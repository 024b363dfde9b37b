"""The simulated ProphetX: wagers, matching against a recorded market, and the account."""
