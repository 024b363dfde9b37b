"""Cancelling all wagers until the exchange confirms that nothing is open."""
