"""Fills within a minute, against what is usual in the same session: before games, and in play."""

from collections import deque
from collections.abc import Iterator, Set

from strategies.trading.model.units import NS_PER_SECOND

_MINUTE_NS = 60 * NS_PER_SECOND
# Fills come in clusters, as one who takes takes often and others follow, so a bound from chance
# alone would be exceeded every hour: the busiest minute of a game has ten times the mean of its
# day, at few fills a minute. This is for many games, whose sum is steadier.
_TIMES_USUAL = 5


class _Phase:
    """The fills of one phase: all that were counted, the last minute's, and the time it had."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last: deque[int] = deque()
        self.total = 0
        self.open_ns = 0
        self.is_beyond = False

    def usual(self) -> float:
        """Return the mean of a minute with wagers open, without the last minute."""
        return (self.total - len(self.last)) / max(1.0, self.open_ns / _MINUTE_NS - 1)


class FillRates:
    """Finds the minutes with more fills than are usual; times are nanoseconds, the caller's."""

    def __init__(self, least: int | None, now_ns: int) -> None:
        """Permit at least `least` fills in a minute, however few are usual; None finds nothing."""
        self._least = least
        self._looked_ns = now_ns
        self._phases = {False: _Phase("before games"), True: _Phase("in play")}

    def note(self, now_ns: int, *, in_play: bool) -> None:
        """Count a fill."""
        phase = self._phases[in_play]
        phase.last.append(now_ns)
        phase.total += 1

    def look(self, now_ns: int, open_in: Set[bool]) -> Iterator[str]:
        """Yield a text for each phase that begins to have too many; `open_in` has wagers open."""
        for in_play, phase in self._phases.items():
            if in_play in open_in:
                phase.open_ns += now_ns - self._looked_ns
            while phase.last and now_ns - phase.last[0] >= _MINUTE_NS:
                phase.last.popleft()
            if self._least is None:
                continue
            usual, count = phase.usual(), len(phase.last)
            bound = max(self._least, _TIMES_USUAL * usual)
            if count > bound and not phase.is_beyond:
                text = f"{count} fills within a minute {phase.name}, more than {bound:.0f}"
                yield f"{text}; {usual:.1f} are usual"
            phase.is_beyond = count > bound
        self._looked_ns = now_ns
