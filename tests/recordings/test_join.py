"""One recording of several, of scores and of outside prices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.join import join_recordings
from recordings.reader import open_recording
from recordings.tape import Clocks, Kind, Row, Side
from recordings.validator import validate
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_768_437_000 * NS_PER_SECOND  # 2026-01-15 00:30 UTC
GAME = EventId("g")


def write_market(folder: Path, type_: MarketType, offset_s: int, name: str = "A at B") -> Path:
    """Write a market of a game: an offer every minute, `offset_s` after it."""
    selections = (type_.row.first, type_.row.second)
    with TapeWriter(folder, source=type_.value, simulated=True, clocks=Clocks.ONE) as tape:
        tape.add_event(SportEvent(GAME, name, "B", "A", "NBA", "basketball", START_NS))
        market = Market(GAME, MarketId(type_.value), type_, type_.value)
        place = tape.add_market(market)
        point = 0.0 if type_ is MarketType.MONEYLINE else 210.5
        lines = [
            tape.add_line(Line(LineId(f"{each}"), GAME, market.market_id, each, point))
            for each in selections
        ]
        for minute in range(3):
            at_ns = START_NS + (60 * minute + offset_s) * NS_PER_SECOND
            tape.begin_message(at_ns, at_ns)
            if not minute:
                tape.market_status(place, MarketStatus.OPEN)
            for line in lines:
                tape.offer(line, -105, 1_000 + minute)
            tape.trade(lines[0], -105, 500, Side.UNKNOWN)
    return folder


@pytest.fixture
def markets(tmp_path: Path) -> list[str]:
    """Return a moneyline and a total of one game, in recordings of their own."""
    return [
        str(write_market(tmp_path / "moneyline", MarketType.MONEYLINE, 0)),
        str(write_market(tmp_path / "total", MarketType.TOTAL, 20)),
    ]


def rows_of(folder: Path) -> list[Row]:
    """Return the rows of a recording."""
    return [row for chunk in open_recording(str(folder)).chunks() for row in chunk.rows()]


def test_markets_of_one_game_become_one_recording(markets: list[str], tmp_path: Path) -> None:
    """In order of arrival, messages whole, with one event and every line under its own id."""
    out = tmp_path / "game"
    join_recordings(markets, out)
    info = open_recording(str(out)).info
    assert [event.event_id for event in info.events] == [GAME]
    assert [line.line_id for line in info.lines] == ["home", "away", "over", "under"]
    seen = [
        ((row.received_ns - START_NS) // NS_PER_SECOND, info.lines[row.line].line_id)
        for row in rows_of(out)
        if row.kind == Kind.OFFER
    ]
    minutes = [0, 0, 20, 20, 60, 60, 80, 80, 120, 120, 140, 140]
    names = ["home", "away", "over", "under"] * 3
    assert seen == list(zip(minutes, names, strict=True))
    assert validate(open_recording(str(out))).messages == 6


def test_scores_and_outside_prices_are_added_in_their_place(
    markets: list[str], tmp_path: Path
) -> None:
    """Between the messages of the market, whatever the order of the file."""
    added = tmp_path / "added.jsonl"
    added.write_text(
        '{"time": "2026-01-15T00:31:10Z", "event_id": "g", "home": 2, "away": 0}\n'
        f'{{"time": {START_NS + 5 * NS_PER_SECOND}, "line_id": "over", "probability": 0.4}}\n'
        '{"time": "2026-01-14T19:32:30-05:00", "event_id": "g", "home": 2, "away": 3, '
        '"clock_seconds": 110.5}\n'
    )
    out = tmp_path / "game"
    line = join_recordings(markets, out, [added])
    assert line.endswith("and 3 rows of files")
    kinds = [
        (Kind(row.kind).name, (row.received_ns - START_NS) // NS_PER_SECOND, row.state)
        for row in rows_of(out)
        if row.kind in (Kind.SCORE, Kind.REFERENCE)
    ]
    assert kinds == [
        ("REFERENCE", 5, 400_000_000),
        ("SCORE", 70, 0),
        ("SCORE", 150, 110_500_000_000),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"time": "2026-01-15", "line_id": "x", "probability": 0.4}', "no line 'x'"),
        ('{"time": "2026-01-15", "event_id": "x", "home": 1, "away": 0}', "no event 'x'"),
        ('{"time": "soon", "event_id": "g", "home": 1, "away": 0}', "soon"),
        ('{"time": "2026-01-15", "line_id": "over", "probability": 1.4}', "1.4 is no probability"),
        ('{"time": "2026-01-15", "event_id": "g", "home": -1, "away": 0}', "a score is of 0 to"),
        (
            '{"time": "2026-01-15", "event_id": "g", "home": 1000000, "away": 0}',
            "a score is of 0 to",
        ),
        (
            '{"time": 1, "event_id": "g", "home": 1, "away": 0, "clock_seconds": 1e300}',
            "its clock is below zero or beyond a week",
        ),
        ('{"time": "9999-01-15", "event_id": "g", "home": 1, "away": 0}', "from 1970 to 2262"),
        ('{"time": -1, "event_id": "g", "home": 1, "away": 0}', "from 1970 to 2262"),
        ("7", "Expected `object`, got `int`"),
        ('{"time": "2026-01-15", "event_id": "g", "hom": 1, "away": 0}', "hom"),
        ("{", "malformed|truncated"),
    ],
)
def test_a_wrong_line_of_a_file_is_named_and_nothing_is_written(
    markets: list[str], tmp_path: Path, text: str, problem: str
) -> None:
    """By file, line and reason."""
    added = tmp_path / "added.jsonl"
    added.write_text(f"\n{text}\n")
    with pytest.raises(TapeError, match=rf"added\.jsonl, line 2: .*({problem})"):
        join_recordings(markets, tmp_path / "game", [added])
    assert not (tmp_path / "game").exists()


def test_the_same_line_twice_is_refused(markets: list[str], tmp_path: Path) -> None:
    """Its offers would count twice."""
    other = str(write_market(tmp_path / "other", MarketType.TOTAL, 30))
    with pytest.raises(TapeError, match=r"total and .*other: both have line over"):
        join_recordings([*markets, other], tmp_path / "game")


def test_a_game_that_differs_is_refused(markets: list[str], tmp_path: Path) -> None:
    """Two recordings of one id must agree on the game."""
    other = str(write_market(tmp_path / "other", MarketType.TOTAL, 30, name="A at C"))
    with pytest.raises(TapeError, match="both have g, and they differ in it"):
        join_recordings([markets[0], other], tmp_path / "game")


def test_the_verb_prints_what_was_joined(
    sim: Callable[..., Any], markets: list[str], tmp_path: Path
) -> None:
    """What it made can be run and looked at."""
    outcome = sim("join", *markets, "--out", str(tmp_path / "game"))
    assert outcome.status == 0
    assert outcome.out[0].startswith("20 rows of 2 recordings")
    assert sim("validate", str(tmp_path / "game")).status == 0
    assert Selection.OVER in "\n".join(sim("lines", str(tmp_path / "game")).out)
