"""The simulated ProphetX: what it does with the wagers of any number of participants.

docs/exchange.md lists its rules, what is known of each, and the test that holds it. Where the
partner API does not say how the exchange behaves, a field of `ExchangeSettings` does.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from recordings.tape import TapeInfo
from sim.clock import Priority, ReplayEnvironment
from sim.exchange.account import Account
from sim.exchange.books import LineBook, books_of
from sim.exchange.markets import Markets
from sim.exchange.matching import Matcher
from sim.exchange.offers import Offer
from sim.exchange.participant import Participant, Tell
from sim.exchange.queue import QueueModel
from sim.exchange.refusals import refusal_by_account, refusal_by_book, refusal_by_itself
from sim.exchange.results import Results
from sim.exchange.settings import BalanceMode, ExchangeSettings
from sim.exchange.wager import Ended, ExchangeWager
from sim.latency import Delay
from sim.wire import Wire
from strategies.trading.clock import NANOSECONDS
from strategies.trading.commands import Intent, PlaceWager
from strategies.trading.commission import Commission
from strategies.trading.events import (
    CancelRefused,
    CatalogueGrew,
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.exchange import BATCH_LIMIT
from strategies.trading.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.market import EventStatus, MarketStatus, Result
from strategies.trading.odds import Odds

_OVER_LIMIT = "order_limit_exceeded"
_TOO_FAST = "rate_limit_reached"

Answer = WagerAccepted | WagerRejected
CancelAnswer = WagerCancelled | CancelRefused
Concerned = Callable[[LineBook], bool]
OnTrade = Callable[[LineBook, Odds, int], None]


class SimulatedProphet:
    """The exchange. What is asked of it happens at once: the ways to it are its clients' matter.

    Requests are answered by what the methods return; all that happens later is told to the
    participant. `on_change` hears of every offer that participants changed, `on_trade` of every
    trade of theirs that no recording tells; whoever publishes the market sets both.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        info: TapeInfo,
        activation: Delay,
        queue: QueueModel,
        fees: Commission,
        settings: ExchangeSettings,
    ) -> None:
        """Open the exchange with no market open and nobody there."""
        self._env = env
        self._info = info
        self._catalogue = info.catalogue()
        self._activation = activation
        self._fees = fees
        self.settings = settings
        self.on_change: Callable[[LineBook, Offer], None] = _ignore_change
        self.on_trade: OnTrade = _ignore_trade
        self.matcher = Matcher(queue, settings.trade_pairing_ns, self, self._tell_change)
        self.markets = Markets(info, settings.in_play_delay_ns)
        self.books = books_of(info, self._catalogue, 0)
        self.books_by_line = {book.line_id: book for book in self.books}
        self.participants: list[Participant] = []
        self._activations: dict[LineBook, Wire] = {}
        self._results = Results(self._catalogue)
        self._wagers_accepted = 0

    def open_account(self, name: str, balance_cents: int, tell: Tell) -> Participant:
        """Let a participant in; `tell` takes what happens to its wagers, in order."""
        account = Account(self._catalogue, balance_cents, self._fees)
        participant = Participant(name, account, self.settings, tell)
        self.participants.append(participant)
        return participant

    def grow(self, news: CatalogueGrew) -> None:
        """Take wagers on what came on offer too; its dictionaries hold it by now."""
        self._catalogue.add(news.events, news.markets, news.lines)
        self.markets.grow(len(news.events), len(news.markets))
        books = books_of(self._info, self._catalogue, len(self.books))
        self.books += books
        self.books_by_line |= {book.line_id: book for book in books}

    # Placing ----------------------------------------------------------------------------------

    def place(self, participant: Participant, requests: Sequence[PlaceWager]) -> list[Answer]:
        """Take requests for wagers into the activation queues; each stands or falls on its own."""
        refusal = None
        if not participant.may_request(self._env.now_ns):
            refusal = _TOO_FAST
        elif len(requests) > BATCH_LIMIT:
            refusal = _OVER_LIMIT
        elif not participant.placing_allowed:
            refusal = "err_order_placement_disabled"
        return [self._answer(participant, request, refusal) for request in requests]

    def _answer(self, participant: Participant, request: PlaceWager, refusal: str | None) -> Answer:
        code = refusal or self._refusal(participant, request)
        if code is not None:
            participant.counters.refusals[code] += 1
            return WagerRejected(request.ref, code)
        self._accept(participant, request)
        return WagerAccepted(request.ref)

    def _refusal(self, participant: Participant, request: PlaceWager) -> str | None:
        """Return the code with which a request is refused, if it is."""
        code = refusal_by_itself(request, self._info.ladder, self.settings)
        if code is not None:
            return code
        if participant.knows(request.ref):
            return "order_external_id_existed"
        book = self.books_by_line.get(request.line_id)
        if book is None:
            return "invalid_strike_id"
        if not self.markets.takes_wagers(book):
            return "event_not_available"
        code = refusal_by_book(participant, request.odds, book)
        if code is not None:
            return code
        if self._is_delayed(book) and participant.delayed >= self.settings.most_delayed:
            return "too_many_delayed_requests"
        return refusal_by_account(participant, request.stake_cents, self._env.now_ns)

    def _is_delayed(self, book: LineBook) -> bool:
        return self.markets.in_play_delay_ns(book) > 0

    def _accept(self, participant: Participant, request: PlaceWager) -> None:
        book = self.books_by_line[request.line_id]
        book.followed = book.opposite.followed = True
        self._wagers_accepted += 1
        wager = ExchangeWager(participant, request, book.line, self._wagers_accepted)
        wager.delayed = self._is_delayed(book)
        participant.accept(wager)
        book.activating.append(wager)
        wager.due_ns = self._activation_of(book).send(
            partial(self._activate, wager), self.markets.in_play_delay_ns(book)
        )

    def _activation_of(self, book: LineBook) -> Wire:
        """Return the queue of a pair in which wagers wait to be opened: first in, first out."""
        wire = self._activations.get(book)
        if wire is None:
            wire = Wire(self._env, Priority.EXCHANGE, self._activation)
            self._activations[book] = self._activations[book.opposite] = wire
        return wire

    def _activate(self, wager: ExchangeWager) -> None:
        participant = wager.owner
        if wager.ref not in participant.live:
            return
        book = self.books[wager.line]
        code = self._invalidity(wager, book)
        if code is not None:
            participant.counters.refusals[code] += 1
            self._end(wager, Ended.INVALID)
            participant.tell((WagerInvalid(wager.ref, code),))
            return
        self._stop_waiting(wager, book)
        wager.opened_ns = self._env.now_ns
        participant.opened_cents += wager.open_cents
        participant.tell((WagerOpened(wager.ref),))
        if not self.matcher.open(book, self._env.now_ns, wager):
            participant.end(wager, Ended.CANCELLED)
            participant.tell((WagerCancelled(wager.ref, wager.open_cents),))
        elif wager.intent is Intent.TAKE and wager.open_cents:
            expire = partial(self._expire, wager)
            due_ns = self._env.now_ns + self.settings.fill_or_kill_ns
            self._env.schedule_call(due_ns, Priority.EXCHANGE, expire)

    def _invalidity(self, wager: ExchangeWager, book: LineBook) -> str | None:
        """Return the code with which an accepted wager fails its activation, if it does.

        It cannot have come to cross one of the same account: those that wait count when others
        are placed.
        """
        if not self.markets.takes_wagers(book):
            return "event_not_available"
        if wager.intent is Intent.ADD_ONLY and self.matcher.would_match(book, wager.odds):
            return "add_liquidity_only"
        return "insufficient_amount" if wager.owner.overdrawn_by(wager, self._env.now_ns) else None

    def _expire(self, wager: ExchangeWager) -> None:
        if wager.ref in wager.owner.live:
            wager.owner.tell((self._withdraw(wager),))

    # Cancelling -------------------------------------------------------------------------------

    def cancel(self, participant: Participant, refs: Sequence[WagerRef]) -> list[CancelAnswer]:
        """Withdraw the unmatched part of wagers; each stands or falls on its own."""
        now_ns = self._env.now_ns
        if not participant.may_request(now_ns):
            return [CancelRefused(ref, _TOO_FAST, now_ns + NANOSECONDS) for ref in refs]
        if len(refs) > BATCH_LIMIT:
            return [CancelRefused(ref, _OVER_LIMIT, None) for ref in refs]
        return [self._cancel(participant, ref) for ref in refs]

    def _cancel(self, participant: Participant, ref: WagerRef) -> CancelAnswer:
        wager = participant.live.get(ref)
        if wager is None:
            return CancelRefused(ref, participant.ended.get(ref, "data_not_found"), None)
        window_ns = self.settings.retry_window_ns
        if wager.opened_ns is None:
            # Asked again any earlier it would only be told that it has just opened.
            return CancelRefused(ref, "order_is_placing", wager.due_ns + window_ns)
        retry_at_ns = wager.opened_ns + window_ns
        if self._env.now_ns < retry_at_ns:
            return CancelRefused(ref, "order_opened_retry", retry_at_ns)
        deducted_ns = self._deducted_ns(wager)
        if self._env.now_ns < deducted_ns:
            return CancelRefused(ref, "matching_stake_ongoing", deducted_ns)
        return self._withdraw(wager)

    def _deducted_ns(self, wager: ExchangeWager) -> int:
        """Return when the balance has paid for the last fill of a wager."""
        if wager.matched_ns is None or self.settings.balance_mode is BalanceMode.IMMEDIATE:
            return 0
        return wager.matched_ns + self.settings.deduction_ns

    def cancel_all(
        self,
        participant: Participant,
        event_id: EventId | None = None,
        market_id: MarketId | None = None,
        line_id: LineId | None = None,
    ) -> str | None:
        """Withdraw what is open now of an event, one of its markets or lines, or of everything.

        It works in the background: so many at once, then a pause. Return the code of a refusal.
        """
        if not participant.may_request(self._env.now_ns):
            return _TOO_FAST
        refs = self.refs_of(participant, event_id, market_id, line_id)
        self._withdraw_batch(participant, refs)
        return None if refs else "no_cancellable_orders"

    def refs_of(
        self,
        participant: Participant,
        event_id: EventId | None = None,
        market_id: MarketId | None = None,
        line_id: LineId | None = None,
    ) -> list[WagerRef]:
        """Return the live wagers that a mass cancel of so much concerns, the oldest first."""

        def concerned(book: LineBook) -> bool:
            return (
                event_id in (None, book.named.event_id)
                and market_id in (None, book.named.market_id)
                and line_id in (None, book.line_id)
            )

        return [wager.ref for wager in self._live_of(participant, concerned)]

    def _withdraw_batch(self, participant: Participant, refs: list[WagerRef]) -> None:
        """Withdraw the first of what a mass cancel concerns, and the rest after a pause."""
        batch = self.settings.mass_cancel_batch
        for ref in refs[:batch]:
            wager = participant.live.get(ref)
            if wager is not None:
                participant.tell((self._withdraw(wager),))
        if refs[batch:]:
            due_ns = self._env.now_ns + self.settings.mass_cancel_pause_ns
            rest = partial(self._withdraw_batch, participant, refs[batch:])
            self._env.schedule_call(due_ns, Priority.EXCHANGE, rest)

    def _withdraw(self, wager: ExchangeWager) -> WagerCancelled:
        unmatched_cents = wager.open_cents
        self._end(wager, Ended.CANCELLED)
        return WagerCancelled(wager.ref, unmatched_cents)

    # What happens to markets and events -------------------------------------------------------

    def set_market_status(self, market: int, status: MarketStatus) -> bool:
        """Open, suspend or close a market; tell whether that is news.

        Open, it matches what came across meanwhile; closed, it wipes what is left.
        """
        if not self.markets.set_status(market, status):
            return False
        if status is MarketStatus.OPEN:
            for book in self.books:
                if book.market == market:
                    self.matcher.cross_again(book)
        if status is MarketStatus.CLOSED:
            self.wipe(lambda book: book.market == market)
        return True

    def set_event_status(self, event: int, status: EventStatus) -> bool:
        """Set where an event stands; tell whether that is news. In-play, it wipes all wagers."""
        if not self.markets.set_event_status(event, status):
            return False
        if status is EventStatus.LIVE:
            self.wipe(lambda book: book.event == event)
        return True

    def wipe(self, concerned: Concerned) -> None:
        """Remove every live wager on the lines concerned."""
        for participant in self.participants:
            for wager in self._live_of(participant, concerned):
                unmatched_cents = wager.open_cents
                self._end(wager, Ended.CANCELLED)
                participant.tell((WagerWiped(wager.ref, unmatched_cents),))

    def settle(self, market: int, results: dict[LineId, Result]) -> None:
        """Close a market for good and pay it out.

        A second time, correct what is told anew and keep the rest.
        """
        self.set_market_status(market, MarketStatus.CLOSED)
        self.markets.settle(market)
        key = self._info.markets[market].key
        known = self._results.learn(key, results)
        news = MarketSettled(key, tuple(known.items()), self._results.revision(key))
        for participant in self.participants:
            participant.account.settle(key, known)
            participant.renew_credit()
            participant.tell((news,))

    # Clearing ---------------------------------------------------------------------------------

    def payable_cents(self, wager: ExchangeWager) -> int:
        """Return the stake that the wager's account can pay for now."""
        return wager.owner.payable_cents(self._env.now_ns)

    def book_fill(
        self,
        book: LineBook,
        wager: ExchangeWager,
        odds: Odds,
        stake_cents: int,
        profit_cents: int,
    ) -> None:
        """Book a fill: the odds it got, what was staked, and what that can win."""
        participant = wager.owner
        wager.matched_ns = self._env.now_ns
        participant.refresh_credit(self._env.now_ns)
        participant.match(wager, stake_cents)
        key = book.named.market_key
        participant.account.book_fill(key, book.line_id, stake_cents, profit_cents)
        total_cents = wager.matched_cents
        participant.tell((WagerMatched(wager.ref, odds, stake_cents, profit_cents, total_cents),))

    def withdraw_unpaid(self, wager: ExchangeWager) -> None:
        """Withdraw a resting wager whose account could not pay for all that was asked of it."""
        wager.owner.tell((self._withdraw(wager),))

    def tell_trade(self, book: LineBook, odds: Odds, stake_cents: int) -> None:
        """Tell of a trade that no recording tells: the taker's line, odds and stake."""
        self.on_trade(book, odds, stake_cents)

    # Wagers -----------------------------------------------------------------------------------

    def _live_of(self, participant: Participant, concerned: Concerned) -> Iterator[ExchangeWager]:
        wagers = participant.live.values()
        return iter([wager for wager in wagers if concerned(self.books[wager.line])])

    def _end(self, wager: ExchangeWager, how: Ended) -> None:
        """End a live wager that is not fully matched, wherever it is."""
        book = self.books[wager.line]
        wager.owner.end(wager, how)
        if wager.opened_ns is None:
            self._stop_waiting(wager, book)
        else:
            self.matcher.withdraw(book, wager)

    @staticmethod
    def _stop_waiting(wager: ExchangeWager, book: LineBook) -> None:
        book.activating.remove(wager)
        wager.owner.delayed -= wager.delayed

    def _tell_change(self, book: LineBook, offer: Offer) -> None:
        self.on_change(book, offer)


def _ignore_change(_: LineBook, __: Offer) -> None:
    """Publish nothing while nobody does."""


def _ignore_trade(_: LineBook, __: Odds, ___: int) -> None:
    """Publish nothing while nobody does."""
