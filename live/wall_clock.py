"""Wall time: a schedule stepped by asyncio. The one module that looks at the real clock.

The sandbox and the sessions that trade against it use the same speed, so they agree on the time
without exchanging messages: it is wall time, scaled around an anchor.
"""

import asyncio
import time
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Timer
from strategies.trading.ports.schedule import CallSchedule, Priority, Schedule

# How many steps are made before other tasks run, so that a clock that is behind cannot block them.
_STEPS_PER_TURN = 5_000

# A clock this far ahead, after further months at the greatest speed, is still before 2262, where
# the times of a tape end.
_FIRST_ANCHOR_NS = timegm((2026, 1, 1, 0, 0, 0)) * NS_PER_SECOND
_FURTHEST_NS = 170 * 365 * 24 * 3600 * NS_PER_SECOND
_FASTEST = 200


class WallClock:
    """The clock of a schedule that is stepped as wall time passes.

    Now is anchor + speed x (wall time - anchor), in integer nanoseconds; at speed 1 that is wall
    time. It never goes back: wall time is read once, when the clock is made, and measured from
    there.
    """

    def __init__(
        self,
        schedule: Schedule | None = None,
        speed: Annotated[
            float,
            Meta(
                gt=0,
                le=_FASTEST,
                description="How many seconds pass in one second of the wall: prophet.speed.",
            ),
        ] = 1,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        time_ns: Callable[[], int] | None = None,
    ) -> None:
        """Step a schedule, or one of the clock's own that holds nothing but timers.

        Time passes as `monotonic_ns` says; an event loop with a time of its own passes its own.
        `time_ns` is the wall time of the machine, which can be set; without it that of a loop with
        its own time never is.
        """
        ratio = Fraction(str(speed))
        self._numerator, self._denominator = ratio.numerator, ratio.denominator
        self._wall_ns = (time_ns or time.time_ns)()
        self._monotonic_ns = monotonic_ns
        self._counter_ns = monotonic_ns()
        has_own_time = monotonic_ns is not time.monotonic_ns
        self._time_ns = time_ns or (self._unscaled_ns if has_own_time else time.time_ns)
        self._anchor_ns = anchor_ns(self._wall_ns, ratio)
        self._schedule = CallSchedule(self.wall_ns()) if schedule is None else schedule
        self._stepping = False
        # What `run` waits for: None is for ever, 0 before it runs.
        self._armed_ns: int | None = 0
        self._woken = asyncio.Event()

    def wall_ns(self) -> int:
        """Return the present, scaled; from any thread, and whatever is being stepped."""
        wall_ns = self._unscaled_ns()
        passed_ns = wall_ns - self._anchor_ns
        return self._anchor_ns + passed_ns * self._numerator // self._denominator

    def wall_time_ahead_ns(self) -> int:
        """Return how far the machine's wall time is ahead of what this clock takes it for.

        It changes when that time is set, and while the machine is suspended.
        """
        return self._time_ns() - self._unscaled_ns()

    def _unscaled_ns(self) -> int:
        return self._wall_ns + self._monotonic_ns() - self._counter_ns

    def now_ns(self) -> int:
        """Return the time: of what is being stepped, or else the present."""
        return self._schedule.now_ns if self._stepping else self.wall_ns()

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back at a time, or at once if it has passed; never before this returns."""
        due_ns = max(when_ns, self._schedule.now_ns)
        call = self._schedule.schedule_call(due_ns, Priority.TIMER, callback)
        self._rearm()
        return call

    def enter(self, callback: Callable[[], None]) -> None:
        """Let something in from outside: all that is due happens first, then the callback, now.

        What the callback raises comes out here.
        """
        assert not self._stepping, "what is stepped is not outside"
        has_entered = False

        def enter() -> None:
            nonlocal has_entered
            has_entered = True
            callback()

        now_ns = max(self.wall_ns(), self._schedule.now_ns)
        self._schedule.schedule_call(now_ns, Priority.OUTSIDE, enter)
        while not has_entered:
            self._step()
        self._rearm()

    async def sleep_until(self, when_ns: int) -> None:
        """Return when a time has come, at once if it has passed."""
        await asyncio.sleep(self._seconds_until(when_ns))

    async def run(self) -> None:
        """Step what is due as it becomes due, until cancelled; what a step raises comes out."""
        while True:
            self._woken.clear()
            if self._step_what_is_due():
                await asyncio.sleep(0)
                continue
            self._armed_ns = self._schedule.next_ns()
            await self._wait()

    def _step_what_is_due(self) -> bool:
        """Step for one turn of the loop; return whether more is due."""
        now_ns = self.wall_ns()
        for _ in range(_STEPS_PER_TURN):
            due_ns = self._schedule.next_ns()
            if due_ns is None or due_ns > now_ns:
                return False
            self._step()
        return True

    def _step(self) -> None:
        self._stepping = True
        try:
            self._schedule.step()
        finally:
            self._stepping = False

    async def _wait(self) -> None:
        if self._armed_ns is None:
            await self._woken.wait()
            return
        delay = self._seconds_until(self._armed_ns)
        alarm = asyncio.get_running_loop().call_later(delay, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            alarm.cancel()

    def _rearm(self) -> None:
        """Wake the runner if something is due before what it waits for."""
        due_ns = self._schedule.next_ns()
        if self._stepping or due_ns is None:
            return
        if self._armed_ns is None or due_ns < self._armed_ns:
            self._woken.set()

    def _seconds_until(self, when_ns: int) -> float:
        scaled_ns = max(0, when_ns - self.wall_ns())
        return scaled_ns * self._denominator / self._numerator / NS_PER_SECOND


def anchor_ns(wall_ns: int, speed: Fraction) -> int:
    """Return the anchor of a clock that is made at a time of the wall.

    It is the beginning of 2026 until such a clock would be 170 years ahead; from then on it is that
    moment, and so on. At speed 20 that takes eight years, at 200 ten months.
    """
    period_ns = int(_FURTHEST_NS / speed)
    return wall_ns - (wall_ns - _FIRST_ANCHOR_NS) % period_ns


def utc_text(at_ns: int) -> str:
    """Return a time for people: "2026-11-29 16:56:05 UTC"."""
    return f"{datetime.fromtimestamp(at_ns // NS_PER_SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"
