"""Matching: when a wager is filled, by how much, and at whose odds.

A wager on a line is displayed to takers as an offer on the opposite line, at the opposite odds. It
is filled by another participant's wager that opens against it; by a recorded trade, whether the
tape reports it or a decrease of an offer reveals it; or by a recorded offer that crosses it. A
wager that opens is first a taker of what is offered, recorded or a participant's. The side that was
there first sets the odds; longer odds for the taker match first, then older stake. A fill in which
either side would win nothing does not happen.
"""

from collections.abc import Callable

from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.offers import Offer
from sim.exchange.participant import ExchangeWager
from sim.exchange.queue_models import QueueModel
from strategies.trading.model.money import profit_cents, stake_within_profit
from strategies.trading.model.odds import Odds, opposite, payout_ratio

# Receives an offer that participants changed, and its book.
OnChange = Callable[[LineBook, Offer], None]
# Receives a trade that is not on the tape: the taker's book, odds and stake in cents.
OnTrade = Callable[[LineBook, Odds, int], None]
# Receives a participant's side of a trade: the number of the trade, which both sides of one share,
# the book of the wager's line, the wager, and odds, stake and profit in cents.
OnFill = Callable[[int, LineBook, ExchangeWager, Odds, int, int], None]


class Matcher:
    """Matches wagers with each other and with recorded trades and offers, in the books of lines.

    `on_change` receives every offer that a participant's wager changed, `on_trade` every trade in
    which a participant took part and that is not on the tape, `on_fill` if set every fill.
    `trade_pairing_ns` holds for offers that are added from then on.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        queue: QueueModel,
        trade_pairing_ns: int,
        on_change: OnChange,
        on_trade: OnTrade,
    ) -> None:
        """Match by a queue model; trades and decreases are paired within `trade_pairing_ns`."""
        self._queue = queue
        self.trade_pairing_ns = trade_pairing_ns
        self._scheduler = env.scheduler
        self._on_change = on_change
        self._on_trade = on_trade
        self.on_fill: OnFill | None = None
        self._trades = 0

    def offer_at(self, book: LineBook, odds: int) -> Offer:
        """Return the offer of a book at `odds`, created empty if there was none."""
        offer = book.offers.get(odds)
        if offer is None:
            offer = Offer(Odds(odds), self._queue, self.trade_pairing_ns)
            book.offers[odds] = offer
        return offer

    # Recorded trades and offers ---------------------------------------------------------------

    def apply_trade(
        self, book: LineBook, now_ns: int, odds: int, stake_cents: int, *, matching: bool
    ) -> None:
        """Apply a reported trade: a taker staked `stake_cents` on this line at `odds`."""
        offer = self.offer_at(book, odds)
        new_cents = offer.on_reported_trade(now_ns, stake_cents)
        self.match_recorded_taker(book, offer, new_cents, matching=matching)

    def match_recorded_taker(
        self, book: LineBook, offer: Offer, stake_cents: int, *, matching: bool
    ) -> None:
        """Spend a recorded taker's stake on this line at the odds of an offer.

        Wagers that offer longer odds are filled first; at the taker's odds, what others have ahead
        of a wager comes before that wager.
        """
        if matching:
            budget_cents = stake_cents
            for wager in tuple(book.opposite.wagers):
                if wager.displayed_odds < offer.odds:
                    break
                ahead_cents = wager.ahead_cents if wager.displayed_odds == offer.odds else 0
                _, used_cents = self._fill(book.opposite, wager, budget_cents - ahead_cents)
                budget_cents -= used_cents
        offer.advance_queue(stake_cents)

    def match_new_offer(self, book: LineBook, offer: Offer, new_cents: int) -> None:
        """Fill the wagers on a line that newly offered stake crosses.

        The makers of that stake back the opposite line; at the real exchange their wagers would
        have matched ours on arrival, at our odds.
        """
        if not book.wagers or book.wagers[0].odds > offer.odds:
            return
        budget_cents = left_cents = profit_cents(new_cents, offer.odds)
        for wager in tuple(book.wagers):
            if wager.odds > offer.odds:
                break
            _, used_cents = self._fill(book, wager, left_cents)
            left_cents -= used_cents
            if used_cents:
                self._on_trade(book.opposite, wager.displayed_odds, used_cents)
        if left_cents < budget_cents:
            # The makers' stake that is left is displayed to takers as any other.
            offer.consume(new_cents - profit_cents(left_cents, opposite(offer.odds)))

    def match_crossed_offers(self, book: LineBook) -> None:
        """Fill wagers from offers that crossed them while the market was not open."""
        if book.wagers:
            for offer in book.available_from(book.wagers[0].odds):
                self.match_new_offer(book, offer, offer.available_cents)
                self._on_change(book, offer)

    # Wagers of participants -------------------------------------------------------------------

    def would_match(self, book: LineBook, odds: int) -> bool:
        """Return whether a wager on this line at `odds` would match at once."""
        return any(offer.displayed_cents() for offer in book.offered_from(odds))

    def open_wager(self, book: LineBook, now_ns: int, wager: ExchangeWager) -> bool:
        """Match a wager with the offers at its odds or longer, and rest what remains.

        Return False if the remainder cannot rest: it would cross an offer that it left standing,
        because the remainder wins less than a cent or the account cannot pay for more.
        """
        for offer in book.offered_from(wager.odds):
            self._match_offer(book, offer, wager)
            if not wager.open_cents:
                return True
        if self._is_spent(wager) and self.would_match(book, wager.odds):
            return False
        book.rest(wager)
        displayed = self.offer_at(book.opposite, wager.displayed_odds)
        displayed.join(now_ns, wager)
        self._on_change(book.opposite, displayed)
        return True

    def _is_spent(self, wager: ExchangeWager) -> bool:
        numerator, denominator = payout_ratio(wager.odds)
        worthless = wager.open_cents * numerator < denominator
        return worthless or wager.owner.payable_cents(self._scheduler.now_ns) < wager.open_cents

    def withdraw(self, book: LineBook, wager: ExchangeWager) -> None:
        """Remove a resting wager from the book."""
        self._on_change(book.opposite, self._remove(book, wager))

    def _match_offer(self, book: LineBook, offer: Offer, wager: ExchangeWager) -> None:
        """Match a wager with the stake at an offer, oldest first."""
        for maker in tuple(offer.wagers):
            self._match_recorded(book, offer, wager, maker.ahead_cents)
            self._match_wagers(book, offer, wager, maker)
            if not wager.open_cents:
                return
        self._match_recorded(book, offer, wager, offer.available_cents)

    def _match_recorded(
        self, book: LineBook, offer: Offer, wager: ExchangeWager, max_cents: int
    ) -> None:
        payable_cents = wager.owner.payable_cents(self._scheduler.now_ns)
        stake_cents = min(wager.open_cents, offer.available_cents, max_cents, payable_cents)
        profit_cents = wager.profit_of_fill(offer.odds, stake_cents)
        if stake_cents and profit_cents:
            offer.consume(stake_cents)
            self._trades += 1
            self._book_fill(book, wager, offer.odds, stake_cents, profit_cents)
            self._on_trade(book, offer.odds, stake_cents)
            self._on_change(book, offer)

    def _match_wagers(
        self, book: LineBook, offer: Offer, taker: ExchangeWager, maker: ExchangeWager
    ) -> None:
        """Match wagers of two participants: the stake of each is the profit of the other.

        Both fills are of one trade, that of the maker's.
        """
        assert maker.owner is not taker.owner, "an account matched itself"
        budget_cents = min(taker.open_cents, taker.owner.payable_cents(self._scheduler.now_ns))
        profit_cents, stake_cents = self._fill(book.opposite, maker, budget_cents)
        if stake_cents:
            self._book_fill(book, taker, offer.odds, stake_cents, profit_cents)
            self._on_trade(book, offer.odds, stake_cents)

    def _fill(self, book: LineBook, wager: ExchangeWager, budget_cents: int) -> tuple[int, int]:
        """Fill a resting wager from a taker's budget; return its stake and the taker's stake."""
        if budget_cents <= 0:
            return 0, 0
        filled_cents = wager.filled_cents.get(wager.odds, 0)
        payable_cents = min(wager.open_cents, wager.owner.payable_cents(self._scheduler.now_ns))
        stake_cents = stake_within_profit(filled_cents, payable_cents, wager.odds, budget_cents)
        profit_cents = wager.profit_of_fill(wager.odds, stake_cents)
        unpaid = stake_cents == payable_cents < wager.open_cents
        if stake_cents and profit_cents:
            book.filled_cents += stake_cents
            displayed = book.opposite.offers[wager.displayed_odds]
            if stake_cents == wager.open_cents:
                self._remove(book, wager)
            self._trades += 1
            self._book_fill(book, wager, wager.odds, stake_cents, profit_cents)
            self._on_change(book.opposite, displayed)
        if unpaid:
            self.withdraw(book, wager)
            wager.owner.end_unpaid(wager)
        return (stake_cents, profit_cents) if profit_cents else (0, 0)

    def _book_fill(
        self, book: LineBook, wager: ExchangeWager, odds: Odds, stake_cents: int, profit_cents: int
    ) -> None:
        now_ns = self._scheduler.now_ns
        wager.owner.book_fill(wager, book.pair, odds, stake_cents, profit_cents, now_ns)
        if self.on_fill is not None:
            self.on_fill(self._trades, book, wager, odds, stake_cents, profit_cents)

    @staticmethod
    def _remove(book: LineBook, wager: ExchangeWager) -> Offer:
        """Remove a wager from the book; return the offer in which it was displayed."""
        book.wagers.remove(wager)
        displayed = book.opposite.offers[wager.displayed_odds]
        displayed.wagers.remove(wager)
        return displayed
