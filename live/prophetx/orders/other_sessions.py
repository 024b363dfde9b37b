"""Notices wagers on our account that another session placed, and which of the two came first.

On one machine a lock keeps a second session from an account; between machines only the exchange
sees both. Its order of placing is the same for both, so exactly one of them is the later one.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from itertools import pairwise

from live.prophetx.orders.order_history import OrderHistory, is_open, wager_text
from live.prophetx.wire.orders import WireOrder
from live.wall_clock import WallClock
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import AccountInUseError, ExchangeError
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND

_LOG = logging.getLogger(__name__)

# A session's references, and what all those of one start begin with.
_OF_A_SESSION = re.compile(r"([A-Za-z0-9_-]+-\d+)-\d+")
# How far back the other session's first wager is looked for, the latest hour first.
_HOURS = (0, 1, 24)
_HOUR_SECONDS = 3_600
# The exchange's clock may be this far from ours.
_APART_SECONDS = 60
_AGAIN_SECONDS = 1.0


class OtherSessions:
    """Watches reports on wagers that are not ours, for as long as a session trades.

    A wager that is open and not ours was placed since our start, which begins with none. If it has
    a session's reference and that session placed its first wager before ours, or before we placed
    any, `check` raises AccountInUseError: the later one ends. Any other is logged, once a session.
    """

    def __init__(
        self,
        history: OrderHistory,
        clock: WallClock,
        catalogue: Catalogue,
        is_ours: Callable[[WagerRef], bool],
    ) -> None:
        """Start without having placed anything."""
        self._history = history
        self._clock = clock
        self._catalogue = catalogue
        self._is_ours = is_ours
        self._first: tuple[WagerRef, int] | None = None
        self._known: set[str] = set()

    def note_placed(self, ref: WagerRef) -> None:
        """Note a wager of ours, before it is sent."""
        if self._first is None:
            self._first = ref, self._clock.wall_ns()

    def is_new(self, order: WireOrder) -> bool:
        """Return whether a report shows a session that was not seen before."""
        return (
            not self._is_ours(order.ref) and is_open(order) and _start_of(order) not in self._known
        )

    async def check(self, order: WireOrder) -> None:
        """Raise AccountInUseError if the session of a wager came before ours."""
        start = _start_of(order)
        if start in self._known:
            return
        self._known.add(start)
        text = wager_text(order, self._catalogue)
        if not start:
            _LOG.warning("a wager that no session placed is on the account: %s", text)
            return
        if await self._came_first(start):
            message = f"another session trades this account, and placed before this one: {text}"
            raise AccountInUseError(message)
        _LOG.warning("a later session trades this account; it has to end: %s", text)

    async def _came_first(self, start: str) -> bool:
        """Return whether a wager of another start was placed before our first one."""
        if self._first is None:
            return True
        ref, first_ns = self._first
        newest = first_ns // NS_PER_SECOND + _APART_SECONDS
        for later, earlier in pairwise(_HOURS):
            begin = newest - 2 * _APART_SECONDS - earlier * _HOUR_SECONDS
            for order in reversed(await self._orders(begin, newest - later * _HOUR_SECONDS)):
                if order.ref == ref:
                    break
                if _start_of(order) == start:
                    return True
        return False

    async def _orders(self, begin: int, end: int) -> list[WireOrder]:
        """Return the orders of a range of time, the newest first; try until there is a response."""
        while True:
            try:
                return await self._history.between(begin, end)
            except ExchangeError:
                await asyncio.sleep(_AGAIN_SECONDS)


def _start_of(order: WireOrder) -> str:
    """Return what the references of one start of a session begin with, empty for any other."""
    found = _OF_A_SESSION.fullmatch(order.ref)
    return found[1] if found else ""
