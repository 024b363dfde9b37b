"""Running sessions in a terminal: the same state as on the page, and keys for an operator."""
