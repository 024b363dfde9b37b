"""The recorder: what is on the tape after messages, gaps and snapshots in any order."""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.market_data.recorder import RawLog, Recorder, Snapshot
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.socket.records import Message, SocketDown, SocketUp, UnreadableMessage
from live.prophetx.socket.stream import read_change
from live.prophetx.wire.frames import Frame
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.reference.reference_source import ReferenceLine
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import PROBABILITY_PARTS, Clocks, Kind, Row, Side
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus
from strategies.trading.model.market_types import MarketType

NOW_NS = WallClock().wall_ns()
GAME, MONEYLINE, SPREAD = 77, 219, 223
HOME, AWAY = "a" * 32, "b" * 32

Levels = Sequence[tuple[int, float]]


def levels(outcome_id: int, strike_id: str, offered: Levels, strike: float = 0) -> list[Any]:
    """Return what is shown of a line, as the exchange says it."""
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
class Desk:
    """A recorder with all that it needs, and what came of it."""

    folder: Path
    decode_errors: DecodeErrors = field(default_factory=DecodeErrors)
    asked: list[str] = field(default_factory=list)
    at_ns: int = NOW_NS

    def __post_init__(self) -> None:
        """Begin a tape."""
        self.writer = TapeWriter(self.folder, source="test", simulated=True, clocks=Clocks.TWO)
        self.raw = RawLog(self.folder)
        self.recorder = Recorder(
            self.writer,
            self.raw,
            MarketRows(self.writer, self.decode_errors, MarketFilter(list(MarketType), ())),
            WallClock(),
            self.decode_errors,
            [132],
            lambda: self.asked.append("snapshot"),
            print,
        )

    def snapshot(self, *markets: dict[str, Any], **event: Any) -> None:
        """Show a snapshot of the game with these markets."""
        shapes = [read(WireMarket, json.dumps(market).encode(), "market") for market in markets]
        told = read(WireEvent, json.dumps(EVENT | event).encode(), "event")
        self.recorder.on_snapshot(Snapshot([told], {GAME: shapes}))

    def begin(self, *markets: dict[str, Any]) -> None:
        """Come up with a snapshot."""
        self.recorder.on_record(SocketUp(1, NOW_NS, 1))
        self.snapshot(*markets)

    def hear(self, change_type: str, payload: Any, op: str = "u", timestamp: int = 5) -> None:
        """Hear a message, a millisecond after the last."""
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

    def hear_levels(self, home: Levels, away: Levels, sequence: int) -> None:
        """Hear all levels of the moneyline."""
        info = moneyline(home, away, sequence_number=sequence)
        payload = {"sport_event_id": GAME, "market_id": MONEYLINE, "info": info}
        self.hear("market_selections", payload, timestamp=sequence)

    def hear_trade(self, strike_id: str, odds: int, dollars: float, sequence: int) -> None:
        """Hear of a trade, from its maker's side."""
        info = {"sport_event_id": GAME, "market_id": MONEYLINE, "strike_id": strike_id}
        told = {"price": odds, "fill_price": odds, "filled_quantity": dollars}
        self.hear("matched_order", {"info": info | told | {"sequence_number": sequence}}, "c")

    def hear_price(self, line_id: str, probability: float) -> None:
        """Hear a price from outside, a millisecond after what was heard last."""
        self.at_ns += 1_000_000
        price = ReferencePrice(LineId(line_id), probability)
        self.recorder.on_reference(ReferenceLine(self.at_ns, b"outside", price))

    def prices(self) -> list[tuple[str, float]]:
        """Return what the tape says of prices from outside: the line and the probability."""
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
        """Return what the tape says of offers: the line, the odds, and the cents."""
        lines = self.writer.info.lines
        return [
            (lines[row.line].line_id[0], row.odds, row.amount_cents)
            for row in self.rows()
            if row.kind == Kind.OFFER
        ]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a recorder in a folder of its own."""
    return Desk(tmp_path / "tape")


def test_a_snapshot_is_written_whole_and_then_only_what_changes(desk: Desk) -> None:
    """First every level; after that, of a message with all levels, those that are news."""
    desk.begin(moneyline([(110, 5), (105, 7)], [(-120, 9)]))
    desk.hear_levels([(110, 5), (105, 8)], [(-115, 9)], sequence=2_000)
    assert desk.offers() == [
        ("a", 110, 500), ("a", 105, 700), ("b", -120, 900),
        ("a", 105, 800), ("b", -120, 0), ("b", -115, 900),
    ]  # fmt: skip


def test_rows_carry_both_times_and_the_quantity(desk: Desk) -> None:
    """A row says when it arrived, when the exchange says it was, and the quantity beside."""
    desk.begin(moneyline([], []))
    desk.hear_levels([(110, 5)], [], sequence=NOW_NS + 7)
    row = next(row for row in desk.rows() if row.kind == Kind.OFFER)
    assert (row.exchange_ns, row.quantity_cents) == (NOW_NS + 7, 900)
    assert row.received_ns >= NOW_NS


def test_what_lies_beyond_ten_levels_is_not_gone(desk: Desk) -> None:
    """A level pushed out of the ten shown is left as it was; with fewer shown, it is gone."""
    ten = [(odds, 1) for odds in range(119, 109, -1)]
    desk.begin(moneyline(ten, []))
    desk.hear_levels([(120, 1), *ten[:-1]], [], sequence=2_000)
    desk.hear_levels([(120, 1)], [], sequence=3_000)
    changes = desk.offers()[10:]
    assert changes[0] == ("a", 120, 100)
    assert changes[1:] == [("a", odds, 0) for odds, _ in ten]


def test_a_message_that_was_overtaken_is_left_out(desk: Desk) -> None:
    """Levels older than those that are known, by their sequence number, change nothing."""
    desk.begin(moneyline([(110, 5)], []))
    desk.hear_levels([(110, 6)], [], sequence=3_000)
    desk.hear_levels([(110, 9)], [], sequence=2_000)
    desk.hear_levels([(110, 9)], [], sequence=3_000)
    assert desk.offers() == [("a", 110, 500), ("a", 110, 600)]


def test_a_trade_is_written_from_its_makers_side_once(desk: Desk) -> None:
    """The maker's line, odds and stake; the same message twice is one trade."""
    desk.begin(moneyline([], []))
    for sequence in (5, 5, 6):
        desk.hear_trade(AWAY, 124, 45.3, sequence)
    trades = [row for row in desk.rows() if row.kind == Kind.TRADE]
    assert [(row.odds, row.amount_cents, row.side) for row in trades] == [
        (124, 4_530, Side.MAKER)
    ] * 2
    assert desk.writer.info.lines[trades[0].line].line_id == AWAY


def test_what_waits_for_a_snapshot_comes_after_it(desk: Desk) -> None:
    """What is heard before the snapshot is written behind it, if it is newer, in order of time."""
    desk.recorder.on_record(SocketUp(1, NOW_NS, 1))
    desk.hear_levels([(110, 1)], [], sequence=500)
    desk.hear_levels([(110, 6)], [], sequence=2_000)
    desk.hear_trade(HOME, 110, 3, 9)
    assert desk.writer.rows_written == 0
    desk.snapshot(moneyline([(110, 5)], []))
    rows = desk.rows()
    told = [(row.kind, row.amount_cents) for row in rows if row.kind in (Kind.OFFER, Kind.TRADE)]
    assert told == [(Kind.OFFER, 500), (Kind.OFFER, 600), (Kind.TRADE, 300)]
    assert [row.received_ns for row in rows] == sorted(row.received_ns for row in rows)


def test_a_gap_is_told_on_the_tape_and_ends_with_a_snapshot(desk: Desk) -> None:
    """The tape says when the feed was lost and restored; the snapshot says what changed between."""
    desk.begin(moneyline([(110, 5)], [(-120, 9)]))
    desk.recorder.on_record(SocketDown(1, NOW_NS + 5_000_000_000, "closed"))
    desk.recorder.on_record(SocketDown(2, NOW_NS + 6_000_000_000, "still closed"))
    desk.recorder.on_record(SocketUp(3, NOW_NS, 1))
    desk.snapshot(moneyline([(112, 5)], [(-120, 9)]))
    texts = [json.loads(row.text) for row in desk.rows() if row.kind == Kind.UNTYPED and row.text]
    assert texts == [{"feed": "lost", "reason": "closed"}, {"feed": "restored"}]
    assert desk.asked == ["snapshot", "snapshot"]
    assert (desk.recorder.gap_note() or "").startswith("the feed was lost 1 time ")


def test_trades_heard_before_a_loss_are_kept(desk: Desk) -> None:
    """A trade that waited for a snapshot that never came is a fact all the same."""
    desk.begin(moneyline([(110, 5)], []))
    desk.recorder.expect_snapshot()
    desk.hear_trade(HOME, 110, 3, 9)
    desk.hear_levels([(110, 1)], [], sequence=2_000)
    desk.recorder.on_record(SocketDown(1, NOW_NS + 5_000_000_000, "closed"))
    kinds = [row.kind for row in desk.rows() if row.kind in (Kind.TRADE, Kind.OFFER)]
    assert kinds == [Kind.OFFER, Kind.TRADE]


def test_states_are_written_when_they_change(desk: Desk) -> None:
    """An event goes live, a market is suspended, opens, and goes: each is told once."""
    desk.begin(moneyline([], []))
    for status in ("suspended", "suspended", "active"):
        info = {"id": MONEYLINE, "sport_event_id": GAME, "status": status}
        desk.hear("market", {"id": GAME, "info": info})
    info = {"event_id": GAME, "status": "live", "tournament_id": 132}
    desk.hear("sport_event", {"id": str(GAME), "info": info})
    desk.hear("sport_event", {"id": str(GAME), "tournament_id": "132"}, op="d")
    rows = desk.rows()
    market = [row.state for row in rows if row.kind == Kind.MARKET_STATUS]
    open_, suspended = MarketStatus.OPEN, MarketStatus.SUSPENDED
    assert market == [open_, suspended, open_, suspended]
    event = [row.state for row in rows if row.kind == Kind.EVENT_STATUS]
    assert event == [EventStatus.NOT_STARTED, EventStatus.LIVE]
    assert len([row for row in rows if row.kind == Kind.SCHEDULE]) == 1


def test_a_market_that_is_no_longer_shown_is_withdrawn(desk: Desk) -> None:
    """A snapshot without a market suspends it, and nothing is offered in it any more."""
    desk.begin(moneyline([(110, 5)], [(-120, 9)]))
    desk.snapshot()
    rows = desk.rows()
    assert [row.state for row in rows if row.kind == Kind.MARKET_STATUS] == [
        MarketStatus.OPEN,
        MarketStatus.SUSPENDED,
    ]
    assert [row.amount_cents for row in rows if row.kind == Kind.OFFER] == [500, 900, 0, 0]


def spread(home: Levels, point: float, names: str) -> dict[str, Any]:
    """Return one strike of the spread."""
    sides = [levels(1714, names[0] * 32, home, point), levels(1715, names[1] * 32, [], -point)]
    return {"id": SPREAD, "type": "spread", "strike": point, "selections": sides}


def test_a_strike_that_appears_is_entered(desk: Desk) -> None:
    """A strike first heard of on the stream joins the dictionary with both of its lines."""
    desk.begin({"id": SPREAD, "type": "spread", "market_strikes": [spread([(100, 5)], -4.5, "cd")]})
    info = spread([(105, 6)], -5.5, "ef")
    desk.hear("market_selections", {"sport_event_id": GAME, "market_id": SPREAD, "info": info})
    assert desk.offers() == [("c", 100, 500), ("e", 105, 600)]
    assert sorted(pair.first.point for pair in desk.writer.info.catalogue().pairs.values()) == [
        -5.5,
        -4.5,
    ]


def test_lines_that_contradict_are_kept_out_of_the_dictionary(desk: Desk) -> None:
    """A second pair of a point, a line of two pairs or against itself would spoil the tape."""
    desk.begin({"id": SPREAD, "type": "spread", "market_strikes": [spread([(100, 5)], -4.5, "cd")]})
    for point, names in ((-4.5, "ef"), (-4.5, "ce"), (-5.5, "ee")):
        info = spread([(105, 6)], point, names)
        desk.hear("market_selections", {"sport_event_id": GAME, "market_id": SPREAD, "info": info})
    rows = desk.rows()
    assert [row.text for row in rows if row.kind == Kind.UNTYPED] == ["raw text"] * 3
    assert len(desk.writer.info.catalogue().pairs) == 1
    assert desk.decode_errors.total == 3


def test_a_side_without_a_word_is_a_side_without_offers(desk: Desk) -> None:
    """Where a side comes as an empty list, or both do, the levels of known lines are gone."""
    desk.begin(moneyline([(110, 5)], [(-120, 9)]))
    info = moneyline([(110, 5)], []) | {"sequence_number": 2_000}
    info["selections"][1] = []
    payload = {"sport_event_id": GAME, "market_id": MONEYLINE, "info": info}
    desk.hear("market_selections", payload)
    payload["info"] = info | {"sequence_number": 3_000, "selections": [None, []]}
    desk.hear("market_selections", payload)
    assert desk.offers()[2:] == [("b", -120, 0), ("a", 110, 0)]


def test_what_cannot_be_written_costs_only_itself(desk: Desk) -> None:
    """Odds off the ladder and messages that cannot be read are counted, and the tape goes on."""
    desk.begin(moneyline([(110, 5)], []))
    desk.hear_levels([(110, 5), (-147, 4), (99, 1)], [], sequence=2_000)
    desk.hear("market_selections", {"sport_event_id": GAME})
    desk.hear("novelty", {})
    desk.recorder.on_record(UnreadableMessage(1, NOW_NS, b"\xff{"))
    desk.hear_levels([(110, 6)], [], sequence=3_000)
    rows = desk.rows()
    assert [row.amount_cents for row in rows if row.kind == Kind.OFFER] == [500, 600]
    assert [row.text for row in rows if row.kind == Kind.UNTYPED] == ["raw text"] * 2 + ["\\xff{"]
    assert desk.decode_errors.total == 4


def test_news_of_the_unknown_asks_for_one_snapshot(desk: Desk) -> None:
    """A new event of a followed tournament, or a new market, asks for a snapshot, once each."""
    desk.begin(moneyline([], []))
    desk.asked.clear()
    for tournament in (9, 132, 132):
        info = {"event_id": 78, "tournament_id": tournament, "status": "not_started"}
        desk.hear("sport_event", {"id": "78", "tournament_id": str(tournament), "info": info}, "c")
        desk.snapshot(moneyline([], []))
    assert desk.asked == ["snapshot"]
    for _ in range(3):
        desk.hear("market", {"info": {"id": 225, "sport_event_id": GAME, "status": "active"}}, "c")
    assert desk.asked == ["snapshot"] * 2


def test_other_peoples_events_leave_no_trace(desk: Desk) -> None:
    """Levels, trades and states of events that are not followed are not on the tape."""
    desk.begin(moneyline([], []))
    before = desk.writer.rows_written
    payload = {"sport_event_id": 5, "market_id": MONEYLINE, "info": moneyline([(110, 5)], [])}
    desk.hear("market_selections", payload)
    desk.hear("market", {"info": {"id": MONEYLINE, "sport_event_id": 5, "status": "active"}})
    desk.hear_trade("f" * 32, 110, 5, 1)
    assert desk.writer.rows_written == before


def test_every_message_is_kept_as_it_came(desk: Desk) -> None:
    """Beside the tape lies the text of every message with its time, readable after a flush."""
    desk.begin(moneyline([], []))
    desk.hear_levels([(110, 5)], [], sequence=2_000)
    desk.raw.flush()
    desk.recorder.on_record(UnreadableMessage(1, NOW_NS + 5, b"\xff{"))
    desk.rows()
    with gzip.open(desk.folder / "raw-00000.jsonl.gz") as file:
        kept = [json.loads(line) for line in file]
    assert [line["raw"] for line in kept] == ["raw text", "\\xff{"]
    assert kept[1]["received_ns"] == NOW_NS + 5


def test_prices_from_outside_are_on_the_tape_when_they_came(desk: Desk) -> None:
    """A price is a row with its time of arrival, between the messages it came between."""
    desk.begin(moneyline([(110, 5)], []))
    desk.at_ns = WallClock().wall_ns() + 1_000_000_000
    desk.hear_levels([(110, 6)], [], sequence=2_000)
    desk.hear_price(AWAY, 0.52)
    desk.hear_levels([(110, 7)], [], sequence=3_000)
    rows = desk.rows()[-3:]
    assert [row.kind for row in rows] == [Kind.OFFER, Kind.REFERENCE, Kind.OFFER]
    assert rows[1].received_ns == rows[0].received_ns + 1_000_000
    assert rows[1].state == 520_000_000
    assert desk.writer.info.lines[rows[1].line].line_id == AWAY


def test_a_line_from_outside_that_is_no_price_is_kept(desk: Desk) -> None:
    """What cannot be read is on the tape as it came, and beside it, as every line from outside."""
    desk.begin(moneyline([], []))
    desk.hear_price(HOME, 0.5)
    desk.recorder.on_reference(ReferenceLine(desk.at_ns + 1, b"\xff{", None))
    rows = desk.rows()
    assert [row.text for row in rows if row.kind == Kind.UNTYPED] == ["\\xff{"]
    with gzip.open(desk.folder / "raw-00000.jsonl.gz") as file:
        assert [json.loads(line)["raw"] for line in file] == ["outside", "\\xff{"]


def test_prices_of_lines_that_are_not_followed_are_counted(desk: Desk) -> None:
    """A price of an unknown line leaves no row, and is counted, so that a slip is seen."""
    desk.begin(moneyline([], []))
    desk.hear_price("c" * 32, 0.5)
    assert desk.decode_errors.counts == {"reference: its line is not followed": 1}
    assert desk.prices() == []


def test_prices_wait_for_the_snapshot_that_shows_their_line(desk: Desk) -> None:
    """Before the first snapshot no line is known: the newest price of each waits for it."""
    desk.hear_price(HOME, 0.4)
    desk.recorder.on_record(SocketUp(1, NOW_NS, 1))
    desk.hear_price(HOME, 0.5)
    desk.hear_price("c" * 32, 0.5)
    desk.snapshot(moneyline([(110, 5)], []))
    assert desk.decode_errors.total == 1
    assert desk.prices() == [("a", 0.5)]


def test_prices_of_known_lines_do_not_wait(desk: Desk) -> None:
    """During a gap prices go on: they come from elsewhere, and are stamped as they come."""
    desk.begin(moneyline([(110, 5)], []))
    desk.recorder.on_record(SocketDown(1, NOW_NS, "closed"))
    desk.hear_price(HOME, 0.4)
    desk.recorder.on_record(SocketUp(2, NOW_NS, 1))
    desk.hear_price(HOME, 0.5)
    desk.snapshot(moneyline([(110, 6)], []))
    assert desk.prices() == [("a", 0.4), ("a", 0.5)]


def test_prices_that_waited_through_a_loss_are_old(desk: Desk) -> None:
    """A price whose line is shown only after the next gap is not passed off as fresh."""
    desk.recorder.on_record(SocketUp(1, NOW_NS, 1))
    desk.hear_price(HOME, 0.4)
    desk.recorder.on_record(SocketDown(1, NOW_NS, "closed"))
    desk.begin(moneyline([(110, 5)], []))
    assert desk.prices() == []
