"""Prices of other markets in a recording: when they are written, and which are not."""

import gzip
import json
from pathlib import Path

import pytest

from live.prophetx.socket.records import SocketDown, SocketUp
from live.reference.reference_line import OutsidePrice
from live.reference.reference_source import ReferenceLine
from live.wall_clock import WallClock
from recordings.reference_text import reference_price
from recordings.tape import Kind
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from tests.live.prophetx.recorder_harness import (
    AWAY,
    HOME,
    NOW_NS,
    RecorderHarness,
    moneyline,
)


@pytest.fixture
def harness(tmp_path: Path) -> RecorderHarness:
    """Return a recorder in a folder of its own."""
    return RecorderHarness(tmp_path / "tape")


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
