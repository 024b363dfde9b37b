"""An event at an earlier moment, and one of its pairs over time: from a session's tape and journal.

The tape shows what is in its complete segments, so the last part of a minute is not there yet. It
is read in a thread of the server's process; the session is not asked. Fair prices are recorded
nowhere: the pricing of the start computes them again, from what the tape and the journal have.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from conf.saved_targets import saved_pricing
from live.watch.earlier_pair import EarlierPair
from live.watch.event_tape import EventTape
from live.watch.journaled_wagers import JournaledWagers
from live.watch.pair_track import PairTrack, pair_track
from recordings.reader import Tape
from recordings.tape import SEGMENT_GLOB
from strategies.trading.model.errors import ConfigError, TapeError
from strategies.trading.model.ids import EventId, PairId
from strategies.trading.pricing.newest_counts import NEWEST_COUNTS
from strategies.trading.pricing.touch import Pricing
from strategies.trading.snapshot.snapshot_types import PairDetail


class EventMoment(Struct, frozen=True):
    """An event as the tape shows it at `at_ns`; the tape reaches from `from_ns` to `to_ns`."""

    at_ns: int
    from_ns: int
    to_ns: int
    status: str
    score: tuple[int, int] | None
    clock_ns: int | None
    market_status: dict[str, str]
    pairs: list[PairDetail]


class EventHistory:
    """Looks back in the recordings of one session, one request after the other."""

    def __init__(self, folder: Path) -> None:
        """Read a session's folder."""
        self._folder = folder
        self._wagers = JournaledWagers(folder)
        self._lock = asyncio.Lock()
        self._tape: tuple[tuple[Path, int, str], EventTape] | None = None
        self._pricings: dict[str, Pricing | None] = {}
        self._began_ns: dict[str, int] = {}

    async def at(self, event_id: str, at_ns: int) -> EventMoment:
        """Return an event at a time, or at the nearest that the tape has; raise TradingError."""
        async with self._lock:
            return await asyncio.to_thread(self._at, event_id, at_ns)

    async def track(self, event_id: str, pair_id: str) -> PairTrack:
        """Return a pair over the last start; raise ConfigError for an unknown one."""
        async with self._lock:
            return await asyncio.to_thread(self._track, event_id, PairId(pair_id))

    # A moment ---------------------------------------------------------------------------------

    def _at(self, event_id: str, at_ns: int) -> EventMoment:
        path, tape = self._tape_of(event_id, at_ns)
        self._wagers.refresh()
        at_ns = min(max(at_ns, tape.from_ns), tape.to_ns)
        pricing = self._pricing_of(path)
        rules = NEWEST_COUNTS if pricing is None else pricing.source_rules
        states = tape.states_at(at_ns, rules)
        (state,) = states.events.values()
        return EventMoment(
            at_ns=at_ns,
            from_ns=self._first_ns(event_id, path, tape),
            to_ns=tape.to_ns,
            status=state.status.name.lower(),
            score=state.score,
            clock_ns=state.clock_ns or None,
            market_status={
                str(key.market_id): market.status.name.lower()
                for key, market in states.markets.items()
            },
            pairs=[
                EarlierPair(tape, self._wagers, states, book, at_ns).detail(pricing)
                for book in states.books.values()
            ],
        )

    def _pricing_of(self, path: Path) -> Pricing | None:
        """Return the pricing of the start of a recording, None if it cannot be built here."""
        name = path.name.replace("tape", "start")
        if name not in self._pricings:
            self._pricings[name] = None
            with suppress(ConfigError):
                self._pricings[name] = saved_pricing(self._folder / f"{name}.yaml")
        return self._pricings[name]

    # A track ---------------------------------------------------------------------------------

    def _track(self, event_id: str, pair_id: PairId) -> PairTrack:
        _, tape = self._tape_of(event_id, None)
        pair = tape.catalogue.pairs.get(pair_id)
        if pair is None:
            message = f"no pair {pair_id[:60]!r} in event {event_id[:40]}"
            raise ConfigError(message)
        self._wagers.refresh()
        return pair_track(tape, pair, self._wagers)

    # Recordings -------------------------------------------------------------------------------

    def _tape_of(self, event_id: str, at_ns: int | None) -> tuple[Path, EventTape]:
        """Return the recording that has a time, or else the last before it."""
        if at_ns is not None and self._tape is not None and self._tape[0][2] == event_id:
            # Whatever was recorded since is later: a slider that moves reads nothing again.
            path, held = self._tape[0][0], self._tape[1]
            if held.from_ns <= at_ns <= held.to_ns:
                return path, held
        found = None
        for path in sorted(self._folder.glob("tape-*"), reverse=True):
            with suppress(TapeError):
                found = (path, self._read(path, event_id))
                if at_ns is None or found[1].from_ns <= at_ns:
                    return found
        if found is None:
            message = f"no recording of event {event_id[:40]!r} yet; a segment takes a minute"
            raise ConfigError(message)
        return found

    def _read(self, path: Path, event_id: str) -> EventTape:
        key = (path, sum(1 for _ in path.glob(SEGMENT_GLOB)), event_id)
        if self._tape is None or self._tape[0] != key:
            self._tape = (key, EventTape(path, EventId(event_id)))
        return self._tape[1]

    def _first_ns(self, event_id: str, path: Path, tape: EventTape) -> int:
        """Return when the first recording of an event begins; one at `path` was read already."""
        if event_id not in self._began_ns:
            self._began_ns[event_id] = tape.from_ns
            for earlier in sorted(self._folder.glob("tape-*")):
                if earlier == path:
                    break
                with suppress(TapeError):
                    first = Tape(earlier)
                    if any(event.event_id == event_id for event in first.info.events):
                        self._began_ns[event_id] = first.time_span()[0]
                        break
        return self._began_ns[event_id]
