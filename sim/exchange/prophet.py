"""The simulated ProphetX: one desk's wagers among the stakes of a recorded market.

Where the partner API does not say how the exchange behaves, section 13.2 of our notes on it names
the choice; each is a field of `ExchangeSettings` or said here.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from recordings.tape import TapeInfo
from sim.clock import Priority, ReplayEnvironment
from sim.exchange.account import Account
from sim.exchange.matching import Matcher
from sim.exchange.offers import LineBook
from sim.exchange.publisher import Publisher
from sim.exchange.queue import QueueModel
from sim.exchange.recorded import RecordedMarket
from sim.exchange.refusals import refusal_by_book, refusal_by_itself
from sim.exchange.settings import ExchangeSettings
from sim.exchange.wager import Ended, ExchangeWager
from sim.inbox import Inbox
from sim.latency import Latency
from sim.wire import Wire
from strategies.trading.commands import Intent, PlaceWager
from strategies.trading.commission import Commission
from strategies.trading.events import (
    AccountState,
    CancelRefused,
    Event,
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
from strategies.trading.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.market import Result
from strategies.trading.odds import Odds

_OVER_LIMIT = "order_limit_exceeded"


@dataclass(slots=True)
class Counters:
    """What happened at the exchange, for the report."""

    fills: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


class SimulatedProphet:
    """The exchange of a backtest, for one desk; a recording is everybody else.

    Commands arrive after the desk's compute and the entry delay, in order; answers and private
    updates after the response delay, in order. `take_row` is to be given to the environment.
    A wager that waits for activation counts as open: its stake is reserved, and it is crossed by
    no other of ours. A mass cancel takes it as well.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        info: TapeInfo,
        latency: Latency,
        queue: QueueModel,
        fees: Commission,
        settings: ExchangeSettings,
        inbox: Inbox,
        subscribed: Collection[MarketKey],
    ) -> None:
        """Open the exchange before the first row; publish the subscribed markets to the inbox."""
        self._env = env
        self._info = info
        self._latency = latency
        self._settings = settings
        self._inbox = inbox
        self._publisher = Publisher(env, inbox, latency.feed, info.clocks, subscribed)
        self._matcher = Matcher(
            queue,
            settings.trade_pairing_ns,
            self._book_fill,
            self._publisher.tell_own_change,
        )
        self.market = RecordedMarket(
            env, info, self._matcher, self._publisher, self, settings.in_play_delay_ns
        )
        self.take_row = self.market.take_row
        self.account = Account(info.catalogue(), settings.starting_balance_cents, fees)
        self.counters = Counters()
        self._entry = Wire(env, Priority.EXCHANGE, latency.compute, latency.entry)
        self._answers = Wire(env, Priority.DESK, latency.response)
        self._activations: dict[LineBook, Wire] = {}
        self._live: dict[WagerRef, ExchangeWager] = {}
        self._ended: dict[WagerRef, Ended] = {}
        self._results: dict[MarketKey, dict[LineId, Result]] = {}
        self._open_cents = 0
        self._wagers_accepted = 0

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Ask for wagers; each stands or falls on its own."""
        self._entry.send(partial(self._take_requests, tuple(requests)))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Ask for the unmatched part of wagers to be withdrawn."""
        self._entry.send(partial(self._take_cancels, tuple(refs)))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Ask for everything open to be withdrawn, of one event or one of its markets if named."""
        self._entry.send(partial(self._take_cancel_all, event_id, market_id))

    def ask_state(self) -> None:
        """Ask for one AccountState."""
        self._entry.send(self._tell_state)

    # Placing ----------------------------------------------------------------------------------

    def _take_requests(self, requests: tuple[PlaceWager, ...]) -> None:
        too_many = len(requests) > BATCH_LIMIT
        answers = [self._answer(request, too_many) for request in requests]
        if answers:
            self._tell(*answers)

    def _answer(self, request: PlaceWager, too_many: bool) -> Event:
        code = _OVER_LIMIT if too_many else self._refusal(request)
        if code is not None:
            self.counters.refusals[code] += 1
            return WagerRejected(request.ref, code)
        self._accept(request)
        return WagerAccepted(request.ref)

    def _refusal(self, request: PlaceWager) -> str | None:
        """Return the code with which a request is refused, if it is."""
        if request.ref in self._live or request.ref in self._ended:
            return "order_external_id_existed"
        book = self.market.books_by_line.get(request.line_id)
        if book is None:
            return "invalid_strike_id"
        code = refusal_by_itself(request, self._info.ladder, self._settings)
        if code is not None:
            return code
        if not self.market.takes_wagers(book):
            return "event_not_available"
        code = refusal_by_book(request.odds, book)
        if code is not None:
            return code
        return "insufficient_amount" if request.stake_cents > self.balance_cents else None

    def _accept(self, request: PlaceWager) -> None:
        book = self.market.books_by_line[request.line_id]
        book.followed = book.opposite.followed = True
        self._wagers_accepted += 1
        wager = ExchangeWager(request, book.line, self._wagers_accepted)
        self._live[wager.ref] = wager
        self._open_cents += wager.open_cents
        book.activating.append(wager)
        wager.due_ns = self._activation_of(book).send(
            partial(self._activate, wager), self.market.in_play_delay_ns(book)
        )

    def _activation_of(self, book: LineBook) -> Wire:
        """Return the queue of a pair in which wagers wait to be opened: first in, first out."""
        wire = self._activations.get(book)
        if wire is None:
            wire = Wire(self._env, Priority.EXCHANGE, self._latency.activation)
            self._activations[book] = self._activations[book.opposite] = wire
        return wire

    def _activate(self, wager: ExchangeWager) -> None:
        if wager.ref not in self._live:
            return
        book = self.market.books[wager.line]
        code = self._invalidity(wager, book)
        if code is not None:
            self.counters.refusals[code] += 1
            self._end(wager, Ended.INVALID)
            self._tell(WagerInvalid(wager.ref, code))
            return
        now_ns = self._env.now_ns
        book.activating.remove(wager)
        wager.opened_ns = now_ns
        self._tell(WagerOpened(wager.ref))
        self._matcher.open(book, now_ns, wager)
        if wager.intent is Intent.TAKE and wager.open_cents:
            expire = partial(self._expire, wager)
            due_ns = now_ns + self._settings.fill_or_kill_ns
            self._env.schedule_call(due_ns, Priority.EXCHANGE, expire)

    def _invalidity(self, wager: ExchangeWager, book: LineBook) -> str | None:
        """Return the code with which an accepted wager fails its activation, if it does.

        It cannot have come to cross a wager of ours: those that wait count when others are placed.
        """
        if not self.market.takes_wagers(book):
            return "event_not_available"
        if wager.intent is Intent.ADD_ONLY and self._matcher.would_match(book, wager.odds):
            return "add_liquidity_only"
        return "insufficient_amount" if self.balance_cents < 0 else None

    def _expire(self, wager: ExchangeWager) -> None:
        if wager.ref in self._live:
            self._tell(self._withdraw(wager))

    # Cancelling -------------------------------------------------------------------------------

    def _take_cancels(self, refs: tuple[WagerRef, ...]) -> None:
        if len(refs) > BATCH_LIMIT:
            self._tell(*(CancelRefused(ref, _OVER_LIMIT, None) for ref in refs))
        elif refs:
            self._tell(*(self._cancel(ref) for ref in refs))

    def _cancel(self, ref: WagerRef) -> Event:
        wager = self._live.get(ref)
        if wager is None:
            return CancelRefused(ref, self._ended.get(ref, "data_not_found"), None)
        window_ns = self._settings.retry_window_ns
        if wager.opened_ns is None:
            # Asked again any earlier it would only be told that it has just opened.
            return CancelRefused(ref, "order_is_placing", wager.due_ns + window_ns)
        retry_at_ns = wager.opened_ns + window_ns
        if self._env.now_ns < retry_at_ns:
            return CancelRefused(ref, "order_opened_retry", retry_at_ns)
        return self._withdraw(wager)

    def _withdraw(self, wager: ExchangeWager) -> WagerCancelled:
        unmatched_cents = wager.open_cents
        self._end(wager, Ended.CANCELLED)
        return WagerCancelled(wager.ref, unmatched_cents)

    def _take_cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        def concerned(book: LineBook) -> bool:
            line = book.named
            return event_id in {None, line.event_id} and market_id in {None, line.market_id}

        for wager in self._live_on(concerned):
            self._tell(self._withdraw(wager))

    # What the recording does ------------------------------------------------------------------

    def wipe(self, concerned: Callable[[LineBook], bool]) -> None:
        """Remove every live wager on the lines concerned."""
        for wager in self._live_on(concerned):
            unmatched_cents = wager.open_cents
            self._end(wager, Ended.CANCELLED)
            self._tell(WagerWiped(wager.ref, unmatched_cents))

    def settle(self, market: int, results: dict[LineId, Result]) -> None:
        """Pay out a market; a second time, correct what is told anew and keep the rest."""
        key = self._info.markets[market].key
        known = self._results.setdefault(key, {})
        known.update(results)
        self.account.settle(key, known)
        if key in self._publisher.markets:
            self._tell(MarketSettled(key, tuple(known.items())))

    # The account ------------------------------------------------------------------------------

    @property
    def balance_cents(self) -> int:
        """Return what may still be staked: cash less every stake matched at risk or open."""
        return self.account.cash_cents - self.account.matched_cents - self._open_cents

    def _tell_state(self) -> None:
        open_cents = tuple((wager.ref, wager.open_cents) for wager in self._live.values())
        self._tell(AccountState(self.balance_cents, open_cents))

    def _book_fill(
        self,
        book: LineBook,
        wager: ExchangeWager,
        odds: Odds,
        stake_cents: int,
        profit_cents: int,
    ) -> None:
        self.counters.fills += 1
        self._open_cents -= stake_cents
        self.account.book_fill(book.named.market_key, book.line_id, stake_cents, profit_cents)
        self._tell(WagerMatched(wager.ref, odds, stake_cents, profit_cents))
        if not wager.open_cents:
            del self._live[wager.ref]
            self._ended[wager.ref] = Ended.MATCHED

    # Wagers -----------------------------------------------------------------------------------

    def _live_on(self, concerned: Callable[[LineBook], bool]) -> Iterator[ExchangeWager]:
        books = self.market.books
        return iter([w for w in self._live.values() if concerned(books[w.line])])

    def _end(self, wager: ExchangeWager, how: Ended) -> None:
        """End a live wager that is not fully matched, wherever it is."""
        book = self.market.books[wager.line]
        del self._live[wager.ref]
        self._ended[wager.ref] = how
        self._open_cents -= wager.open_cents
        if wager.opened_ns is None:
            book.activating.remove(wager)
        else:
            self._matcher.withdraw(book, wager)

    def _tell(self, *events: Event) -> None:
        self._answers.send(partial(self._inbox.deliver, *events))
