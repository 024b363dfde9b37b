"""ProphetX's public time and sales on hand-made files: trades, doubled rows, parlays, errors."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape
from recordings.tape import Kind, Row, Side, Unreported
from recordings.validator import validate
from strategies.trading.model.market import EventStatus

HEAD = "trade_date,execution_time,event_contract,contract_description,price,quantity"
GAME = "Boston Celtics @ New York Knicks, NBA, 2026-06-17 20:30 ET"
# 2026-06-17 20:30 in New York.
START_NS = 1_781_742_600 * 10**9
SECOND = 10**9

Sim = Callable[..., Any]


def sale(
    selection: str = "Moneyline: New York Knicks",
    price: str = "0.40",
    *,
    time: str = "2026-06-17T20:00:00",
    quantity: str = "250",
    contract: str = "C1",
) -> str:
    """Return a line of a file."""
    return f'2026-06-17,{time},{contract},"{GAME} - {selection}",{price},{quantity}'


class Imports:
    """Imports files made of lines, and reads what came of it."""

    def __init__(self, folder: Path, sim: Sim) -> None:
        """Import in a folder."""
        self._folder = folder
        self._sim = sim
        self.printed: list[str] = []

    def recording(self, *lines: str) -> tuple[Tape, list[Row]]:
        """Return the one recording that a file with these lines becomes."""
        (self._folder / "session.csv").write_text("\n".join((HEAD, *lines)) + "\n")
        outcome = self._sim("import", "prophetx", "session.csv", "--out", "out")
        assert outcome.status == 0, outcome.err
        self.printed = outcome.out
        (folder,) = (self._folder / "out").iterdir()
        tape = Tape(folder)
        return tape, [row for chunk in tape.chunks() for row in chunk.rows()]

    def trades(self, *lines: str) -> list[tuple[str, float, int, int, int]]:
        """Return (selection, point, odds, cents, side) of the trades that lines become."""
        tape, rows = self.recording(*lines)
        at = tape.info.lines
        return [
            (at[r.line].selection, at[r.line].point, r.odds, r.amount_cents, r.side)
            for r in rows
            if r.kind == Kind.TRADE
        ]


@pytest.fixture
def imports(tmp_path: Path, sim: Sim) -> Imports:
    """Return what imports hand-made files."""
    return Imports(tmp_path, sim)


def test_a_trade_is_of_the_home_side_and_of_no_known_taker(imports: Imports) -> None:
    """250 contracts at 0.40 stake $100 on home at +150, whichever side the selection names."""
    expected = ("home", 0.0, 150, 10_000, Side.UNKNOWN)
    other = sale("Moneyline: Boston Celtics", contract="C2")
    assert imports.trades(sale(), other) == [expected, expected]


def test_points_are_turned_to_the_home_side(imports: Imports) -> None:
    """Away +4.5 and home -4.5 are one pair; of a total the price is of under."""
    trades = imports.trades(
        sale("Spread: Boston Celtics +4.5"),
        sale("Spread: New York Knicks -4.5"),
        sale("Total: Over 219.5"),
    )
    assert [trade[:2] for trade in trades] == [("home", -4.5), ("home", -4.5), ("under", 219.5)]


def test_a_recording_declares_what_the_tape_lacks(imports: Imports) -> None:
    """There are no offers, no takers and no results, and the notes say what the price is of."""
    tape, _ = imports.recording(sale())
    assert tape.info.unreported == (Unreported.OFFERS, Unreported.TAKERS, Unreported.RESULTS)
    assert any("side named second" in note for note in tape.info.notes)
    assert validate(tape).pairs == 1


def test_rows_that_stand_twice_count_once(imports: Imports) -> None:
    """A row that repeats another in every column is left out and counted, with its share."""
    assert len(imports.trades(sale(), sale(), sale(quantity="100"))) == 2
    assert imports.printed[0].startswith("3 rows: 1 (33.3%) stood twice")


def test_parlays_and_other_markets_are_set_aside_and_counted(imports: Imports) -> None:
    """Neither is on the recording; both are named with their number."""
    trades = imports.trades(
        sale(),
        sale(contract="PARLAY-7"),
        sale("Player Points: Somebody over 20.5"),
        sale("Player Points: Somebody else over 20.5"),
    )
    assert len(trades) == 1
    assert "1 parlay and 2 other trades set aside" in imports.printed[0]
    assert imports.printed[1].endswith("Player Points 2")


def test_the_time_of_execution_orders_trades_whatever_their_session(imports: Imports) -> None:
    """Times are New York's unless they have an offset; the game goes live at its start."""
    _, rows = imports.recording(
        sale(time="2026-06-17T20:31:00", quantity="1"),
        sale(time="2026-06-18T00:29:00+00:00", quantity="2"),
    )
    times = [row.received_ns for row in rows if row.kind == Kind.TRADE]
    assert times == [START_NS - 60 * SECOND, START_NS + 60 * SECOND]
    live = [row for row in rows if row.kind == Kind.EVENT_STATUS]
    assert [(row.received_ns, row.state) for row in live] == [(START_NS, EventStatus.LIVE)]


def test_a_game_over_several_sessions_is_one_recording(sim: Sim, tmp_path: Path) -> None:
    """Files of a folder, packed or not, with a byte order mark or not, are read together."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(f"\ufeff{HEAD}\n{sale()}\n")
    (folder / "b.csv.gz").write_bytes(gzip.compress(f"{HEAD}\n{sale(quantity='3')}\n".encode()))
    outcome = sim("import", "prophetx", "in", "--out", "out")
    assert outcome.out[-2] == "1 recording imported, 0 kept, 0 skipped for an error"
    (recording,) = (tmp_path / "out").iterdir()
    assert validate(Tape(recording)).rows_by_kind["trade"] == 2


def test_files_without_any_trade_of_a_game_are_refused(sim: Sim, tmp_path: Path) -> None:
    """An empty folder, and files of parlays alone, make no recording and leave nothing."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "parlays.csv").write_text(f"{HEAD}\n{sale(contract='PARLAY-1')}\n")
    for name, reason in (("empty", "no file *.csv*"), ("parlays.csv", "no trade of a game")):
        outcome = sim("import", "prophetx", name, "--out", "out")
        assert (outcome.status, len(outcome.err)) == (2, 1)
        assert reason in outcome.err[0]
        assert not (tmp_path / "out").exists()


def test_another_name_of_the_time_column_can_be_given(sim: Sim, tmp_path: Path) -> None:
    """What the column with the time is called is an option."""
    text = "\n".join((HEAD.replace("execution_time", "traded_at"), sale()))
    (tmp_path / "session.csv").write_text(text)
    words = ("import", "prophetx", "session.csv", "--out", "out")
    refused = sim(*words)
    assert refused.status == 2
    assert "no column 'execution_time'; its columns are trade_date, traded_at" in refused.err[0]
    assert sim(*words, "--time-column", "traded_at").status == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (sale(price="1.20"), "price 1.20 is no probability"),
        (sale(price="x"), "price 'x' is no positive number"),
        (sale(quantity="-3"), "quantity '-3' is no positive number"),
        (sale(time="soon"), "'soon' is no time"),
        (sale(time="2026-11-01T01:30:00"), "showed it twice or never"),
        (sale("Moneyline: Chicago Bulls"), "'Chicago Bulls' is no selection of 'Moneyline'"),
        (sale("Spread: New York Knicks -4.3"), "is no selection of 'Spread'"),
        (sale("Total: Perhaps 219.5"), "is no selection of 'Total'"),
        ("2026-06-17,2026-06-17T20:00:00,C,hello,0.4,1", "'hello' is not of the form AWAY @ HOME"),
        ("2026-06-17,2026-06-17T20:00:00", "has not as many fields as there are columns"),
        (sale().replace("20:30 ET", "some time ET"), "is no start of a game"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(
    sim: Sim, tmp_path: Path, line: str, reason: str
) -> None:
    """One line says the file, the line and the reason, and nothing is written."""
    (tmp_path / "session.csv").write_text("\n".join((HEAD, sale(), line)))
    outcome = sim("import", "prophetx", "session.csv", "--out", "out")
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert "session.csv, line 3: " in outcome.err[0]
    assert reason in outcome.err[0]
    assert not (tmp_path / "out").exists()


def test_a_run_on_trades_alone_says_what_it_cannot_show(
    run_in: Callable[..., Any], imports: Imports, tmp_path: Path
) -> None:
    """A backtest runs, fills nothing, and begins with the missing offers, takers and results."""
    tape, _ = imports.recording(sale())
    run = run_in(tmp_path, "+experiment=nba", f"recording.path={tape.path}")
    assert run.summary["fills"] == 0
    assert [limit.split(":")[0] for limit in run.summary["limits"]] == [
        "No offers",
        "No takers",
        "No results",
    ]
