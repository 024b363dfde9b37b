"""The files that a fill passes through in a backtest: for benchmarks/crossings.py.

A way begins where the exchange books the match of a resting wager in the account of the desk. It
includes the private update on its way to the desk, all that the desk's `take` does with it, and
what is recorded of the fill, its fair price among it. It ends before the desk decides. Not
included: how the match came about, market data that arrived before the update and is delivered
with it, and the markouts, which are measured later.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from hydra import compose, initialize_config_dir

from benchmarks.crossings import Crossings
from conf.compose import CONFIG_FOLDER, build_session
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.participant import Participant
from sim.results.run_tables import RunTables
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.ports.schedule import ScheduledCall

_GAME = "+experiment=nba"


class FillCrossings:
    """Counts the ways of fills while it is entered, in every backtest of this process."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self.ways: list[Crossings] = []
        self._open: Crossings | None = None
        self._sent: dict[WagerMatched, Crossings] = {}
        self._plain: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> "FillCrossings":
        """Begin to count."""
        for owner, name, counting in (
            (Participant, "book_fill", self._booking),
            (ExchangeConnection, "_notify", self._notifying),
            (ScheduledCall, "make", self._delivering),
            (Inbox, "drain", self._pausing),
            (Desk, "act", self._pausing),
        ):
            plain = getattr(owner, name)
            self._plain.append((owner, name, plain))
            setattr(owner, name, counting(plain))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop counting."""
        for owner, name, plain in self._plain:
            setattr(owner, name, plain)

    def _booking(self, plain: Any) -> Callable[..., None]:
        def book_fill(*arguments: Any) -> None:
            self._open = Crossings()
            with self._open:
                plain(*arguments)
            self._open = None

        return book_fill

    def _notifying(self, plain: Any) -> Callable[..., None]:
        def notify(connection: ExchangeConnection, events: tuple[Event, ...]) -> None:
            if self._open is not None:
                matched = (event for event in events if isinstance(event, WagerMatched))
                self._sent |= dict.fromkeys(matched, self._open)
            plain(connection, events)

        return notify

    def _delivering(self, plain: Any) -> Callable[..., None]:
        def make(call: ScheduledCall, event: object = None) -> None:
            way = self._sent_with(getattr(call._callback, "args", ()))
            if way is None:
                plain(call, event)
                return
            self.ways.append(way)
            self._open = way
            with way:
                plain(call, event)
            self._open = None

        return make

    def _sent_with(self, arguments: tuple[Any, ...]) -> Crossings | None:
        """Return the way of the fill among the arguments of a scheduled call, if any."""
        for events in arguments:
            for event in events if isinstance(events, tuple) else ():
                if isinstance(event, WagerMatched) and event in self._sent:
                    return self._sent.pop(event)
        return None

    def _pausing(self, plain: Any) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            way, self._open = self._open, None
            if way is None:
                plain(*arguments)
                return
            way.__exit__(None, None, None)
            plain(*arguments)
            way.__enter__()
            self._open = way

        return call


def fill_crossings(tables: RunTables | None) -> list[Crossings]:
    """Run a pass of the shipped game, and return the ways of its fills, the shortest first."""
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        backtest: Any = build_session(compose("config", [_GAME]))
    with FillCrossings() as counted:
        backtest.run_pass(backtest.queue(), tables)
    return sorted(counted.ways, key=lambda way: way.changes)


def print_fill_crossings() -> None:
    """Print the median way of a fill in a pass without tables and in one with them."""
    with tempfile.TemporaryDirectory() as folder:
        for name, tables in (("without", None), ("with", RunTables(Path(folder)))):
            ways = fill_crossings(tables)
            files = median(len(way.files) for way in ways)
            changes = median(way.changes for way in ways)
            print(f"fill, {name} tables: {files:g} files, {changes:g} changes (of {len(ways)})")
    print("one with tables, step by step:", *ways[len(ways) // 2].steps, sep="\n  ")
