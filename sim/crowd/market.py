"""One market of the simulated exchange: its book, its status, and what it says of both."""

from collections.abc import Sequence
from functools import partial

from numpy.random import Generator

from recordings.tape import Side
from recordings.writer import TapeWriter
from sim.crowd.book import CrowdBook, Fill, Offer, RestingWager
from sim.crowd.tempo import NS_PER_MS, Steps
from sim.crowd.ticker import Say, Ticker
from strategies.trading.market import Line, Market, MarketStatus, Result
from strategies.trading.odds import Odds, prophetx_ladder

TRADE_FIRST_SHARE = 0.5
APART_NS_MOST = 30 * NS_PER_MS


class CrowdMarket:
    """A market with one pair of lines. Every change to its book is said at once.

    A trade and the change of the book that it made are two messages, told in either order and up
    to APART_NS_MOST apart, as the real exchange does.
    """

    def __init__(
        self,
        ticker: Ticker,
        writer: TapeWriter,
        market: Market,
        lines: tuple[Line, Line],
        rng: Generator,
    ) -> None:
        """Enter the market and its lines in the tape's dictionaries, home or over first."""
        self.type = market.type
        self.lines = lines
        self.book = CrowdBook(prophetx_ladder())
        self.is_open = False
        self.is_in_play = False
        self.environment = ticker.environment
        self._ticker = ticker
        self._rng = rng
        self._place = writer.add_market(market)
        self._line_places = (writer.add_line(lines[0]), writer.add_line(lines[1]))
        self._told: tuple[dict[Odds, Offer], dict[Odds, Offer]] = ({}, {})

    def rest(self, wagers: Sequence[RestingWager]) -> None:
        """Let wagers rest in the book, if the market is open; none may cross another."""
        if self.is_open:
            for wager in wagers:
                self.book.rest(wager)
            self._ticker.say(*self._book_changes())

    def cancel(self, wagers: Sequence[RestingWager]) -> None:
        """Take wagers out of the book, if the market is open."""
        if self.is_open:
            self.book.remove(wagers)
            self._ticker.say(*self._book_changes())

    def take(self, line: int, stake_cents: int, probability_most: float) -> None:
        """Match a taker's stake on a line with the offers there, if the market is open."""
        if not self.is_open:
            return
        fills = self.book.take(line, stake_cents, probability_most)
        trades = [self._trade(line, fill) for fill in fills]
        apart_ns = self._apart_ns()
        if self._rng.random() < TRADE_FIRST_SHARE:
            self._ticker.say(*trades)
            self.environment.process(self._tell_book_later(apart_ns))
        else:
            self._ticker.say(*self._book_changes())
            self._ticker.say(*trades, later_ns=apart_ns)

    def open(self, *, in_play_delay_ns: int) -> None:
        """Take wagers from now on, and say how long they will wait once in-play."""
        self.is_open = True
        delay = partial(TapeWriter.in_play_delay, market=self._place, delay_ns=in_play_delay_ns)
        self._ticker.say(self._status(MarketStatus.OPEN), delay)

    def open_in_play(self) -> None:
        """Take wagers again, now during the game."""
        self.is_open = self.is_in_play = True
        self._ticker.say(self._status(MarketStatus.OPEN))

    def suspend(self, *, wipe: bool) -> None:
        """Take no more wagers for now, and drop those that rest if told so."""
        self.is_open = False
        if wipe:
            self.book.remove(self.book.wagers)
        self._ticker.say(self._status(MarketStatus.SUSPENDED), *self._book_changes())

    def settle(self, results: tuple[Result, Result]) -> None:
        """Close for good and say what became of both lines."""
        self.is_open = False
        self.book.remove(self.book.wagers)
        self._ticker.say(
            self._status(MarketStatus.CLOSED),
            *self._book_changes(),
            partial(TapeWriter.result, line=self._line_places[0], result=results[0]),
            partial(TapeWriter.result, line=self._line_places[1], result=results[1]),
        )

    def _status(self, status: MarketStatus) -> Say:
        return partial(TapeWriter.market_status, market=self._place, status=status)

    def _trade(self, line: int, fill: Fill) -> Say:
        place, cents = self._line_places[line], fill.stake_cents
        return partial(
            TapeWriter.trade, line=place, odds=fill.odds, amount_cents=cents, side=Side.TAKER
        )

    def _apart_ns(self) -> int:
        """Return how far apart a trade and its change of the book are told; half are at once."""
        return max(0, int(self._rng.uniform(-APART_NS_MOST, APART_NS_MOST)))

    def _tell_book_later(self, later_ns: int) -> Steps:
        yield self.environment.timeout(later_ns)
        self._ticker.say(*self._book_changes())

    def _book_changes(self) -> list[Say]:
        """Return the rows that bring what was told up to date, and remember them as told."""
        shown = (self.book.offers(0), self.book.offers(1))
        rows = [
            _offer(place, odds, offer)
            for place, told, now in zip(self._line_places, self._told, shown, strict=True)
            for odds, offer in _differences(told, now)
        ]
        self._told = shown
        return rows


def _offer(place: int, odds: Odds, offer: Offer) -> Say:
    cents, quantity_cents = offer
    return partial(
        TapeWriter.offer, line=place, odds=odds, amount_cents=cents, quantity_cents=quantity_cents
    )


def _differences(told: dict[Odds, Offer], now: dict[Odds, Offer]) -> list[tuple[Odds, Offer]]:
    """Return removals first, so that no reader sees a crossed or an overfull book midway."""
    gone = [(odds, Offer(0, 0)) for odds in told if odds not in now]
    return gone + [(odds, offer) for odds, offer in now.items() if told.get(odds) != offer]
