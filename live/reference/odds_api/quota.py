"""How much of the source's quota is left, and whether the next request may be sent."""

from collections.abc import Mapping

REMAINING = "x-requests-remaining"
USED = "x-requests-used"
LAST = "x-requests-last"

_SLOWER = 4


class Quota:
    """Units of the quota, as the source's headers report them.

    A response without headers is counted with the most that its request costs. `remaining` and
    `used` are None while the source has not reported them; `cost` is the most that a request costs.
    """

    def __init__(self, cost: int, slow_below: int, keep: int) -> None:
        """Take the most that one request costs, and the two bounds of the settings."""
        self.remaining: int | None = None
        self.used: int | None = None
        self.cost = cost
        self._slow_below = slow_below
        self._keep = keep

    @property
    def is_spent(self) -> bool:
        """Return whether another request could use units that are to be kept."""
        return self.remaining is not None and self.remaining - self.cost < self._keep

    @property
    def is_low(self) -> bool:
        """Return whether requests must become rarer."""
        return self.remaining is not None and self.remaining < self._slow_below

    @property
    def slower(self) -> int:
        """Return how many times longer the pauses are now."""
        return _SLOWER if self.is_low else 1

    def note(self, headers: Mapping[str, str], *, cost: int) -> None:
        """Note a response to a request that cost this much at most."""
        self.used = _whole(headers.get(USED))
        # What a request did cost is never less than what the next like it may.
        self.cost = max(self.cost, _whole(headers.get(LAST)) or 0)
        reported = _whole(headers.get(REMAINING))
        if reported is not None:
            self.remaining = reported
        elif self.remaining is not None:
            self.remaining = max(0, self.remaining - cost)


def _whole(text: str | None) -> int | None:
    """Return a count; the source may write it with a fraction of zero."""
    try:
        return max(0, int(float(text or "")))
    except (ValueError, OverflowError):
        return None
