"""A clock that stands still until it is set, for who plays what has happened."""

from collections.abc import Callable
from heapq import heappop, heappush


class ManualTimer:
    """A call that was asked for."""

    def __init__(self, callback: Callable[[], None]) -> None:
        """Wait to make it."""
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Call it off."""
        self.callback = None


class ManualClock:
    """Time as it is set, in nanoseconds since the epoch; calls wait until somebody makes them."""

    def __init__(self) -> None:
        """Stand at the epoch."""
        self._now_ns = 0
        self._calls: list[tuple[int, int, ManualTimer]] = []
        self._count = 0

    def now_ns(self) -> int:
        """Return the time that was set last."""
        return self._now_ns

    def set(self, now_ns: int) -> None:
        """Set the time; no call is made."""
        self._now_ns = now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> ManualTimer:
        """Let a call wait for a time, or for the present if that has passed."""
        self._count += 1
        waiting = ManualTimer(callback)
        heappush(self._calls, (max(when_ns, self._now_ns), self._count, waiting))
        return waiting

    def next_ns(self) -> int | None:
        """Return for when the next call waits, None if there is none."""
        return self._calls[0][0] if self._calls else None

    def call_next(self) -> bool:
        """Make the next call; return whether there was one due by now."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > self._now_ns:
            return False
        waiting = heappop(self._calls)[2]
        if waiting.callback is not None:
            waiting.callback()
        return True
