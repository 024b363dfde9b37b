"""Scheduled calls: each at its time, in order, once, and not at all if cancelled."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.ports.schedule import CallSchedule, Priority

CALLS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Priority)), max_size=30)


def make_all(schedule: CallSchedule) -> list[int]:
    """Make every call; return the time of each step."""
    times = []
    while (next_ns := schedule.next_ns()) is not None:
        schedule.step()
        assert schedule.now_ns == next_ns
        times.append(next_ns)
    return times


@given(CALLS)
def test_calls_are_made_by_time_then_priority_then_order(calls: list[tuple[int, Priority]]) -> None:
    """Of one time and priority, what was scheduled first is made first."""
    schedule = CallSchedule()
    made: list[int] = []
    for number, (when_ns, priority) in enumerate(calls):
        schedule.schedule_call(when_ns, priority, partial(made.append, number))
    times = make_all(schedule)
    assert made == sorted(range(len(calls)), key=lambda number: calls[number])
    assert times == sorted(when_ns for when_ns, _ in calls)


def test_a_cancelled_call_is_not_made() -> None:
    """Its time still comes; to cancel a call that was made does nothing."""
    schedule = CallSchedule(now_ns=3)
    made: list[str] = []
    cancelled = schedule.schedule_call(5, Priority.TIMER, lambda: made.append("cancelled"))
    kept = schedule.schedule_call(5, Priority.TIMER, lambda: made.append("kept"))
    cancelled.cancel()
    assert make_all(schedule) == [5, 5]
    kept.cancel()
    assert made == ["kept"]


def test_a_call_may_schedule_another_for_the_same_time() -> None:
    """It is made after those that were scheduled before it, unless its priority is higher."""
    schedule = CallSchedule()
    made: list[str] = []

    def first() -> None:
        made.append("first")
        for priority in (Priority.FEED, Priority.EXCHANGE):
            schedule.schedule_call(1, priority, partial(made.append, priority.name))

    schedule.schedule_call(1, Priority.TIMER, first)
    schedule.schedule_call(1, Priority.FEED, partial(made.append, "second"))
    make_all(schedule)
    assert made == ["first", "EXCHANGE", "second", "FEED"]


def test_a_step_raises_what_the_call_raises() -> None:
    """A call that fails is over, and the next one is made."""
    schedule = CallSchedule()
    made: list[str] = []
    schedule.schedule_call(1, Priority.TIMER, lambda: 1 // 0)  # type: ignore[arg-type]
    schedule.schedule_call(2, Priority.TIMER, partial(made.append, "next"))
    with pytest.raises(ZeroDivisionError):
        schedule.step()
    assert make_all(schedule) == [2]
    assert made == ["next"]
