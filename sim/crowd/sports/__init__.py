"""The sports that are simulated: how each is played, offered and priced."""
