"""The exchange's limit on requests a second, kept on our side."""

import asyncio
from collections import deque

from live.wall_clock import WallClock
from strategies.trading.model.units import NS_PER_SECOND


class RateLimiter:
    """First-come, first-served rate limiter over a sliding one-second window."""

    def __init__(self, clock: WallClock, requests_per_second: int) -> None:
        """Start with the whole second available."""
        self._clock = clock
        self._acquired_ns: deque[int] = deque(maxlen=requests_per_second)
        self._blocked_until_ns = 0
        self._lock = asyncio.Lock()

    async def acquire(self) -> int:
        """Return when one request may be made, with that time in nanoseconds."""
        async with self._lock:
            while (due_ns := self._next_ns()) > self._clock.wall_ns():
                await self._clock.sleep_until(due_ns)
            now_ns = self._clock.wall_ns()
            self._acquired_ns.append(now_ns)
            return now_ns

    def back_off(self, seconds: float) -> None:
        """Permit no request for some seconds, as the exchange demands."""
        until_ns = self._clock.wall_ns() + int(seconds * NS_PER_SECOND)
        self._blocked_until_ns = max(self._blocked_until_ns, until_ns)

    def _next_ns(self) -> int:
        full = len(self._acquired_ns) == self._acquired_ns.maxlen
        free_ns = self._acquired_ns[0] + NS_PER_SECOND if full else 0
        return max(free_ns, self._blocked_until_ns)
