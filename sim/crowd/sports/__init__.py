"""The simulated sports: how each is played, offered and priced."""
