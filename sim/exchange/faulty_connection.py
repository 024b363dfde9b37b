"""A connection with faults, which recovers afterwards what it missed.

It behaves as a bridge to the real exchange: it reads lost responses and private updates from the
exchange's history, some seconds later or after a reconnect, and delivers them then. So everything
is delivered eventually, though not in order.
"""

from collections.abc import Callable, Container, Sequence
from functools import partial

from numpy.random import Generator

from sim.engine.faults import Faults
from sim.engine.latency import Latency
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.trade_breaks import TradeBreaks
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import AccountState, Event, WagerRejected
from strategies.trading.model.ids import EventId, MarketId, MarketKey, WagerRef
from strategies.trading.ports.schedule import Priority

_REFUSALS = ("rate_limit_reached", "err_order_placement_disabled")


def open_connection(
    env: ReplayEnvironment,
    exchange: SimulatedProphet,
    latency: Latency,
    inbox: Inbox,
    subscribed: Container[MarketKey],
    faults: Faults,
    rng: Generator,
) -> ExchangeConnection:
    """Open a desk's account and connection; a `FaultyConnection` if there are any faults."""
    if faults.calm:
        return ExchangeConnection(env, exchange, latency, inbox, subscribed)
    return FaultyConnection(env, exchange, latency, inbox, subscribed, faults, rng)


class FaultyConnection(ExchangeConnection):
    """A connection with faults, drawn from one random stream.

    A lost placement is rejected once the exchange's history shows that it does not exist; a lost
    cancel has no response. A lost account state is requested again, so it is never stale.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        latency: Latency,
        inbox: Inbox,
        subscribed: Container[MarketKey],
        faults: Faults,
        rng: Generator,
    ) -> None:
        """Open the desk's account, connected."""
        super().__init__(env, exchange, latency, inbox, subscribed)
        self._faults = faults
        self._rng = rng
        self._connected = True
        self._missed: list[tuple[Event, ...]] = []
        # What is late, with the time at which it arrives.
        self._late: list[tuple[int, tuple[Event, ...]]] = []
        self._schedule_disconnect()
        if faults.trade_broken:
            TradeBreaks(env, exchange, faults, rng)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Request wagers; each is accepted or rejected on its own."""
        if self._loses_command():
            lost = (WagerRejected(request.ref, "data_not_found") for request in requests)
            self._call_later(partial(self._notify, tuple(lost)))
        else:
            super().place(requests)

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Request to cancel the unmatched part of wagers."""
        if not self._loses_command():
            super().cancel(refs)

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Request to cancel everything open: of an event, of one of its markets, or in all."""
        if not self._loses_command():
            super().cancel_all(event_id, market_id)

    def ask_state(self) -> None:
        """Request one AccountState."""
        if self._loses_command():
            self._call_later(self.ask_state)
        else:
            super().ask_state()

    # At the exchange --------------------------------------------------------------------------

    def _place(self, requests: tuple[PlaceWager, ...]) -> None:
        if self._occurs(self._faults.command_refused):
            code = _REFUSALS[int(self._rng.integers(len(_REFUSALS)))]
            self._notify(tuple(WagerRejected(request.ref, code) for request in requests))
        else:
            super()._place(requests)

    def _cancel(self, refs: tuple[WagerRef, ...]) -> None:
        if self._occurs(self._faults.command_refused):
            self._refuse_temporarily(refs)
        else:
            super()._cancel(refs)

    def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        if self._occurs(self._faults.command_refused):
            self._refuse_temporarily(
                self._exchange.live_refs(self.participant, event_id, market_id)
            )
        else:
            super()._cancel_all(event_id, market_id)

    # Responses and private updates ------------------------------------------------------------

    def _send(self, events: tuple[Event, ...]) -> None:
        if self._occurs(self._faults.answer_lost):
            self._keep_missed(events)
            self._call_later(self._resend_missed)
            return
        if isinstance(events[0], AccountState):
            # Never doubled nor overtaken, as it would be out of date; and what is late is read
            # from the history before.
            self._resend_late()
            self._responses.send(partial(self._deliver, events))
            return
        extra_ns = self._late_ns() if self._occurs(self._faults.answer_late) else 0
        due_ns = self._responses.send(partial(self._deliver, events), extra_ns)
        if extra_ns:
            self._late = [each for each in self._late if each[0] > self._scheduler.now_ns]
            self._late.append((due_ns, events))
        if self._occurs(self._faults.answer_doubled):
            again = partial(self._deliver, events)
            self._scheduler.schedule_call(due_ns + self._late_ns(), Priority.DESK, again)

    def _resend_late(self) -> None:
        """Deliver what is late also in its turn, so that it comes once more when it is due."""
        late, self._late = self._late, []
        for due_ns, events in late:
            if due_ns > self._scheduler.now_ns:
                self._responses.send(partial(self._deliver, events))

    def _deliver(self, events: tuple[Event, ...]) -> None:
        if self._connected:
            self._inbox.deliver(events)
        else:
            self._keep_missed(events)

    def _keep_missed(self, events: tuple[Event, ...]) -> None:
        if isinstance(events[0], AccountState):
            self._call_later(self.ask_state)
        else:
            self._missed.append(events)

    def _resend_missed(self) -> None:
        """Deliver the missed updates that the exchange's history has, if connected."""
        if not self._connected:
            return
        missed, self._missed = self._missed, []
        for events in missed:
            self._responses.send(partial(self._deliver, events))

    # The connection ---------------------------------------------------------------------------

    def _schedule_disconnect(self) -> None:
        every_ns = self._faults.disconnect_every_ns
        if every_ns:
            due_ns = self._scheduler.now_ns + int(self._rng.exponential(every_ns))
            self._scheduler.schedule_call(due_ns, Priority.DESK, self._disconnect)

    def _disconnect(self) -> None:
        self._connected = False
        due_ns = self._scheduler.now_ns + self._random_ns(self._faults.disconnect_ns)
        self._scheduler.schedule_call(due_ns, Priority.EXCHANGE, self._reconnect)
        self._inbox.disconnect()

    def _reconnect(self) -> None:
        """Recover missed updates, and resume market data only after they are delivered."""
        self._connected = True
        self._resend_missed()
        self._responses.send(self._restore)

    def _restore(self) -> None:
        self._inbox.reconnect()
        self._schedule_disconnect()

    # Random draws -----------------------------------------------------------------------------

    def _loses_command(self) -> bool:
        return not self._connected or self._occurs(self._faults.command_lost)

    def _occurs(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability

    def _late_ns(self) -> int:
        return self._random_ns(self._faults.late_ns)

    def _random_ns(self, limit_ns: int) -> int:
        return int(self._rng.integers(limit_ns + 1))

    def _call_later(self, callback: Callable[[], None]) -> None:
        due_ns = self._scheduler.now_ns + self._faults.recovery_ns
        self._scheduler.schedule_call(due_ns, Priority.EXCHANGE, callback)
