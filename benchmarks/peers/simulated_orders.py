"""A simulated market order by order, with hypothetical wagers whose true outcome is known.

Simulated, not recorded: no market's orders can be shipped here. Orders come at random, most of them
to the touch; each lives for a random time, short or long, and what is not taken by then is
cancelled whole. So of a level the newer orders are cancelled more, as was measured of real markets.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.backtest import add_pair
from benchmarks.peers.fifo_book import FifoBook, Joined
from benchmarks.peers.streams import ASK, BID, LEVEL, TRADE
from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from sim.crowd.calibration.shadow_wagers import ShadowWager
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import Odds, opposite, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND

# The columns of streams.EVENT, and the original size of the orders at a level.
FLOW_EVENT = np.dtype(
    [(name, "i8") for name in ("at_ns", "kind", "side", "price", "amount", "quantity")]
)
FIRST_NS = NS_PER_SECOND
_US_PER_SECOND, _NS_PER_US = 1_000_000, 1_000

# From the prices at which a unit of a taker is two of a maker to those at which it is half of one.
_LOWEST, _MIDDLE, _HIGHEST = 210, 277, 344
# Orders and takers a second, on each side.
_ORDERS, _TAKERS = 3.0, 0.3
# Mean lifetimes in seconds, and the share of orders that have the short one: with these the stake
# that is cancelled ahead of a wager is some 0.87 of its share in the queue, as measured (0.84 to
# 0.96 by depth).
_LIVES_S, _SHORT_SHARE = (4.0, 30.0), 0.2
_SIZE_MEDIAN, _SIZE_SIGMA = 20.0, 1.0
_TAKEN_MEDIAN, _TAKEN_SIGMA = 40.0, 1.5
_MOST = 5_000
# Where an order rests, in prices behind the touch: -1 improves it, if it does not cross then.
_PLACES, _PLACE_SHARES = (-1, 0, 1, 2, 3), (0.15, 0.5, 0.18, 0.1, 0.07)
# A wager is cancelled this long after the touch has left it, and at last after the longer time.
_REACTION_S, _HOLD_S, _PAUSE_S = 0.1, 20.0, 1.0


class FlowWager(NamedTuple):
    """A wager of one unit at the touch of a side, and when the exact book filled it, if it did."""

    side: int
    price: int
    joins_ns: int
    ends_ns: int
    ahead: int
    filled_ns: int | None


class Flow(NamedTuple):
    """The market as its levels, in FLOW_EVENT, and the wagers on it.

    Each row of `cancels` is one at the level of a wager: what was ahead of it and behind it, and
    what was cancelled ahead and behind.
    """

    events: np.ndarray
    wagers: list[FlowWager]
    cancels: np.ndarray


def order_flow(seconds: float, speed: float, seed: int = 1) -> Flow:
    """Return a market of this many seconds at speed 1; all its times are divided by the speed.

    Its orders, and the outcomes of its wagers, are the same at every speed, up to 1,000.
    """
    return _OrderFlow(seed, round(_NS_PER_US / speed)).run(seconds)


class _OrderFlow:
    """Makes a market, event by event; every event has a microsecond of its own."""

    def __init__(self, seed: int, ns_per_us: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._ns_per_us = ns_per_us
        self._book = FifoBook()
        self._now_us = 0
        self._due: list[tuple[int, int, str, Any]] = []
        self._numbers = count()
        self._events: list[tuple[int, ...]] = []
        self._joined: dict[int, tuple[Joined, int, int]] = {}
        self._wagers: list[FlowWager] = []
        self._cancels: list[tuple[int, ...]] = []

    def run(self, seconds: float) -> Flow:
        for side, price in ((BID, _MIDDLE - 1), (ASK, _MIDDLE)):
            for depth in range(4):
                behind = price - depth if side == BID else price + depth
                self._add(side, behind)
            self._later(1 / _ORDERS, "order", side)
            self._later(1 / _TAKERS, "taker", side)
            self._schedule(10.0, "join", side)
        while self._due:
            at_us, _, what, of = heappop(self._due)
            if at_us > seconds * _US_PER_SECOND:
                break
            self._now_us = max(at_us, self._now_us + 1)
            getattr(self, f"_{what}")(of)
        cancels = np.array(self._cancels, dtype=np.int64).reshape(-1, 4)
        return Flow(np.array(self._events, dtype=FLOW_EVENT), self._wagers, cancels)

    # What happens -----------------------------------------------------------------------------

    def _order(self, side: int) -> None:
        self._later(1 / _ORDERS, "order", side)
        touch, across = self._book.touch(side), self._book.touch(1 - side)
        behind = int(self._rng.choice(_PLACES, p=_PLACE_SHARES))
        if touch is None:
            touch = (_MIDDLE if across is None else across) + (-1 if side == BID else 1)
        price = touch - behind if side == BID else touch + behind
        if across is not None and (price >= across if side == BID else price <= across):
            price = touch
        if _LOWEST <= price <= _HIGHEST:
            self._add(side, price)

    def _taker(self, side: int) -> None:
        """Take from a side, but not towards an end of the range of prices that is near."""
        self._later(1 / _TAKERS, "taker", side)
        touch = self._book.touch(side)
        if touch is None or (side == BID and touch < _LOWEST + 9):
            return
        if side == ASK and touch > _HIGHEST - 9:
            return
        size = self._size(_TAKEN_MEDIAN, _TAKEN_SIGMA)
        limit = touch + (-1 if side == BID else 1) * int(self._rng.integers(2))
        trades = list(self._book.take(self._at_ns(), side, limit, size))
        self._events += [(self._at_ns(), TRADE, side, *trade, 0) for trade in trades]
        self._publish(side, *(price for price, _ in trades))

    def _expiry(self, number: int) -> None:
        for joined, _, _ in self._joined.values():
            self._note_cancel(joined, number)
        level = self._book.cancel(number)
        if level is not None:
            self._publish(*level)

    def _note_cancel(self, joined: Joined, number: int) -> None:
        level = self._book.levels[joined.side].get(joined.price, {})
        if number in level:
            ahead = sum(left for other, left in level.items() if other in joined.ahead)
            behind = sum(level.values()) - ahead
            is_ahead = number in joined.ahead
            cancelled = (level[number], 0) if is_ahead else (0, level[number])
            self._cancels.append((ahead, behind, *cancelled))

    def _join(self, side: int) -> None:
        touch = self._book.touch(side)
        if touch is None:
            self._schedule(_PAUSE_S, "join", side)
            return
        ahead = self._book.amount(side, touch)
        self._joined[side] = self._book.join(side, touch), self._at_ns(), ahead
        self._schedule(_HOLD_S, "leave", self._joined[side][0])

    def _leave(self, joined: Joined) -> None:
        held = self._joined.get(joined.side)
        if held is None or held[0] is not joined:
            return
        _, joins_ns, ahead = self._joined.pop(joined.side)
        self._book.joined.remove(joined)
        filled_ns = joined.filled_ns
        self._wagers.append(
            FlowWager(joined.side, joined.price, joins_ns, self._at_ns(), ahead, filled_ns)
        )
        self._later(_PAUSE_S, "join", joined.side)

    # How it happens ---------------------------------------------------------------------------

    def _add(self, side: int, price: int) -> None:
        number = next(self._numbers)
        size = self._size(_SIZE_MEDIAN, _SIZE_SIGMA)
        self._book.add(self._at_ns(), number, side, price, size)
        life_s = _LIVES_S[0] if self._rng.random() < _SHORT_SHARE else _LIVES_S[1]
        self._later(life_s, "expiry", number)
        self._publish(side, price)

    def _publish(self, side: int, *prices: int) -> None:
        """Write levels of a side that have changed; note a wager that the touch has left."""
        at_ns, book = self._at_ns(), self._book
        self._events += [
            (at_ns, LEVEL, side, price, book.amount(side, price), book.quantity(side, price))
            for price in prices
        ]
        held = self._joined.get(side)
        if held is not None and book.touch(side) != held[0].price:
            self._schedule(_REACTION_S, "leave", held[0])

    def _size(self, median: float, sigma: float) -> int:
        return int(min(max(1.0, median * self._rng.lognormal(0, sigma)), _MOST))

    def _later(self, mean_s: float, what: str, of: Any) -> None:
        self._schedule(float(self._rng.exponential(mean_s)), what, of)

    def _schedule(self, seconds: float, what: str, of: Any) -> None:
        at_us = self._now_us + 1 + int(seconds * _US_PER_SECOND)
        heappush(self._due, (at_us, len(self._due) + next(self._numbers), what, of))

    def _at_ns(self) -> int:
        return FIRST_NS + self._now_us * self._ns_per_us


def write_flow(flow: Flow, folder: Path, *, quantities: bool) -> None:
    """Write a market as a recording of one moneyline; a price is a rung, a unit is a dollar.

    Without `quantities` an offer has its amount alone, as most markets publish it.
    """
    with TapeWriter(
        folder, source="simulated: benchmarks.peers.fills", simulated=True, clocks=Clocks.ONE
    ) as tape:
        lines = add_pair(tape, 0)
        last_ns = 0
        tape.begin_message(0, 0)
        tape.market_status(0, MarketStatus.OPEN)
        for at_ns, kind, side, price, amount, quantity in flow.events.tolist():
            if at_ns != last_ns:
                tape.begin_message(at_ns, at_ns)
                last_ns = at_ns
            line, odds = lines[side == BID], _displayed_odds(side, price)
            if kind == TRADE:
                tape.trade(line, odds, 100 * amount, Side.TAKER)
            else:
                tape.offer(line, odds, 100 * amount, 100 * quantity if quantities else 0)


def shadows_of(wagers: Iterable[FlowWager]) -> list[ShadowWager]:
    """Return wagers on a recording of the market as its exchange takes them, of a dollar each."""
    return [
        ShadowWager(
            int(wager.side == ASK),
            opposite(_displayed_odds(wager.side, wager.price)),
            wager.joins_ns,
            wager.ends_ns,
            100 * wager.ahead,
        )
        for wager in wagers
    ]


def _displayed_odds(side: int, price: int) -> Odds:
    """Return the odds at which takers of home see an ask, and takers of away a bid."""
    odds = prophetx_ladder().rungs[-1 - price]
    return odds if side == ASK else opposite(odds)
