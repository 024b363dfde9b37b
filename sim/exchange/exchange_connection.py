"""The connection between a desk and the simulated exchange, with latency in both directions."""

from collections.abc import Sequence
from functools import partial

from sim.engine.delay_line import DelayLine
from sim.engine.inbox import Inbox
from sim.engine.latency import Latency
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import CancelRefused, Event, MarketSettled
from strategies.trading.model.ids import EventId, MarketId, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority

_TOO_FAST = "rate_limit_reached"


class ExchangeConnection:
    """Implements the port `Exchange` for one desk on the simulated exchange.

    Commands reach the exchange after the compute and entry delays, in order; responses and private
    updates reach the desk's inbox after the response delay, in order. Settlements of markets that
    the desk is not subscribed to are not sent.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        latency: Latency,
        inbox: Inbox,
        publisher: Publisher,
    ) -> None:
        """Open the desk's account with the starting balance of the exchange's settings."""
        self._env = env
        self._exchange = exchange
        self._inbox = inbox
        self._publisher = publisher
        self._entry = DelayLine(env, Priority.EXCHANGE, latency.compute, latency.entry)
        self._responses = DelayLine(env, Priority.DESK, latency.response)
        balance_cents = exchange.settings.starting_balance_cents
        self.participant = exchange.open_account("desk", balance_cents, self._notify)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Request wagers; each is accepted or rejected on its own."""
        self._entry.send(partial(self._place, tuple(requests)))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Request to cancel the unmatched part of wagers."""
        self._entry.send(partial(self._cancel, tuple(refs)))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Request to cancel everything open: of an event, of one of its markets, or in all."""
        self._entry.send(partial(self._cancel_all, event_id, market_id))

    def ask_state(self) -> None:
        """Request one AccountState."""
        self._entry.send(self._ask_state)

    # At the exchange --------------------------------------------------------------------------

    def _place(self, requests: tuple[PlaceWager, ...]) -> None:
        self._notify(tuple(self._exchange.place(self.participant, requests)))

    def _cancel(self, refs: tuple[WagerRef, ...]) -> None:
        self._notify(tuple(self._exchange.cancel(self.participant, refs)))

    def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        code = self._exchange.cancel_all(self.participant, event_id, market_id)
        if code == _TOO_FAST:
            self._refuse_temporarily(
                self._exchange.live_refs(self.participant, event_id, market_id)
            )

    def _refuse_temporarily(self, refs: Sequence[WagerRef]) -> None:
        retry_at_ns = self._env.now_ns + NS_PER_SECOND
        self._notify(tuple(CancelRefused(ref, _TOO_FAST, retry_at_ns) for ref in refs))

    # Responses and private updates ------------------------------------------------------------

    def _ask_state(self) -> None:
        # Counted against the rate limit but never refused: the desk must be able to reconcile.
        now_ns = self._env.now_ns
        self.participant.admit_request(now_ns)
        self._notify((self.participant.account_state(now_ns),))

    def _notify(self, events: tuple[Event, ...]) -> None:
        relevant = tuple(event for event in events if self._is_relevant(event))
        if relevant:
            self._send(relevant)

    def _send(self, events: tuple[Event, ...]) -> None:
        self._responses.send(partial(self._deliver, events))

    def _deliver(self, events: tuple[Event, ...]) -> None:
        self._inbox.deliver(*events)

    def _is_relevant(self, event: Event) -> bool:
        subscribed = self._publisher.markets
        return not isinstance(event, MarketSettled) or event.market_key in subscribed
