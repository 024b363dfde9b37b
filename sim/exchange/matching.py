"""Matching against a recording: when our wagers are filled, by how much, and at whose odds.

A wager of ours on a line shows to takers as an offer on the opposite line, at the opposite odds. It
is filled by a recorded trade, whether the tape tells it or the fall of an offer gives it away, by a
recorded offer that comes across it, or by what is offered already when it opens. Whoever was there
first gives the odds; longer odds for the taker go first, then the older wager. A fill that would
give either side nothing does not happen.
"""

from collections.abc import Callable

from sim.exchange.offers import LineBook, Offer
from sim.exchange.queue import QueueModel
from sim.exchange.wager import ExchangeWager
from strategies.trading.money import stake_within_profit
from strategies.trading.odds import Odds, payout_ratio

# Our wager, the odds it got, what it staked, and what that can win.
OnFill = Callable[[LineBook, ExchangeWager, Odds, int, int], None]
OnChange = Callable[[LineBook, Offer], None]


class Matcher:
    """Applies what is recorded, and what we do, to the books of lines.

    `on_fill` is told of every fill of ours, `on_change` of every offer that our wagers changed.
    """

    def __init__(
        self, queue: QueueModel, trade_pairing_ns: int, on_fill: OnFill, on_change: OnChange
    ) -> None:
        """Match with an opinion on queues; trades and falls are paired within so long."""
        self._queue = queue
        self._trade_pairing_ns = trade_pairing_ns
        self._on_fill = on_fill
        self._on_change = on_change

    def offer_at(self, book: LineBook, odds: int) -> Offer:
        """Return the offer of a book at these odds, empty if there was none."""
        offer = book.offers.get(odds)
        if offer is None:
            offer = Offer(Odds(odds), self._queue, self._trade_pairing_ns)
            book.offers[odds] = offer
        return offer

    def trade(
        self, book: LineBook, now_ns: int, odds: int, stake_cents: int, *, matching: bool
    ) -> None:
        """Apply a trade that is told: a taker staked so much on this line at these odds."""
        offer = self.offer_at(book, odds)
        self.take(book, offer, offer.hear_trade(now_ns, stake_cents), matching=matching)

    def take(self, book: LineBook, offer: Offer, stake_cents: int, *, matching: bool) -> None:
        """Let a taker on this line stake so much at the odds of an offer, in one budget.

        Our wagers that offer him longer odds come first, then what others have ahead of us at
        his odds, then ours.
        """
        if matching:
            budget_cents = stake_cents
            for wager in tuple(book.opposite.wagers):
                if wager.shown_odds < offer.odds:
                    break
                ahead_cents = wager.ahead_cents if wager.shown_odds == offer.odds else 0
                budget_cents -= self._fill(book.opposite, wager, budget_cents - ahead_cents)
        offer.trade(stake_cents)

    def cross(self, book: LineBook, offer: Offer, new_cents: int) -> None:
        """Let stake that is newly offered on our own line fill our wagers it came across.

        Its makers are on the opposite line and would have matched us as they came, at our odds.
        """
        if not book.wagers or book.wagers[0].odds > offer.odds:
            return
        numerator, denominator = payout_ratio(offer.odds)
        budget_cents = left_cents = new_cents * numerator // denominator
        for wager in tuple(book.wagers):
            if wager.odds > offer.odds:
                break
            left_cents -= self._fill(book, wager, left_cents)
        used_cents = budget_cents - left_cents
        if used_cents:
            # Back in takers' cents on our line, rounded against us.
            offer.take(-(-used_cents * denominator // numerator))

    def cross_again(self, book: LineBook) -> None:
        """Fill our wagers from what came across them while nothing could match."""
        if book.wagers:
            for offer in book.available_from(book.wagers[0].odds):
                self.cross(book, offer, offer.available_cents)
                self._on_change(book, offer)

    def would_match(self, book: LineBook, odds: int) -> bool:
        """Tell whether a wager on this line would match at once."""
        return any(o.available_cents and o.odds >= odds for o in book.offers.values())

    def open(self, book: LineBook, now_ns: int, wager: ExchangeWager) -> None:
        """Match a wager with what is offered already, at its odds, and rest what remains."""
        for offer in book.available_from(wager.odds):
            stake_cents = min(wager.open_cents, offer.available_cents)
            profit_cents = wager.profit_of_fill(offer.odds, stake_cents)
            if profit_cents:
                offer.take(stake_cents)
                wager.fill(offer.odds, stake_cents)
                self._on_fill(book, wager, offer.odds, stake_cents, profit_cents)
                self._on_change(book, offer)
        if wager.open_cents:
            book.wagers.append(wager)
            book.wagers.sort(key=_preference)
            shown = self.offer_at(book.opposite, wager.shown_odds)
            shown.join(now_ns, wager)
            self._on_change(book.opposite, shown)

    def withdraw(self, book: LineBook, wager: ExchangeWager) -> None:
        """Take a resting wager out of the book."""
        book.wagers.remove(wager)
        shown = book.opposite.offers[wager.shown_odds]
        shown.wagers.remove(wager)
        self._on_change(book.opposite, shown)

    def _fill(self, book: LineBook, wager: ExchangeWager, budget_cents: int) -> int:
        """Fill a resting wager from a taker's budget; return what of it was used."""
        if budget_cents <= 0:
            return 0
        filled_cents = wager.filled_cents.get(wager.odds, 0)
        stake_cents = stake_within_profit(filled_cents, wager.open_cents, wager.odds, budget_cents)
        profit_cents = wager.profit_of_fill(wager.odds, stake_cents)
        if not profit_cents:
            return 0
        wager.fill(wager.odds, stake_cents)
        shown = book.opposite.offers[wager.shown_odds]
        if not wager.open_cents:
            book.wagers.remove(wager)
            shown.wagers.remove(wager)
        self._on_fill(book, wager, wager.odds, stake_cents, profit_cents)
        self._on_change(book.opposite, shown)
        return profit_cents


def _preference(wager: ExchangeWager) -> tuple[int, int]:
    """Put first what gives takers the longest odds, which is ours at the shortest; then age."""
    return wager.odds, wager.number
