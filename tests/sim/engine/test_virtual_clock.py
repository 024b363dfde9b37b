"""Virtual time: rows and events merge as if every row had been scheduled beforehand."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment
from simpy.core import Infinity
from simpy.events import EventPriority

from sim.engine.replay_environment import ReplayEnvironment
from sim.engine.virtual_clock import VirtualClock
from strategies.trading.ports.schedule import Priority

Program = tuple[tuple[int, Priority, Any], ...]

ROWS = st.lists(st.integers(0, 30), max_size=30).map(sorted)
# A program is a tree of delays: each event schedules its children when it happens.
PROGRAMS = st.recursive(
    st.just(()),
    lambda inner: st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from(list(Priority)), inner), max_size=3
    ).map(tuple),
    max_leaves=8,
)
STOPS = st.lists(st.integers(1, 40), max_size=3).map(sorted)


class Trace:
    """Runs a program in an environment, and records what happened when."""

    def __init__(self, env: Environment, program: Program) -> None:
        """Start with nothing seen."""
        self.env = env
        self.seen: list[tuple[float, int | str, int]] = []
        self.rows = 0
        self.program = program

    def take_row(self, row: tuple[Any, ...]) -> None:
        """Record a row; every third starts the program again."""
        self.seen.append((self.env.now, "row", row[1]))
        self.rows += 1
        if self.rows % 3 == 1:
            self.start(self.program)

    def start(self, program: Program) -> None:
        """Schedule the events of a program from now."""
        for place, (delay, priority, inner) in enumerate(program):
            self.schedule(delay, priority, (place, inner))

    def schedule(self, delay: int, priority: Priority, part: tuple[int, Program]) -> None:
        """Schedule one event the way SimPy does."""
        schedule(self.env, delay, priority, lambda: self.on_event(priority, part))

    def on_event(self, priority: Priority, part: tuple[int, Program]) -> None:
        """Record an event, and schedule the events after it."""
        self.seen.append((self.env.now, int(priority), part[0]))
        self.start(part[1])


def schedule(env: Environment, delay: float, priority: int, call: Callable[[], None]) -> None:
    """Schedule a call with SimPy alone, at one of our priorities."""
    event = env.event()
    event._ok, event._value = True, None
    event.callbacks.append(lambda _: call())
    env.schedule(event, EventPriority(priority), delay)


def run_to(env: Environment, stops: list[int]) -> None:
    """Run to each later stop, then to the end."""
    for stop in stops:
        if stop > env.now:
            env.run(until=stop)
    env.run()


@given(times=ROWS, program=PROGRAMS, stops=STOPS)
@settings(max_examples=120, deadline=None)
def test_replaying_rows_equals_scheduling_each_of_them(
    times: list[int], program: Program, stops: list[int]
) -> None:
    """The merged run sees the same as a plain SimPy run with every row scheduled in advance."""
    rows = [(at, number) for number, at in enumerate(times)]
    plain = Trace(Environment(rows[0][0] if rows else 0), program)
    for row in rows:
        schedule(plain.env, row[0] - plain.env.now, -1, partial(plain.take_row, row))
    plain.env.run()

    env = ReplayEnvironment(iter(rows))
    merged = Trace(env, program)
    env.replay_to(merged.take_row)
    run_to(env, stops)
    assert merged.seen == plain.seen


@given(times=ROWS, program=PROGRAMS)
@settings(max_examples=100, deadline=None)
def test_stepping_equals_running(times: list[int], program: Program) -> None:
    """One step at a time, with peek giving the next time, sees the same as a run."""
    rows = [(at, number) for number, at in enumerate(times)]
    env = ReplayEnvironment(rows)
    whole = Trace(env, program)
    env.replay_to(whole.take_row)
    env.run()
    env = ReplayEnvironment(rows)
    stepped = Trace(env, program)
    env.replay_to(stepped.take_row)
    while (due := env.peek()) != Infinity:
        env.step()
        assert env.now == due
    assert stepped.seen == whole.seen


def test_a_run_until_a_time_leaves_the_rows_of_that_time_unread() -> None:
    """Stopping at a time is before everything that happens then, as in SimPy."""
    taken: list[tuple[Any, ...]] = []
    env = ReplayEnvironment([(1,), (2,), (2,), (3,)])
    env.replay_to(taken.append)
    env.run(until=2)
    assert (taken, env.now, env.peek()) == ([(1,)], 2, 2)
    env.run()
    assert taken == [(1,), (2,), (2,), (3,)]


def test_a_run_resumes_with_the_next_row_after_an_error() -> None:
    """A row whose callback failed is not applied twice, and none is lost."""
    taken: list[tuple[Any, ...]] = []

    def take(row: tuple[Any, ...]) -> None:
        taken.append(row)
        if row == (2,):
            message = "bad row"
            raise ValueError(message)

    env = ReplayEnvironment([(1,), (2,), (3,)])
    env.replay_to(take)
    with pytest.raises(ValueError, match="bad row"):
        env.run()
    env.run()
    assert taken == [(1,), (2,), (3,)]
    assert env.rows_taken == 3


def test_a_run_until_the_rows_end_leaves_later_events_alone() -> None:
    """The end of the rows can be waited for, and is after the exchange's events of that instant."""
    seen = []
    env = ReplayEnvironment([(1,), (5,)])
    env.replay_to(lambda _: seen.append("row"))
    env.schedule_call(5, Priority.EXCHANGE, lambda: seen.append("exchange"))
    env.schedule_call(6, Priority.EXCHANGE, lambda: seen.append("later"))
    env.run(until=env.rows_ended)
    assert (env.now, seen) == (5, ["row", "row", "exchange"])


def test_a_run_until_an_event_that_never_fires_is_an_error() -> None:
    """Waiting for an event that nothing triggers ends with an error."""
    env = ReplayEnvironment([(1,)])
    with pytest.raises(RuntimeError, match="has not happened"):
        env.run(until=env.event())


def test_a_run_until_an_earlier_time_is_refused() -> None:
    """Time does not go back."""
    env = ReplayEnvironment([(7,)])
    with pytest.raises(ValueError, match="later than now"):
        env.run(until=7)


def test_rows_come_before_events_and_events_by_priority_at_one_instant() -> None:
    """At one instant market data comes first, then timers, the desk, and its updates."""
    seen: list[str] = []
    env = ReplayEnvironment([(0,), (4,)])
    env.replay_to(lambda row: seen.append("row" if row[0] else "first"))
    for priority in reversed(Priority):
        env.schedule_call(4, priority, partial(seen.append, priority.name))
    env.run()
    assert seen == ["first", "row", "EXCHANGE", "TIMER", "DESK", "FEED", "OUTSIDE"]


def test_a_cancelled_timer_does_not_fire() -> None:
    """A cancelled timer does nothing; cancelling it later does nothing either."""
    rung = []
    env = ReplayEnvironment([(0,)])
    clock = VirtualClock(env, lambda _: None)
    timer = clock.call_at(5, lambda: rung.append("cancelled"))
    kept = clock.call_at(5, lambda: rung.append("kept"))
    timer.cancel()
    env.run()
    kept.cancel()
    assert rung == ["kept"]


def test_a_timer_for_an_earlier_time_fires_now_but_not_within_the_call() -> None:
    """A timer for a time that has passed fires at the present instant, after the call."""
    rung = []
    env = ReplayEnvironment([(100,)])
    clock = VirtualClock(env, lambda _: None)
    clock.call_at(50, lambda: rung.append(clock.now_ns()))
    assert rung == []
    env.run()
    assert rung == [100]


def test_a_timer_fires_after_earlier_arrivals_are_delivered() -> None:
    """Before a timer fires, earlier arrivals are delivered, with the time of the timer."""
    seen = []
    env = ReplayEnvironment([(0,)])
    clock = VirtualClock(env, lambda now_ns: seen.append(("before", now_ns)))
    clock.call_at(5, lambda: seen.append(("timer", clock.now_ns())))
    env.run()
    assert seen == [("before", 5), ("timer", 5)]
