"""Recordings as a market source: one, or several that are played in order of time."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial

from simpy import Event

from recordings.joined_info import JoinedPlaces, joined_info, require_different_lines
from recordings.reader import open_recording
from recordings.recording_settings import (
    AssumedStake,
    Games,
    OnRecordingError,
    RecordedEvents,
    RecordingFrom,
    RecordingPath,
    RecordingUntil,
)
from recordings.selection import selected_recordings
from recordings.utc_time import utc_ns
from sim.engine.exchange_rows import ExchangeRow
from sim.engine.merged_rows import DatedRows, merged_rows
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.tape_replayer import TapeReplayer
from sim.exchange.trade_pairing import measured_pairing
from sim.sources.market_source import Progress, SourceSummary
from sim.sources.source_limits import limits_of
from sim.sources.source_tape import NO_CUT, Cut, SourceTape
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, TapeError
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.setting_reader import SettingError


class RecordedSource:
    """Recordings as a market source; they do not react to the desk.

    Several are played in order of time, overlapping as they did. `tapes` are those that have rows
    within the cut, `skipped` sentences on those that could not be read.
    """

    knows_queue = False

    def __init__(
        self,
        tapes: Sequence[SourceTape],
        name: str,
        cut: Cut = NO_CUT,
        event_ids: Collection[EventId] | None = None,
        skipped: Sequence[str] = (),
    ) -> None:
        """Take open recordings, and the name of all of them in reports."""
        self.name = name
        self.tapes = tapes
        self.skipped = skipped
        self._cut = cut
        self._event_ids = event_ids
        joined = joined_info([tape.info for tape in tapes], [tape.name for tape in tapes])
        self.info = joined.info
        self.info.notes.extend([*skipped, *cut.notes()])
        self._places: list[JoinedPlaces | None] = [None] if len(tapes) == 1 else [*joined.places]
        assumed = {tape.assumed_cents for tape in tapes}
        self.limits = [
            limit
            for cents in sorted(assumed, key=lambda each: each is None)
            for limit in limits_of(self.info, cents)
        ]

    @property
    def has_days(self) -> bool:
        """Return whether several recordings are played with one bankroll."""
        return len(self.tapes) > 1

    @property
    def outside_prices(self) -> bool:
        """Return whether a recording carries prices from outside the exchange."""
        return any("reference" in tape.summary.rows_by_kind for tape in self.tapes)

    def follows(self, event_id: EventId) -> bool:
        """Return whether an event is among those that were asked for."""
        return self._event_ids is None or event_id in self._event_ids

    def examine(self) -> None:
        """Read and check every recording whole, unless that was done before.

        Raise TapeError at the first invalid row, and if two have the market of one line.
        """
        summaries = [tape.summary for tape in self.tapes]
        require_different_lines(summaries, [tape.name for tape in self.tapes])

    def environment(
        self, label: str, show: Progress, market_keys: Collection[MarketKey] | None = None
    ) -> ReplayEnvironment:
        """Return an environment that replays the rows of the recordings, as far as they matter."""
        return ReplayEnvironment(self._rows(label, show, market_keys))

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,  # noqa: ARG002 - a recording does not react to it
    ) -> "_RecordedRun":
        """Apply the rows to the exchange as their times come."""
        summaries = [tape.summary for tape in self.tapes]
        spacings = [(each.trade_pairs, each.trade_spacing_ns) for each in summaries]
        exchange.pair_trades(measured_pairing(spacings))
        market = TapeReplayer(env, self.info, exchange, publisher)
        env.replay_to(market.apply_row)
        return _RecordedRun(env, market, self)

    def summary(self) -> SourceSummary:
        """Return rows, time and digest of all recordings."""
        summaries = [tape.summary for tape in self.tapes]
        digests = [summary.digest for summary in summaries]
        joined = hashlib.sha256("".join(digests).encode()).hexdigest()
        first_ns = min(summary.first_ns for summary in summaries)
        last_ns = max(summary.last_ns for summary in summaries)
        return SourceSummary(
            rows=sum(summary.rows for summary in summaries),
            first_ns=max(first_ns, self._cut.since_ns or first_ns),
            last_ns=min(last_ns, self._cut.until_ns or last_ns),
            digest=digests[0] if len(digests) == 1 else joined,
            longest_silence_ns=max(summary.longest_silence_ns for summary in summaries),
            rows_undated=sum(summary.rows_undated for summary in summaries),
        )

    def _rows(
        self, label: str, show: Progress, market_keys: Collection[MarketKey] | None
    ) -> Iterator[ExchangeRow]:
        """Yield the rows of the recordings, and show the progress with every chunk of them."""
        progress = _RowProgress(label, show, sum(tape.rows_total for tape in self.tapes))
        sources = [
            DatedRows(tape.first_ns, partial(self._rows_of, tape, places, market_keys, progress))
            for tape, places in zip(self.tapes, self._places, strict=True)
        ]
        yield from sources[0].open() if len(sources) == 1 else merged_rows(sources)
        progress.end()

    def _rows_of(
        self,
        tape: SourceTape,
        places: JoinedPlaces | None,
        market_keys: Collection[MarketKey] | None,
        progress: "_RowProgress",
    ) -> Iterator[ExchangeRow]:
        rows = tape.rows(market_keys, places, partial(progress.note, tape.name))
        return self._cut.rows(rows)


@dataclass(frozen=True, slots=True)
class RecordingsApart:
    """Recordings that are played each on its own, in order of time.

    `skipped` are sentences on those that are left out; with `skips`, more may be.
    """

    sources: Sequence[RecordedSource]
    name: str
    skipped: Sequence[str]
    skips: bool


class _RowProgress:
    """Shows how many rows were read, over all recordings."""

    def __init__(self, label: str, show: Progress, total: int) -> None:
        self._label = label
        self._show = show
        self._total = total
        self._read: dict[str, int] = {}

    def note(self, name: str, rows: int) -> None:
        """Show how many rows of a recording were read."""
        self._read[name] = rows
        self._show(self._label, sum(self._read.values()), self._total)

    def end(self) -> None:
        """Show that all were read."""
        self._show(self._label, self._total, self._total)


class _RecordedRun:
    def __init__(self, env: ReplayEnvironment, market: TapeReplayer, feed: RecordedSource) -> None:
        self.ended: Event = env.rows_ended
        self._market = market
        self._feed = feed

    @property
    def trades_of_unknown_taker(self) -> int:
        return self._market.trades_of_unknown_taker

    def summary(self) -> SourceSummary:
        return replace(self._feed.summary(), longest_hold_ns=self._market.longest_hold_ns)

    def close(self) -> None:
        """Do nothing: a recording is only read."""

    def abandon(self) -> None:
        """Do nothing: a recording is only read."""


def recorded_source(
    path: RecordingPath,
    assumed_stake: AssumedStake = None,
    from_: RecordingFrom = None,
    until: RecordingUntil = None,
    events: RecordedEvents = None,
    on_error: OnRecordingError = "stop",
    games: Games = "together",
) -> RecordedSource | RecordingsApart:
    """Open recordings by path or name, as far as they are asked for.

    Raise TapeError if one cannot be read, unless such are skipped, and ConfigError if nothing is
    left of them.
    """
    cut = Cut(_time("from", from_), _time("until", until))
    names = selected_recordings(path)
    tapes, skipped = [], []
    for name in names:
        try:
            tape = _opened(name, assumed_stake, cut, alone=len(names) == 1)
            if tape is not None and (on_error == "skip" or len(names) > 1):
                _ = tape.summary
        except TapeError as error:
            if on_error == "stop":
                raise
            skipped.append(f"Skipped {error}")
            continue
        if tape is not None:
            tapes.append(tape)
    event_ids = None if events is None else _event_ids(events, tapes)
    if event_ids is not None:
        tapes = [tape for tape in tapes if event_ids & {e.event_id for e in tape.info.events}]
    if not tapes:
        read = counted(len(names), "recording")
        message = f"recording.path: of {read} none has rows that were asked for"
        raise ConfigError("; ".join([message, *skipped]))
    title = names[0] if len(tapes) == 1 else f"{counted(len(tapes), 'recording')} of {_shown(path)}"
    if games == "together" or len(tapes) == 1:
        return RecordedSource(tapes, title, cut, event_ids, skipped)
    sources = [RecordedSource([tape], tape.name, cut, event_ids) for tape in tapes]
    return RecordingsApart(sources, title, skipped, skips=on_error == "skip")


def _opened(name: str, assumed_stake: float | None, cut: Cut, *, alone: bool) -> SourceTape | None:
    """Open a recording, None if nothing of it is within the cut."""
    recording = open_recording(name)
    first_ns, last_ns = recording.time_span()
    if not cut.leaves(first_ns, last_ns):
        return None
    return SourceTape(recording, name, assumed_stake, keep_columns=alone)


def _time(name: str, text: str | None) -> int | None:
    try:
        return None if text is None else utc_ns(text)
    except ValueError:
        problem = f"{text!r} is no time; write 2026-01-14 or 2026-01-14T20:00, in UTC"
        raise SettingError(name, problem) from None


def _event_ids(wanted: Sequence[str], tapes: Sequence[SourceTape]) -> set[EventId]:
    """Return the ids of events that are named by id or name; raise SettingError for an unknown."""
    events = [event for tape in tapes for event in tape.info.events]
    found = set()
    for name in wanted:
        ids = {event.event_id for event in events if name in (event.event_id, event.name)}
        if not ids:
            near = get_close_matches(name, [event.name for event in events], n=1, cutoff=0.3)
            also = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingError("events", f"no event {name!r}{also}")
        found |= ids
    return found


def _shown(path: str | Sequence[str]) -> str:
    return path if isinstance(path, str) else ", ".join(path)
