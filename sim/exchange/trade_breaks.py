"""Trades that the exchange breaks as obvious errors, by its published rule.

A trade can be broken on request of anyone within 15 minutes if its price is more than 15 % of that
price off the fair value. How the exchange finds the fair value is not published: here it is the
middle of the best offers of all others on both lines, when the trade happens. Without offers on
both lines nothing is broken. The price is that of whoever asks, so each side's own.
"""

from dataclasses import dataclass
from functools import partial

from numpy.random import Generator

from sim.engine.faults import Faults
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import best_level
from sim.exchange.participant import ExchangeWager, Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.ids import LineId
from strategies.trading.model.odds import Odds, implied_probability
from strategies.trading.ports.schedule import Priority


@dataclass(frozen=True, slots=True)
class _Side:
    """One participant's fill in a trade that will be broken."""

    participant: Participant
    fill: WagerMatched
    line_id: LineId


class TradeBreaks:
    """Breaks trades at one exchange, all sides of each at once.

    Of the trades that are far enough off, someone asks for the share `trade_broken` of the faults.
    """

    def __init__(
        self, env: ReplayEnvironment, exchange: SimulatedProphet, faults: Faults, rng: Generator
    ) -> None:
        """Watch every fill at the exchange from now on."""
        self._scheduler = env.scheduler
        self._exchange = exchange
        self._faults = faults
        self._rng = rng
        self._trade = 0
        self._sides: list[_Side] = []
        exchange.matcher.on_fill = self._on_fill

    def _on_fill(
        self,
        trade: int,
        book: LineBook,
        wager: ExchangeWager,
        odds: Odds,
        stake_cents: int,
        profit_cents: int,
    ) -> None:
        side = _Side(
            wager.owner, WagerMatched(wager.ref, odds, stake_cents, profit_cents), book.line_id
        )
        if trade == self._trade:
            # The second side of a trade is broken with the first, if that is.
            self._sides.append(side)
            return
        self._trade, self._sides = trade, [side]
        fair, price = _fair_value(book, wager.owner), stake_cents / (stake_cents + profit_cents)
        if fair is None or not is_far_off(price, fair, self._faults.broken_beyond):
            return
        if self._rng.random() < self._faults.trade_broken:
            delay_ns = int(self._rng.integers(self._faults.broken_within_ns + 1))
            due_ns = self._scheduler.now_ns + delay_ns
            breaking = partial(self._break, self._sides)
            self._scheduler.schedule_call(due_ns, Priority.EXCHANGE, breaking)

    def _break(self, sides: list[_Side]) -> None:
        for side in sides:
            self._exchange.break_trade(side.participant, side.fill, side.line_id)


def is_far_off(price: float, fair: float, beyond: float) -> bool:
    """Return whether either side of a trade paid more than the share `beyond` of it too much.

    `price` and `fair` are probabilities of the same line; the other side's are what they lack to 1.
    """
    return price - fair > beyond * price or fair - price > beyond * (1 - price)


def _fair_value(book: LineBook, without: Participant) -> float | None:
    """Return the fair probability of a line by what others offer, None without both offers."""
    first, second = best_level(book, without), best_level(book.opposite, without)
    if first is None or second is None:
        return None
    implied = implied_probability(first.odds), implied_probability(second.odds)
    return implied[0] / sum(implied)
