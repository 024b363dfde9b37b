"""A recorder with what it depends on, and messages of one game for it."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.market_data.recorder import RawLog, Recorder, Snapshot
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.socket.records import Message, SocketUp
from live.prophetx.socket.stream import read_change
from live.prophetx.wire.frames import Frame
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.reference.reference_line import OutsidePrice
from live.reference.reference_source import ReferenceLine
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import PROBABILITY_PARTS, Clocks, Kind, Row
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.market_types import MarketType

NOW_NS = WallClock().wall_ns()
GAME, MONEYLINE, SPREAD = 77, 219, 223
HOME, AWAY = "a" * 32, "b" * 32
Levels = Sequence[tuple[int, float]]


def levels(outcome_id: int, strike_id: str, offered: Levels, strike: float = 0) -> list[Any]:
    """Return the levels of a line in the exchange's format."""
    common = {"outcome_id": outcome_id, "strike_id": strike_id, "strike": strike}
    shown = [common | {"price": odds, "value": value, "quantity": 9} for odds, value in offered]
    return shown or [common | {"price": None, "value": 0, "quantity": 0}]


def moneyline(home: Levels, away: Levels, **more: Any) -> dict[str, Any]:
    """Return the moneyline with these offers."""
    selections = [levels(4, HOME, home), levels(5, AWAY, away)]
    market = {"id": MONEYLINE, "type": "moneyline", "sub_type": "moneyline", "status": "active"}
    return market | {"selections": selections, "updated_at": 1_000} | more


EVENT = {
    "event_id": GAME,
    "name": "Away at Home",
    "competitors": [
        {"id": 1, "name": "Home", "side": "home"},
        {"id": 2, "name": "Away", "side": "away"},
    ],
    "scheduled": "2027-01-01T00:00:00Z",
    "status": "not_started",
    "tournament_id": 132,
    "tournament_name": "NBA",
}


@dataclass
class RecorderHarness:
    """A recorder with its dependencies, and its tape."""

    folder: Path
    decode_errors: DecodeErrors = field(default_factory=DecodeErrors)
    asked: list[str] = field(default_factory=list)
    at_ns: int = NOW_NS
    clock: Any = field(default_factory=WallClock)

    def __post_init__(self) -> None:
        """Begin a tape."""
        self.writer = TapeWriter(self.folder, source="test", simulated=True, clocks=Clocks.TWO)
        self.raw = RawLog(self.folder)
        self.recorder = Recorder(
            self.writer,
            self.raw,
            MarketRows(self.writer, self.decode_errors, MarketFilter(list(MarketType), ())),
            self.clock,
            self.decode_errors,
            [132],
            lambda: self.asked.append("snapshot"),
            print,
        )

    def snapshot(self, *markets: dict[str, Any], **event: Any) -> None:
        """Give the recorder a snapshot of the game with these markets."""
        shapes = [read(WireMarket, json.dumps(market).encode(), "market") for market in markets]
        wire_event = read(WireEvent, json.dumps(EVENT | event).encode(), "event")
        self.recorder.on_snapshot(Snapshot([wire_event], {GAME: shapes}))

    def begin(self, *markets: dict[str, Any]) -> None:
        """Start an epoch with a snapshot."""
        self.recorder.on_record(SocketUp(1, NOW_NS, 1))
        self.snapshot(*markets)

    def send(self, change_type: str, payload: Any, op: str = "u", timestamp: int = 5) -> None:
        """Give the recorder a message, a millisecond after the last."""
        self.at_ns += 1_000_000
        coded = b64encode(json.dumps(payload).encode()).decode()
        inner = {"change_type": change_type, "op": op, "timestamp": timestamp, "payload": coded}
        frame = Frame(event="tournament_132", channel="private-x", data=json.dumps(inner))
        try:
            change = read_change(frame)
        except ProtocolError as error:
            self.decode_errors.note(error)
            change = None
        self.recorder.on_record(Message(1, self.at_ns, frame.channel, change, b"raw text"))

    def send_levels(self, home: Levels, away: Levels, sequence: int) -> None:
        """Give the recorder all levels of the moneyline."""
        info = moneyline(home, away, sequence_number=sequence)
        payload = {"sport_event_id": GAME, "market_id": MONEYLINE, "info": info}
        self.send("market_selections", payload, timestamp=sequence)

    def send_trade(self, strike_id: str, odds: int, dollars: float, sequence: int) -> None:
        """Give the recorder a trade, from its maker's side."""
        info = {"sport_event_id": GAME, "market_id": MONEYLINE, "strike_id": strike_id}
        trade = {"price": odds, "fill_price": odds, "filled_quantity": dollars}
        self.send("matched_order", {"info": info | trade | {"sequence_number": sequence}}, "c")

    def send_price(self, line_id: str, probability: float) -> None:
        """Give the recorder an outside price, a millisecond after the last message."""
        self.at_ns += 1_000_000
        price = OutsidePrice(ReferencePrice(LineId(line_id), probability))
        self.send_outside(price)

    def send_outside(self, price: OutsidePrice) -> None:
        """Give the recorder an outside price as it was read."""
        self.recorder.on_reference(ReferenceLine(self.at_ns, b"outside", price))

    def prices(self) -> list[tuple[str, float]]:
        """Return the outside prices on the tape: line and probability."""
        lines = self.writer.info.lines
        return [
            (lines[row.line].line_id[0], row.state / PROBABILITY_PARTS)
            for row in self.rows()
            if row.kind == Kind.REFERENCE
        ]

    def rows(self) -> list[Row]:
        """Close the tape and return its rows."""
        self.raw.end_file()
        self.writer.close()
        return [row for chunk in Tape(self.folder).chunks() for row in chunk.rows()]

    def offers(self) -> list[tuple[str, int, int]]:
        """Return the offers on the tape: line, odds and cents."""
        lines = self.writer.info.lines
        return [
            (lines[row.line].line_id[0], row.odds, row.amount_cents)
            for row in self.rows()
            if row.kind == Kind.OFFER
        ]
