"""A link on which things go wrong, and that finds out afterwards what it missed.

It does what a bridge to the real exchange does: what was lost of answers and private updates it
learns from the exchange's history, some seconds later or when it is connected again, and it tells
the desk then. So everything is told at last, though not in order.
"""

from collections.abc import Callable, Sequence
from functools import partial

from numpy.random import Generator

from sim.engine.faults import Faults
from sim.engine.inbox import Inbox
from sim.engine.latency import Latency
from sim.engine.virtual_clock import Priority, ReplayEnvironment
from sim.exchange.exchange_connection import ExchangeConnection
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import AccountState, Event, WagerRejected
from strategies.trading.model.ids import EventId, MarketId, WagerRef

_REFUSALS = ("rate_limit_reached", "err_order_placement_disabled")


def open_link(
    env: ReplayEnvironment,
    exchange: SimulatedProphet,
    latency: Latency,
    inbox: Inbox,
    publisher: Publisher,
    faults: Faults,
    chance: Generator,
) -> ExchangeConnection:
    """Open a desk's account and its way to the exchange, with the faults there are."""
    if faults.calm:
        return ExchangeConnection(env, exchange, latency, inbox, publisher)
    return FaultyConnection(env, exchange, latency, inbox, publisher, faults, chance)


class FaultyConnection(ExchangeConnection):
    """A link with faults, drawn from one random stream.

    A placement that was lost is rejected once the exchange is asked for it and knows nothing of
    it; a cancel that was lost has no answer. An account state that was lost is asked for anew, so
    it is never an old one.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        latency: Latency,
        inbox: Inbox,
        publisher: Publisher,
        faults: Faults,
        chance: Generator,
    ) -> None:
        """Open the desk's account, connected."""
        super().__init__(env, exchange, latency, inbox, publisher)
        self._faults = faults
        self._chance = chance
        self._connected = True
        self._missed: list[tuple[Event, ...]] = []
        self._expect_disconnect()

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Ask for wagers; each stands or falls on its own."""
        if self._loses_command():
            lost = (WagerRejected(request.ref, "data_not_found") for request in requests)
            self._later(partial(self._tell, tuple(lost)))
        else:
            super().place(requests)

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Ask for the unmatched part of wagers to be withdrawn."""
        if not self._loses_command():
            super().cancel(refs)

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Ask for everything open to be withdrawn, of one event or one of its markets if named."""
        if not self._loses_command():
            super().cancel_all(event_id, market_id)

    def ask_state(self) -> None:
        """Ask for one AccountState."""
        if self._loses_command():
            self._later(self.ask_state)
        else:
            super().ask_state()

    # At the exchange --------------------------------------------------------------------------

    def _place(self, requests: tuple[PlaceWager, ...]) -> None:
        if self._happens(self._faults.command_refused):
            code = _REFUSALS[int(self._chance.integers(len(_REFUSALS)))]
            self._tell(tuple(WagerRejected(request.ref, code) for request in requests))
        else:
            super()._place(requests)

    def _cancel(self, refs: tuple[WagerRef, ...]) -> None:
        if self._happens(self._faults.command_refused):
            self._refuse_for_now(refs)
        else:
            super()._cancel(refs)

    def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        if self._happens(self._faults.command_refused):
            self._refuse_for_now(self._exchange.refs_of(self.participant, event_id, market_id))
        else:
            super()._cancel_all(event_id, market_id)

    # On the way back --------------------------------------------------------------------------

    def _send(self, events: tuple[Event, ...]) -> None:
        if self._happens(self._faults.answer_lost):
            self._miss(events)
            self._later(self._tell_missed)
            return
        held_ns = self._late_ns() if self._happens(self._faults.answer_late) else 0
        due_ns = self._answers.send(partial(self._deliver, events), held_ns)
        # Whoever asks for an account waits for one answer, and takes no second one.
        pushed = not isinstance(events[0], AccountState)
        if pushed and self._happens(self._faults.answer_doubled):
            again = partial(self._deliver, events)
            self._env.schedule_call(due_ns + self._late_ns(), Priority.DESK, again)

    def _deliver(self, events: tuple[Event, ...]) -> None:
        if self._connected:
            super()._deliver(events)
        else:
            self._miss(events)

    def _miss(self, events: tuple[Event, ...]) -> None:
        if isinstance(events[0], AccountState):
            self._later(self.ask_state)
        else:
            self._missed.append(events)

    def _tell_missed(self) -> None:
        """Tell what the history knows and the desk does not, if the exchange can be asked."""
        if not self._connected:
            return
        missed, self._missed = self._missed, []
        for events in missed:
            self._answers.send(partial(self._deliver, events))

    # The connection ---------------------------------------------------------------------------

    def _expect_disconnect(self) -> None:
        every_ns = self._faults.disconnect_every_ns
        if every_ns:
            due_ns = self._env.now_ns + int(self._chance.exponential(every_ns))
            self._env.schedule_call(due_ns, Priority.DESK, self._disconnect)

    def _disconnect(self) -> None:
        self._connected = False
        due_ns = self._env.now_ns + self._up_to(self._faults.disconnect_ns)
        self._env.schedule_call(due_ns, Priority.EXCHANGE, self._reconnect)
        self._inbox.cut()

    def _reconnect(self) -> None:
        """Ask for what was missed, and only when that was told hear the market again."""
        self._connected = True
        self._tell_missed()
        self._answers.send(self._restore)

    def _restore(self) -> None:
        self._inbox.mend()
        self._expect_disconnect()

    # Chance -----------------------------------------------------------------------------------

    def _loses_command(self) -> bool:
        return not self._connected or self._happens(self._faults.command_lost)

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._chance.random() < probability

    def _late_ns(self) -> int:
        return self._up_to(self._faults.late_ns)

    def _up_to(self, most_ns: int) -> int:
        return int(self._chance.integers(most_ns + 1))

    def _later(self, callback: Callable[[], None]) -> None:
        due_ns = self._env.now_ns + self._faults.told_after_ns
        self._env.schedule_call(due_ns, Priority.EXCHANGE, callback)
