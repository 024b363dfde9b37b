"""Rejections in a row: an exchange that refuses one placement after another halts the desk."""

from collections import deque

from strategies.trading.model.errors import UNAUTHORIZED
from strategies.trading.model.events import WagerRejected
from strategies.trading.risk.limits import Limits

# Refusals that say that the moment was wrong, and not the wager: they come in numbers whenever a
# market closes, a response is lost, the exchange is busy or refuses our login, and end on their
# own. A login that stays refused halts under its own name.
_PASSING = frozenset(
    {
        "data_not_found",
        "event_not_available",
        "rate_limit_reached",
        "http_429",
        "too_many_delayed_requests",
        UNAUTHORIZED,
    }
)


class RejectionStreak:
    """The placements that were refused since the last one that was accepted.

    Wagers that were placed at one moment count once: they fail together, for one reason.
    """

    def __init__(self, limits: Limits) -> None:
        """Start with none; a limit of zero counts nothing."""
        self._placed_ns = -1
        self.use(limits)

    def use(self, limits: Limits) -> None:
        """Compare with these limits from now on, starting with none."""
        self._most = limits.max_rejections_in_row
        self._within_ns = limits.rejections_within_ns
        self._rejected_ns: deque[int] = deque(maxlen=self._most)

    def clear(self) -> None:
        """Start again: a wager was accepted, or a person let the desk trade again."""
        self._rejected_ns.clear()

    def count(self, now_ns: int) -> int:
        """Return how many placements in a row were refused, within the time that counts."""
        return sum(now_ns - at_ns <= self._within_ns for at_ns in self._rejected_ns)

    def add(self, event: WagerRejected, placed_ns: int, at_ns: int) -> str | None:
        """Count a refusal; return why the desk must halt, None if it need not."""
        if not self._most or event.code in _PASSING or placed_ns == self._placed_ns:
            return None
        self._placed_ns = placed_ns
        self._rejected_ns.append(at_ns)
        is_full = len(self._rejected_ns) == self._most
        if not is_full or at_ns - self._rejected_ns[0] > self._within_ns:
            return None
        return f"rejections: {self._most:,} in a row, last {event.code}"
