"""Watches what must halt a desk from outside of it: a clock that jumps, a login that is lost."""

import asyncio
from collections.abc import Callable

from live.session.gateway import MarketData, Notify
from live.wall_clock import WallClock
from strategies.trading.model.errors import ClockError
from strategies.trading.model.units import NS_PER_SECOND

_LOOK_SECONDS = 1.0
# Time servers slew a clock by milliseconds a second; a machine that was suspended jumps.
_JUMP_NS = 2 * NS_PER_SECOND


class HaltWatch:
    """Halts the desk of a session by name: `halt` takes the reason, which begins with the name.

    A jump of wall time also ends the session, as its clock is wrong from then on. A login that the
    exchange refuses for longer than `unauthorized_seconds` halts the desk, which goes on waiting.
    """

    def __init__(
        self,
        market: MarketData,
        clock: WallClock,
        halt: Callable[[str], None],
        notify: Notify,
        unauthorized_seconds: float,
    ) -> None:
        """Prepare to watch."""
        self._market = market
        self._clock = clock
        self._halt = halt
        self._notify = notify
        self._unauthorized_seconds = unauthorized_seconds
        self._ahead_ns = clock.wall_time_ahead_ns()
        self._refused_since: float | None = None
        self._has_halted = False

    async def run(self) -> None:
        """Watch until cancelled; raise ClockError when wall time jumps."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._check_clock()
            self._check_login()

    def _check_clock(self) -> None:
        before_ns, self._ahead_ns = self._ahead_ns, self._clock.wall_time_ahead_ns()
        jump_ns = self._ahead_ns - before_ns
        if abs(jump_ns) < _JUMP_NS:
            return
        reason = f"clock: wall time jumped by {jump_ns / NS_PER_SECOND:+.1f} s"
        self._halt(reason)
        message = f"{reason}; start the session again once the machine's clock is right"
        raise ClockError(message)

    def _check_login(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._market.is_refused:
            if self._refused_since is not None:
                self._notify(f"{self._market.venue.name} accepts our login again")
            self._refused_since, self._has_halted = None, False
            return
        if self._refused_since is None:
            self._refused_since = now
            self._notify(f"{self._market.venue.name} refuses our login; quotes are pulled")
        seconds = now - self._refused_since
        if seconds >= self._unauthorized_seconds and not self._has_halted:
            self._has_halted = True
            self._halt(f"login: refused for {seconds:.0f} s")
