"""Calls at given times, in the order in which they are made; what every clock is built on."""

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from strategies.trading.ports.clock import Timer


class Priority(IntEnum):
    """The order of calls at one instant, after the rows of a recording.

    The exchange handles an instant before the desk does; input from outside comes last.
    """

    EXCHANGE = 0
    TIMER = 1
    DESK = 2
    FEED = 3
    OUTSIDE = 9


class Schedule(Protocol):
    """A source of events that is run step by step; times are nanoseconds.

    The simulator's environment is one, with its rows and processes; `CallSchedule` is one of calls
    alone.
    """

    @property
    def now_ns(self) -> int:
        """Return the time of the last step."""

    def next_ns(self) -> int | None:
        """Return the time of the next step, None if nothing is left."""

    def step(self) -> None:
        """Process the next event; raise what it raises."""

    def schedule_call(
        self, when_ns: int, priority: Priority, callback: Callable[[], None]
    ) -> Timer:
        """Make a call at a time that has not passed; return the handle to cancel it."""


class ScheduledCall:
    """A call at a time, and the handle to cancel it."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        """Keep the callback; the schedule calls `make` when it is due."""
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Cancel the call; nothing happens if it was made already."""
        self._callback = None

    def make(self, _: object = None) -> None:
        """Make the call unless it was cancelled; an event that is passed is ignored."""
        if self._callback is not None:
            self._callback()


class CallSchedule:
    """A schedule of calls, in order of time, then priority, then of scheduling."""

    def __init__(self, now_ns: int = 0) -> None:
        """Start at a time, with no calls."""
        self._now_ns = now_ns
        self._calls: list[tuple[int, Priority, int, ScheduledCall]] = []
        self._numbers = count()

    @property
    def now_ns(self) -> int:
        """Return the time of the last call."""
        return self._now_ns

    def next_ns(self) -> int | None:
        """Return the time of the next call, cancelled or not; None if nothing is left."""
        return self._calls[0][0] if self._calls else None

    def schedule_call(
        self, when_ns: int, priority: Priority, callback: Callable[[], None]
    ) -> ScheduledCall:
        """Make a call at a time that has not passed; return the handle to cancel it."""
        call = ScheduledCall(callback)
        heappush(self._calls, (when_ns, priority, next(self._numbers), call))
        return call

    def step(self) -> None:
        """Make the next call at its time; raise IndexError if nothing is left."""
        self._now_ns, _, _, call = heappop(self._calls)
        call.make()
