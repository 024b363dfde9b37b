"""The record of a run's wagers: a row for each fill, with its markouts, and one for each wager.

The recorder is between the source of events and the desk. It computes the fair price before the
desk receives a fill, and reads from the desk's own wagers what the fill changed. The desk does not
know it.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from sim.results.run_tables import RunTables
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import Event, WagerInvalid, WagerMatched, WagerRejected
from strategies.trading.model.ids import PairId, WagerRef
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.wagers.wager import Wager
from strategies.trading.wagers.wager_manager import PrivateUpdate

MARKOUT_SECONDS = (1, 10, 60)


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
    """What an update may change of a wager, and the fair probability of its line before it."""

    matched_cents: int
    ended: bool
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

    Give its `take` to the source of events, in place of the desk's. Wagers that the desk knows
    already come from earlier runs: their fills and ends count, their earlier responses do not.
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
        wager = self._desk.wagers.find(event.ref) if isinstance(event, PrivateUpdate) else None
        if wager is None:
            self._desk.take(event, at_ns)
            return
        # Asked before the desk books the fill: booking changes which offers count as our own.
        fair = self._fair_of(wager) if isinstance(event, WagerMatched) else None
        before = _Before(wager.matched_cents, wager.ended, wager.complete, fair)
        self._desk.take(event, at_ns)
        self._record(event, at_ns, wager, before)

    def close(self) -> None:
        """Write what is unfinished: fills still being measured, wagers not known to the end."""
        while self._measuring:
            self._write_fill(self._measuring.popleft())
        for wager in self._desk.wagers.unfinished():
            self._write_wager(wager)

    def _record(self, event: Event, at_ns: int, wager: Wager, before: _Before) -> None:
        if isinstance(event, WagerMatched) and wager.matched_cents > before.matched_cents:
            self._record_fill(event, at_ns, wager, before.fair)
        if wager.ended and not before.ended and isinstance(event, WagerRejected | WagerInvalid):
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
        for seconds in MARKOUT_SECONDS:
            self._clock.call_at(at_ns + seconds * NS_PER_SECOND, self._measurement(fill, seconds))

    def _profits_after(self, event: WagerMatched, wager: Wager) -> list[int]:
        """Return the profit of the pair's fills by outcome, settled ones included."""
        profit_if = self._profit_if.setdefault(wager.pair.pair_id, [0, 0])
        profit_if[wager.side] += event.profit_cents
        profit_if[1 - wager.side] -= event.stake_cents
        return profit_if

    def _measurement(self, fill: _Fill, seconds: int) -> Callable[[], None]:
        def measure() -> None:
            fair = self._fair(fill.pair_id, first=fill.first)
            markout = None if fair is None or fill.fair is None else fair - fill.fair
            fill.markouts[seconds] = markout
            self.markouts[seconds].add(markout, fill.stake_cents)
            while self._measuring and len(self._measuring[0].markouts) == len(MARKOUT_SECONDS):
                self._write_fill(self._measuring.popleft())

        return measure

    def _fair_of(self, wager: Wager) -> float | None:
        return self._fair(wager.pair.pair_id, first=wager.side == 0)

    def _fair(self, pair_id: PairId, *, first: bool) -> float | None:
        fair = self._desk.fair_of(pair_id)
        return fair if fair is None or first else 1.0 - fair

    def _write_fill(self, fill: _Fill) -> None:
        if self._tables is not None:
            markouts = [fill.markouts.get(seconds) for seconds in MARKOUT_SECONDS]
            self._tables.append("fills", [*fill.row[:10], *markouts, *fill.row[10:]])

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
            self._tables.append("wagers", row)
