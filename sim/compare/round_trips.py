"""The round trips of a session: how long its exchange took to confirm each command.

A placement is confirmed when its acceptance arrives, a cancel when the wager's cancellation does,
whichever way they come; a refusal may be our own side's, so it is none. Waiting for a turn within
the limit of requests is part of a round trip.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from conf.modes import Mode
from conf.saved_targets import saved_mode
from recordings.journal.entries import JOURNAL, Entry, Payload
from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_lock import session_lock
from recordings.writing import write_text
from sim.engine.measured_latency import CANCEL, PLACE, round_trip_text
from strategies.trading.model.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import CancelRefused, WagerAccepted, WagerCancelled
from strategies.trading.model.ids import WagerRef

TABLE = "round-trips.csv"
# With fewer of a verb its slow ones, one in twenty, are known from two or three.
_FEW = 50
_NS_PER_MS = 1_000_000

RoundTrips = dict[str, list[int]]


def write_round_trips(folder: Path) -> Iterator[str]:
    """Write the round trips of all live starts of a session beside its journal; yield lines.

    Raise ConfigError if there is no such session or none of a verb, and JournalError for a journal
    that cannot be read or is in use.
    """
    live = _live_starts(folder)
    journal = folder / JOURNAL
    table: RoundTrips = {PLACE: [], CANCEL: []}
    with session_lock(journal), JournalReader(journal) as reader:
        for verb, trip_ns in round_trips(each for each in reader.entries() if each.run in live):
            table[verb].append(trip_ns)
    for verb, trips in table.items():
        if not trips:
            message = f"{folder}: no {verb} of it was confirmed, so there is nothing to measure"
            raise ConfigError(message)
    path = folder / TABLE
    write_text(path, round_trip_text(table))
    for verb, trips in table.items():
        yield _line(verb, trips)
        if len(trips) < _FEW:
            yield f"  with fewer than {_FEW}, its slow ones are hardly known"
    yield f"use them with latency=measured latency.path={path.resolve()}"
    yield str(path.resolve())


def _live_starts(folder: Path) -> set[int]:
    """Return the numbers of the starts that were not on paper."""
    starts = dict(enumerate(sorted(folder.glob("start-*.yaml")), 1))
    if not starts:
        message = f"{folder}: there is no session"
        raise ConfigError(message)
    live = {number for number, saved in starts.items() if saved_mode(saved) is not Mode.PAPER}
    if not live:
        message = f"{folder}: it was on paper, so its round trips are those of a latency model"
        raise ConfigError(message)
    return live


def round_trips(entries: Iterable[Entry[Payload]]) -> Iterator[tuple[str, int]]:
    """Yield the verb and the nanoseconds of each confirmed command of a journal, in order.

    A cancel that was sent again before its response, or that a mass cancel came after, is left out:
    it is not known what confirmed it.
    """
    placed: dict[WagerRef, int] = {}
    cancelled: dict[WagerRef, int | None] = {}
    for entry in entries:
        at_ns = entry.now_ns
        match entry.payload:
            case PlaceWager(ref=ref):
                placed[ref] = at_ns
            case CancelWager(ref=ref):
                cancelled[ref] = None if ref in cancelled else at_ns
            case CancelAll():
                cancelled = dict.fromkeys(cancelled)
            case WagerAccepted(ref=ref) if ref in placed:
                yield PLACE, at_ns - placed.pop(ref)
            case CancelRefused(ref=ref):
                cancelled.pop(ref, None)
            case WagerCancelled(ref=ref):
                sent_ns = cancelled.pop(ref, None)
                if sent_ns is not None:
                    yield CANCEL, at_ns - sent_ns


def _line(verb: str, trips: list[int]) -> str:
    quick, middle, slow = np.quantile(trips, (0.05, 0.5, 0.95)) / _NS_PER_MS
    measured = counted(len(trips), "round trip")
    return f"{verb}: {measured}, median {middle:.1f} ms, nine in ten {quick:.1f} to {slow:.1f}"
