"""Matching: when a wager is filled, by how much, and at whose odds.

A wager on a line shows to takers as an offer on the opposite line, at the opposite odds. It is
filled by another participant's wager that opens against it; by a recorded trade, whether the tape
tells it or the fall of an offer gives it away; or by a recorded offer that comes across it. A
wager that opens is a taker of what is offered already, recorded or a participant's. Whoever was
there first gives the odds; longer odds for the taker go first, then the older stake. A fill that
would give either side nothing does not happen.
"""

from collections.abc import Callable

from sim.exchange.books import LineBook
from sim.exchange.clearing import Clearing
from sim.exchange.exchange_wager import ExchangeWager
from sim.exchange.offers import Offer
from sim.exchange.queue_models import QueueModel
from strategies.trading.model.money import stake_within_profit
from strategies.trading.model.odds import Odds, payout_ratio

# An offer that participants changed, and whose book it is in.
OnChange = Callable[[LineBook, Offer], None]
# A trade that no recording tells: the taker's line, odds and stake.
OnTrade = Callable[[LineBook, Odds, int], None]


class Matcher:
    """Applies what is recorded, and what participants do, to the books of lines.

    `on_change` is told of every offer that participants changed, `on_trade` of every trade of
    theirs.
    """

    def __init__(
        self,
        queue: QueueModel,
        trade_pairing_ns: int,
        clearing: Clearing,
        on_change: OnChange,
        on_trade: OnTrade,
    ) -> None:
        """Match with an opinion on queues; trades and falls are paired within so long."""
        self._queue = queue
        self._trade_pairing_ns = trade_pairing_ns
        self._clearing = clearing
        self._on_change = on_change
        self._on_trade = on_trade

    def offer_at(self, book: LineBook, odds: int) -> Offer:
        """Return the offer of a book at these odds, empty if there was none."""
        offer = book.offers.get(odds)
        if offer is None:
            offer = Offer(Odds(odds), self._queue, self._trade_pairing_ns)
            book.offers[odds] = offer
        return offer

    # What is recorded -------------------------------------------------------------------------

    def trade(
        self, book: LineBook, now_ns: int, odds: int, stake_cents: int, *, matching: bool
    ) -> None:
        """Apply a trade that is told: a taker staked so much on this line at these odds."""
        offer = self.offer_at(book, odds)
        self.take(book, offer, offer.hear_trade(now_ns, stake_cents), matching=matching)

    def take(self, book: LineBook, offer: Offer, stake_cents: int, *, matching: bool) -> None:
        """Let a recorded taker on this line stake so much at the odds of an offer, in one budget.

        Wagers that offer him longer odds come first, then what others have ahead of a wager at
        his odds, then that wager.
        """
        if matching:
            budget_cents = stake_cents
            for wager in tuple(book.opposite.wagers):
                if wager.shown_odds < offer.odds:
                    break
                ahead_cents = wager.ahead_cents if wager.shown_odds == offer.odds else 0
                _, used_cents = self._fill(book.opposite, wager, budget_cents - ahead_cents)
                budget_cents -= used_cents
        offer.trade(stake_cents)

    def cross(self, book: LineBook, offer: Offer, new_cents: int) -> None:
        """Let stake that is newly offered on a line fill the wagers there that it came across.

        Its makers are on the opposite line and would have matched the wagers as they came, at the
        wagers' odds.
        """
        if not book.wagers or book.wagers[0].odds > offer.odds:
            return
        numerator, denominator = payout_ratio(offer.odds)
        budget_cents = left_cents = new_cents * numerator // denominator
        for wager in tuple(book.wagers):
            if wager.odds > offer.odds:
                break
            _, used_cents = self._fill(book, wager, left_cents)
            left_cents -= used_cents
            if used_cents:
                self._on_trade(book.opposite, wager.shown_odds, used_cents)
        used_cents = budget_cents - left_cents
        if used_cents:
            # Back in takers' cents on this line, rounded against the wagers.
            offer.take(-(-used_cents * denominator // numerator))

    def cross_again(self, book: LineBook) -> None:
        """Fill wagers from what came across them while nothing could match."""
        if book.wagers:
            for offer in book.available_from(book.wagers[0].odds):
                self.cross(book, offer, offer.available_cents)
                self._on_change(book, offer)

    # What participants do ---------------------------------------------------------------------

    def would_match(self, book: LineBook, odds: int) -> bool:
        """Tell whether a wager on this line would match at once."""
        return any(o.shown_cents() for o in book.offers.values() if o.odds >= odds)

    def open(self, book: LineBook, now_ns: int, wager: ExchangeWager) -> bool:
        """Match a wager with what is offered already, at its odds, and rest what remains.

        Tell whether it could. What is left of a taker cannot rest across what it left over
        because it is worth less than a cent, or because its account cannot pay for more.
        """
        for offer in book.offered_from(wager.odds):
            self._take_offer(book, offer, wager)
            if not wager.open_cents:
                return True
        if self._is_spent(wager) and self.would_match(book, wager.odds):
            return False
        book.rest(wager)
        shown = self.offer_at(book.opposite, wager.shown_odds)
        shown.join(now_ns, wager)
        self._on_change(book.opposite, shown)
        return True

    def _is_spent(self, wager: ExchangeWager) -> bool:
        numerator, denominator = payout_ratio(wager.odds)
        worthless = wager.open_cents * numerator < denominator
        return worthless or self._clearing.payable_cents(wager) < wager.open_cents

    def withdraw(self, book: LineBook, wager: ExchangeWager) -> None:
        """Take a resting wager out of the book."""
        self._on_change(book.opposite, self._remove(book, wager))

    def _take_offer(self, book: LineBook, offer: Offer, wager: ExchangeWager) -> None:
        """Let a wager take what stands at an offer, the oldest stake first."""
        for maker in tuple(offer.wagers):
            self._take_recorded(book, offer, wager, maker.ahead_cents)
            self._match(book, offer, wager, maker)
            if not wager.open_cents:
                return
        self._take_recorded(book, offer, wager, offer.available_cents)

    def _take_recorded(
        self, book: LineBook, offer: Offer, wager: ExchangeWager, most_cents: int
    ) -> None:
        payable_cents = self._clearing.payable_cents(wager)
        stake_cents = min(wager.open_cents, offer.available_cents, most_cents, payable_cents)
        profit_cents = wager.profit_of_fill(offer.odds, stake_cents)
        if stake_cents and profit_cents:
            offer.take(stake_cents)
            wager.fill(offer.odds, stake_cents)
            self._clearing.book_fill(book, wager, offer.odds, stake_cents, profit_cents)
            self._on_trade(book, offer.odds, stake_cents)
            self._on_change(book, offer)

    def _match(
        self, book: LineBook, offer: Offer, taker: ExchangeWager, maker: ExchangeWager
    ) -> None:
        """Match two participants: the stake of each is the profit of the other."""
        assert maker.owner is not taker.owner, "an account matched itself"
        budget_cents = min(taker.open_cents, self._clearing.payable_cents(taker))
        profit_cents, stake_cents = self._fill(book.opposite, maker, budget_cents)
        if stake_cents:
            taker.fill(offer.odds, stake_cents)
            self._clearing.book_fill(book, taker, offer.odds, stake_cents, profit_cents)
            self._on_trade(book, offer.odds, stake_cents)

    def _fill(self, book: LineBook, wager: ExchangeWager, budget_cents: int) -> tuple[int, int]:
        """Fill a resting wager from a taker's budget; return its stake and the taker's."""
        if budget_cents <= 0:
            return 0, 0
        filled_cents = wager.filled_cents.get(wager.odds, 0)
        payable_cents = min(wager.open_cents, self._clearing.payable_cents(wager))
        stake_cents = stake_within_profit(filled_cents, payable_cents, wager.odds, budget_cents)
        profit_cents = wager.profit_of_fill(wager.odds, stake_cents)
        unpaid = stake_cents == payable_cents < wager.open_cents
        if stake_cents and profit_cents:
            wager.fill(wager.odds, stake_cents)
            book.filled_cents += stake_cents
            shown = book.opposite.offers[wager.shown_odds]
            if not wager.open_cents:
                self._remove(book, wager)
            self._clearing.book_fill(book, wager, wager.odds, stake_cents, profit_cents)
            self._on_change(book.opposite, shown)
        if unpaid:
            self.withdraw(book, wager)
            self._clearing.end_unpaid(wager)
        return (stake_cents, profit_cents) if profit_cents else (0, 0)

    @staticmethod
    def _remove(book: LineBook, wager: ExchangeWager) -> Offer:
        """Take a wager out of the book; return the offer that it showed at."""
        book.wagers.remove(wager)
        shown = book.opposite.offers[wager.shown_odds]
        shown.wagers.remove(wager)
        return shown
