"""What a start takes over from a journal whose end is missing."""

import shutil
from pathlib import Path

from live.session.halts.earlier_starts import EarlierStarts
from live.session.halts.halt_record import HaltRecord
from recordings.journal.session_journal import SessionJournal
from strategies.trading.model.commands import CancelAll
from strategies.trading.model.events import TradingState, TradingStateSet


def write_start(folder: Path, commands: int) -> int:
    """Add a start with some commands to the journal of a session; return its number."""
    with SessionJournal(folder / "journal.sqlite") as journal:
        number = journal.begin_run(1)
        for _ in range(commands):
            journal.sent(2, CancelAll())
        journal.commit()
    return number


def test_a_journal_that_was_cut_halts_the_start(tmp_path: Path) -> None:
    """Among what is lost may be a halt: the start and those after it wait for a person."""
    path, early = tmp_path / "journal.sqlite", tmp_path / "early.sqlite"
    write_start(tmp_path, commands=1)
    shutil.copy(path, early)
    write_start(tmp_path, commands=3)
    shutil.copy(early, path)
    lines: list[str] = []
    halt = HaltRecord([tmp_path])

    earlier = EarlierStarts(tmp_path, 3, halt, lines.append)

    assert "journal.sqlite: lacks the last 3 rows" in lines[0]
    (state,) = earlier.unjournaled()
    assert state == TradingStateSet(TradingState.HALTED, f"journal: {lines[0]}")
    text = earlier.halt_text("first")
    assert text is not None
    assert text.startswith("halted by an earlier start: journal: ")
    again = EarlierStarts(tmp_path, 4, halt, lines.append)
    assert again.runs.state is TradingState.HALTED


def test_a_whole_journal_halts_nothing(tmp_path: Path) -> None:
    """Also after several starts."""
    write_start(tmp_path, commands=1)
    write_start(tmp_path, commands=3)
    lines: list[str] = []
    earlier = EarlierStarts(tmp_path, 3, HaltRecord([tmp_path]), lines.append)
    assert (lines, [*earlier.unjournaled()], earlier.halt_text("first")) == ([], [], None)
