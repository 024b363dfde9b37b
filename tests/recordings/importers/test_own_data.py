"""Own tables and mappings on hand-made files: forms, touches, what is left out, errors."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recordings.reader import Tape
from recordings.tape import UNREPORTED_CENTS, Kind, Row, Side, Unreported
from strategies.trading.model.market import EventStatus, MarketStatus

MAPPING = """\
source: test
time: {column: time}
start: {column: start}
event: {value: game}
home: {value: Home}
away: {value: Away}
sport: {value: basketball}
"""
START = "2026-01-05T19:30:00+00:00"
START_NS = round(datetime.fromisoformat(START).timestamp()) * 10**9
MINUTE = 60 * 10**9

Sim = Callable[..., Any]


class OwnTables:
    """Imports a CSV file by a mapping, and reads what came of it."""

    def __init__(self, folder: Path, sim: Sim) -> None:
        """Import in a folder."""
        self.folder = folder
        self.sim = sim

    def imported(self, mapping: str, *lines: str, words: tuple[str, ...] = ()) -> Any:
        """Return the outcome of an import of these lines, the first with the names."""
        (self.folder / "map.yaml").write_text(MAPPING + mapping)
        (self.folder / "own.csv").write_text("\n".join(lines))
        return self.sim("import", "own", "own.csv", "--mapping", "map.yaml", "--out", "out", *words)

    def recording(self, mapping: str, *lines: str, words: tuple[str, ...] = ()) -> Tape:
        """Return the recording that these lines become."""
        outcome = self.imported(mapping, *lines, words=words)
        assert outcome.status == 0, outcome.err
        return Tape(self.folder / "out")

    def rows(self, mapping: str, *lines: str) -> list[Row]:
        """Return the rows of the recording that these lines become."""
        return rows_of(self.recording(mapping, *lines))


def rows_of(tape: Tape) -> list[Row]:
    """Return the rows of a recording."""
    return [row for chunk in tape.chunks() for row in chunk.rows()]


def offers_of(rows: list[Row]) -> list[tuple[int, int]]:
    """Return (odds, cents) of the offers among rows."""
    return [(row.odds, row.amount_cents) for row in rows if row.kind == Kind.OFFER]


@pytest.fixture
def tables(tmp_path: Path, sim: Sim) -> OwnTables:
    """Return what imports hand-made tables."""
    return OwnTables(tmp_path, sim)


def at(minute: int) -> str:
    """Return a time some minutes before the start of the game, with the start behind it."""
    return f"2026-01-05T19:{minute:02d}:00+00:00,{START}"


@pytest.mark.parametrize(
    ("form", "text", "odds"),
    [
        ("american", "+150", 150),
        ("american", "-110", -110),
        ("american", "131", 130),
        ("decimal", "2.50", 150),
        ("decimal", "1.91", -110),
        ("probability", "0.4", 150),
        ("cents", "40", 150),
        ("cents", "40.5", 146),
    ],
)
def test_prices_of_every_form_are_the_longest_rung_that_pays_no_more(
    tables: OwnTables, form: str, text: str, odds: int
) -> None:
    """American odds off the ladder, decimals and probabilities are snapped downwards."""
    mapping = f"selection: side\nprice: {{column: odds, form: {form}}}\namount: {{column: size}}\n"
    rows = tables.rows(mapping, "time,start,side,odds,size", f"{at(0)},home,{text},100")
    assert offers_of(rows) == [(odds, 10_000)]


@pytest.mark.parametrize(
    ("unit", "text", "cents"),
    [("dollars", "12.345", 1235), ("cents", "1234", 1234), ("contracts", "100", 4000)],
)
def test_amounts_of_every_unit_are_stakes_in_cents(
    tables: OwnTables, unit: str, text: str, cents: int
) -> None:
    """A hundred contracts at 40 cents are a stake of forty dollars."""
    mapping = (
        "selection: side\nprice: {column: odds, form: cents}\n"
        f"amount: {{column: size, unit: {unit}}}\n"
    )
    rows = tables.rows(mapping, "time,start,side,odds,size", f"{at(0)},home,40,{text}")
    assert offers_of(rows) == [(150, cents)]


TOUCH = "offers: touch\nselection: side\nprice: {column: odds, form: american}\n"


def test_a_touch_replaces_the_one_before_and_an_empty_price_removes_it(tables: OwnTables) -> None:
    """Where rows are the best price of a line, the importer removes what is no longer offered."""
    tape = tables.recording(
        TOUCH,
        "time,start,side,odds",
        f"{at(0)},home,+110",
        f"{at(1)},home,+120",
        f"{at(2)},home,",
    )
    unreported = UNREPORTED_CENTS
    assert offers_of(rows_of(tape)) == [(110, unreported), (110, 0), (120, unreported), (120, 0)]
    assert tape.info.unreported == (Unreported.AMOUNTS, Unreported.TRADES, Unreported.RESULTS)


def test_rows_are_put_in_order_and_a_market_opens_with_its_first(tables: OwnTables) -> None:
    """Tables need not be sorted; a market without a status opens, an event goes live at start."""
    rows = tables.rows(
        TOUCH,
        "time,start,side,odds",
        f"2026-01-05T20:00:00+00:00,{START},home,+120",
        f"{at(0)},home,+110",
    )
    assert [row.received_ns for row in rows] == sorted(row.received_ns for row in rows)
    states = [(r.kind, r.received_ns, r.state) for r in rows if r.kind != Kind.OFFER]
    assert states == [
        (Kind.SCHEDULE, START_NS - 30 * MINUTE, START_NS),
        (Kind.MARKET_STATUS, START_NS - 30 * MINUTE, MarketStatus.OPEN),
        (Kind.EVENT_STATUS, START_NS, EventStatus.LIVE),
    ]


def test_an_event_that_began_before_its_first_row_is_live(tables: OwnTables) -> None:
    """A table that begins in the game describes a game in play."""
    rows = tables.rows(
        TOUCH, "time,start,side,odds", f"2026-01-05T20:00:00+00:00,{START},home,+120"
    )
    assert [row.state for row in rows if row.kind == Kind.EVENT_STATUS] == [EventStatus.LIVE]


def test_points_are_those_of_the_selection(tables: OwnTables) -> None:
    """Away +4.5 and home -4.5 are one pair, over and under share their point."""
    tape = tables.recording(
        TOUCH + "market: what\npoint: line\n",
        "time,start,what,side,line,odds",
        f"{at(0)},spread,away,4.5,-110",
        f"{at(0)},spread,home,-4.5,-110",
        f"{at(0)},total,over,210.5,-110",
    )
    assert len(tape.info.lines) == 4
    assert len(tape.info.catalogue().pairs) == 2


def test_trades_keep_their_side_and_those_without_one_are_unknown(tables: OwnTables) -> None:
    """A trade of no known taker is recorded as such; where all are, the tape declares it."""
    mapping = (
        "kind: {value: trade}\nselection: side\nprice: {column: odds, form: american}\n"
        "amount: size\n"
    )
    refused = tables.imported(mapping, "time,start,side,odds,size", f"{at(0)},home,+110,5")
    assert "Expected `object | null`, got `str` - at `$.amount`" in refused.err[0]
    tape = tables.recording(
        mapping.replace("amount: size", "amount: {column: size}"),
        "time,start,side,odds,size",
        f"{at(0)},home,+110,5",
    )
    assert [row.side for row in rows_of(tape) if row.kind == Kind.TRADE] == [Side.UNKNOWN]
    assert tape.info.unreported == (Unreported.OFFERS, Unreported.TAKERS, Unreported.RESULTS)


def test_lines_that_will_count_as_void_are_counted(tables: OwnTables) -> None:
    """A pair without a result, in a market in which another has one, is named in a note."""
    mapping = "kind: kind\nmarket: {value: total}\nselection: side\npoint: line\nstate: state\n"
    tape = tables.recording(
        mapping + "price: {column: odds, form: american}\n",
        "time,start,kind,side,line,odds,state",
        f"{at(0)},offer,over,210.5,-110,",
        f"{at(0)},offer,over,211.5,-110,",
        f"{at(1)},result,under,210.5,,won",
    )
    assert any(note.startswith("1 pair of lines without a result") for note in tape.info.notes)


def test_a_parquet_file_is_read_as_a_csv_file_is(tables: OwnTables, sim: Sim) -> None:
    """Typed columns of times and numbers are read; null is empty."""
    (tables.folder / "map.yaml").write_text(MAPPING + TOUCH)
    time, start = datetime(2026, 1, 5, 19, tzinfo=UTC), datetime.fromisoformat(START)
    frame = {"time": [time, time], "start": [start] * 2, "side": ["home", "away"]}
    pl.DataFrame(frame | {"odds": [110, None]}).write_parquet(tables.folder / "own.parquet")
    outcome = sim("import", "own", "own.parquet", "--mapping", "map.yaml", "--out", "out")
    assert outcome.status == 0, outcome.err
    assert offers_of(rows_of(Tape(tables.folder / "out"))) == [(110, UNREPORTED_CENTS)]


@pytest.mark.parametrize(
    ("form", "text"),
    [("ms", "1767639600000"), ("s", "1767639600"), ("'%d.%m.%Y %H:%M'", "05.01.2026 14:00")],
)
def test_times_of_every_form_are_read(tables: OwnTables, form: str, text: str) -> None:
    """Numbers since the epoch, and any form of strptime in a zone."""
    mapping = MAPPING.replace("{column: time}", f"{{column: time, form: {form}, zone: EST5EDT}}")
    (tables.folder / "map.yaml").write_text(mapping + TOUCH)
    (tables.folder / "own.csv").write_text(f"time,start,side,odds\n{text},{START},home,110\n")
    outcome = tables.sim("import", "own", "own.csv", "--mapping", "map.yaml", "--out", "out")
    assert outcome.status == 0, outcome.err
    rows = rows_of(Tape(tables.folder / "out"))
    assert rows[0].received_ns == START_NS - 30 * MINUTE


# Errors --------------------------------------------------------------------------------------

ALL = (
    "kind: kind\nmarket: market\nselection: side\npoint: line\nstate: state\nside: {value: taker}\n"
    "price: {column: odds, form: decimal}\namount: {column: size}\n"
    "home_points: home\naway_points: away\n"
)
NAMES = "time,start,kind,market,side,line,odds,size,state,home,away"
GOOD = f"{at(0)},offer,moneyline,home,,2.0,10,,,"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"noon,{START},offer,moneyline,home,,2.0,10,,,", "'noon' is no time"),
        (f"{at(1)},bet,moneyline,home,,2.0,10,,,", "kind 'bet' is none of offer, trade"),
        (f"{at(1)},offer,winner,home,,2.0,10,,,", "market 'winner' is none of moneyline"),
        (f"{at(1)},offer,moneyline,over,,2.0,10,,,", "selection 'over' is none of home, away"),
        (f"{at(1)},offer,spread,home,x,2.0,10,,,", "point 'x' is no number"),
        (f"{at(1)},offer,spread,home,4.3,2.0,10,,,", "point 4.3 is no multiple of a half"),
        (f"{at(1)},offer,moneyline,home,,1.0,10,,,", "price '1.0' is no price of the form decimal"),
        (f"{at(1)},offer,moneyline,home,,,10,,,", "price '' is no number"),
        (f"{at(1)},offer,moneyline,home,,2.0,-1,,,", "amount -1 is negative"),
        (f"{at(1)},trade,moneyline,home,,2.0,,,,", "amount: a trade needs one"),
        (f"{at(1)},result,moneyline,home,,,,maybe,,", "state 'maybe' is none of won, lost"),
        (f"{at(1)},score,,,,,,,12,x", "score '12' to 'x': needs two whole numbers"),
        (f"{at(1)},score,,,,,,,12,1000000", "needs two whole numbers of up to six digits"),
        (f"{at(1)},offer,moneyline,home,,1e300,10,,,", "price '1e300' is no number, or too large"),
        (f"{at(1)},offer,moneyline,home,,2.0,1e13,,,", "amount 1E+13 is negative or too large"),
        (f"9999-01-05T20:00:00Z,{START},score,,,,,,,1,2", "a time is from 1970 to 2262"),
        (f"{at(1)},offer", "has not as many fields as there are columns"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(tables: OwnTables, line: str, reason: str) -> None:
    """One line says the file, the line and the reason, and nothing is written."""
    outcome = tables.imported(ALL, NAMES, GOOD, line)
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert "own.csv, line 3: " in outcome.err[0]
    assert reason in outcome.err[0]
    assert not (tables.folder / "out").exists()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            (f"{at(1)},score,,,,,,,54,51", f"{at(2)},score,,,,,,,40,51"),
            "the score falls from 54-51 to 40-51, by more than one play of basketball",
        ),
        (
            (
                f"{at(1)},offer,spread,home,-4.5,2.0,10,,,",
                f"{at(2)},result,spread,away,-4.5,,,won,,",
            ),
            "result of Away -4.5, a line without any offer, trade or reference",
        ),
        (
            (f"{at(1)},result,moneyline,home,,,,voided,,",) * 2,
            "voids line game:moneyline-game:home:0, which is void already",
        ),
    ],
)
def test_a_row_that_cannot_follow_the_others_is_refused_by_file_and_line(
    tables: OwnTables, lines: tuple[str, str], reason: str
) -> None:
    """A score, a result or a void that cannot be; skipped on demand, the rest is imported."""
    outcome = tables.imported(ALL, NAMES, GOOD, *lines)
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert "own.csv, line 4: " in outcome.err[0]
    assert reason in outcome.err[0]
    assert not (tables.folder / "out").exists()
    outcome = tables.imported(ALL, NAMES, GOOD, *lines, words=("--on-error", "skip"))
    assert outcome.status == 0
    assert sum(line.startswith("skipped own.csv, line 4") for line in outcome.out) == 1


def test_bad_rows_are_skipped_on_demand_printed_and_counted(tables: OwnTables) -> None:
    """With --on-error skip the rest is imported, and the recording says how much it lacks."""
    bad = f"{at(1)},offer,moneyline,home,,1.0,10,,,"
    outcome = tables.imported(ALL, NAMES, GOOD, bad, bad, words=("--on-error", "skip"))
    assert outcome.status == 0
    assert sum(line.startswith("skipped own.csv, line") for line in outcome.out) == 2
    tape = Tape(tables.folder / "out")
    assert "2 rows that could not be read were left out." in tape.info.notes


def test_a_table_without_any_row_is_refused(tables: OwnTables) -> None:
    """A file of names alone, or of bad rows alone, makes no recording."""
    outcome = tables.imported(ALL, NAMES)
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert "own.csv: no row can be imported" in outcome.err[0]
    assert not (tables.folder / "out").exists()


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("price: {column: odds, form: fractional}\n", "Invalid enum value 'fractional'"),
        ("colour: red\n", "unknown field `colour`"),
        ("kind: {values: {a: offer}}\n", "kind: needs either a column or a value"),
        ("kind: {column: a, value: offer}\n", "kind: needs either a column or a value"),
        ("price: [\n", "map.yaml: "),
        ("selection: nowhere\n", "line 1: no column 'nowhere'; its columns are time, start"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(
    tables: OwnTables, mapping: str, reason: str
) -> None:
    """A part that is unknown, of another form, or of a column that is not there, is named."""
    outcome = tables.imported(mapping, "time,start", at(0))
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert reason in outcome.err[0]


def test_an_unknown_zone_is_refused(tables: OwnTables) -> None:
    """A zone is one of the database of time zones."""
    mapping = MAPPING.replace("{column: time}", "{column: time, zone: Mars/Olympus}")
    (tables.folder / "map.yaml").write_text(mapping)
    (tables.folder / "own.csv").write_text("time,start\n")
    outcome = tables.sim("import", "own", "own.csv", "--mapping", "map.yaml", "--out", "out")
    assert outcome.status == 2
    assert "'Mars/Olympus' is no time zone" in outcome.err[0]
