"""The recorder: the tape's contents after messages, gaps and snapshots in any order."""

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
from live.reference.reference_line import OutsidePrice
from live.reference.reference_source import ReferenceLine
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.reference_text import reference_price
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


@pytest.fixture
def harness(tmp_path: Path) -> RecorderHarness:
    """Return a recorder in a folder of its own."""
    return RecorderHarness(tmp_path / "tape")


def test_after_a_snapshot_only_changes_are_written(harness: RecorderHarness) -> None:
    """First every level; then, of a message with all levels, only the changed ones."""
    harness.begin(moneyline([(110, 5), (105, 7)], [(-120, 9)]))
    harness.send_levels([(110, 5), (105, 8)], [(-115, 9)], sequence=2_000)
    assert harness.offers() == [
        ("a", 110, 500), ("a", 105, 700), ("b", -120, 900),
        ("a", 105, 800), ("b", -120, 0), ("b", -115, 900),
    ]  # fmt: skip


def test_rows_carry_both_times_and_the_quantity(harness: RecorderHarness) -> None:
    """A row has the time of arrival, the exchange's time, and the quantity."""
    harness.begin(moneyline([], []))
    harness.send_levels([(110, 5)], [], sequence=NOW_NS + 7)
    row = next(row for row in harness.rows() if row.kind == Kind.OFFER)
    assert (row.exchange_ns, row.quantity_cents) == (NOW_NS + 7, 900)
    assert row.received_ns >= NOW_NS


def test_levels_beyond_the_ten_shown_are_kept(harness: RecorderHarness) -> None:
    """A level pushed out of the ten shown is kept; with fewer shown, it is gone."""
    ten = [(odds, 1) for odds in range(119, 109, -1)]
    harness.begin(moneyline(ten, []))
    harness.send_levels([(120, 1), *ten[:-1]], [], sequence=2_000)
    harness.send_levels([(120, 1)], [], sequence=3_000)
    changes = harness.offers()[10:]
    assert changes[0] == ("a", 120, 100)
    assert changes[1:] == [("a", odds, 0) for odds, _ in ten]


def test_an_overtaken_message_is_skipped(harness: RecorderHarness) -> None:
    """Levels with an older sequence number change nothing."""
    harness.begin(moneyline([(110, 5)], []))
    harness.send_levels([(110, 6)], [], sequence=3_000)
    harness.send_levels([(110, 9)], [], sequence=2_000)
    harness.send_levels([(110, 9)], [], sequence=3_000)
    assert harness.offers() == [("a", 110, 500), ("a", 110, 600)]


def test_a_trade_is_written_from_its_makers_side_once(harness: RecorderHarness) -> None:
    """A trade has the maker's line, odds and stake; a repeated message is one trade."""
    harness.begin(moneyline([], []))
    for sequence in (5, 5, 6):
        harness.send_trade(AWAY, 124, 45.3, sequence)
    trades = [row for row in harness.rows() if row.kind == Kind.TRADE]
    assert [(row.odds, row.amount_cents, row.side) for row in trades] == [
        (124, 4_530, Side.MAKER)
    ] * 2
    assert harness.writer.info.lines[trades[0].line].line_id == AWAY


def test_messages_before_a_snapshot_are_written_after_it(harness: RecorderHarness) -> None:
    """Messages before the snapshot are written behind it, if they are newer, in order of time."""
    harness.recorder.on_record(SocketUp(1, NOW_NS, 1))
    harness.send_levels([(110, 1)], [], sequence=500)
    harness.send_levels([(110, 6)], [], sequence=2_000)
    harness.send_trade(HOME, 110, 3, 9)
    assert harness.writer.rows_written == 0
    harness.snapshot(moneyline([(110, 5)], []))
    rows = harness.rows()
    written = [(row.kind, row.amount_cents) for row in rows if row.kind in (Kind.OFFER, Kind.TRADE)]
    assert written == [(Kind.OFFER, 500), (Kind.OFFER, 600), (Kind.TRADE, 300)]
    assert [row.received_ns for row in rows] == sorted(row.received_ns for row in rows)


def test_a_gap_is_on_the_tape_and_ends_with_a_snapshot(harness: RecorderHarness) -> None:
    """The tape has the loss and the return of the feed; the snapshot has the changes between."""
    harness.begin(moneyline([(110, 5)], [(-120, 9)]))
    harness.recorder.on_record(SocketDown(1, NOW_NS + 5_000_000_000, "closed"))
    harness.recorder.on_record(SocketDown(2, NOW_NS + 6_000_000_000, "still closed"))
    harness.recorder.on_record(SocketUp(3, NOW_NS, 1))
    harness.snapshot(moneyline([(112, 5)], [(-120, 9)]))
    texts = [
        json.loads(row.text) for row in harness.rows() if row.kind == Kind.UNTYPED and row.text
    ]
    assert texts == [{"feed": "lost", "reason": "closed"}, {"feed": "restored"}]
    assert harness.asked == ["snapshot", "snapshot"]
    assert (harness.recorder.gap_note() or "").startswith("the feed was lost 1 time ")


class SteppedWall:
    """A clock of which a test sets the time."""

    at_ns = NOW_NS

    def wall_ns(self) -> int:
        """Return the time."""
        return self.at_ns


def test_case_30_a_gap_counts_from_the_last_message_before_it(tmp_path: Path) -> None:
    """The loss is noticed 5 s after the last message, and lasts 10 s more: 15 s are unknown."""
    clock = SteppedWall()
    harness = RecorderHarness(tmp_path / "tape", clock=clock)
    harness.begin(moneyline([(110, 5)], []))
    harness.send_trade(HOME, 110, 3, 9)
    last_ns = harness.at_ns
    harness.recorder.on_record(SocketDown(1, last_ns + 5_000_000_000, "nothing for 5 s"))
    clock.at_ns = last_ns + 15_000_000_000
    harness.recorder.on_record(SocketUp(2, clock.at_ns, 1))
    harness.snapshot(moneyline([(110, 5)], []))
    note = "the feed was lost 1 time while recording, for 15.0 s in all, counted from the last "
    assert (harness.recorder.gap_note() or "").startswith(note)


def test_trades_before_a_loss_are_kept(harness: RecorderHarness) -> None:
    """A trade that waited for a snapshot that never came is written."""
    harness.begin(moneyline([(110, 5)], []))
    harness.recorder.expect_snapshot()
    harness.send_trade(HOME, 110, 3, 9)
    harness.send_levels([(110, 1)], [], sequence=2_000)
    harness.recorder.on_record(SocketDown(1, NOW_NS + 5_000_000_000, "closed"))
    kinds = [row.kind for row in harness.rows() if row.kind in (Kind.TRADE, Kind.OFFER)]
    assert kinds == [Kind.OFFER, Kind.TRADE]


def test_states_are_written_when_they_change(harness: RecorderHarness) -> None:
    """An event goes live, a market is suspended, opens, and goes: each is written once."""
    harness.begin(moneyline([], []))
    for status in ("suspended", "suspended", "active"):
        info = {"id": MONEYLINE, "sport_event_id": GAME, "status": status}
        harness.send("market", {"id": GAME, "info": info})
    info = {"event_id": GAME, "status": "live", "tournament_id": 132}
    harness.send("sport_event", {"id": str(GAME), "info": info})
    harness.send("sport_event", {"id": str(GAME), "tournament_id": "132"}, op="d")
    rows = harness.rows()
    market = [row.state for row in rows if row.kind == Kind.MARKET_STATUS]
    open_, suspended = MarketStatus.OPEN, MarketStatus.SUSPENDED
    assert market == [open_, suspended, open_, suspended]
    event = [row.state for row in rows if row.kind == Kind.EVENT_STATUS]
    assert event == [EventStatus.NOT_STARTED, EventStatus.LIVE]
    assert len([row for row in rows if row.kind == Kind.SCHEDULE]) == 1


def test_a_market_missing_in_a_snapshot_is_suspended(harness: RecorderHarness) -> None:
    """A snapshot without a market suspends it, and removes its offers."""
    harness.begin(moneyline([(110, 5)], [(-120, 9)]))
    harness.snapshot()
    rows = harness.rows()
    assert [row.state for row in rows if row.kind == Kind.MARKET_STATUS] == [
        MarketStatus.OPEN,
        MarketStatus.SUSPENDED,
    ]
    assert [row.amount_cents for row in rows if row.kind == Kind.OFFER] == [500, 900, 0, 0]


def spread(home: Levels, point: float, names: str) -> dict[str, Any]:
    """Return one strike of the spread."""
    sides = [levels(1714, names[0] * 32, home, point), levels(1715, names[1] * 32, [], -point)]
    return {"id": SPREAD, "type": "spread", "strike": point, "selections": sides}


def test_a_new_strike_is_added(harness: RecorderHarness) -> None:
    """A strike first seen on the stream joins the dictionary with both of its lines."""
    harness.begin(
        {"id": SPREAD, "type": "spread", "market_strikes": [spread([(100, 5)], -4.5, "cd")]}
    )
    info = spread([(105, 6)], -5.5, "ef")
    harness.send("market_selections", {"sport_event_id": GAME, "market_id": SPREAD, "info": info})
    assert harness.offers() == [("c", 100, 500), ("e", 105, 600)]
    assert sorted(pair.first.point for pair in harness.writer.info.catalogue().pairs.values()) == [
        -5.5,
        -4.5,
    ]


def test_conflicting_lines_are_not_added(harness: RecorderHarness) -> None:
    """A second pair of a point, a line of two pairs or against itself would spoil the tape."""
    harness.begin(
        {"id": SPREAD, "type": "spread", "market_strikes": [spread([(100, 5)], -4.5, "cd")]}
    )
    for point, names in ((-4.5, "ef"), (-4.5, "ce"), (-5.5, "ee")):
        info = spread([(105, 6)], point, names)
        harness.send(
            "market_selections", {"sport_event_id": GAME, "market_id": SPREAD, "info": info}
        )
    rows = harness.rows()
    assert [row.text for row in rows if row.kind == Kind.UNTYPED] == ["raw text"] * 3
    assert len(harness.writer.info.catalogue().pairs) == 1
    assert harness.decode_errors.total == 3


def test_an_empty_side_has_no_offers(harness: RecorderHarness) -> None:
    """Where a side comes as an empty list, or both do, the levels of known lines are removed."""
    harness.begin(moneyline([(110, 5)], [(-120, 9)]))
    info = moneyline([(110, 5)], []) | {"sequence_number": 2_000}
    info["selections"][1] = []
    payload = {"sport_event_id": GAME, "market_id": MONEYLINE, "info": info}
    harness.send("market_selections", payload)
    payload["info"] = info | {"sequence_number": 3_000, "selections": [None, []]}
    harness.send("market_selections", payload)
    assert harness.offers()[2:] == [("b", -120, 0), ("a", 110, 0)]


def test_invalid_values_are_skipped(harness: RecorderHarness) -> None:
    """Odds off the ladder and unreadable messages are counted, and the tape goes on."""
    harness.begin(moneyline([(110, 5)], []))
    harness.send_levels([(110, 5), (-147, 4), (99, 1)], [], sequence=2_000)
    harness.send("market_selections", {"sport_event_id": GAME})
    harness.send("novelty", {})
    harness.recorder.on_record(UnreadableMessage(1, NOW_NS, b"\xff{"))
    harness.send_levels([(110, 6)], [], sequence=3_000)
    rows = harness.rows()
    assert [row.amount_cents for row in rows if row.kind == Kind.OFFER] == [500, 600]
    assert [row.text for row in rows if row.kind == Kind.UNTYPED] == ["raw text"] * 2 + ["\\xff{"]
    assert harness.decode_errors.total == 4


def test_an_unknown_event_or_market_requests_one_snapshot(harness: RecorderHarness) -> None:
    """A new event of a followed tournament, or a new market, requests one snapshot each."""
    harness.begin(moneyline([], []))
    harness.asked.clear()
    for tournament in (9, 132, 132):
        info = {"event_id": 78, "tournament_id": tournament, "status": "not_started"}
        harness.send(
            "sport_event", {"id": "78", "tournament_id": str(tournament), "info": info}, "c"
        )
        harness.snapshot(moneyline([], []))
    assert harness.asked == ["snapshot"]
    for _ in range(3):
        harness.send(
            "market", {"info": {"id": 225, "sport_event_id": GAME, "status": "active"}}, "c"
        )
    assert harness.asked == ["snapshot"] * 2


def test_events_that_are_not_followed_are_not_written(harness: RecorderHarness) -> None:
    """Levels, trades and states of other events are not on the tape."""
    harness.begin(moneyline([], []))
    before = harness.writer.rows_written
    payload = {"sport_event_id": 5, "market_id": MONEYLINE, "info": moneyline([(110, 5)], [])}
    harness.send("market_selections", payload)
    harness.send("market", {"info": {"id": MONEYLINE, "sport_event_id": 5, "status": "active"}})
    harness.send_trade("f" * 32, 110, 5, 1)
    assert harness.writer.rows_written == before


def test_every_raw_message_is_kept(harness: RecorderHarness) -> None:
    """The text of every message is kept beside the tape with its time, readable after a flush."""
    harness.begin(moneyline([], []))
    harness.send_levels([(110, 5)], [], sequence=2_000)
    harness.raw.flush()
    harness.recorder.on_record(UnreadableMessage(1, NOW_NS + 5, b"\xff{"))
    harness.rows()
    with gzip.open(harness.folder / "raw-00000.jsonl.gz") as file:
        kept = [json.loads(line) for line in file]
    assert [line["raw"] for line in kept] == ["raw text", "\\xff{"]
    assert kept[1]["received_ns"] == NOW_NS + 5


def test_outside_prices_are_written_at_their_arrival(harness: RecorderHarness) -> None:
    """A price is a row with its time of arrival, between the messages around it."""
    harness.begin(moneyline([(110, 5)], []))
    harness.at_ns = WallClock().wall_ns() + 1_000_000_000
    harness.send_levels([(110, 6)], [], sequence=2_000)
    harness.send_price(AWAY, 0.52)
    harness.send_levels([(110, 7)], [], sequence=3_000)
    rows = harness.rows()[-3:]
    assert [row.kind for row in rows] == [Kind.OFFER, Kind.REFERENCE, Kind.OFFER]
    assert rows[1].received_ns == rows[0].received_ns + 1_000_000
    assert rows[1].state == 520_000_000
    assert harness.writer.info.lines[rows[1].line].line_id == AWAY


def test_an_invalid_outside_line_is_kept(harness: RecorderHarness) -> None:
    """An unreadable line is on the tape as text, and beside it, like every outside line."""
    harness.begin(moneyline([], []))
    harness.send_price(HOME, 0.5)
    harness.recorder.on_reference(ReferenceLine(harness.at_ns + 1, b"\xff{", None))
    rows = harness.rows()
    assert [row.text for row in rows if row.kind == Kind.UNTYPED] == ["\\xff{"]
    with gzip.open(harness.folder / "raw-00000.jsonl.gz") as file:
        assert [json.loads(line)["raw"] for line in file] == ["outside", "\\xff{"]


def test_prices_of_unknown_lines_are_counted(harness: RecorderHarness) -> None:
    """A price of an unknown line leaves no row, and is counted, so that a typo is noticed."""
    harness.begin(moneyline([], []))
    harness.send_price("c" * 32, 0.5)
    assert harness.decode_errors.counts == {
        "reference, source reference: its line is not followed": 1
    }
    assert harness.prices() == []


def test_a_source_is_kept_on_the_tape_with_its_time_and_its_other_prices(
    harness: RecorderHarness,
) -> None:
    """The row of a book's prices holds what it says of both lines, and when."""
    harness.begin(moneyline([], []))
    price = ReferencePrice(LineId(HOME), 0.55, "book", NOW_NS - 1, 0.5, (0.02,))
    harness.send_outside(OutsidePrice(price, LineId(AWAY)))
    row = harness.rows()[-1]
    assert (row.kind, row.state) == (Kind.REFERENCE, 550_000_000)
    assert reference_price(LineId(HOME), 0.55, row.text) == price


@pytest.mark.parametrize(
    ("second", "point", "why"),
    [
        ("c" * 32, None, "its second line is not followed"),
        (HOME, None, "names two lines that are not the two sides of one market"),
        (AWAY, -4.5, "gives the point -4.5 to a moneyline, which has none"),
    ],
)
def test_prices_of_what_is_no_market_are_refused_by_their_source(
    harness: RecorderHarness, second: str, point: float | None, why: str
) -> None:
    """Two lines must be the two sides of one market; its source is named, and no row is written."""
    harness.begin(moneyline([], []))
    price = ReferencePrice(LineId(HOME), 0.55, "book", opposite=0.5, point=point)
    harness.send_outside(OutsidePrice(price, LineId(second)))
    assert harness.decode_errors.counts == {f"reference, source book: {why}": 1}
    assert harness.prices() == []


def test_prices_wait_for_the_snapshot_that_shows_their_line(harness: RecorderHarness) -> None:
    """Before the first snapshot no line is known: the newest price of each waits for it."""
    harness.send_price(HOME, 0.4)
    harness.recorder.on_record(SocketUp(1, NOW_NS, 1))
    harness.send_price(HOME, 0.5)
    harness.send_price("c" * 32, 0.5)
    harness.snapshot(moneyline([(110, 5)], []))
    assert harness.decode_errors.total == 1
    assert harness.prices() == [("a", 0.5)]


def test_prices_of_known_lines_do_not_wait(harness: RecorderHarness) -> None:
    """During a gap prices are written: they come from elsewhere, and are stamped on arrival."""
    harness.begin(moneyline([(110, 5)], []))
    harness.recorder.on_record(SocketDown(1, NOW_NS, "closed"))
    harness.send_price(HOME, 0.4)
    harness.recorder.on_record(SocketUp(2, NOW_NS, 1))
    harness.send_price(HOME, 0.5)
    harness.snapshot(moneyline([(110, 6)], []))
    assert harness.prices() == [("a", 0.4), ("a", 0.5)]


def test_prices_older_than_a_gap_are_dropped(harness: RecorderHarness) -> None:
    """A price whose line is shown only after the next gap is not treated as fresh."""
    harness.recorder.on_record(SocketUp(1, NOW_NS, 1))
    harness.send_price(HOME, 0.4)
    harness.recorder.on_record(SocketDown(1, NOW_NS, "closed"))
    harness.begin(moneyline([(110, 5)], []))
    assert harness.prices() == []
