"""How fast the exchange is asked: its own limit on requests, kept on our side."""

import asyncio
from collections import deque

from live.wall_clock import WallClock
from strategies.trading.model.units import NS_PER_SECOND


class RateLimiter:
    """Gives turns, in the order in which they are asked for: at most so many in any second."""

    def __init__(self, clock: WallClock, requests_per_second: int) -> None:
        """Begin with every turn of a second to give."""
        self._clock = clock
        self._taken_ns: deque[int] = deque(maxlen=requests_per_second)
        self._held_until_ns = 0
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Return when one request may be made."""
        async with self._turn:
            while (due_ns := self._next_ns()) > self._clock.wall_ns():
                await self._clock.sleep_until(due_ns)
            self._taken_ns.append(self._clock.wall_ns())

    def hold(self, seconds: float) -> None:
        """Give no turn for so many seconds, as the exchange asked."""
        until_ns = self._clock.wall_ns() + int(seconds * NS_PER_SECOND)
        self._held_until_ns = max(self._held_until_ns, until_ns)

    def _next_ns(self) -> int:
        full = len(self._taken_ns) == self._taken_ns.maxlen
        free_ns = self._taken_ns[0] + NS_PER_SECOND if full else 0
        return max(free_ns, self._held_until_ns)
