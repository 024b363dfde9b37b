"""Wall time: in step with the wall at any speed, with everything due in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from itertools import pairwise
from time import perf_counter

import pytest
from simpy import Event

from live.wall_clock import WallClock, anchor_ns
from sim.engine.replay_environment import ReplayEnvironment
from sim.engine.virtual_clock import VirtualClock
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import CallSchedule, Priority, Schedule
from tests.event_loops import JumpingLoop, run_jumping, until

FAST = 200


def jumping(env: Schedule | None, speed: float, loop: JumpingLoop) -> WallClock:
    """Return a clock whose time is that of a loop that waits for nothing."""
    return WallClock(env, speed, loop.monotonic_ns)


@asynccontextmanager
async def running(clock: WallClock) -> AsyncIterator[None]:
    """Run a clock for as long as the context lasts."""
    task = asyncio.create_task(clock.run())
    yield
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], BaseException)


def test_at_speed_one_the_time_is_wall_time() -> None:
    """At speed 1 the time is the wall's: late in 2026 or after, and a millisecond is one."""
    clock = WallClock()
    assert clock.now_ns() > 1_790_000_000 * NS_PER_SECOND
    began_ns, began = clock.now_ns(), perf_counter()
    while perf_counter() < began + 0.01:
        pass
    assert 10_000_000 <= clock.now_ns() - began_ns < 1_000_000_000


def test_two_clocks_of_one_speed_agree() -> None:
    """A sandbox and a session with the same speed have the same time."""
    first, second = WallClock(speed=60), WallClock(speed=60)
    apart_ns = abs(first.now_ns() - second.now_ns())
    assert apart_ns < 60 * NS_PER_SECOND


def test_time_passes_faster_at_speed() -> None:
    """At speed 200 three tenths of a second of the wall hold sixty timers a second apart."""
    rung: list[int] = []

    async def run(loop: JumpingLoop) -> int:
        begin_ns = jumping(None, FAST, loop).now_ns()
        env = ReplayEnvironment(start_ns=begin_ns)

        def process() -> Iterator[Event]:
            while True:
                yield env.timeout(NS_PER_SECOND)
                rung.append(env.now_ns)

        env.process(process())  # type: ignore[arg-type]
        clock = jumping(env, FAST, loop)
        async with running(clock):
            await clock.sleep_until(clock.now_ns() + 61 * NS_PER_SECOND)
        assert loop.time() == pytest.approx(61 / FAST)
        return begin_ns

    begin_ns = run_jumping(run)
    # Either clock read the wall when it was made: they are apart by what that took.
    assert len(rung) >= 60
    assert rung[0] == begin_ns + NS_PER_SECOND
    assert {after - before for before, after in pairwise(rung)} == {NS_PER_SECOND}


def test_no_timer_fires_before_its_time() -> None:
    """A timer fires at its time on the wall, and a later one not yet."""
    rung: list[tuple[int, int]] = []

    async def run(loop: JumpingLoop) -> None:
        clock = jumping(None, FAST, loop)
        due_ns = clock.now_ns() + 10 * NS_PER_SECOND
        clock.call_at(due_ns, lambda: rung.append((clock.wall_ns(), clock.now_ns())))
        clock.call_at(due_ns + 10**9 * NS_PER_SECOND, lambda: rung.append((0, 0)))
        async with running(clock):
            await until(lambda: rung)
        ((wall_ns, now_ns),) = rung
        # A nanosecond of the loop is as many of the clock as its speed.
        assert due_ns <= wall_ns <= due_ns + FAST
        assert now_ns == due_ns

    run_jumping(run)


def test_a_cancelled_wall_timer_does_not_fire() -> None:
    """A cancelled timer does not fire; cancelling afterwards does nothing."""
    clock = WallClock(speed=FAST)
    order_seen: list[str] = []
    clock.call_at(0, lambda: order_seen.append("off")).cancel()
    kept = clock.call_at(0, lambda: order_seen.append("on"))
    assert order_seen == []
    clock.enter(lambda: order_seen.append("entered"))
    kept.cancel()
    assert order_seen == ["on", "entered"]


def test_an_earlier_new_timer_fires_first() -> None:
    """A timer added while the clock sleeps until a later one fires at its own time."""
    rung: list[float] = []

    async def run(loop: JumpingLoop) -> None:
        clock = jumping(None, 1, loop)
        clock.call_at(clock.now_ns() + 3600 * NS_PER_SECOND, lambda: rung.append(loop.time()))
        async with running(clock):
            await clock.sleep_until(clock.now_ns() + NS_PER_SECOND)
            clock.call_at(clock.now_ns() + NS_PER_SECOND, lambda: rung.append(loop.time()))
            await until(lambda: rung)

    run_jumping(run)
    assert rung == [pytest.approx(2)]


def test_outside_calls_come_after_everything_due() -> None:
    """A call from outside first runs everything due, rows of a recording included."""
    now_ns = WallClock(speed=FAST).now_ns()
    rows = [(now_ns - 3,), (now_ns - 2,), (now_ns + 10**15,)]
    env = ReplayEnvironment(rows)
    order_seen: list[object] = []
    env.replay_to(lambda row: order_seen.append(row[0]))
    clock = WallClock(env, FAST)
    clock.call_at(now_ns - 2, lambda: order_seen.append("timer"))
    clock.enter(lambda: order_seen.append("outside"))
    assert order_seen == [now_ns - 3, now_ns - 2, "timer", "outside"]
    assert env.peek() == now_ns + 10**15


def test_the_schedule_and_the_clock_agree_during_a_call() -> None:
    """During a call from outside, the schedule's time and the clock's are both now."""
    clock = WallClock(CallSchedule(), FAST)
    before_ns = clock.now_ns()
    results: list[int] = []
    clock.enter(lambda: results.append(clock.now_ns()))
    assert before_ns <= results[0] <= clock.now_ns()


def test_an_error_of_a_call_is_raised() -> None:
    """An error inside a call is raised to its caller, and the clock goes on."""
    clock = WallClock()

    def fail() -> None:
        message = "not today"
        raise ValueError(message)

    with pytest.raises(ValueError, match="not today"):
        clock.enter(fail)
    results: list[str] = []
    clock.enter(lambda: results.append("on"))
    assert results == ["on"]


def test_an_error_of_a_timer_ends_the_run() -> None:
    """An error in a timer is raised by `run`: nothing fails silently."""

    async def run() -> None:
        clock = WallClock()
        clock.call_at(0, lambda: 1 // 0)  # type: ignore[arg-type]
        await clock.run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_falling_behind_does_not_block_other_tasks() -> None:
    """While a long backlog is processed, other tasks run in between."""
    env = ReplayEnvironment((at,) for at in range(200_000))
    turns: list[int] = []

    def caught_up() -> bool:
        turns.append(env.rows_taken)
        return env.rows_taken == 200_000

    async def run(loop: JumpingLoop) -> None:
        async with running(jumping(env, 1, loop)):
            await until(caught_up)

    run_jumping(run)
    assert len(set(turns)) > 10


def test_sleep_until_returns_at_its_time() -> None:
    """Sleeping until a time returns at that time, at the speed of the clock, with no runner."""

    async def run(loop: JumpingLoop) -> None:
        clock = jumping(None, FAST, loop)
        await clock.sleep_until(clock.now_ns() + 5 * NS_PER_SECOND)
        assert loop.time() == pytest.approx(5 / FAST)
        await clock.sleep_until(0)
        assert loop.time() == pytest.approx(5 / FAST)

    run_jumping(run)


YEAR_NS = 365 * 86_400 * NS_PER_SECOND
NEW_YEAR_NS = 1_798_761_600 * NS_PER_SECOND


@pytest.mark.parametrize("speed", [Fraction(1, 2), Fraction(1), Fraction(5), Fraction(20)])
def test_clocks_made_years_apart_agree(speed: Fraction) -> None:
    """A session that is started after New Year has the time of a sandbox from before."""
    anchors = {anchor_ns(NEW_YEAR_NS + days * YEAR_NS // 365, speed) for days in (-1, 0, 1, 2_000)}
    assert len(anchors) == 1


@pytest.mark.parametrize("years", [0, 1, 7])
def test_the_fastest_clock_stays_within_64_bits(years: int) -> None:
    """Whenever it is made, and for another hundred days, its time fits into 64 bits."""
    for tenth in range(10):
        wall_ns = NEW_YEAR_NS + years * YEAR_NS + tenth * YEAR_NS // 10
        ahead_ns = wall_ns + 100 * 86_400 * NS_PER_SECOND - anchor_ns(wall_ns, Fraction(FAST))
        assert 0 <= anchor_ns(wall_ns, Fraction(FAST)) + FAST * ahead_ns < 2**63


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), True, "fast", None, 1e9])
def test_an_invalid_speed_is_refused(speed: object) -> None:
    """Zero, negative, infinite and non-numeric speeds are refused by name."""
    allowed = "a number, above 0 and at most 200"
    with pytest.raises(ConfigError, match=f"^clock.speed: {speed!r} is not {allowed}$"):
        read_settings("clock", WallClock, {"speed": speed})


def test_timers_fire_as_on_the_virtual_clock() -> None:
    """The same timers fire in the same order on either clock."""

    def order(call_at: Callable[[int, Callable[[], None]], object], order_seen: list[int]) -> None:
        for number, at_ns in enumerate((30, 10, 20, 10, 0)):
            call_at(at_ns, lambda number=number: order_seen.append(number))  # type: ignore[misc]

    virtual: list[int] = []
    env = ReplayEnvironment()
    order(VirtualClock(env, lambda _: None).call_at, virtual)
    env.run()
    paced_ones: list[int] = []
    clock = WallClock(CallSchedule())
    order(clock.call_at, paced_ones)
    clock.enter(lambda: None)
    assert paced_ones == virtual == [4, 1, 3, 2, 0]
    assert int(Priority.TIMER) == 1
