"""The dictionaries of several recordings as those of one."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from recordings.tape import NOWHERE, TapeInfo, Unreported
from recordings.validator import TapeSummary
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import LineId

_T = TypeVar("_T")
# From an index in a recording's own dictionary to that in the joined one; the last entry is for
# rows that name nothing, whose index is NOWHERE.
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class JoinedPlaces:
    """For one of several recordings, the places of its entries in the joined dictionaries.

    `recording` is its own place among `count`.
    """

    recording: int
    count: int
    events: Places
    markets: Places
    lines: Places


@dataclass(frozen=True, slots=True)
class JoinedInfo:
    """What is known of several recordings together, and the places of each one's entries."""

    info: TapeInfo
    places: list[JoinedPlaces]


def joined_info(infos: Sequence[TapeInfo], names: Sequence[str]) -> JoinedInfo:
    """Join what is known of recordings; `names` are theirs in messages.

    An event or a market may be in several, if they agree on it; so may a line. Raise TapeError if
    they contradict each other, or differ in their ladder or clocks.
    """
    first = infos[0]
    events, markets, lines = _Dictionary[Any](), _Dictionary[Any](), _Dictionary[Any]()
    places = []
    for number, (info, name) in enumerate(zip(infos, names, strict=True)):
        if info.ladder.rungs != first.ladder.rungs or info.clocks != first.clocks:
            what = "clocks" if info.clocks != first.clocks else "a ladder"
            message = f"{names[0]} and {name}: cannot be played together, with {what} of their own"
            raise TapeError(message)
        places.append(
            JoinedPlaces(
                number,
                len(infos),
                events.add(name, ((event.event_id, event) for event in info.events)),
                markets.add(name, ((market.key, market) for market in info.markets)),
                lines.add(name, ((line.line_id, line) for line in info.lines)),
            )
        )
    joined = TapeInfo(
        source=first.source if len(infos) == 1 else f"{len(infos)} recordings, from {first.source}",
        simulated=any(info.simulated for info in infos),
        clocks=first.clocks,
        ladder=first.ladder,
        notes=list(dict.fromkeys(note for info in infos for note in info.notes)),
        events=events.entries,
        markets=markets.entries,
        lines=lines.entries,
        unreported=_unreported(infos),
    )
    Catalogue(joined.events, joined.markets, joined.lines)
    return JoinedInfo(joined, places)


def require_different_lines(summaries: Sequence[TapeSummary], names: Sequence[str]) -> None:
    """Raise TapeError if two recordings have the market of one line: it would count twice.

    One that has only scores, results or outside prices of it may share it.
    """
    owners: dict[LineId, str] = {}
    for summary, name in zip(summaries, names, strict=True):
        if not summary.rows_by_kind.keys() & {"offer", "trade"}:
            continue
        for line in summary.info.lines:
            if line.line_id in owners:
                both = f"{owners[line.line_id]} and {name}"
                message = f"{both}: both have line {line.line_id}; leave one of them out"
                raise TapeError(message)
            owners[line.line_id] = name


def _unreported(infos: Sequence[TapeInfo]) -> tuple[Unreported, ...]:
    """Return what no recording reports; and amounts, if one does not report them."""
    return tuple(
        each
        for each in Unreported
        if all(each in info.unreported for info in infos)
        or (each is Unreported.AMOUNTS and any(each in info.unreported for info in infos))
    )


class _Dictionary(Generic[_T]):
    """Entries by id, each with the recording that it came from first."""

    def __init__(self) -> None:
        self.entries: list[_T] = []
        self._places: dict[Hashable, tuple[int, str]] = {}

    def add(self, name: str, entries: Iterable[tuple[Hashable, _T]]) -> Places:
        """Add a recording's entries, and return their places."""
        places = []
        for key, entry in entries:
            if key not in self._places:
                self._places[key] = (len(self.entries), name)
                self.entries.append(entry)
            place, owner = self._places[key]
            if self.entries[place] != entry:
                message = (
                    f"{owner} and {name}: both have {_text(key)}, and they differ in it; play them "
                    "one by one"
                )
                raise TapeError(message)
            places.append(place)
        return np.array([*places, NOWHERE], dtype=np.int64)


def _text(key: Hashable) -> str:
    return ":".join(key) if isinstance(key, tuple) else str(key)
