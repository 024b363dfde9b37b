"""`python -m sim lines` and `python -m sim book`: what a recording holds, as people read it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape, open_recording
from recordings.tape import Clocks, Kind, Side
from recordings.tape_columns import tape_columns
from recordings.writer import TapeWriter
from sim.inspect.recorded_book import RecordedBook
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, Result
from strategies.trading.model.market import SportEvent as Game
from strategies.trading.model.market_types import MarketType, Selection

Sim = Callable[..., Any]

SECOND_NS = 1_000_000_000
# 2026-01-15 00:30:00 UTC.
START_NS = 1_768_437_000 * SECOND_NS


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Return a recording `game` of a moneyline and a spread, from an hour before the start."""
    folder = tmp_path / "game"
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as writer:
        write_game(writer)
    return folder


def write_game(writer: TapeWriter) -> None:
    """Write offers, trades, a score and a result; seconds are after an hour before the start."""
    game = EventId("g")
    event = writer.add_event(Game(game, "A at H", "Hawks", "Aces", "NBA", "basketball", START_NS))
    money, spread = (
        writer.add_market(Market(game, MarketId(type_), type_, type_.title()))
        for type_ in (MarketType.MONEYLINE, MarketType.SPREAD)
    )
    home, away, home_spread, _ = (
        writer.add_line(Line(LineId(name), game, MarketId(type_), Selection(name[:4]), point))
        for name, type_, point in (
            ("home", "moneyline", 0.0),
            ("away", "moneyline", 0.0),
            ("home-4.5", "spread", -4.5),
            ("away+4.5", "spread", 4.5),
        )
    )

    def at(seconds: int) -> None:
        time_ns = START_NS - 3600 * SECOND_NS + seconds * SECOND_NS
        writer.begin_message(time_ns, time_ns)

    at(0)
    writer.market_status(money, MarketStatus.OPEN)
    for odds in range(110, 122):
        writer.offer(home, odds, 1000 * odds)
    writer.offer(away, -125, 2550)
    at(60)
    writer.trade(home, -110, 1100, Side.MAKER)
    writer.offer(home, 121, 0)
    at(3600)
    writer.event_status(event, EventStatus.LIVE)
    writer.market_status(money, MarketStatus.SUSPENDED)
    at(4000)
    writer.market_status(spread, MarketStatus.OPEN)
    writer.offer(home_spread, 105, 500)
    writer.score(event, 12, 9, 300 * SECOND_NS)
    at(9000)
    writer.result(home, Result.WON)
    writer.result(away, Result.LOST)


def test_the_lines_of_a_recording_are_listed(sim: Sim, tape: Path) -> None:
    """Each line has its id, market, selection, point, rows by kind, and its result."""
    printed = sim("lines", "game").out
    assert printed[0] == ("event g: A at H, home Hawks, away Aces, starts 2026-01-15 00:30:00 UTC")
    assert [line.split() for line in printed[2:]] == [
        ["home", "g", "moneyline", "moneyline", "home", "15", "13", "1", "0", "won"],
        ["away", "g", "moneyline", "moneyline", "away", "2", "1", "0", "0", "lost"],
        ["home-4.5", "g", "spread", "spread", "home", "-4.5", "1", "1", "0", "0", "none"],
        ["away+4.5", "g", "spread", "spread", "away", "+4.5", "0", "0", "0", "0", "none"],
    ]


def test_the_book_before_the_game_is_printed_with_both_sides(sim: Sim, tape: Path) -> None:
    """All levels, longest odds first, with the status and the last trade as its taker made it."""
    printed = sim("book", "game", "--at", "-00:30:00").out
    assert printed[0] == ("2026-01-15 00:00:00 UTC, 0:30:00 before the start; A at H; not started")
    assert printed[2] == (
        "market moneyline: moneyline, open, last trade $10.00 at +110 on Aces, 0:29:00 ago"
    )
    assert [line.split() for line in printed[5:8]] == [
        ["home", "stake", "away", "stake"],
        ["+120", "$1,200.00", "-125", "$25.50"],
        ["+119", "$1,190.00"],
    ]
    assert printed[16].split() == ["+110", "$1,100.00"]
    assert printed[18:] == [
        "market spread: spread, no status yet, no trade yet",
        "",
        "without any offer: 1 pair",
    ]


@pytest.mark.parametrize("at", ["+00:06:40", "2026-01-15T00:36:40Z", "2026-01-15 02:36:40+02:00"])
def test_the_state_during_the_game_is_that_of_the_very_moment(
    sim: Sim, tape: Path, at: str
) -> None:
    """What happens at the moment itself counts: status, score, playing time and offers."""
    printed = sim("book", "game", "--at", at).out
    assert printed[0] == (
        "2026-01-15 00:36:40 UTC, 0:06:40 after the start; A at H; live; "
        "Hawks 12, Aces 9 after 0:05:00 of play"
    )
    assert printed[2].startswith("market moneyline: moneyline, suspended, ")
    assert printed[-1].split() == ["+105", "$5.00"]


@pytest.mark.parametrize(
    "words", [("--market", "spread"), ("--line", "away+4.5"), ("--line", "home-4.5")]
)
def test_one_market_or_line_can_be_chosen(sim: Sim, tape: Path, words: tuple[str, str]) -> None:
    """Only the pair of the line, or the pairs of the market, are printed."""
    printed = sim("book", "game", *words, "--at", "+00:06:40").out
    markets = [line for line in printed if line.startswith("market")]
    assert markets == ["market spread: spread, open, no trade yet"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--at", "-01:00:01"), "2026-01-14 23:29:59 UTC is not within the recording"),
        (("--at", "2027-01-01"), "to 2026-01-15 02:00:00 UTC"),
        (("--at", "noon"), "'noon': neither one in UTC"),
        (("--at", "-1:99:00"), "-1:99:00"),
        (("--at", "+00:00:00", "--line", "up"), "line 'up': the recording has none of that id"),
        (("--at", "+00:00:00", "--market", "total"), "market 'total': neither an id nor a type"),
        (("--at",), "--at"),
        ((), "--at"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(
    sim: Sim, tape: Path, words: tuple[str, ...], named: str
) -> None:
    """The line names the mistake and the remedy, with status 2."""
    outcome = sim("book", "game", *words)
    assert (outcome.status, outcome.out) == (2, [])
    assert named in outcome.err[0]
    assert len(outcome.err) == 1


def test_a_time_before_the_start_needs_one_start(sim: Sim, tmp_path: Path) -> None:
    """Of two games that start apart, only a time in UTC is clear, unless a market is chosen."""
    with TapeWriter(tmp_path / "two", source="test", simulated=True, clocks=Clocks.ONE) as writer:
        for number in (0, 1):
            game = EventId(f"g{number}")
            start_ns = START_NS + number * 3600 * SECOND_NS
            writer.add_event(Game(game, "A at H", "H", "A", "NBA", "basketball", start_ns))
            market = Market(game, MarketId(f"m{number}"), MarketType.MONEYLINE, "Moneyline")
            index = writer.add_market(market)
            for name in ("home", "away"):
                line = LineId(f"{name}{number}")
                writer.add_line(Line(line, game, market.market_id, Selection(name), 0.0))
            writer.begin_message(start_ns - 10 * SECOND_NS, start_ns)
            writer.market_status(index, MarketStatus.OPEN)
    refused = sim("book", "two", "--at", "-00:00:05")
    assert "the events start at different times" in refused.err[0]
    assert sim("book", "two", "--at", "-00:00:05", "--market", "m0").status == 0


def recorded_offers(tape: Tape, until_ns: int) -> dict[str, dict[int, int]]:
    """Return what the last offer rows up to a time of arrival leave on each line."""
    book: dict[str, dict[int, int]] = {line.line_id: {} for line in tape.info.lines}
    for chunk in tape.chunks():
        for row in chunk.rows():
            if row.kind == Kind.OFFER and row.received_ns <= until_ns:
                book[tape.info.lines[row.line].line_id][row.odds] = row.amount_cents
    return {line: {odds: c for odds, c in rungs.items() if c} for line, rungs in book.items()}


@pytest.mark.parametrize("seconds", [-80_000, -3600, 600, 4000])
def test_the_books_of_a_shipped_game_are_those_of_its_rows(seconds: int) -> None:
    """At a time when nothing is on its way, each line's levels are what its rows add up to."""
    tape = open_recording("nba")
    at_ns = START_NS + seconds * SECOND_NS
    received = [
        ns for chunk in tape.chunks() for ns in chunk.numbers["received_ns"].tolist() if ns <= at_ns
    ]
    at_ns = received[-1]
    book = RecordedBook(tape_columns(tape), at_ns, range(len(tape.info.lines)))
    shown = {
        line.line_id: {level.odds: level.value_cents for level in book.levels(line.line_id)}
        for line in tape.info.lines
    }
    assert shown == recorded_offers(tape, at_ns)
