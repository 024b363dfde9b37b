"""The importer of Polymarket US on hand-made files: touches, starts, results, errors, resuming."""
# ruff: noqa: DTZ001 - the files have wall times without a zone

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recordings.reader import Tape
from recordings.tape import UNREPORTED_CENTS, Kind, Row, Unreported
from strategies.trading.model.market import EventStatus, Result

GAME = "mlb-atl-stl-2026-07-11"
MONEYLINE = f"aec-{GAME}"
NOON = datetime(2026, 7, 11, 12)
EASTERN_SUMMER = timedelta(hours=4)
Quote = tuple[datetime, str, float | None, float | None]

Sim = Callable[..., Any]


def write_quotes(folder: Path, quotes: list[Quote], name: str = "quotes.parquet") -> Path:
    """Write a file of quotes."""
    folder.mkdir(exist_ok=True)
    frame = pl.DataFrame(quotes, schema=["ts_et", "slug", "bid", "ask"], orient="row")
    kinds = (pl.Datetime("us"), pl.String(), pl.Float64(), pl.Float64())
    typed = [pl.col(n).cast(kind) for n, kind in zip(frame.columns, kinds, strict=True)]
    frame.select(typed).write_parquet(folder / name)
    return folder


def write_labels(folder: Path, labels: list[tuple[str, str, int | None, str | None]]) -> None:
    """Write a file of questions and results."""
    columns = ["slug", "question", "y", "label_source"]
    frame = pl.DataFrame(labels, schema=columns, orient="row")
    typed = frame.with_columns(pl.col("y").cast(pl.Int32), pl.col("label_source").cast(pl.String))
    typed.write_parquet(folder / "labels.parquet")


def at(minutes: float) -> datetime:
    """Return a wall time some minutes after noon, as the files have it."""
    return NOON + timedelta(minutes=minutes)


def ns_of(wall: datetime) -> int:
    """Return a wall time in summer as nanoseconds since the epoch."""
    return round((wall + EASTERN_SUMMER).replace(tzinfo=UTC).timestamp()) * 10**9


def rows_of(folder: Path) -> list[Row]:
    """Return the rows of a recording, through all checks of the reader."""
    return [row for chunk in Tape(folder).chunks() for row in chunk.rows()]


def offers_of(folder: Path) -> list[tuple[str, int, int]]:
    """Return (line, odds, cents) of the offers of a recording, in order."""
    lines = Tape(folder).info.lines
    return [
        (lines[row.line].line_id, row.odds, row.amount_cents)
        for row in rows_of(folder)
        if row.kind == Kind.OFFER
    ]


@pytest.fixture
def imported(sim: Sim, tmp_path: Path) -> Callable[..., Path]:
    """Return the function that imports quotes and labels, and returns the game's recording."""

    def run(quotes: list[Quote], *words: str, labels: Any = ()) -> Path:
        source = write_quotes(tmp_path / "in", quotes)
        if labels:
            write_labels(source, list(labels))
        outcome = sim("import", "polymarket", "in", "--out", "out", *words)
        assert outcome.status == 0, outcome.err
        return tmp_path / "out" / GAME

    return run


def test_a_bid_and_an_ask_are_offers_on_both_lines(imported: Callable[..., Path]) -> None:
    """An ask at 0.40 is offered on the team named first, a bid at 0.36 on the other at 0.64."""
    tape = imported([(at(0), MONEYLINE, 0.36, 0.40)])
    assert offers_of(tape) == [
        (f"{MONEYLINE}:away", 150, UNREPORTED_CENTS),
        (f"{MONEYLINE}:home", -178, UNREPORTED_CENTS),
    ]
    assert Tape(tape).info.unreported[:2] == (Unreported.AMOUNTS, Unreported.TRADES)


def test_odds_never_pay_a_taker_more_than_the_contract(imported: Callable[..., Path]) -> None:
    """At half cents the rung pays at most what the contract pays, and the note says how far off."""
    tape = imported([(at(0), MONEYLINE, None, 0.355)])
    # A contract at 0.355 pays 1.8169 per dollar: +180 is the longest rung that pays no more.
    assert offers_of(tape) == [(f"{MONEYLINE}:away", 180, UNREPORTED_CENTS)]
    assert any("Snapping prices" in note for note in Tape(tape).info.notes)


def test_a_quote_replaces_the_touch_and_nothing_removes_it(imported: Callable[..., Path]) -> None:
    """A moved ask removes the offer before it; where nobody asks any more, it only goes."""
    tape = imported(
        [
            (at(0), MONEYLINE, 0.36, 0.40),
            (at(2), MONEYLINE, 0.36, 0.50),
            (at(4), MONEYLINE, 0.36, 0.50),
            (at(6), MONEYLINE, 0.36, None),
        ]
    )
    assert offers_of(tape)[2:] == [
        (f"{MONEYLINE}:away", 150, 0),
        (f"{MONEYLINE}:away", 100, UNREPORTED_CENTS),
        (f"{MONEYLINE}:away", 100, 0),
    ]


def test_a_crossed_quote_is_left_out_and_counted(imported: Callable[..., Path]) -> None:
    """A bid at or above the ask is no touch of one moment."""
    tape = imported([(at(0), MONEYLINE, 0.36, 0.40), (at(2), MONEYLINE, 0.45, 0.45)])
    assert len(offers_of(tape)) == 2
    assert "1 quote with a bid at or above the ask skipped." in Tape(tape).info.notes


def test_slugs_say_market_period_and_point(imported: Callable[..., Path]) -> None:
    """Spreads are of the team named first, totals have over as yes, and f5 is five innings."""
    slugs = ("asc-{}-neg-1pt5", "asc-{}-pos-1pt5", "tsc-{}-8pt5", "tsc-{}-f5-4pt5")
    tape = imported([(at(0), slug.format(GAME), 0.4, 0.5) for slug in slugs])
    info = Tape(tape).info
    assert [(line.selection, line.point) for line in info.lines] == [
        ("away", -1.5),
        ("home", 1.5),
        ("away", 1.5),
        ("home", -1.5),
        ("over", 8.5),
        ("under", 8.5),
        ("over", 4.5),
        ("under", 4.5),
    ]
    assert [(market.type, market.period) for market in info.markets] == [
        ("spread", "game"),
        ("total", "game"),
        ("total", "first_five_innings"),
    ]


def test_results_come_from_labels_with_their_source(imported: Callable[..., Path]) -> None:
    """Yes is won on the first line; the note counts the exchange's results and inferred ones."""
    total = f"tsc-{GAME}-8pt5"
    tape = imported(
        [(at(0), MONEYLINE, 0.4, 0.5), (at(0), total, 0.4, 0.5)],
        labels=[
            (MONEYLINE, "Atlanta Braves vs. St. Louis Cardinals", 1, "api"),
            (total, "", 0, "convergence"),
        ],
    )
    info = Tape(tape).info
    results = {info.lines[r.line].line_id: r.state for r in rows_of(tape) if r.kind == Kind.RESULT}
    assert results == {
        f"{MONEYLINE}:away": Result.WON,
        f"{MONEYLINE}:home": Result.LOST,
        f"{total}:over": Result.LOST,
        f"{total}:under": Result.WON,
    }
    assert info.events[0].name == "Atlanta Braves at St. Louis Cardinals"
    assert any("1 by the exchange (api), 1 inferred" in note for note in info.notes)
    assert rows_of(tape)[-1].state == EventStatus.ENDED


def test_a_line_without_a_result_is_no_void_one(imported: Callable[..., Path]) -> None:
    """In a market that has results, a line without one is left out and counted."""
    low, high = f"tsc-{GAME}-8pt5", f"tsc-{GAME}-9pt5"
    tape = imported(
        [(at(0), low, 0.4, 0.5), (at(0), high, 0.3, 0.4)],
        labels=[(low, "", 1, "api"), (high, "", None, None)],
    )
    assert {line.point for line in Tape(tape).info.lines} == {8.5}
    assert any(note.startswith("1 contract without a result") for note in Tape(tape).info.notes)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who will win in the upcoming baseball event A vs B scheduled for July 11?", "A at B"),
        ("Who will win in the upcoming baseball event Atlanta Braves vs St. Louis C", "ATL at STL"),
        ("", "ATL at STL"),
    ],
)
def test_teams_are_named_as_far_as_the_question_names_them(
    imported: Callable[..., Path], question: str, name: str
) -> None:
    """A question that was cut in a name gives the short name of that team."""
    cut = question.ljust(80, "x") if question.endswith("C") else question
    tape = imported([(at(0), MONEYLINE, 0.4, 0.5)], labels=[(MONEYLINE, cut, 1, "api")])
    expected = "Atlanta Braves at STL" if question.endswith("C") else name
    assert Tape(tape).info.events[0].name == expected


def lively(begins: int) -> list[Quote]:
    """Return quotes every two minutes that move from a minute on."""
    return [
        (at(m), MONEYLINE, 0.44 if m > begins and m % 4 else 0.3, 0.5)
        for m in range(0, begins + 60, 2)
    ]


def test_the_start_is_where_the_moneyline_begins_to_move(imported: Callable[..., Path]) -> None:
    """The event goes live at the last quiet quote, down to five minutes, and a note says so."""
    tape = imported(lively(90))
    info = Tape(tape).info
    assert info.events[0].scheduled_ns == ns_of(at(90))
    live = [r for r in rows_of(tape) if r.kind == Kind.EVENT_STATUS and r.state == EventStatus.LIVE]
    assert [row.received_ns for row in live] == [ns_of(at(90))]
    assert any("estimated from the first lively minutes" in note for note in info.notes)


def test_a_quiet_game_has_an_assumed_start_after_its_quotes(imported: Callable[..., Path]) -> None:
    """Quotes that do not reach the game assume the evening, and the event never goes live."""
    tape = imported([(at(m), MONEYLINE, 0.4, 0.5) for m in range(0, 60, 2)])
    assert Tape(tape).info.events[0].scheduled_ns == ns_of(datetime(2026, 7, 11, 19))
    assert not [r for r in rows_of(tape) if r.kind == Kind.EVENT_STATUS]


def test_a_given_start_comes_first(imported: Callable[..., Path], tmp_path: Path) -> None:
    """A file of starts replaces the estimate."""
    (tmp_path / "starts.csv").write_text(f"game,start\n{GAME},2026-07-11T12:30:00-04:00\n")
    tape = imported(lively(90), "--starts", "starts.csv")
    assert Tape(tape).info.events[0].scheduled_ns == ns_of(at(30))
    assert "The start of the game was given to the importer." in Tape(tape).info.notes


def test_a_long_silence_is_a_lost_feed(imported: Callable[..., Path]) -> None:
    """After ten minutes without quotes the feed was lost, and comes back with the next quote."""
    tape = imported([(at(m), MONEYLINE, 0.4, 0.5) for m in (0, 2, 20, 22)])
    marks = [(r.received_ns, r.text) for r in rows_of(tape) if r.kind == Kind.UNTYPED]
    assert [ns for ns, _ in marks[:2]] == [ns_of(at(7)), ns_of(at(20))]
    assert ["lost" in str(text) for _, text in marks[:2]] == [True, False]


def test_the_hour_that_clocks_repeat_is_left_out(sim: Sim, tmp_path: Path) -> None:
    """Nobody knows which of two hours a wall time in it means; times around it are exact."""
    slug = "aec-nfl-a-b-2026-11-01"
    walls = [datetime(2026, 11, 1, hour, 30) for hour in (0, 1, 2)]
    write_quotes(tmp_path / "in", [(wall, slug, 0.4, 0.5 + n / 10) for n, wall in enumerate(walls)])
    assert sim("import", "polymarket", "in", "--out", "out").status == 0
    tape = tmp_path / "out" / "nfl-a-b-2026-11-01"
    ends = {row.received_ns for row in rows_of(tape) if row.kind == Kind.OFFER}
    expected = [datetime(2026, 11, 1, 4, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC)]
    assert ends == {round(each.timestamp()) * 10**9 for each in expected}
    assert any("1 quote in the hour that clocks repeat" in n for n in Tape(tape).info.notes)


# Errors and resuming -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ((at(2), MONEYLINE, 1.2, None), "quotes.parquet, row 1: bid 1.2 is no price"),
        ((at(2), MONEYLINE, None, 0.0), "quotes.parquet, row 1: ask 0.0 is no price"),
        ((at(2), "abc-mlb", 0.4, 0.5), "quotes.parquet, row 1: 'abc-mlb' is no name"),
        ((at(2), "aec-mlb-a-b-2026-13-01", 0.4, 0.5), "no day of the calendar"),
        ((at(2), f"asc-{GAME}", 0.4, 0.5), "has not the points of a spread"),
        ((at(2), f"tsc-{GAME}-8pt3", 0.4, 0.5), "no multiple of a half"),
        ((None, MONEYLINE, 0.4, 0.5), "quotes.parquet, row 1: no ts_et"),
    ],
)
def test_bad_quotes_are_refused_by_file_and_row(
    sim: Sim, tmp_path: Path, quote: Any, reason: str
) -> None:
    """One line says the file, the row and the reason, and nothing is written."""
    write_quotes(tmp_path / "in", [(at(0), MONEYLINE, 0.4, 0.5), quote])
    outcome = sim("import", "polymarket", "in", "--out", "out")
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert reason in outcome.err[0]
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_neither_quotes_nor_labels_is_named(sim: Sim, tmp_path: Path) -> None:
    """Other Parquet files, and files that are none, are refused with what is expected."""
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    for name, reason in (("other.parquet", "neither quotes"), ("text.parquet", "cannot be read")):
        outcome = sim("import", "polymarket", name, "--out", "out")
        assert (outcome.status, len(outcome.err)) == (2, 1)
        assert name in outcome.err[0]
        assert reason in outcome.err[0]


@pytest.mark.parametrize("line", ["x", f"{GAME},2026-07-11T12:30:00", f"{GAME},noon"])
def test_a_start_needs_a_game_and_a_zone(sim: Sim, tmp_path: Path, line: str) -> None:
    """A start without its zone, or that is no time, is refused by its line."""
    write_quotes(tmp_path / "in", [(at(0), MONEYLINE, 0.4, 0.5)])
    (tmp_path / "starts.csv").write_text(f"game,start\n{line}\n")
    outcome = sim("import", "polymarket", "in", "--out", "out", "--starts", "starts.csv")
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert "starts.csv, line 2" in outcome.err[0]


def test_what_is_whole_is_kept_and_what_is_missing_is_imported(sim: Sim, tmp_path: Path) -> None:
    """A second import leaves whole games alone and replaces what was left half-written."""
    other = "aec-mlb-nyy-wsh-2026-07-11"
    write_quotes(tmp_path / "in", [(at(0), slug, 0.4, 0.5) for slug in (MONEYLINE, other)])
    assert sim("import", "polymarket", "in", "--out", "out").status == 0
    kept, broken = (tmp_path / "out" / slug.removeprefix("aec-") for slug in (MONEYLINE, other))
    before = Tape(kept).digest(), kept.stat().st_mtime_ns
    broken.rename(broken.with_name(f".{broken.name}.part"))
    outcome = sim("import", "polymarket", "in", "--out", "out")
    assert outcome.out[-2] == "1 recording imported, 1 kept, 0 skipped for an error"
    assert (Tape(kept).digest(), kept.stat().st_mtime_ns) == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [kept.name, broken.name]


def test_a_recording_is_no_folder_for_others(sim: Sim, tmp_path: Path) -> None:
    """Games are not imported into a recording, which stays as it is."""
    write_quotes(tmp_path / "in", [(at(0), MONEYLINE, 0.4, 0.5)])
    assert sim("import", "polymarket", "in", "--out", "out").status == 0
    before = sorted((tmp_path / "out" / GAME).iterdir())
    outcome = sim("import", "polymarket", "in", "--out", f"out/{GAME}")
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert "is a recording; name a folder for several" in outcome.err[0]
    assert sorted((tmp_path / "out" / GAME).iterdir()) == before


def test_an_error_stops_the_import_or_is_skipped_and_counted(sim: Sim, tmp_path: Path) -> None:
    """A folder of a game's name that is no recording stops it; a bad game is skipped on demand."""
    hour = datetime(2026, 11, 1, 1, 30)
    bad = "aec-nfl-a-b-2026-11-01"
    write_quotes(tmp_path / "in", [(at(0), MONEYLINE, 0.4, 0.5), (hour, bad, 0.4, 0.5)])
    stopped = sim("import", "polymarket", "in", "--out", "out")
    assert (stopped.status, len(stopped.err)) == (2, 1)
    assert "game nfl-a-b-2026-11-01 has no quotes" in stopped.err[0]
    skipped = sim("import", "polymarket", "in", "--out", "out", "--on-error", "skip")
    assert skipped.status == 0
    assert "1 skipped for an error" in skipped.out[-2]
    assert [path.name for path in (tmp_path / "out").iterdir()] == [GAME]
