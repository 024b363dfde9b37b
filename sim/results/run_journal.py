"""What a run is judged by: its record as tables, counts and means."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sim.results.decision_digest import DecisionDigest
from sim.results.run_tables import RunTables
from strategies.trading.model.commands import Command, PlaceWager
from strategies.trading.model.events import (
    Event,
    EventStatusChanged,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import PairId, WagerRef
from strategies.trading.model.market import Catalogue, EventStatus, Pair
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.position import Position
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import AccountSnapshot, Decision, Denial
from strategies.trading.wagers.wager import Wager

MARKOUT_SECONDS = (1, 10, 60)

FairOf = Callable[[PairId], float | None]


@dataclass(slots=True)
class Counts:
    """What happened in a run, counted."""

    wagers_placed: int = 0
    fills: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    denials: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    cancels_sent: int = 0


@dataclass(slots=True)
class _Placed:
    """A wager as the record knows it, until it has ended and all its fills were told.

    `most_cents` is how much can come to be matched: the stake, or what the exchange said at the
    end. `fill_totals` names the fills kept, as WagerMatched tells them.
    """

    command: PlaceWager
    pair: Pair
    first: bool
    placed_ns: int
    most_cents: int
    matched_cents: int = 0
    fill_totals: set[int] = field(default_factory=set)
    answered_ns: int | None = None
    ended_ns: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Fill:
    """A fill whose markouts are still being measured."""

    row: list[object]
    fair: float | None
    first: bool
    pair_id: PairId
    stake_cents: int
    markouts: dict[int, float | None] = field(default_factory=dict)


@dataclass(slots=True)
class StakeWeighted:
    """A mean in which every cent staked counts alike."""

    weighted: float = 0.0
    weight: int = 0

    def add(self, value: float | None, stake_cents: int) -> None:
        """Take a value in, unless there is none."""
        if value is not None:
            self.weighted += value * stake_cents
            self.weight += stake_cents

    def mean(self) -> float | None:
        """Return the mean, None if nothing was taken in."""
        return self.weighted / self.weight if self.weight else None


class RunJournal:
    """Keeps the record of a run: counts, digest, and tables where there are any.

    It is a journal from which nothing is read back: a desk cannot be recovered from it.
    Updates may come late, more than once and out of order; each fill and each end is kept once.
    """

    def __init__(self, catalogue: Catalogue, tables: RunTables | None) -> None:
        """Start an empty record."""
        self.digest = DecisionDigest()
        self.counts = Counts()
        self.edge = StakeWeighted()
        self.markouts = {seconds: StakeWeighted() for seconds in MARKOUT_SECONDS}
        self.event_times: dict[tuple[str, EventStatus], int] = {}
        self._catalogue = catalogue
        self._tables = tables
        self._placed: dict[WagerRef, _Placed] = {}
        self._profit_if: dict[PairId, list[int]] = {}
        self._measuring: deque[_Fill] = deque()
        self._clock: Clock | None = None
        self._fair_of: FairOf | None = None

    def measure_with(self, clock: Clock, fair_of: FairOf) -> None:
        """Measure edges and markouts by this clock and these fair prices."""
        self._clock = clock
        self._fair_of = fair_of

    def take_over(self, wagers: Iterable[Wager], positions: Iterable[Position]) -> None:
        """Know of live wagers and positions from before: what comes of them is of this run."""
        for position in positions:
            self._profit_if[position.pair.pair_id] = [*position.profit_if]
        for wager in wagers:
            command = PlaceWager(
                wager.ref, wager.line_id, wager.odds, wager.stake_cents, wager.intent
            )
            self._placed[wager.ref] = _Placed(
                command,
                wager.pair,
                wager.side == 0,
                wager.placed_ns,
                wager.most_cents,
                wager.matched_cents,
                {*wager.fill_totals},
            )

    def received(self, _input_seq: int, now_ns: int, event: Event) -> None:
        """Keep an input."""
        if isinstance(event, WagerAccepted | WagerRejected):
            self._keep_answer(now_ns, event)
        match event:
            case WagerMatched():
                self._keep_fill(now_ns, event)
            case WagerRejected() | WagerInvalid() | WagerCancelled() | WagerWiped():
                self._keep_end(now_ns, event)
            case EventStatusChanged():
                self.event_times.setdefault((event.event_id, event.status), now_ns)

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep a decision, a row for each pair that has a price or a quote."""
        if self._tables is None:
            return
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
            self._tables.append("quotes", row)

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
            self._tables.append("denials", row)

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep a command."""
        self.digest.add(now_ns, command)
        if isinstance(command, PlaceWager):
            pair = self._catalogue.pair_of(command.line_id)
            first = pair.first.line_id == command.line_id
            placed = _Placed(command, pair, first, now_ns, command.stake_cents)
            self._placed[command.ref] = placed
            self.counts.wagers_placed += 1
        else:
            self.counts.cancels_sent += 1

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
            self._tables.append("equity", row)

    def close(self) -> None:
        """Write what is unfinished: fills still being measured, wagers not known to the end."""
        while self._measuring:
            self._write_fill(self._measuring.popleft())
        for placed in self._placed.values():
            self._write_wager(placed)
        self._placed.clear()

    def _keep_fill(self, now_ns: int, event: WagerMatched) -> None:
        placed = self._placed.get(event.ref)
        if placed is None or event.total_cents in placed.fill_totals:
            return
        placed.matched_cents += event.stake_cents
        if event.total_cents:
            placed.fill_totals.add(event.total_cents)
        self.counts.fills += 1
        fill = self._fill(now_ns, event, placed)
        self._measuring.append(fill)
        self._measure_later(now_ns, fill)
        if placed.reason is None and placed.matched_cents == placed.most_cents:
            placed.ended_ns, placed.reason = now_ns, "matched"
        self._drop_if_told(placed)

    def _keep_answer(self, now_ns: int, event: WagerAccepted | WagerRejected) -> None:
        placed = self._placed.get(event.ref)
        if placed is not None and placed.answered_ns is None:
            placed.answered_ns = now_ns

    def _keep_end(
        self, now_ns: int, event: WagerRejected | WagerInvalid | WagerCancelled | WagerWiped
    ) -> None:
        placed = self._placed.get(event.ref)
        if placed is None or placed.reason is not None:
            return
        placed.ended_ns, placed.reason = now_ns, _reason(event)
        if isinstance(event, WagerRejected | WagerInvalid):
            self.counts.rejections[event.code] += 1
            placed.most_cents = placed.matched_cents
        else:
            placed.most_cents = placed.command.stake_cents - event.unmatched_cents
        self._drop_if_told(placed)

    def _drop_if_told(self, placed: _Placed) -> None:
        """Write a wager that has ended once nothing of it can be told any more."""
        if placed.reason is not None and placed.matched_cents >= placed.most_cents:
            self._write_wager(placed)
            del self._placed[placed.command.ref]

    def _fill(self, now_ns: int, event: WagerMatched, placed: _Placed) -> _Fill:
        profit_if = self._profit_if.setdefault(placed.pair.pair_id, [0, 0])
        side = 0 if placed.first else 1
        profit_if[side] += event.profit_cents
        profit_if[1 - side] -= event.stake_cents
        fair = self._fair(placed.pair.pair_id, first=placed.first)
        edge = None if fair is None else fair - implied_probability(event.odds)
        self.edge.add(edge, event.stake_cents)
        row: list[object] = [
            now_ns,
            event.ref,
            placed.pair.pair_id,
            placed.command.line_id,
            placed.first,
            event.odds,
            event.stake_cents,
            event.profit_cents,
            fair,
            edge,
            *profit_if,
        ]
        return _Fill(row, fair, placed.first, placed.pair.pair_id, event.stake_cents)

    def _measure_later(self, now_ns: int, fill: _Fill) -> None:
        if self._clock is None:
            return
        for seconds in MARKOUT_SECONDS:
            self._clock.call_at(now_ns + seconds * NS_PER_SECOND, self._measurement(fill, seconds))

    def _measurement(self, fill: _Fill, seconds: int) -> Callable[[], None]:
        def measure() -> None:
            fair = self._fair(fill.pair_id, first=fill.first)
            known = fair is not None and fill.fair is not None
            markout = fair - fill.fair if known else None  # type: ignore[operator]
            fill.markouts[seconds] = markout
            self.markouts[seconds].add(markout, fill.stake_cents)
            while self._measuring and len(self._measuring[0].markouts) == len(MARKOUT_SECONDS):
                self._write_fill(self._measuring.popleft())

        return measure

    def _write_fill(self, fill: _Fill) -> None:
        if self._tables is not None:
            markouts = [fill.markouts.get(seconds) for seconds in MARKOUT_SECONDS]
            self._tables.append("fills", [*fill.row[:10], *markouts, *fill.row[10:]])

    def _fair(self, pair_id: PairId, *, first: bool) -> float | None:
        fair = None if self._fair_of is None else self._fair_of(pair_id)
        return fair if fair is None or first else 1.0 - fair

    def _write_wager(self, placed: _Placed) -> None:
        reason = placed.reason or "open"
        self.counts.ended[reason] += 1
        if self._tables is not None:
            command = placed.command
            row = (
                command.ref,
                placed.placed_ns,
                placed.answered_ns,
                placed.ended_ns,
                placed.pair.pair_id,
                command.line_id,
                placed.first,
                command.odds,
                command.stake_cents,
                placed.matched_cents,
                command.intent.value,
                reason,
            )
            self._tables.append("wagers", row)


def _reason(event: WagerRejected | WagerInvalid | WagerCancelled | WagerWiped) -> str:
    match event:
        case WagerRejected():
            return "rejected"
        case WagerInvalid():
            return "invalid"
        case WagerCancelled():
            return "cancelled"
        case WagerWiped():
            return "wiped"
