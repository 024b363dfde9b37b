"""A recording of one moneyline that a test writes message by message."""

from pathlib import Path

from recordings.reader import Tape
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
GAME, MONEYLINE = EventId("game"), MarketId("219")


class GameTape:
    """A recording of one moneyline, written message by message; seconds are from its start."""

    def __init__(self, folder: Path) -> None:
        """Open the market before the game."""
        self.folder = folder
        self.writer = TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE)
        event = SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", START_NS)
        self.event = self.writer.add_event(event)
        self.market = self.writer.add_market(
            Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")
        )
        self.home, self.away = (
            self.writer.add_line(Line(LineId(name), GAME, MONEYLINE, Selection(name), 0.0))
            for name in ("home", "away")
        )
        self.at(0)
        self.writer.market_status(self.market, MarketStatus.OPEN)

    def at(self, seconds: float) -> None:
        """Start a message."""
        at_ns = START_NS + int(seconds * NS_PER_SECOND)
        self.writer.begin_message(at_ns, at_ns)

    def start_play(self) -> None:
        """Start the game at 600 s; the market is open again at 602 s, as it was before."""
        self.at(600)
        self.writer.market_status(self.market, MarketStatus.SUSPENDED)
        self.at(601)
        self.writer.event_status(self.event, EventStatus.LIVE)
        self.writer.score(self.event, 0, 0, 0)
        self.at(602)
        self.writer.market_status(self.market, MarketStatus.OPEN)

    def finish(self) -> Tape:
        """End a started game at 700 s, which home wins, and return the recording."""
        self.at(700)
        self.writer.market_status(self.market, MarketStatus.SUSPENDED)
        self.at(800)
        self.writer.market_status(self.market, MarketStatus.CLOSED)
        for line, result in ((self.home, Result.WON), (self.away, Result.LOST)):
            self.writer.result(line, result)
        self.writer.close()
        return Tape(self.folder)
