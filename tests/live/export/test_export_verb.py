"""The export of sessions: what an accountant gets, and what is refused or named."""

import csv
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from live.__main__ import main
from tests.conftest import Outcome
from tests.fixture_types import Compose, RunMain
from tests.live.export.written_session import (
    AWAY_WINS,
    HOME_WINS,
    NAME,
    VOID,
    WrittenSession,
    broken,
    fill,
    settled,
)

Export = Callable[..., Outcome]
EVENING, NIGHT, NEXT_NOON = "2026-07-01T23:00", "2026-07-02T03:00", "2026-07-02T16:00"


@pytest.fixture
def export(tmp_path: Path, run_main: RunMain) -> Export:
    """Return `python -m live export`, in this process, in a folder of the test's own."""
    return lambda *words: run_main(main, tmp_path, "export", *words)


@pytest.fixture
def session(compose_settings: Compose, tmp_path: Path) -> WrittenSession:
    """Return a session named `first`, of which nothing is written."""
    return WrittenSession(compose_settings, tmp_path)


def rows_in(folder: Path, name: str = "rows") -> list[dict[str, str]]:
    """Return the rows of an exported CSV file."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kinds(rows: list[dict[str, str]]) -> list[tuple[str, int, int]]:
    """Return kind, stake and profit of each row."""
    return [(row["kind"], int(row["stake_cents"]), int(row["profit_cents"])) for row in rows]


def write_evening(session: WrittenSession) -> WrittenSession:
    """Write two fills of which one is reported twice, won, with a fill that arrives late."""
    return session.start(
        (EVENING, session.wager(1, 10_000)),
        (EVENING, session.wager(2, 4_000, "a", -120)),
        (EVENING, fill("first-1", 6_000, 6_000)),
        (EVENING, fill("first-1", 6_000, 6_000)),
        (EVENING, fill("first-2", 4_000, 4_000, -120)),
        (NIGHT, settled(HOME_WINS, 1)),
        (NIGHT, fill("first-1", 1_000, 7_000)),
    )


def test_an_evening_is_a_row_for_each_change(
    export: Export, session: WrittenSession, tmp_path: Path
) -> None:
    """Ids, UTC and trading day, names, cents and dollars; a late fill corrects what was paid."""
    write_evening(session)
    outcome = export("--from", "2026-07-01", "--to", "2026-07-01")
    folder = tmp_path / "exports" / "2026-07-01-to-2026-07-01"
    assert (outcome.status, outcome.err) == (0, [])
    rows = rows_in(folder)
    assert kinds(rows) == [
        ("fill", 6_000, 0),
        ("fill", 4_000, 0),
        ("settlement", 6_000, 9_000),
        ("settlement", 4_000, -4_000),
        ("commission", 0, -100),
        ("fill", 1_000, 0),
        ("settlement_correction", 7_000, 1_500),
        ("commission_correction", 0, -30),
    ]
    first = rows[0]
    assert first["at_utc"] == "2026-07-01T23:00:00.000000000Z"
    assert (first["event"], first["market"], first["selection"]) == (NAME, "moneyline", "H")
    assert (first["wager_ref"], first["odds"], first["venue"]) == (
        "first-1",
        "150",
        "sandbox_local",
    )
    assert rows[3]["selection"] == "Montréal"
    assert rows[2]["result"] == "won"
    assert rows[6]["note"] == "was won, $90.00"
    assert (rows[6]["profit_dollars"], rows[7]["profit_dollars"]) == ("15.00", "-0.30")
    # 03:00 UTC is the evening of the first in New York, whose day turns at 06:00.
    assert {row["trading_day"] for row in rows} == {"2026-07-01"}
    assert len({row["row_id"] for row in rows}) == len(rows)
    (sums,) = rows_in(folder, "summary")
    assert (sums["fills"], sums["stake_dollars"]) == ("3", "110.00")
    assert (sums["settled_cents"], sums["commission_cents"]) == ("6500", "-130")
    assert sums["profit_dollars"] == "63.70"
    assert outcome.out[2] == "days begin at 06:00 America/New_York"
    assert "settled $65.00, commission -$1.30, rebate $0.00, profit $63.70" in outcome.out[3]


def test_a_start_settles_what_it_took_over_and_results_change(
    export: Export, session: WrittenSession, tmp_path: Path
) -> None:
    """A fill of an earlier start is paid once; broken trades and a changed result have rows."""
    session.start((EVENING, session.wager(1, 10_000)), (EVENING, fill("first-1", 10_000, 10_000)))
    session.start(
        (NIGHT, fill("first-1", 10_000, 10_000)),
        (NIGHT, settled(HOME_WINS, 1)),
        (NEXT_NOON, broken("first-1", 2_000, 2_000)),
        (NEXT_NOON, broken("first-1", 2_000, 2_000)),
        (NEXT_NOON, settled(AWAY_WINS, 2)),
        (NEXT_NOON, settled(HOME_WINS, 1)),
        (NEXT_NOON, settled(VOID, 3)),
        taken_over=("first-1",),
    )
    outcome = export("--out", "all")
    assert (outcome.status, outcome.err) == (0, [])
    rows = rows_in(tmp_path / "all")
    assert kinds(rows) == [
        ("fill", 10_000, 0),
        ("settlement", 10_000, 15_000),
        ("commission", 0, -300),
        ("broken_trade", -2_000, 0),
        ("settlement_correction", 8_000, -3_000),
        ("commission_correction", 0, 60),
        ("settlement_correction", 8_000, -20_000),
        ("commission_correction", 0, 240),
        ("settlement_correction", 8_000, 8_000),
    ]
    assert [row["note"] for row in rows if row["result"] in ("lost", "voided")] == [
        "was won, $120.00",
        "was lost, -$80.00",
    ]
    assert [
        (row["trading_day"], row["profit_cents"]) for row in rows_in(tmp_path / "all", "summary")
    ] == [
        ("2026-07-01", "14700"),
        ("2026-07-02", "-14700"),
    ]


def test_days_bound_what_is_written_not_what_is_known(
    export: Export, session: WrittenSession, tmp_path: Path
) -> None:
    """A settlement of the second day is paid for the fill of the first; other zones, other days."""
    write_evening(session)
    zone = ("--day-starts", "00:00 UTC")
    assert export("--from", "2026-07-02", "--out", "second", *zone).status == 0
    second = rows_in(tmp_path / "second")
    assert [row["kind"] for row in second][:2] == ["settlement", "settlement"]
    assert sum(int(row["profit_cents"]) for row in second) == 6_370
    empty = export("--from", "2026-08-01", "--out", "third")
    assert (empty.status, rows_in(tmp_path / "third")) == (0, [])
    known = "nothing between these days; the sessions have rows from 2026-07-01 to 2026-07-01"
    assert known in empty.out


def test_the_same_tables_as_parquet(
    export: Export, session: WrittenSession, tmp_path: Path
) -> None:
    """With types: a date, a time in UTC to the nanosecond, exact dollars."""
    write_evening(session)
    assert export("--format", "parquet", "--out", "all").status == 0
    rows = pl.read_parquet(tmp_path / "all" / "rows.parquet")
    assert rows["trading_day"][0] == date(2026, 7, 1)
    assert rows["profit_dollars"].sum() == Decimal("63.70")
    summary = pl.read_parquet(tmp_path / "all" / "summary.parquet")
    assert summary["profit_dollars"].to_list() == [Decimal("63.70")]


def test_a_rebate_is_a_row_at_the_end_of_its_month(
    export: Export, compose_settings: Compose, tmp_path: Path
) -> None:
    """It is of all sessions of an exchange; paper has its own sums."""
    tiers = (
        "fees=commission_with_rebate",
        "fees.rebate.above_contracts=[100]",
        "fees.rebate.percents=[50]",
    )
    for name, mode in (("first", "live"), ("second", "live"), ("dry", "paper")):
        written = WrittenSession(compose_settings, tmp_path, name, (f"mode={mode}", *tiers))
        written.start(
            (EVENING, written.wager(1, 10_000)),
            (EVENING, fill(f"{name}-1", 10_000, 10_000)),
            (NIGHT, settled(HOME_WINS, 1)),
        )
    outcome = export("--out", "all")
    assert outcome.status == 0
    rebates = [row for row in rows_in(tmp_path / "all") if row["kind"] == "rebate"]
    # 500 contracts of $6 commission: half of it above the first 100; on paper 250 and $3.
    assert [(row["venue"], row["profit_cents"]) for row in rebates] == [
        ("paper", "90"),
        ("sandbox_local", "240"),
    ]
    assert {row["at_utc"] for row in rebates} == {"2026-08-01T03:59:59.999999999Z"}
    assert [line.partition(":")[0] for line in outcome.out[3:5]] == ["paper", "sandbox_local"]


def test_what_has_no_result_is_counted(export: Export, session: WrittenSession) -> None:
    """A matched stake without a result is no profit, and is not forgotten."""
    session.start((EVENING, session.wager(1, 500)), (EVENING, fill("first-1", 500, 500)))
    assert export().out[-1] == "session first: 1 wager without a result yet, $5.00 matched"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (
            ("--from", "2026-07-02", "--to", "2026-07-01"),
            "--from 2026-07-02 is after --to 2026-07-01",
        ),
        (("--from", "July"), "--from: 'July' is no day; write it as 2026-07-01"),
        (("--to", "2026-06-31"), "'2026-06-31' is no day"),
        (("--format", "xlsx"), "invalid choice: 'xlsx'"),
        (("--day-starts", "06:00 Gotham"), "--day-starts: 'Gotham' is no time zone"),
        (("--out", "sessions"), "sessions: exists already; name another folder with --out"),
        (("session.name=frist",), "did you mean session.name=first?"),
        (("first",), "first: name sessions as session.name=first"),
    ],
)
def test_wrong_words_are_one_line(
    export: Export, session: WrittenSession, tmp_path: Path, words: tuple[str, ...], named: str
) -> None:
    """With status 2, and nothing is written."""
    write_evening(session)
    outcome = export(*words)
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert named in outcome.err[0]
    assert [path.name for path in tmp_path.iterdir()] == ["sessions"]


def test_a_folder_without_sessions_is_named(export: Export) -> None:
    """The remedy is the folder that has them."""
    outcome = export()
    assert outcome.status == 2
    assert (
        "sessions: there is no session; run it in the folder that has sessions/" in outcome.err[0]
    )


def test_of_a_broken_journal_the_whole_part_is_exported(
    export: Export, session: WrittenSession, compose_settings: Compose, tmp_path: Path
) -> None:
    """The break is named with a remedy and status 1; other sessions are whole."""
    write_evening(session)
    other = WrittenSession(compose_settings, tmp_path, "other")
    other.start((EVENING, other.wager(1, 500)), (EVENING, fill("other-1", 500, 500)))
    with closing(sqlite3.connect(session.journal)) as database, database:
        database.execute("DROP TRIGGER entries_stay")
        database.execute("UPDATE entries SET now_ns = 5 WHERE place = 6")
    outcome = export("--out", "all")
    assert outcome.status == 1
    assert "session first: " in outcome.err[0]
    assert "row 6 of entries is not as it was written; python -m sim salvage" in outcome.err[0]
    assert "exported is what came before it, to 2026-07-01 23:00:00 UTC" in outcome.err[0]
    rows = rows_in(tmp_path / "all")
    assert [(row["session"], row["kind"]) for row in rows] == [
        ("first", "fill"),
        ("first", "fill"),
        ("other", "fill"),
    ]


def test_a_session_that_cannot_be_read_is_named(
    export: Export, session: WrittenSession, compose_settings: Compose, tmp_path: Path
) -> None:
    """Alone it is an error that writes nothing; beside another, that one is exported."""
    session.start()
    session.journal.write_bytes(b"no database, but long enough to be taken for one" * 50)
    alone = export("--out", "all")
    assert (alone.status, (tmp_path / "all").exists()) == (1, False)
    assert "journal.sqlite: file is not a database" in alone.err[0]
    other = WrittenSession(compose_settings, tmp_path, "other")
    other.start((EVENING, other.wager(1, 500)), (EVENING, fill("other-1", 500, 500)))
    both = export("--out", "all")
    assert both.status == 1
    assert "nothing of it is exported" in both.err[0]
    assert len(rows_in(tmp_path / "all")) == 1


def test_a_copy_of_a_session_is_not_exported_twice(
    export: Export, session: WrittenSession, tmp_path: Path
) -> None:
    """As a backup in sessions/ would be: the same fill is in the tables once."""
    write_evening(session)
    shutil.copytree(session.folder, tmp_path / "sessions" / "backup")
    session.start((NEXT_NOON, session.wager(9, 500)), (NEXT_NOON, fill("first-9", 500, 500)))
    outcome = export("--out", "all")
    assert outcome.status == 1
    assert "session backup: has wagers of session first too, one is a copy" in outcome.err[0]
    rows = rows_in(tmp_path / "all")
    assert {row["session"] for row in rows} == {"first"}
    assert sum(row["kind"] == "fill" for row in rows) == 4


def test_without_its_recording_fills_are_exported_by_id(
    export: Export, session: WrittenSession, tmp_path: Path
) -> None:
    """The names and the settlement need the recording, which is said."""
    write_evening(session)
    shutil.rmtree(session.folder / "tape-00001")
    outcome = export("--out", "all")
    assert outcome.status == 1
    assert "2 matched wagers on lines that no recording names, first first-1" in outcome.err[0]
    assert [row["line_id"] for row in rows_in(tmp_path / "all")] == ["h", "a", "h"]


def test_a_recording_that_nothing_needs_may_be_unreadable(
    export: Export, session: WrittenSession
) -> None:
    """A start that was killed at once leaves one without rows."""
    write_evening(session)
    (session.folder / "tape-00002").mkdir()
    outcome = export("--out", "all")
    assert (outcome.status, outcome.err) == (0, [])


def test_sessions_with_different_days_need_a_choice(
    export: Export, session: WrittenSession, compose_settings: Compose, tmp_path: Path
) -> None:
    """One table has one kind of day."""
    write_evening(session)
    words = ("mode=live", "risk.day_starts='00:00 UTC'")
    WrittenSession(compose_settings, tmp_path, "other", words).start((EVENING, settled(VOID, 1)))
    outcome = export("--out", "all")
    assert outcome.status == 2
    assert "the sessions had different days, 00:00 UTC, 06:00 America/New_York" in outcome.err[0]
    assert export("--out", "all", "--day-starts", "00:00 UTC").status == 0
