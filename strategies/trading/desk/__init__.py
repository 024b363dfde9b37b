"""The desk: one strategy with its managers, between a feed and an exchange."""
