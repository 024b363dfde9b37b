"""The record of a run: its commands as a digest, its decisions, accounts and wagers as tables.

The journal records what the desk reports. The recorder of wagers is between the source of events
and the desk: it computes the fair price before the desk receives a fill, and reads from the desk's
own wagers what the fill changed. The desk does not use it.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sim.results.decision_digest import DecisionDigest
from sim.results.run_tables import RunTables
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.silences import Silence, Silences
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Command, PlaceWager
from strategies.trading.model.events import (
    RUN_ENDED,
    Event,
    EventStatusChanged,
    TradingStateSet,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import PairId, WagerRef
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import AccountSnapshot, Decision, Denial
from strategies.trading.ports.view import Note
from strategies.trading.wagers.wager import Wager
from strategies.trading.wagers.wager_state import EndReason

MARKOUT_SECONDS = (1, 10, 60)


@dataclass(slots=True)
class Counts:
    """Wagers placed, and denials by control."""

    wagers_placed: int = 0
    denials: Counter[str] = field(default_factory=Counter)


class RunJournal:
    """The desk's journal in a simulation: counts, digest, and rows for tables, if given.

    A desk cannot be recovered from it. `WagerRecorder` records fills and how wagers ended.
    """

    def __init__(self, catalogue: Catalogue, tables: RunTables | None) -> None:
        """Start an empty record."""
        self.digest = DecisionDigest()
        self.counts = Counts()
        self.event_times: dict[tuple[str, EventStatus], int] = {}
        self._catalogue = catalogue
        self._tables = tables
        self._silences = Silences()
        self._has_ended = False

    def received(self, _input_seq: int, now_ns: int, event: Event) -> None:
        """Keep when an event first had a status, and that the run ends."""
        if isinstance(event, EventStatusChanged):
            self.event_times.setdefault((event.event_id, event.status), now_ns)
        elif isinstance(event, TradingStateSet) and event.reason == RUN_ENDED:
            self._has_ended = True

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep a decision, a row for each pair that has a price or a quote."""
        if self._tables is None:
            return
        if not self._has_ended:
            self._follow_silence(self._tables, now_ns, decision)
        fairs = dict(decision.fairs)
        quoted = {quote.line_id: quote for quote in decision.quotes}
        for pair in self._catalogue.pairs_by_market[decision.market_key]:
            first = quoted.get(pair.first.line_id)
            second = quoted.get(pair.second.line_id)
            row = (
                now_ns,
                pair.pair_id,
                fairs.get(pair.pair_id),
                first.odds if first else None,
                second.odds if second else None,
                first.stake_cents if first else None,
                second.stake_cents if second else None,
            )
            self._tables.quotes.append(row)

    def noted(self, now_ns: int, notes: Sequence[Note]) -> None:
        """Keep what the strategy noted, a row for each number."""
        if self._tables is not None:
            for note in notes:
                key = note.market_key
                row = (now_ns, key.event_id, key.market_id, note.pair_id, note.name, note.value)
                self._tables.notes.append(row)

    def close(self) -> None:
        """Write the silences that last to the end."""
        if self._tables is not None:
            for silence in self._silences.current():
                self._write_silence(self._tables, silence)

    def _follow_silence(self, tables: RunTables, now_ns: int, decision: Decision) -> None:
        ended = self._silences.apply(now_ns, decision.market_key, decision.silence)
        if ended is not None:
            self._write_silence(tables, ended)

    def _write_silence(self, tables: RunTables, silence: Silence) -> None:
        key = silence.market_key
        row = (key.event_id, key.market_id, *silence[1:])
        tables.silences.append(row)

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep a denial."""
        self.counts.denials[denial.control] += 1
        if self._tables is not None:
            row = (
                now_ns,
                denial.control,
                denial.reason,
                denial.line_id,
                denial.odds,
                denial.stake_cents,
            )
            self._tables.denials.append(row)

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep a command."""
        self.digest.add(now_ns, command)
        if isinstance(command, PlaceWager):
            self.counts.wagers_placed += 1

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Keep the accounts."""
        if self._tables is not None:
            equity_cents = accounts.balance_cents + accounts.marked_cents
            row = (
                now_ns,
                accounts.profit_cents,
                accounts.marked_cents,
                equity_cents,
                accounts.exposure_cents,
            )
            self._tables.equity.append(row)


@dataclass(slots=True)
class StakeWeighted:
    """A mean in which every cent staked has the same weight."""

    weighted: float = 0.0
    weight: int = 0

    def add(self, value: float | None, stake_cents: int) -> None:
        """Add a value; None is left out."""
        if value is not None:
            self.weighted += value * stake_cents
            self.weight += stake_cents

    def mean(self) -> float | None:
        """Return the mean, None if nothing was added."""
        return self.weighted / self.weight if self.weight else None


class _Before(NamedTuple):
    """The values of a wager before an update, and the fair probability of its line."""

    matched_cents: int
    reason: EndReason | None
    complete: bool
    fair: float | None


@dataclass(slots=True)
class _Fill:
    """A fill whose markouts are still being measured; `row` ends with the profits by outcome."""

    row: tuple[object, ...]
    fair: float | None
    first: bool
    pair_id: PairId
    stake_cents: int
    markouts: dict[int, float | None] = field(default_factory=dict)


class WagerRecorder:
    """Passes events on to a desk, and records what they change of its wagers.

    Give its `take` to the source of events, in place of the desk's. Wagers that the
    desk has at the start are of earlier runs: their fills and ends count, their responses do not.
    `fills`, `ended` (by reason) and `rejections` (by code) are counts; `edge` and `markouts` are
    means in probability, from the side of the line that was backed. Rows go to `tables`, if given.
    """

    def __init__(self, desk: Desk, clock: Clock, tables: RunTables | None) -> None:
        """Start recording; markouts are measured by timers of `clock`."""
        self.fills = 0
        self.ended: Counter[str] = Counter()
        self.rejections: Counter[str] = Counter()
        self.edge = StakeWeighted()
        self.markouts = {seconds: StakeWeighted() for seconds in MARKOUT_SECONDS}
        self._desk = desk
        self._clock = clock
        self._tables = tables
        self._earlier: set[WagerRef] = {wager.ref for wager in desk.wagers.unfinished()}
        self._profit_if = {
            pair_id: [*position.profit_if] for pair_id, position in desk.exposure.positions.items()
        }
        self._measuring: deque[_Fill] = deque()

    def take(self, event: Event, at_ns: int) -> None:
        """Let the desk take an event, and record what it changed."""
        ref: WagerRef | None = getattr(event, "ref", None)
        wager = None if ref is None else self._desk.wagers.find(ref)
        if wager is None:
            self._desk.take(event, at_ns)
            return
        # Asked before the desk books the fill: booking changes which offers count as our own.
        fair = None
        if type(event) is WagerMatched:
            fair = self._fair(wager.pair.pair_id, at_ns, first=wager.side == 0)
        before = _Before(wager.matched_cents, wager.reason, wager.complete, fair)
        self._desk.take(event, at_ns)
        self._record(event, at_ns, wager, before)

    def close(self) -> None:
        """Write what is unfinished: fills still being measured, wagers not known to the end."""
        while self._measuring:
            self._write_fill(self._measuring.popleft())
        for wager in self._desk.wagers.unfinished():
            self._write_wager(wager)

    def _record(self, event: Event, at_ns: int, wager: Wager, before: _Before) -> None:
        if type(event) is WagerMatched and wager.matched_cents > before.matched_cents:
            self._record_fill(event, at_ns, wager, before.fair)
        ended = wager.reason is not None and before.reason is None
        if ended and isinstance(event, WagerRejected | WagerInvalid):
            self.rejections[event.code] += 1
        if wager.complete and not before.complete:
            self._write_wager(wager)

    def _record_fill(
        self, event: WagerMatched, at_ns: int, wager: Wager, fair: float | None
    ) -> None:
        self.fills += 1
        edge = None if fair is None else fair - implied_probability(event.odds)
        self.edge.add(edge, event.stake_cents)
        first, pair_id = wager.side == 0, wager.pair.pair_id
        row = (
            *(at_ns, event.ref, pair_id, wager.line_id, first),
            *(event.odds, event.stake_cents, event.profit_cents, fair, edge),
            *self._profits_after(event, wager),
        )
        fill = _Fill(row, fair, first, pair_id, event.stake_cents)
        self._measuring.append(fill)
        self._measure_later(fill, at_ns, 0)

    def _profits_after(self, event: WagerMatched, wager: Wager) -> list[int]:
        """Return the profit of the pair's fills by outcome, settled ones included."""
        profit_if = self._profit_if.setdefault(wager.pair.pair_id, [0, 0])
        profit_if[wager.side] += event.profit_cents
        profit_if[1 - wager.side] -= event.stake_cents
        return profit_if

    def _measure_later(self, fill: _Fill, filled_ns: int, index: int) -> None:
        """Measure the markout at this index of MARKOUT_SECONDS, then those after it."""
        seconds = MARKOUT_SECONDS[index]
        due_ns = filled_ns + seconds * NS_PER_SECOND

        def measure() -> None:
            fair = self._fair(fill.pair_id, self._clock.now_ns(), first=fill.first)
            markout = None if fair is None or fill.fair is None else fair - fill.fair
            fill.markouts[seconds] = markout
            self.markouts[seconds].add(markout, fill.stake_cents)
            if seconds != MARKOUT_SECONDS[-1]:
                self._measure_later(fill, filled_ns, index + 1)
            while self._measuring and len(self._measuring[0].markouts) == len(MARKOUT_SECONDS):
                self._write_fill(self._measuring.popleft())

        self._clock.call_at(due_ns, measure)

    def _fair(self, pair_id: PairId, now_ns: int, *, first: bool) -> float | None:
        fair = self._desk.fair_of(pair_id, now_ns)
        return fair if fair is None or first else 1.0 - fair

    def _write_fill(self, fill: _Fill) -> None:
        if self._tables is not None:
            markouts = [fill.markouts.get(seconds) for seconds in MARKOUT_SECONDS]
            self._tables.fills.append([*fill.row[:10], *markouts, *fill.row[10:]])

    def _write_wager(self, wager: Wager) -> None:
        reason = "open" if wager.reason is None else wager.reason.value
        self.ended[reason] += 1
        if self._tables is not None:
            answered_ns = None if wager.ref in self._earlier else wager.answered_ns
            row = (
                *(wager.ref, wager.placed_ns, answered_ns, wager.ended_ns),
                *(wager.pair.pair_id, wager.line_id, wager.side == 0, wager.odds),
                *(wager.stake_cents, wager.matched_cents, wager.intent.value, reason),
            )
            self._tables.wagers.append(row)
