"""The pauses between tries: short at first, so that a fault that ends soon costs little."""

# After each failure in turn; the last one repeats.
_AFTER_FAILURES = (0.5, 1, 2, 5, 10, 15)

# Between looks for a placement without a response: the exchange may execute it late, and its
# history lags. Their sum is several times the longest wait for a response.
LATE_LOOK_SECONDS = (1, 2, 4, 8)


def retry_seconds(failures: int) -> float:
    """Return how long to wait after a failure that came after `failures` others in a row."""
    return _AFTER_FAILURES[min(failures, len(_AFTER_FAILURES) - 1)]
