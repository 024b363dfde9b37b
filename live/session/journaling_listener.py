"""Forwards inputs to a desk, and journals those that the desk does not journal itself."""

from recordings.journal.session_journal import SessionJournal
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import (
    Event,
    OfferChanged,
    TradeSeen,
    TradingState,
    TradingStateSet,
)
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import DecideRequested, DeskStarted


class JournalingListener:
    """The only path of inputs to a desk.

    A desk journals its other inputs itself. It only numbers market data, and does not record that
    it was started or asked to decide; without these a replay would not repeat its decisions.
    """

    def __init__(self, desk: Desk, journal: SessionJournal, clock: Clock) -> None:
        """Forward to a desk that writes to the same journal."""
        self._desk = desk
        self._journal = journal
        self._clock = clock

    def start(self) -> None:
        """Start the desk: it refreshes its quotes from now on."""
        self._journal.desk_called(self._clock.now_ns(), DeskStarted())
        self._desk.start()

    def take(self, event: Event, at_ns: int) -> None:
        """Forward an event that arrived at a time; the desk decides nothing yet."""
        if isinstance(event, OfferChanged | TradeSeen):
            self._journal.market_received(at_ns, event)
        self._desk.take(event, at_ns)

    def act(self, now_ns: int) -> None:
        """Let the desk decide on what cannot wait."""
        self._journal.desk_called(now_ns, DecideRequested())
        self._desk.act(now_ns)

    def halt(self, reason: str) -> None:
        """Halt the desk, which cancels everything."""
        now_ns = self._clock.now_ns()
        self.take(TradingStateSet(TradingState.HALTED, reason), now_ns)
        self.act(now_ns)
