"""A pair of an event at an earlier moment: its book, our wagers in it, and its prices."""

from live.watch.event_tape import EventTape
from live.watch.journaled_wagers import JournaledWagers, wager_view
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.book import Book, Offers
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.market import Line
from strategies.trading.model.odds import opposite
from strategies.trading.model.position import Position
from strategies.trading.pricing.touch import Pricing
from strategies.trading.snapshot.book_view import ahead_cents, source_views, trade_views
from strategies.trading.snapshot.snapshot_types import (
    LineView,
    OfferLevel,
    PairDetail,
    WagerView,
)


class EarlierPair:
    """Reads one pair of the state of an event at a time; fills in the offers of its book."""

    def __init__(
        self,
        tape: EventTape,
        wagers: JournaledWagers,
        states: MarketStates,
        book: Book,
        at_ns: int,
    ) -> None:
        """Take a book of these states, which are those of `at_ns`."""
        self._tape = tape
        self._wagers = wagers
        self._book = book
        self._event = states.events[book.pair.first.event_id]
        self._at_ns = at_ns
        self._lines = (book.pair.first, book.pair.second)
        book.first, book.second = (self._offers(side) for side in (0, 1))

    def detail(self, pricing: Pricing | None) -> PairDetail:
        """Return the pair as a session shows it, with the fair price that this pricing had."""
        book, pair, trade = self._book, self._book.pair, self._book.trade
        position = self._wagers.position(pair, self._at_ns)
        lines = (pair.first.line_id, pair.second.line_id)
        return PairDetail(
            pair_id=pair.pair_id,
            point=pair.first.point,
            first=self._line(0, position),
            second=self._line(1, position),
            fair=None if pricing is None else pricing.fair(book, self._event, self._at_ns),
            own_fair=None,
            sources=source_views(self._event, pair),
            last_price=None if trade is None else trade.probability,
            last_trade_ns=None if trade is None else trade.at_ns,
            traded_cents=book.traded_cents,
            trades=trade_views(book, lines),
            quotes=[],
            exposure_cents=-position.worst_case_cents(),
        )

    def _offers(self, side: int) -> Offers:
        # Takers see here what is ours on the other line.
        ours = self._wagers.shown(self._lines[1 - side].line_id, self._at_ns)
        return self._tape.offers_at(self._lines[side].line_id, self._at_ns, ours)

    def _line(self, side: int, position: Position) -> LineView:
        line = self._lines[side]
        offers, shown = (
            (self._book.second, self._book.first) if side else (self._book.first, self._book.second)
        )
        return LineView(
            line_id=line.line_id,
            label=line.label(self._book.pair.market, self._event.event),
            offers=[
                OfferLevel(odds, cents, cents - offers.others_cents(odds))
                for odds, cents in sorted(offers.by_odds.items(), reverse=True)
            ],
            wagers=[
                self._wager(wager, side, shown)
                for wager in self._wagers.open_on(line.line_id, self._at_ns)
            ],
            profit_cents=position.profit_if[side],
            matched_cents=position.matched_cents[side],
            open_cents=position.open_cents[side],
        )

    def _wager(self, wager: EarlierWager, side: int, shown: Offers) -> WagerView:
        others = self._others_when_placed(wager, self._lines[side], self._lines[1 - side])
        ahead = ahead_cents(opposite(wager.request.odds), shown, others)
        return wager_view(wager, self._at_ns, ahead)

    def _others_when_placed(self, wager: EarlierWager, line: Line, other: Line) -> int | None:
        """Return what others offered where a wager is shown when it was placed, None if unknown."""
        placed_ns = wager.placed_ns
        if placed_ns < self._tape.from_ns:
            return None
        # What was placed at the same time is not in the book yet.
        ours = self._wagers.shown(line.line_id, placed_ns - 1)
        offers = self._tape.offers_at(other.line_id, placed_ns, ours)
        return offers.others_cents(opposite(wager.request.odds))
