"""The simulated ProphetX: requests of any number of participants, and the status of markets.

docs/exchange.md lists its rules, what is known of each, and the test that checks it. Where the
partner API does not say how the exchange behaves, a field of `ExchangeRules` decides. The life
of a wager is in the parts, in this order: `Activation`, `Matcher`, `Cancels`, `Clearing`.
"""

from collections.abc import Sequence

from mypy_extensions import mypyc_attr

from recordings.tape import TapeInfo
from sim.engine.latency import Delay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.activation import Activation
from sim.exchange.books import LineBook, new_books
from sim.exchange.cancels import CancelResponse, Cancels
from sim.exchange.clearing import Clearing
from sim.exchange.exchange_account import ExchangeAccount
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.market_status import MarketStatuses
from sim.exchange.matching import Matcher, OnChange, OnTrade
from sim.exchange.offers import Offer
from sim.exchange.participant import OnUpdates, Participant
from sim.exchange.queue_models import QueueModel
from sim.exchange.refusals import account_refusal, request_refusal, self_match_refusal
from sim.exchange.trade_pairing import TradePairing, stated_pairing
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    MarketsAdded,
    WagerAccepted,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT

_OVER_LIMIT = "order_limit_exceeded"
_TOO_FAST = "rate_limit_reached"

PlaceResponse = WagerAccepted | WagerRejected


# A configuration may name a class of a person's own that inherits from this one.
@mypyc_attr(allow_interpreted_subclasses=True)
class SimulatedProphet:
    """The exchange, without latency: requests take effect at once; connections add the delays.

    Methods return the responses to their requests; everything that happens later reaches the
    participant's `notify`. `on_change` receives every offer that a participant's wager changed,
    `on_trade` every trade of participants that is not on the tape; set both to publish the market.
    Amounts are cents, odds American, times nanoseconds.

    Example::

        exchange = SimulatedProphet(env, info, NoDelay(), Back(), Commission(2), ExchangeRules())
        maker = exchange.open_account("maker", 1_000_000, updates.extend)
        (response,) = exchange.place(maker, [PlaceWager(ref, line_id, Odds(110), 5_000)])
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        info: TapeInfo,
        activation: Delay,
        queue: QueueModel,
        fees: Commission,
        settings: ExchangeRules,
    ) -> None:
        """Start with every market closed and no accounts."""
        self._scheduler = env.scheduler
        self._info = info
        self.catalogue = info.catalogue()
        self._fees = fees
        self.settings = settings
        self.on_change: OnChange = _ignore_change
        self.on_trade: OnTrade = _ignore_trade
        # The parts below share these lists, which are extended in place: never replace them.
        self.participants: list[Participant] = []
        self.books = new_books(info, self.catalogue, 0)
        self.books_by_line = {book.line_id: book for book in self.books}
        self.markets = MarketStatuses(info, settings.in_play_delay_ns)
        self._clearing = Clearing(self.catalogue, self.participants)
        self.trade_pairing = stated_pairing(settings.trade_pairing_ns)
        self.matcher = Matcher(
            env, queue, self.trade_pairing.within_ns, self._emit_change, self._emit_trade
        )
        self._cancels = Cancels(env, settings, self.books, self.matcher)
        self._activation = Activation(
            env, activation, settings, self.markets, self.matcher, self._cancels
        )

    def pair_trades(self, pairing: TradePairing) -> None:
        """Pair trades and decreases as a recording shows, unless the settings state a time.

        To be called before its first row.
        """
        if self.settings.trade_pairing_ns is None:
            self.trade_pairing = pairing
            self.matcher.trade_pairing_ns = pairing.within_ns

    def open_account(self, name: str, balance_cents: int, notify: OnUpdates) -> Participant:
        """Add a participant; `notify` receives what happens to its wagers, in order."""
        account = ExchangeAccount(self.catalogue, balance_cents, self._fees)
        participant = Participant(name, account, self.settings, notify)
        self.participants.append(participant)
        return participant

    def add_markets(self, added: MarketsAdded) -> None:
        """Accept wagers on added events, markets and lines.

        `info` given at construction must contain them already.
        """
        self.catalogue.add(added.events, added.markets, added.lines)
        self.markets.add(len(added.events), len(added.markets))
        books = new_books(self._info, self.catalogue, len(self.books))
        self.books += books
        self.books_by_line |= {book.line_id: book for book in books}

    # Placing ----------------------------------------------------------------------------------

    def place(
        self, participant: Participant, requests: Sequence[PlaceWager]
    ) -> list[PlaceResponse]:
        """Accept or reject each request on its own; accepted wagers wait for activation."""
        refusal = self.placement_refusal(participant, len(requests))
        participant.admit_request(self._scheduler.now_ns)
        return [self._respond(participant, request, refusal) for request in requests]

    def placement_refusal(self, participant: Participant, size: int) -> str | None:
        """Return the code with which a batch of `size` placements is refused whole, if it is.

        Otherwise each of them is answered on its own, also where all are refused.
        """
        if participant.is_too_fast(self._scheduler.now_ns):
            return _TOO_FAST
        if size > BATCH_LIMIT:
            return _OVER_LIMIT
        return None if participant.placing_allowed else "err_order_placement_disabled"

    def _respond(
        self, participant: Participant, request: PlaceWager, refusal: str | None
    ) -> PlaceResponse:
        code = refusal or self._refusal(participant, request)
        if code is not None:
            participant.counters.refusals[code] += 1
            return WagerRejected(request.ref, code)
        book = self.books_by_line[request.line_id]
        self._activation.accept(participant, request, book)
        return WagerAccepted(request.ref)

    def _refusal(self, participant: Participant, request: PlaceWager) -> str | None:
        """Return the error code with which a request is refused, None if it is accepted."""
        code = request_refusal(request, self._info.ladder, self.settings)
        if code is not None:
            return code
        if participant.has_used(request.ref):
            return "order_external_id_existed"
        book = self.books_by_line.get(request.line_id)
        if book is None:
            return "invalid_strike_id"
        if not self.markets.accepts_wagers(book):
            return "event_not_available"
        code = self_match_refusal(participant, request.odds, book)
        if code is not None:
            return code
        delayed = self.markets.in_play_delay_ns(book) > 0
        if delayed and participant.delayed >= self.settings.most_delayed:
            return "too_many_delayed_requests"
        return account_refusal(participant, request.stake_cents, self._scheduler.now_ns)

    # Cancelling -------------------------------------------------------------------------------

    def cancel(self, participant: Participant, refs: Sequence[WagerRef]) -> list[CancelResponse]:
        """Cancel the unmatched part of wagers; each is cancelled or refused on its own."""
        now_ns = self._scheduler.now_ns
        refusal = self.cancel_refusal(participant, len(refs))
        participant.admit_request(now_ns)
        if refusal is not None:
            retry_at_ns = now_ns + NS_PER_SECOND if refusal == _TOO_FAST else None
            return [CancelRefused(ref, refusal, retry_at_ns) for ref in refs]
        return [self._cancels.cancel(participant, ref) for ref in refs]

    def cancel_refusal(self, participant: Participant, size: int) -> str | None:
        """Return the code with which a batch of `size` cancels is refused whole, if it is."""
        if participant.is_too_fast(self._scheduler.now_ns):
            return _TOO_FAST
        return _OVER_LIMIT if size > BATCH_LIMIT else None

    def cancel_all(
        self,
        participant: Participant,
        event_id: EventId | None = None,
        market_id: MarketId | None = None,
        line_id: LineId | None = None,
    ) -> str | None:
        """Cancel what is open now: of an event, of one of its markets or lines, or in all.

        Return the error code if it is refused, else None. Cancels happen in the background, in
        batches of `mass_cancel_batch` with a pause between them.
        """
        if not participant.admit_request(self._scheduler.now_ns):
            return _TOO_FAST
        refs = self.live_refs(participant, event_id, market_id, line_id)
        self._cancels.cancel_in_batches(participant, refs)
        return None if refs else "no_cancellable_orders"

    def live_refs(
        self,
        participant: Participant,
        event_id: EventId | None = None,
        market_id: MarketId | None = None,
        line_id: LineId | None = None,
    ) -> list[WagerRef]:
        """Return the live wagers of an event, market or line, or all, the oldest first."""

        def affected(book: LineBook) -> bool:
            return (
                event_id in (None, book.line.event_id)
                and market_id in (None, book.line.market_id)
                and line_id in (None, book.line_id)
            )

        return [wager.ref for wager in self._cancels.live_wagers(participant, affected)]

    def break_trade(self, participant: Participant, fill: WagerMatched, line_id: LineId) -> None:
        """Void one side of a trade: a fill that `participant` received on a line.

        The stake is returned and does not rest again. The other side is not looked for: most are
        on the tape; one of a participant is broken by a call of its own.
        """
        pair = self.catalogue.pair_of(line_id)
        participant.break_trade(fill.ref, pair, line_id, fill.stake_cents, fill.profit_cents)

    # Markets and events -----------------------------------------------------------------------

    def set_market_status(self, market: int, status: MarketStatus) -> bool:
        """Open, suspend or close a market; return whether that changed its status.

        Opening matches offers that crossed wagers in the meantime; closing wipes what is open.
        """
        if not self.markets.set_status(market, status):
            return False
        if status is MarketStatus.OPEN:
            for book in self.books:
                if book.market_index == market:
                    self.matcher.match_crossed_offers(book)
        if status is MarketStatus.CLOSED:
            self._cancels.wipe(self.participants, lambda book: book.market_index == market)
        return True

    def set_event_status(self, event: int, status: EventStatus) -> bool:
        """Set an event's status; return whether it changed. Going in-play wipes all wagers."""
        if not self.markets.set_event_status(event, status):
            return False
        if status is EventStatus.LIVE:
            self._cancels.wipe(self.participants, lambda book: book.event_index == event)
        return True

    def settle(self, market: int, results: dict[LineId, Result]) -> None:
        """Close a market for good and pay it out.

        A repeated settlement corrects the lines that `results` names and keeps the others.
        """
        self.set_market_status(market, MarketStatus.CLOSED)
        self.markets.settle(market)
        self._clearing.settle(self._info.markets[market].key, results)

    # Publication ------------------------------------------------------------------------------

    # The parts hold these two, so that `on_change` and `on_trade` can be set later.

    def _emit_change(self, book: LineBook, offer: Offer) -> None:
        self.on_change(book, offer)

    def _emit_trade(self, book: LineBook, odds: Odds, stake_cents: int) -> None:
        self.on_trade(book, odds, stake_cents)


def _ignore_change(_: LineBook, __: Offer) -> None:
    """Publish nothing until a publisher is set."""


def _ignore_trade(_: LineBook, __: Odds, ___: int) -> None:
    """Publish nothing until a publisher is set."""
