"""Ids in the partner API: of events, markets, strikes, outcomes, tournaments and teams.

Recordings of ProphetX have the exchange's own ids already. Others get ids of the same format:
numbers for events and markets, 32 hexadecimal digits for strikes.
"""

import hashlib
import re

from recordings.tape import TapeInfo
from sim.sandbox.wire_markets import wire_market
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketKey
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import Selection

# The exchange's own ids (partner API, 4.1).
_TOURNAMENT_IDS = {"MLB": 109, "NFL": 31, "NBA": 132, "NHL": 234, "NCAAB": 648, "NCAAF": 27653}
# Selections that the exchange lists first (4.3): home before away, under before over.
_DISPLAYED_FIRST = (Selection.HOME, Selection.UNDER)

_STRIKE_ID = re.compile(r"[0-9a-f]{32}")
_LARGEST_ID = 2_000_000_000
# Where one event has several markets of a type, those after the first are numbered from here.
_FURTHER_MARKETS = 10_000


class WireIds:
    """The wire ids of a recording's events, markets and lines, in both directions."""

    def __init__(self, info: TapeInfo) -> None:
        """Assign every id; raise TapeError if two events or lines get the same one."""
        self._info = info
        self.event_ids = {event.event_id: _number(event.event_id) for event in info.events}
        self.market_ids: dict[MarketKey, int] = {}
        self.strike_ids = {line.line_id: _strike_id(line.line_id) for line in info.lines}
        self._events = {self.event_ids[event.event_id]: event for event in info.events}
        self._lines = {self.strike_ids[line.line_id]: line for line in info.lines}
        self._markets: dict[tuple[int, int], Market] = {}
        if len(self._events) < len(info.events) or len(self._lines) < len(info.lines):
            message = "two events or lines of the recording have the same id at the exchange"
            raise TapeError(message)
        for market in info.markets:
            self._assign_market_id(market)

    def _assign_market_id(self, market: Market) -> None:
        event_id = self.event_ids[market.event_id]
        market_id = int(market.market_id) if market.market_id.isdecimal() else 0
        if not market_id:
            wire = wire_market(market.kind)
            market_id = wire.template or stable_id(wire.sub_type)
            if (event_id, market_id) in self._markets:
                market_id = _FURTHER_MARKETS + len(self._markets)
        self.market_ids[market.key] = market_id
        self._markets[event_id, market_id] = market

    # From the wire ----------------------------------------------------------------------------

    def event(self, event_id: int) -> SportEvent | None:
        """Return the event with that id, or None."""
        return self._events.get(event_id)

    def market(self, event_id: int, market_id: int) -> Market | None:
        """Return the market of an event with that id, or None."""
        return self._markets.get((event_id, market_id))

    def line(self, strike_id: object) -> Line | None:
        """Return the line with that strike id, or None."""
        return self._lines.get(strike_id) if isinstance(strike_id, str) else None

    # To the wire ------------------------------------------------------------------------------

    def tournaments(self) -> dict[int, SportEvent]:
        """Return the tournaments by id, each with one of its events."""
        return {tournament_id(event.tournament): event for event in self._info.events}

    def events(self) -> list[SportEvent]:
        """Return every event, in the order of the recording."""
        return self._info.events

    def markets_of(self, event_id: EventId) -> list[Market]:
        """Return the markets of an event, in the order of the recording."""
        return [market for market in self._info.markets if market.event_id == event_id]

    def market_id_of(self, line: Line) -> int:
        """Return the id of a line's market."""
        return self.market_ids[line.market_key]


def tournament_id(name: str) -> int:
    """Return the id of a tournament: the exchange's own where it is known."""
    return _TOURNAMENT_IDS.get(name) or stable_id(name)


def display_order(line: Line, opposite: Line) -> tuple[Line, Line]:
    """Return the two lines of a pair in the exchange's order."""
    return (line, opposite) if line.selection in _DISPLAYED_FIRST else (opposite, line)


def stable_id(text: str) -> int:
    """Return an id for a text, the same in every process, in the exchange's range."""
    return 1 + int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) % _LARGEST_ID


def _number(event_id: EventId) -> int:
    return int(event_id) if event_id.isdecimal() else stable_id(event_id)


def _strike_id(line_id: LineId) -> str:
    if _STRIKE_ID.fullmatch(line_id):
        return line_id
    return hashlib.sha256(line_id.encode()).hexdigest()[:32]
