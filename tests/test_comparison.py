"""The comparison with other programs: all are given the same market, and its table is right."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.environments import HFTBACKTEST, OLD, OURS, Environment
from benchmarks.peers.measurements import HEADER, Row, measure_once, table_rows
from benchmarks.peers.streams import ASK, LEVEL, TRADE, generated_files
from benchmarks.peers.works import CHANGE, GENERATED, NOBODY, Work, script_and_arguments
from benchmarks.run_wager_life import DeskAlone, Idle, Toggling, toggling_pass
from benchmarks.wager_life import write_toggling_tape
from recordings.reader import Tape
from recordings.tape import Kind
from strategies.trading.model.odds import opposite, prophetx_ladder
from tests.paths import PROJECT

ROWS = 3_000


def test_the_tape_and_the_array_are_one_market(tmp_path: Path) -> None:
    """Both forms of the generated stream have the same trades and the same final book."""
    files = generated_files(tmp_path, ROWS)
    rungs = prophetx_ladder().rungs
    book: dict[tuple[int, int], int] = {}
    trades = []
    for _, kind, side, price, amount in np.load(files.source).tolist():
        odds = rungs[-1 - price]
        place = (0, odds) if side == ASK else (1, opposite(odds))
        if kind == LEVEL:
            book[place] = 100 * amount
        else:
            assert kind == TRADE
            trades.append((*place, 100 * amount))
    rows = [row for chunk in Tape(files.tape).chunks() for row in chunk.rows()]
    offers = [row for row in rows if row.kind == Kind.OFFER]
    assert {(row.line, row.odds): row.amount_cents for row in offers} == book
    taken = [row for row in rows if row.kind == Kind.TRADE]
    assert [(row.line, row.odds, row.amount_cents) for row in taken] == trades
    assert len(offers) + len(taken) == files.messages
    assert len(trades) > ROWS / 20


@pytest.mark.slow
@pytest.mark.parametrize("case", [CHANGE, NOBODY])
def test_our_own_work_is_measured(tmp_path: Path, case: str) -> None:
    """A work runs by its script in a process of its own, and reports what it counted."""
    files = generated_files(tmp_path, ROWS)
    words = script_and_arguments(Work(GENERATED, case, (OURS,)), OURS, files)
    measured = measure_once(Environment(Path(sys.executable), PROJECT), words)
    assert measured["seconds"] > 0
    assert measured.get("placed", 0) == 0 if case == NOBODY else measured["placed"] > 100


def test_the_table_has_medians_and_ratios_to_ours() -> None:
    """Each row has the median and the minimum of its runs, and what is missing says why."""
    ours = [{"seconds": seconds, "placed": 1200} for seconds in (3.0, 1.0, 2.0)]
    rows = [
        Row("work", OURS, ours, []),
        Row("work", OLD, [{"seconds": 5.0, "parse_seconds": 0.5}], []),
        Row("work", HFTBACKTEST, [], ["no such version"]),
    ]
    assert table_rows(rows) == [
        "| work | ours | 2.000 | 1.000 | 1.000 |  |  | 1,200 |  |  |",
        f"| work | {OLD} | 5.000 | 5.000 | 2.500 | 0.50 |  |  |  |  |",
        f"| work | {HFTBACKTEST} | missing: no such version |",
    ]
    columns, rule = HEADER.split("\n")
    assert columns.count("|") == rule.count("|") == table_rows(rows)[0].count("|")


def test_decisions_of_a_desk_alone_are_what_is_measured(tmp_path: Path) -> None:
    """One that sends replaces a wager; nothing is sent where the quote is kept or not decided."""
    write_toggling_tape(tmp_path / "tape", pairs=2, rows=10)
    recording = str(tmp_path / "tape")
    moving = DeskAlone(recording, Toggling(moves=True))
    sent = []
    for _ in range(6):
        moving.toggle()
        sent.append(moving.sent())
        moving.respond()
    assert sent == [(1, 1)] * 6
    still = DeskAlone(recording, Toggling(moves=False))
    for call in (still.toggle, still.change_behind):
        call()
        assert still.sent() == (0, 0)
    assert still.desk.decisions > 2
    idle = DeskAlone(recording, Idle(moves=False))
    idle.wake()
    decisions = idle.desk.decisions
    idle.wake()
    assert idle.desk.decisions == decisions


@pytest.mark.slow
def test_two_passes_show_what_a_wager_costs(tmp_path: Path) -> None:
    """Each row of the recording replaces a wager, so that windows of rows are windows of wagers."""
    write_toggling_tape(tmp_path / "tape", pairs=3, rows=300)
    spent = [toggling_pass(str(tmp_path / "tape"), moves=moves) for moves in (False, True)]
    assert [placed for placed, _ in spent] == [3, 303]
