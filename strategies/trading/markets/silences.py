"""Silences: the times for which a market that was quoted is not, and why."""

from typing import NamedTuple

from strategies.trading.model.ids import MarketKey


class Silence(NamedTuple):
    """A time without quotes in one market, in nanoseconds; `until_ns` is None while it lasts."""

    market_key: MarketKey
    since_ns: int
    until_ns: int | None
    reason: str


class Silences:
    """Follows which markets fell silent; one that was never quoted did not.

    With `from_first`, a market is silent from its first decision on. A reason is `name: figures` or
    a few words. While the name stays the same, it is one silence.
    """

    def __init__(self, *, from_first: bool = False) -> None:
        """Start without quotes."""
        self._from_first = from_first
        self._quoted: set[MarketKey] = set()
        self._current: dict[MarketKey, Silence] = {}

    def current(self) -> list[Silence]:
        """Return the silences that last, the oldest first."""
        return sorted(self._current.values(), key=lambda silence: silence.since_ns)

    def of(self, key: MarketKey) -> Silence | None:
        """Return the silence of a market, None while it is quoted, and before it ever was."""
        return self._current.get(key)

    def apply(self, now_ns: int, key: MarketKey, reason: str) -> Silence | None:
        """Apply a decision, with the reason for quoting nothing; return the silence that it ends.

        The reason is empty if something is quoted.
        """
        if not reason:
            self._quoted.add(key)
        elif not (self._from_first or key in self._quoted):
            return None
        current = self._current.get(key)
        if current is not None and _name(current.reason) == _name(reason):
            return None
        if reason:
            self._current[key] = Silence(key, now_ns, None, reason)
        elif current is not None:
            del self._current[key]
        return None if current is None else current._replace(until_ns=now_ns)


def _name(reason: str) -> str:
    return reason.partition(":")[0]
