"""Wall time: in step with the wall at any speed, with everything that is due in its order."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from time import perf_counter

import pytest
from simpy import Environment

from live.wall_clock import WallClock, anchor_ns
from sim.engine.virtual_clock import Priority, ReplayEnvironment, VirtualClock
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

FAST = 200


def paced(env: Environment, speed: float, *, seconds: float) -> WallClock:
    """Run an environment at a speed for so many seconds of the wall."""
    clock = WallClock(env, speed)

    async def run() -> None:
        running = asyncio.create_task(clock.run())
        await asyncio.sleep(seconds)
        running.cancel()
        assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], BaseException)

    asyncio.run(run())
    return clock


def new_environment(clock_speed: float = FAST) -> tuple[Environment, int]:
    """Return an environment that begins now, at a speed, and its beginning."""
    now_ns = WallClock(None, clock_speed).now_ns()
    return Environment(now_ns), now_ns


def test_at_speed_one_it_is_wall_time() -> None:
    """At speed 1 the time is the wall's: late in 2026 or after, and a millisecond is one."""
    clock = WallClock()
    assert clock.now_ns() > 1_790_000_000 * NS_PER_SECOND
    began_ns, began = clock.now_ns(), perf_counter()
    while perf_counter() < began + 0.01:
        pass
    assert 10_000_000 <= clock.now_ns() - began_ns < 1_000_000_000


def test_two_clocks_of_one_speed_agree() -> None:
    """The sandbox and a session that were given the same speed tell the same time."""
    first, second = WallClock(speed=60), WallClock(speed=60)
    apart_ns = abs(first.now_ns() - second.now_ns())
    assert apart_ns < 60 * NS_PER_SECOND


def test_time_passes_faster_at_speed() -> None:
    """At speed 200 a third of a second of the wall holds tens of timers a second apart."""
    env, begin_ns = new_environment()
    rung: list[int] = []

    def process() -> object:
        while True:
            yield env.timeout(NS_PER_SECOND)
            rung.append(int(env.now))

    env.process(process())  # type: ignore[arg-type]
    paced(env, FAST, seconds=0.3)
    assert len(rung) >= 30
    assert rung[0] == begin_ns + NS_PER_SECOND
    assert {after - before for before, after in pairwise(rung)} == {NS_PER_SECOND}


def test_nothing_rings_before_its_time() -> None:
    """A timer rings at or after its time on the wall, and a later one not at all yet."""
    clock = WallClock(speed=FAST)
    heard: list[tuple[int, int]] = []

    async def run() -> None:
        due_ns = clock.now_ns() + 10 * NS_PER_SECOND
        clock.call_at(due_ns, lambda: heard.append((clock.wall_ns(), clock.now_ns())))
        clock.call_at(due_ns + 10**9 * NS_PER_SECOND, lambda: heard.append((0, 0)))
        running = asyncio.create_task(clock.run())
        async with asyncio.timeout(10):
            while not heard:
                await asyncio.sleep(0.01)
        running.cancel()
        ((rang_ns, told_ns),) = heard
        assert rang_ns >= due_ns
        assert told_ns == due_ns

    asyncio.run(run())


def test_a_timer_that_was_called_off_does_not_ring() -> None:
    """What is cancelled in time does not happen; cancelling afterwards does nothing."""
    clock = WallClock(speed=FAST)
    heard: list[str] = []
    clock.call_at(0, lambda: heard.append("off")).cancel()
    kept = clock.call_at(0, lambda: heard.append("on"))
    assert heard == []
    clock.enter(lambda: heard.append("entered"))
    kept.cancel()
    assert heard == ["on", "entered"]


def test_a_new_timer_is_heard_before_the_one_that_was_waited_for() -> None:
    """A timer asked for while the clock sleeps until a later one rings at its own time."""
    clock = WallClock()
    heard: list[str] = []

    async def run() -> None:
        clock.call_at(clock.now_ns() + 3600 * NS_PER_SECOND, lambda: heard.append("late"))
        running = asyncio.create_task(clock.run())
        await asyncio.sleep(0.02)
        clock.call_at(clock.now_ns() + NS_PER_SECOND // 100, lambda: heard.append("soon"))
        async with asyncio.timeout(10):
            while not heard:
                await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(run())
    assert heard == ["soon"]


def test_what_comes_from_outside_comes_after_what_was_due() -> None:
    """An input from outside first lets everything due happen, rows of a recording included."""
    now_ns = WallClock(speed=FAST).now_ns()
    rows = [(now_ns - 3,), (now_ns - 2,), (now_ns + 10**15,)]
    env = ReplayEnvironment(rows)
    heard: list[object] = []
    env.replay_to(lambda row: heard.append(row[0]))
    clock = WallClock(env, FAST)
    clock.call_at(now_ns - 2, lambda: heard.append("timer"))
    clock.enter(lambda: heard.append("outside"))
    assert heard == [now_ns - 3, now_ns - 2, "timer", "outside"]
    assert env.peek() == now_ns + 10**15


def test_the_present_is_entered_at_the_present() -> None:
    """During an input from outside, the schedule's time and the clock's are both now."""
    clock = WallClock(Environment(0), FAST)
    before_ns = clock.now_ns()
    told: list[int] = []
    clock.enter(lambda: told.append(clock.now_ns()))
    assert before_ns <= told[0] <= clock.now_ns()


def test_what_an_input_raises_comes_out() -> None:
    """An error inside an input reaches whoever let it in, and the clock goes on."""
    clock = WallClock()

    def fail() -> None:
        message = "not today"
        raise ValueError(message)

    with pytest.raises(ValueError, match="not today"):
        clock.enter(fail)
    told: list[str] = []
    clock.enter(lambda: told.append("on"))
    assert told == ["on"]


def test_what_fails_while_running_ends_the_run() -> None:
    """An error in a timer comes out of `run`: nothing fails unseen."""

    async def run() -> None:
        clock = WallClock()
        clock.call_at(0, lambda: 1 // 0)  # type: ignore[arg-type]
        await clock.run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_falling_behind_does_not_shut_others_out() -> None:
    """While a long past is caught up with, other tasks get their turns."""
    env = ReplayEnvironment((at,) for at in range(200_000))
    turns: list[int] = []

    async def run() -> None:
        running = asyncio.create_task(WallClock(env).run())
        while env.rows_taken < 200_000:
            await asyncio.sleep(0)
            turns.append(env.rows_taken)
        running.cancel()

    asyncio.run(run())
    assert len(turns) > 10


def test_sleeping_takes_as_long_as_it_says() -> None:
    """Sleeping until a time returns at that time, at the speed of the clock, with no runner."""
    clock = WallClock(speed=FAST)
    due_ns = clock.now_ns() + 5 * NS_PER_SECOND
    asyncio.run(clock.sleep_until(due_ns))
    assert clock.now_ns() >= due_ns
    asyncio.run(asyncio.wait_for(clock.sleep_until(0), 30))


YEAR_NS = 365 * 86_400 * NS_PER_SECOND
NEW_YEAR_NS = 1_798_761_600 * NS_PER_SECOND


@pytest.mark.parametrize("speed", [Fraction(1, 2), Fraction(1), Fraction(5), Fraction(20)])
def test_clocks_that_were_made_years_apart_agree(speed: Fraction) -> None:
    """A session that is started after New Year has the time of a sandbox from before."""
    anchors = {anchor_ns(NEW_YEAR_NS + days * YEAR_NS // 365, speed) for days in (-1, 0, 1, 2_000)}
    assert len(anchors) == 1


@pytest.mark.parametrize("years", [0, 1, 7])
def test_the_fastest_clock_tells_times_that_a_tape_can_keep(years: int) -> None:
    """Whenever it is made, and for another hundred days, its time fits into 64 bits."""
    for tenth in range(10):
        wall_ns = NEW_YEAR_NS + years * YEAR_NS + tenth * YEAR_NS // 10
        ahead_ns = wall_ns + 100 * 86_400 * NS_PER_SECOND - anchor_ns(wall_ns, Fraction(FAST))
        assert 0 <= anchor_ns(wall_ns, Fraction(FAST)) + FAST * ahead_ns < 2**63


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), True, "fast", None, 1e9])
def test_a_speed_that_time_cannot_have_is_refused(speed: float) -> None:
    """Zero, negative, endless and wordy speeds are refused by name."""
    with pytest.raises(ConfigError, match="speed"):
        WallClock(speed=speed)


def test_timers_ring_as_on_the_virtual_clock() -> None:
    """The same timers ring in the same order on either clock."""

    def order(call_at: Callable[[int, Callable[[], None]], object], heard: list[int]) -> None:
        for number, at_ns in enumerate((30, 10, 20, 10, 0)):
            call_at(at_ns, lambda number=number: heard.append(number))  # type: ignore[misc]

    virtual: list[int] = []
    env = ReplayEnvironment()
    order(VirtualClock(env, lambda _: None).call_at, virtual)
    env.run()
    paced_ones: list[int] = []
    clock = WallClock(Environment(0))
    order(clock.call_at, paced_ones)
    clock.enter(lambda: None)
    assert paced_ones == virtual == [4, 1, 3, 2, 0]
    assert int(Priority.TIMER) == 1
