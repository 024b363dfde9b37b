"""The simulated ProphetX: what it does with the wagers of any number of participants.

docs/exchange.md lists its rules, what is known of each, and the test that holds it. Where the
partner API does not say how the exchange behaves, a field of `ExchangeSettings` does. Here are the
requests and what happens to markets; what comes of a wager is in the parts, in the order of its
life: `Activation`, `Matcher`, `Cancels`, `Clearing`.
"""

from collections.abc import Sequence

from recordings.tape import TapeInfo
from sim.engine.latency import Delay
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.activation import Activation
from sim.exchange.books import LineBook, books_of
from sim.exchange.cancels import CancelAnswer, Cancels
from sim.exchange.clearing import Clearing
from sim.exchange.exchange_account import ExchangeAccount
from sim.exchange.exchange_settings import ExchangeSettings
from sim.exchange.market_status import Markets
from sim.exchange.matching import Matcher, OnChange, OnTrade
from sim.exchange.offers import Offer
from sim.exchange.participant import Participant, Tell
from sim.exchange.queue_models import QueueModel
from sim.exchange.refusals import refusal_by_account, refusal_by_book, refusal_by_itself
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    MarketsAdded,
    WagerAccepted,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT

_OVER_LIMIT = "order_limit_exceeded"
_TOO_FAST = "rate_limit_reached"

Answer = WagerAccepted | WagerRejected


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
        self._fees = fees
        self.settings = settings
        self.on_change: OnChange = _ignore_change
        self.on_trade: OnTrade = _ignore_trade
        # The parts below share the participants and the books, which become more in place.
        self.participants: list[Participant] = []
        self.books = books_of(info, self._catalogue, 0)
        self.books_by_line = {book.line_id: book for book in self.books}
        self.markets = Markets(info, settings.in_play_delay_ns)
        self._clearing = Clearing(env, self._catalogue, self.participants)
        self.matcher = Matcher(
            queue, settings.trade_pairing_ns, self._clearing, self._tell_change, self._tell_trade
        )
        self._cancels = Cancels(env, settings, self.books, self.matcher)
        self._activation = Activation(
            env, activation, settings, self.markets, self.matcher, self._cancels
        )

    def open_account(self, name: str, balance_cents: int, tell: Tell) -> Participant:
        """Let a participant in; `tell` takes what happens to its wagers, in order."""
        account = ExchangeAccount(self._catalogue, balance_cents, self._fees)
        participant = Participant(name, account, self.settings, tell)
        self.participants.append(participant)
        return participant

    def grow(self, news: MarketsAdded) -> None:
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
        book = self.books_by_line[request.line_id]
        self._activation.accept(participant, request, book)
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
        delayed = self.markets.in_play_delay_ns(book) > 0
        if delayed and participant.delayed >= self.settings.most_delayed:
            return "too_many_delayed_requests"
        return refusal_by_account(participant, request.stake_cents, self._env.now_ns)

    # Cancelling -------------------------------------------------------------------------------

    def cancel(self, participant: Participant, refs: Sequence[WagerRef]) -> list[CancelAnswer]:
        """Withdraw the unmatched part of wagers; each stands or falls on its own."""
        now_ns = self._env.now_ns
        if not participant.may_request(now_ns):
            return [CancelRefused(ref, _TOO_FAST, now_ns + NS_PER_SECOND) for ref in refs]
        if len(refs) > BATCH_LIMIT:
            return [CancelRefused(ref, _OVER_LIMIT, None) for ref in refs]
        return [self._cancels.cancel(participant, ref) for ref in refs]

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
        self._cancels.cancel_in_batches(participant, refs)
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

        return [wager.ref for wager in self._cancels.live_of(participant, concerned)]

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
            self._cancels.wipe(self.participants, lambda book: book.market == market)
        return True

    def set_event_status(self, event: int, status: EventStatus) -> bool:
        """Set where an event stands; tell whether that is news. In-play, it wipes all wagers."""
        if not self.markets.set_event_status(event, status):
            return False
        if status is EventStatus.LIVE:
            self._cancels.wipe(self.participants, lambda book: book.event == event)
        return True

    def settle(self, market: int, results: dict[LineId, Result]) -> None:
        """Close a market for good and pay it out.

        A second time, correct what is told anew and keep the rest.
        """
        self.set_market_status(market, MarketStatus.CLOSED)
        self.markets.settle(market)
        self._clearing.settle(self._info.markets[market].key, results)

    # What is published ------------------------------------------------------------------------

    def _tell_change(self, book: LineBook, offer: Offer) -> None:
        self.on_change(book, offer)

    def _tell_trade(self, book: LineBook, odds: Odds, stake_cents: int) -> None:
        self.on_trade(book, odds, stake_cents)


def _ignore_change(_: LineBook, __: Offer) -> None:
    """Publish nothing while nobody does."""


def _ignore_trade(_: LineBook, __: Odds, ___: int) -> None:
    """Publish nothing while nobody does."""
