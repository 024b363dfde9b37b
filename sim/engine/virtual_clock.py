"""Virtual time: a SimPy environment that replays a recording, and the clock that a desk sees.

Rows of a recording do not become SimPy events: they are merged with SimPy's queue as they are read,
which costs a comparison a row. Nor do calls that are scheduled in order of time, as messages of one
connection are. At one instant rows come first, then events and calls by priority.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappush
from itertools import chain
from typing import TYPE_CHECKING, Any

from simpy import Environment, Event
from simpy.core import BoundClass, EmptySchedule, Infinity, SimTime, StopSimulation
from simpy.events import AllOf, AnyOf, Process, Timeout

from strategies.trading.ports.schedule import Priority, ScheduledCall

TimedRow = tuple[Any, ...]
# Time, priority, number and callback, which compare like the entries of SimPy's queue.
_OrderedCall = tuple[Any, ...]
OnRow = Callable[[TimedRow], None]

# Ahead of every row at its time: a run until then leaves those rows unread.
_STOP_PRIORITY = -2


class _CallEvent(Event):
    """SimPy's event for a plain call, created without SimPy's checks, which cost time."""

    def __init__(self, env: Environment, *callbacks: Callable[[Event], None]) -> None:
        self.env = env
        self.callbacks = list(callbacks)
        self._ok = True
        self._value = None


class ReplayEnvironment(Environment):
    """A SimPy environment that also processes the rows of a recording at their times.

    Rows are tuples that start with their time in nanoseconds, in order of time. Each is passed to
    the function given to `replay_to` at its time, before any event that is due then. Runs stop and
    resume as in SimPy; after an exception in that function the next run starts with the next row.
    """

    if not TYPE_CHECKING:
        # SimPy binds these early only where the class itself declares them.
        process = BoundClass(Process)
        timeout = BoundClass(Timeout)
        event = BoundClass(Event)
        all_of = BoundClass(AllOf)
        any_of = BoundClass(AnyOf)

    _now: int

    def __init__(self, rows: Iterable[TimedRow] = (), start_ns: int = 0) -> None:
        """Start at the time of the first row, or at `start_ns` without rows."""
        self._rows: Iterator[TimedRow] = iter(rows)
        self._head = next(self._rows, None)
        super().__init__(start_ns if self._head is None else self._head[0])
        self._on_row: OnRow = _ignore
        self._ordered: deque[_OrderedCall] = deque()
        self.rows_taken = 0
        self.rows_ended = self.event()
        self._end_rows()

    @property
    def now_ns(self) -> int:
        """Return the time."""
        return self._now

    def replay_to(self, on_row: OnRow) -> None:
        """Pass every row from now on to a function."""
        self._on_row = on_row

    def schedule_call(
        self, when_ns: int, priority: Priority, callback: Callable[[], None]
    ) -> ScheduledCall:
        """Make a call at a time that has not passed; return the handle to cancel it."""
        call = ScheduledCall(callback)
        self._push(when_ns, priority, _CallEvent(self, call.make))
        return call

    def call_in_order(self, when_ns: int, priority: Priority, callback: Callable[[], None]) -> None:
        """Make a call at a time that is not before that of the last such call, nor has passed."""
        self._ordered.append((when_ns, priority, next(self._eid), callback))

    def next_ns(self) -> int | None:
        """Return the time of the next row or event, None if there is neither."""
        due = self.peek()
        return None if due == Infinity else int(due)

    def peek(self) -> SimTime:
        """Return the time of the next row or event, infinity if there is neither."""
        due = self._due()
        return due if self._head is None else min(due, self._head[0])

    def step(self) -> None:
        """Take the next row or event; raise EmptySchedule if there is neither."""
        row = self._head
        if row is None or self._due() < row[0]:
            self._step_without_rows()
            return
        self._head = next(self._rows, None)
        self._now = row[0]
        self.rows_taken += 1
        try:
            self._on_row(row)
        finally:
            self._end_rows()

    def run(self, until: SimTime | Event | None = None) -> Any | None:
        """Run until a time (rows of that time stay unread), an event, or the end of all."""
        limit: SimTime = Infinity
        if until is not None and not isinstance(until, Event):
            limit = until
            until = self._stop_at(limit)
        if until is not None:
            if until.processed:
                return until.value
            until.callbacks.append(StopSimulation.callback)
        try:
            self._merge(limit)
            while True:
                self._step_without_rows()
        except StopSimulation as stop:
            return stop.args[0]
        except EmptySchedule:
            if until is not None:
                message = f"nothing is left to happen, but {until} has not happened"
                raise RuntimeError(message) from None
        return None

    def _next_is_ordered(self) -> bool:
        """Return whether a call in order comes before the events of SimPy's queue."""
        if not self._ordered:
            return False
        return not self._queue or self._ordered[0] < self._queue[0]

    def _due(self) -> SimTime:
        """Return the time of the next event or call, whatever rows there are."""
        return self._ordered[0][0] if self._next_is_ordered() else super().peek()

    def _step_without_rows(self) -> None:
        if not self._next_is_ordered():
            super().step()
            return
        self._now, _, _, callback = self._ordered.popleft()
        callback()

    def _stop_at(self, when_ns: SimTime) -> Event:
        if when_ns <= self._now:
            message = f"until ({when_ns}) must be later than now ({self._now})"
            raise ValueError(message)
        stop = _CallEvent(self)
        self._push(when_ns, _STOP_PRIORITY, stop)
        return stop

    def _push(self, when_ns: SimTime, priority: Any, event: Event) -> None:
        heappush(self._queue, (when_ns, priority, next(self._eid), event))

    def _merge(self, limit: SimTime) -> None:
        """Take every row that is left, and the events due before each."""
        queue, ordered, on_row = self._queue, self._ordered, self._on_row
        head, self._head = self._head, None
        if head is None:
            return
        taken = 0
        try:
            for row in chain((head,), self._rows):
                at_ns = row[0]
                if (queue and queue[0][0] <= at_ns) or (ordered and ordered[0][0] < at_ns):
                    # Still unread: peek and a stop must see it.
                    self._head = row
                    # At the limit the stop comes ahead of the row, and is first in the queue.
                    while (ordered and ordered[0][0] < at_ns) or (
                        queue and (queue[0][0] < at_ns or queue[0][0] == at_ns >= limit)
                    ):
                        self._step_without_rows()
                    self._head = None
                self._now = at_ns
                taken += 1
                on_row(row)
        except BaseException:
            if self._head is None:
                self._head = next(self._rows, None)
            raise
        finally:
            self.rows_taken += taken
            self._end_rows()

    def _end_rows(self) -> None:
        """Trigger `rows_ended` if no row is left; called wherever a row is read."""
        if self._head is None and not self.rows_ended.triggered:
            self.rows_ended.succeed()


class VirtualClock:
    """The time of an environment as a desk sees it.

    `before` is called with the time ahead of each timer, so that earlier arrivals come first.
    """

    def __init__(self, env: ReplayEnvironment, before: Callable[[int], None]) -> None:
        """Read the time of an environment."""
        self._env = env
        self._before = before

    def now_ns(self) -> int:
        """Return the time."""
        return self._env.now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> ScheduledCall:
        """Call back at a time, or at once if it has passed; never before this returns."""

        def ring() -> None:
            self._before(self._env.now_ns)
            callback()

        due_ns = max(when_ns, self._env.now_ns)
        return self._env.schedule_call(due_ns, Priority.TIMER, ring)


def _ignore(_: TimedRow) -> None:
    """Ignore rows until `replay_to` is called."""
