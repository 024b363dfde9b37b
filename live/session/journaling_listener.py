"""A desk's ear: what a desk hears from outside, kept in the journal as it is heard."""

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
    """Passes on to a desk whatever it is to hear, and keeps what the desk does not tell itself.

    That is market data, and when it was called upon to decide. Its timers it tells, as inputs.
    """

    def __init__(self, desk: Desk, journal: SessionJournal, clock: Clock) -> None:
        """Listen for a desk that has the same journal."""
        self._desk = desk
        self._journal = journal
        self._clock = clock

    def begin(self) -> None:
        """Let the desk begin to refresh its quotes."""
        self._journal.desk_called(self._clock.now_ns(), DeskStarted())
        self._desk.start()

    def take(self, event: Event, at_ns: int) -> None:
        """Let the desk hear something; it decides nothing."""
        if isinstance(event, OfferChanged | TradeSeen):
            self._journal.market_received(at_ns, event)
        self._desk.take(event, at_ns)

    def act(self, now_ns: int) -> None:
        """Let the desk decide on what cannot wait."""
        self._journal.desk_called(now_ns, DecideRequested())
        self._desk.act(now_ns)

    def halt(self, reason: str) -> None:
        """Halt the desk now, and cancel everything."""
        now_ns = self._clock.now_ns()
        self.take(TradingStateSet(TradingState.HALTED, reason), now_ns)
        self.act(now_ns)
