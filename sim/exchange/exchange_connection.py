"""The link between a desk and the simulated exchange: the port, with the delays of the way."""

from collections.abc import Sequence
from functools import partial

from sim.engine.delay_line import DelayLine
from sim.engine.inbox import Inbox
from sim.engine.latency import Latency
from sim.engine.virtual_clock import Priority, ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import CancelRefused, Event, MarketSettled
from strategies.trading.model.ids import EventId, MarketId, WagerRef
from strategies.trading.model.units import NS_PER_SECOND

_TOO_FAST = "rate_limit_reached"


class ExchangeConnection:
    """One desk's way to the exchange and back; it is the desk's `Exchange`.

    Commands arrive after the desk's compute and the entry delay, in order; answers and private
    updates after the response delay, in order. The desk hears of the settlement of those markets
    that it subscribed to.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        latency: Latency,
        inbox: Inbox,
        publisher: Publisher,
    ) -> None:
        """Open the desk's account, with the balance that the exchange's settings give."""
        self._env = env
        self._exchange = exchange
        self._inbox = inbox
        self._publisher = publisher
        self._entry = DelayLine(env, Priority.EXCHANGE, latency.compute, latency.entry)
        self._answers = DelayLine(env, Priority.DESK, latency.response)
        balance_cents = exchange.settings.starting_balance_cents
        self.participant = exchange.open_account("desk", balance_cents, self._tell)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Ask for wagers; each stands or falls on its own."""
        self._entry.send(partial(self._place, tuple(requests)))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Ask for the unmatched part of wagers to be withdrawn."""
        self._entry.send(partial(self._cancel, tuple(refs)))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Ask for everything open to be withdrawn, of one event or one of its markets if named."""
        self._entry.send(partial(self._cancel_all, event_id, market_id))

    def ask_state(self) -> None:
        """Ask for one AccountState."""
        self._entry.send(self._ask_state)

    # At the exchange --------------------------------------------------------------------------

    def _place(self, requests: tuple[PlaceWager, ...]) -> None:
        self._tell(tuple(self._exchange.place(self.participant, requests)))

    def _cancel(self, refs: tuple[WagerRef, ...]) -> None:
        self._tell(tuple(self._exchange.cancel(self.participant, refs)))

    def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        code = self._exchange.cancel_all(self.participant, event_id, market_id)
        if code == _TOO_FAST:
            self._refuse_for_now(self._exchange.refs_of(self.participant, event_id, market_id))

    def _refuse_for_now(self, refs: Sequence[WagerRef]) -> None:
        retry_at_ns = self._env.now_ns + NS_PER_SECOND
        self._tell(tuple(CancelRefused(ref, _TOO_FAST, retry_at_ns) for ref in refs))

    # On the way back --------------------------------------------------------------------------

    def _ask_state(self) -> None:
        # Counts as a request, and is answered all the same: a desk in a hurry is not left blind.
        now_ns = self._env.now_ns
        self.participant.may_request(now_ns)
        self._tell((self.participant.state(now_ns),))

    def _tell(self, events: tuple[Event, ...]) -> None:
        heard = tuple(event for event in events if self._concerns(event))
        if heard:
            self._send(heard)

    def _send(self, events: tuple[Event, ...]) -> None:
        self._answers.send(partial(self._deliver, events))

    def _deliver(self, events: tuple[Event, ...]) -> None:
        self._inbox.deliver(*events)

    def _concerns(self, event: Event) -> bool:
        known = self._publisher.markets
        return not isinstance(event, MarketSettled) or event.market_key in known
