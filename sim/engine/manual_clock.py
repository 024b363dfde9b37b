"""A clock that advances only when it is set: replays set it to the times of a journal."""

from collections.abc import Callable

from strategies.trading.ports.schedule import CallSchedule, Priority, ScheduledCall


class ManualClock:
    """Time as it is set, in nanoseconds since the epoch; calls wait for `call_next`."""

    def __init__(self) -> None:
        """Start at the epoch."""
        self._now_ns = 0
        self._calls = CallSchedule()

    def now_ns(self) -> int:
        """Return the time that was set last."""
        return self._now_ns

    def set(self, now_ns: int) -> None:
        """Set the time; no call is made."""
        self._now_ns = now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> ScheduledCall:
        """Schedule a call at a time, or at the present one if that has passed."""
        due_ns = max(when_ns, self._now_ns)
        return self._calls.schedule_call(due_ns, Priority.TIMER, callback)

    def next_ns(self) -> int | None:
        """Return the time of the next call, None if nothing is left."""
        return self._calls.next_ns()

    def call_next(self) -> bool:
        """Make the next call if it is due; return whether it was."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > self._now_ns:
            return False
        self._calls.step()
        return True
