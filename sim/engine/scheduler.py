"""The time of a simulation, and the calls that are due in it."""

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from strategies.trading.ports.schedule import Priority, ScheduledCall

# Time, priority, number and call, which compare like the entries of SimPy's queue.
_Entry = tuple[Any, ...]

# Later than any call: some two thousand years after the epoch.
_NEVER_NS = 1 << 62


class Scheduler:
    """Makes calls in order of time, then priority, then of scheduling; times are nanoseconds.

    `now_ns` is the time of the last call, or what was set since; `due_ns` that of the next call,
    far in the future without one. Numbers come from `numbers`, which SimPy's events share.
    """

    def __init__(self) -> None:
        """Start at the epoch, with no calls."""
        self.now_ns = 0
        self.due_ns = _NEVER_NS
        self.numbers = count()
        self._calls: list[_Entry] = []
        self._ordered: deque[_Entry] = deque()

    def schedule_call(
        self, when_ns: int, priority: Priority, callback: Callable[[], None]
    ) -> ScheduledCall:
        """Make a call at a time that has not passed; return the handle to cancel it."""
        call = ScheduledCall(callback)
        heappush(self._calls, (when_ns, priority, next(self.numbers), call))
        self.due_ns = min(self.due_ns, when_ns)
        return call

    def call_in_order(self, when_ns: int, priority: Priority, callback: Callable[[], None]) -> None:
        """Make a call at a time that is not before that of the last such call, nor has passed.

        It costs less than `schedule_call`, and cannot be cancelled.
        """
        self._ordered.append((when_ns, priority, next(self.numbers), ScheduledCall(callback)))
        self.due_ns = min(self.due_ns, when_ns)

    def first(self) -> _Entry | None:
        """Return the entry of the next call, None without one."""
        if not self._ordered:
            return self._calls[0] if self._calls else None
        if self._calls and self._calls[0] < self._ordered[0]:
            return self._calls[0]
        return self._ordered[0]

    def make_first(self) -> None:
        """Make the next call, at its time; raise IndexError without one."""
        is_ordered = bool(self._ordered) and self.first() is self._ordered[0]
        entry = self._ordered.popleft() if is_ordered else heappop(self._calls)
        following = self.first()
        self.due_ns = _NEVER_NS if following is None else following[0]
        self.now_ns = entry[0]
        call: ScheduledCall = entry[3]
        call.make()

    def make_calls_before(self, when_ns: int, events: Sequence[_Entry]) -> None:
        """Make the calls that are due before a time, up to the first of SimPy's events."""
        while self.due_ns < when_ns:
            first = self.first()
            if first is None or (events and events[0] < first):
                return
            self.make_first()
