"""A SimPy environment that replays a recording.

Rows of a recording do not become SimPy events, nor do calls at given times: they are merged with
SimPy's queue as they come, which costs a comparison each. At one instant rows come first, then
events and calls by priority.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappush
from itertools import chain
from typing import TYPE_CHECKING, Any

from simpy import Environment, Event
from simpy.core import BoundClass, EmptySchedule, Infinity, SimTime, StopSimulation
from simpy.events import AllOf, AnyOf, Process, Timeout

from sim.engine.scheduler import Scheduler
from strategies.trading.ports.schedule import Priority, ScheduledCall

TimedRow = tuple[Any, ...]
OnRow = Callable[[TimedRow], None]

# Ahead of every row at its time: a run until then leaves those rows unread.
_STOP_PRIORITY: Any = -2


class _StopEvent(Event):
    """SimPy's event at which a run stops, created without being scheduled."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.callbacks = []
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

    def __init__(self, rows: Iterable[TimedRow] = (), start_ns: int = 0) -> None:
        """Start at the time of the first row, or at `start_ns` without rows."""
        self.scheduler = Scheduler()
        self._rows: Iterator[TimedRow] = iter(rows)
        self._head = next(self._rows, None)
        super().__init__(start_ns if self._head is None else self._head[0])
        self._eid = self.scheduler.numbers
        self._on_row: OnRow = _ignore
        self.rows_taken = 0
        self.rows_ended = self.event()
        self._end_rows()

    @property
    def now_ns(self) -> int:
        """Return the time."""
        return self.scheduler.now_ns

    # SimPy keeps the time under this name, and sets it at each of its events.

    @property
    def _now(self) -> int:
        return self.scheduler.now_ns

    @_now.setter
    def _now(self, now_ns: int) -> None:
        self.scheduler.now_ns = now_ns

    def replay_to(self, on_row: OnRow) -> None:
        """Pass every row from now on to a function."""
        self._on_row = on_row

    def schedule_call(
        self, when_ns: int, priority: Priority, callback: Callable[[], None]
    ) -> ScheduledCall:
        """Make a call at a time that has not passed; return the handle to cancel it."""
        return self.scheduler.schedule_call(when_ns, priority, callback)

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

    def _due(self) -> SimTime:
        """Return the time of the next event or call, whatever rows there are."""
        first = self.scheduler.first()
        return super().peek() if first is None else min(first[0], super().peek())

    def _step_without_rows(self) -> None:
        first = self.scheduler.first()
        if first is None or (self._queue and self._queue[0] < first):
            super().step()
        else:
            self.scheduler.make_first()

    def _stop_at(self, when_ns: SimTime) -> Event:
        if when_ns <= self._now:
            message = f"until ({when_ns}) must be later than now ({self._now})"
            raise ValueError(message)
        stop = _StopEvent(self)
        heappush(self._queue, (when_ns, _STOP_PRIORITY, next(self._eid), stop))
        return stop

    def _merge(self, limit: SimTime) -> None:
        """Take every row that is left, and the events due before each."""
        scheduler, queue, on_row = self.scheduler, self._queue, self._on_row
        head, self._head = self._head, None
        if head is None:
            return
        taken = 0
        try:
            for row in chain((head,), self._rows):
                at_ns = row[0]
                if scheduler.due_ns < at_ns or (queue and queue[0][0] <= at_ns):
                    # Still unread: peek and a stop must see it.
                    self._head = row
                    self._step_until(at_ns, limit)
                    self._head = None
                scheduler.now_ns = at_ns
                taken += 1
                on_row(row)
        except BaseException:
            if self._head is None:
                self._head = next(self._rows, None)
            raise
        finally:
            self.rows_taken += taken
            self._end_rows()

    def _step_until(self, at_ns: int, limit: SimTime) -> None:
        """Take the events and calls before a time, and those at it that come before its rows."""
        scheduler, queue = self.scheduler, self._queue
        while True:
            scheduler.make_calls_before(at_ns, queue)
            # At the limit the stop comes ahead of the row, and is first in the queue.
            if not queue or not (queue[0][0] < at_ns or queue[0][0] == at_ns >= limit):
                return
            super().step()

    def _end_rows(self) -> None:
        """Trigger `rows_ended` if no row is left; called wherever a row is read."""
        if self._head is None and not self.rows_ended.triggered:
            self.rows_ended.succeed()


def _ignore(_: TimedRow) -> None:
    """Ignore rows until `replay_to` is called."""
