"""Shared by the tests of the importers: a generated Betfair stream file, and the real ones."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recordings.importers.betfair import ImportReport, import_betfair
from recordings.reader import Tape
from recordings.tape import Kind, Row, TapeInfo
from tests.paths import SHARED

REAL = SHARED / "data" / "real" / "betfair"
FIRST_PT = 1_600_000_000_000
HOME, AWAY = 11, 22


@dataclass(frozen=True)
class Imported:
    """An import's report, and the tape that it left."""

    report: ImportReport
    info: TapeInfo
    rows: list[Row]

    def offers(self) -> list[tuple[str, int, int]]:
        """Return (line, odds, cents) of the offer rows, in order."""
        return [self._priced(row) for row in self.rows if row.kind == Kind.OFFER]

    def trades(self) -> list[tuple[str, int, int, int]]:
        """Return (line, odds, cents, side) of the trade rows, in order."""
        return [(*self._priced(row), row.side) for row in self.rows if row.kind == Kind.TRADE]

    def states(self) -> list[tuple[int, int]]:
        """Return (kind, state) of the rows that are neither offer nor trade, in order."""
        return [
            (row.kind, row.state) for row in self.rows if row.kind not in (Kind.OFFER, Kind.TRADE)
        ]

    def results(self) -> dict[str, int]:
        """Return the last result of each line."""
        return {
            self.info.lines[row.line].line_id: row.state
            for row in self.rows
            if row.kind == Kind.RESULT
        }

    def book(self) -> dict[str, dict[int, int]]:
        """Return what is offered at the end, by line and odds."""
        book: dict[str, dict[int, int]] = {}
        for line, odds, cents in self.offers():
            book.setdefault(line, {})[odds] = cents
        return {line: {odds: c for odds, c in rungs.items() if c} for line, rungs in book.items()}

    def _priced(self, row: Row) -> tuple[str, int, int]:
        return self.info.lines[row.line].line_id, row.odds, row.amount_cents


class StreamFile:
    """A Betfair stream file made message by message, a second apart."""

    def __init__(self, folder: Path) -> None:
        """Start with no message."""
        self.folder = folder
        self.messages: list[dict[str, Any]] = []

    def send(self, *changes: dict[str, Any]) -> None:
        """Add a message with changes of markets."""
        pt = FIRST_PT + 1000 * len(self.messages)
        self.messages.append({"op": "mcm", "clk": "x", "pt": pt, "mc": list(changes)})

    def define(self, market_id: str = "1.1", **definition: Any) -> None:
        """Add a message that defines a market: two runners and open, by default."""
        self.send({"id": market_id, "marketDefinition": {**plain_definition(), **definition}})

    def change(self, *runners: dict[str, Any], img: bool = False, market_id: str = "1.1") -> None:
        """Add a message with changes of runners."""
        self.send({"id": market_id, "rc": list(runners), "img": img})

    def text(self) -> str:
        """Return the file's text."""
        return "".join(json.dumps(message) + "\n" for message in self.messages)

    def write(self) -> Path:
        """Write the file, plain, and return its path."""
        path = self.folder / "stream"
        path.write_text(self.text())
        return path

    def imported(self) -> Imported:
        """Import the file."""
        return import_file(self.write(), self.folder / "tape")


def plain_definition() -> dict[str, Any]:
    """Return the definition of an open moneyline of two runners, of whom the first is home."""
    return {
        "eventId": "7",
        "eventTypeId": "2",
        "marketType": "MATCH_ODDS",
        "marketTime": "2020-09-13T20:00:00.000Z",
        "status": "OPEN",
        "inPlay": False,
        "betDelay": 0,
        "runners": [
            {"id": HOME, "status": "ACTIVE", "sortPriority": 1},
            {"id": AWAY, "status": "ACTIVE", "sortPriority": 2},
        ],
    }


def import_file(source: Path, out: Path) -> Imported:
    """Import a file and read the tape back, through all the checks of the reader."""
    report = import_betfair(source, out)
    tape = Tape(out)
    return Imported(report, tape.info, [row for chunk in tape.chunks() for row in chunk.rows()])


@pytest.fixture
def stream(tmp_path: Path) -> StreamFile:
    """Return a stream file without any message."""
    return StreamFile(tmp_path)


@pytest.fixture
def moneyline(stream: StreamFile) -> StreamFile:
    """Return a stream file that defines the moneyline 1.1 of runners 11 and 22."""
    stream.define()
    return stream


@pytest.fixture
def real_file() -> Callable[[str], Path]:
    """Return a function from the name of a real Betfair file to its path."""

    def found(name: str) -> Path:
        path = REAL / name
        if not path.exists():
            pytest.skip(f"the real recording {name} is not there (../shared/data/real/betfair)")
        return path

    return found


@pytest.fixture
def imported_real(real_file: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Imported]:
    """Return a function that imports a real Betfair file by its name."""
    return lambda name: import_file(real_file(name), tmp_path / "tape")
