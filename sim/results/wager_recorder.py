"""The record of our wagers and fills.

The recorder is between the source of events and the desk: it computes the fair price before the
desk receives a fill, and reads from the desk's own wagers what the fill changed. The desk does not
use it.
"""

from collections import Counter
from typing import NamedTuple

from sim.results.fill_rows import fill_rows
from sim.results.measured_fill import ADVERSE_S, HORIZONS_S, MeasuredFill
from sim.results.profit_split import ProfitPart, profit_parts
from sim.results.run_tables import RunTables
from strategies.trading.desk.desk import Desk
from strategies.trading.model.book import DISPLAYED_LEVELS
from strategies.trading.model.counted import counted
from strategies.trading.model.event_state import EventState
from strategies.trading.model.events import (
    Event,
    ProfitCorrected,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import PairId, WagerRef
from strategies.trading.model.market import EventStatus
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.wagers.wager import Wager
from strategies.trading.wagers.wager_state import EndReason

_ADVERSE_INDEX = HORIZONS_S.index(ADVERSE_S)


class _Before(NamedTuple):
    """The values of a wager before an update, and the prices of its line."""

    matched_cents: int
    broken_cents: int
    broken_profit_cents: int
    reason: EndReason | None
    complete: bool
    fair: float | None
    half_spread: float | None


class WagerRecorder:
    """Passes events on to a desk, and records what they change of its wagers.

    Give its `take` to the source of events, in place of the desk's. Wagers that the
    desk has at the start are of earlier runs: their fills and ends count, their responses do not.
    `fills` are those of this run, `ended` (by reason) and `rejections` (by code) are counts;
    `broken_trades` were taken back by the exchange, with a stake of `broken_cents` in all.
    `parts` is their profit, taken apart, once `close` was called, at `closed_ns`. Rows go to
    `tables`, if given.
    """

    def __init__(self, desk: Desk, clock: Clock, tables: RunTables | None) -> None:
        """Start recording; prices after a fill are taken by timers of `clock`."""
        self.fills: list[MeasuredFill] = []
        self.parts: list[ProfitPart] = []
        self.closed_ns = 0
        self.ended: Counter[str] = Counter()
        self.rejections: Counter[str] = Counter()
        self.broken_trades = 0
        self.broken_cents = 0
        self._desk = desk
        self._clock = clock
        self._tables = tables
        self._ahead_cents: dict[WagerRef, int | None] = {}
        self._earlier: set[WagerRef] = {wager.ref for wager in desk.wagers.unfinished()}
        self._profit_if = {
            pair_id: [*position.profit_if] for pair_id, position in desk.exposure.positions.items()
        }

    def take(self, event: Event, at_ns: int) -> None:
        """Let the desk take an event, and record what it changed."""
        ref: WagerRef | None = getattr(event, "ref", None)
        wager = None if ref is None else self._desk.wagers.find(ref)
        if wager is None:
            self._desk.take(event, at_ns)
            return
        # Asked before the desk books the fill: booking changes which offers count as our own.
        fair, half_spread = None, None
        if type(event) is WagerOpened:
            self._ahead_cents.setdefault(wager.ref, self._queue_ahead(wager))
        elif type(event) is WagerMatched:
            pair_id = wager.pair.pair_id
            fair = self._fair(pair_id, at_ns, first=wager.side == 0)
            half_spread = self._half_spread(pair_id)
        before = _Before(
            wager.matched_cents,
            wager.broken.stake_cents,
            wager.broken.profit_cents,
            wager.reason,
            wager.complete,
            fair,
            half_spread,
        )
        self._desk.take(event, at_ns)
        self._record(event, at_ns, wager, before)

    def close(self) -> None:
        """Take apart the profit of the fills, and write them and the unfinished wagers."""
        now_ns = self.closed_ns = self._clock.now_ns()
        for fill in self.fills:
            if len(fill.fairs) <= _ADVERSE_INDEX:
                fill.held_fair = self._held_fair(fill, self._fair_of_fill(fill, now_ns))
        self.parts = profit_parts(self.fills, self._desk)
        if self._tables is not None:
            self._tables.fills.extend(fill_rows(self.parts))
        for wager in self._desk.wagers.unfinished():
            self._write_wager(wager)

    def notes(self) -> list[str]:
        """Return what a reader of the results must know."""
        if not self.broken_trades:
            return []
        trades, stake = counted(self.broken_trades, "trade"), dollars_text(self.broken_cents)
        return [f"The exchange broke {trades} of ours, with a stake of {stake} in all."]

    def _record(self, event: Event, at_ns: int, wager: Wager, before: _Before) -> None:
        broken_cents = wager.broken.stake_cents - before.broken_cents
        if (
            type(event) is WagerMatched
            and wager.matched_cents + broken_cents > before.matched_cents
        ):
            self._record_fill(event, at_ns, wager, before)
        elif isinstance(event, ProfitCorrected):
            self._correct_last_fill(event)
        # A trade that was broken before its fill was received is broken with the fill.
        if broken_cents:
            profit_cents = wager.broken.profit_cents - before.broken_profit_cents
            self._break_fills(wager, broken_cents, profit_cents)
        ended = wager.reason is not None and before.reason is None
        if ended and isinstance(event, WagerRejected | WagerInvalid):
            self.rejections[event.code] += 1
        if wager.complete and not before.complete:
            self._write_wager(wager)

    def _record_fill(self, event: WagerMatched, at_ns: int, wager: Wager, before: _Before) -> None:
        state = self._state_of(wager.pair.pair_id)
        in_play = state.status is not EventStatus.NOT_STARTED
        fill = MeasuredFill(
            at_ns=at_ns,
            ref=event.ref,
            pair=wager.pair,
            first=wager.side == 0,
            tournament=state.event.tournament,
            before_ns=None if in_play else state.scheduled_ns - at_ns,
            clock_ns=state.clock_ns,
            odds=event.odds,
            stake_cents=event.stake_cents,
            profit_cents=event.profit_cents,
            fair=before.fair,
            reference=_reference(state, wager),
            half_spread=before.half_spread,
            profits_if=self._profits_after(event, wager),
        )
        self.fills.append(fill)
        self._measure_later(fill)

    def _profits_after(self, event: WagerMatched, wager: Wager) -> tuple[int, int]:
        """Return the profits of the pair's fills by winner, settled ones included."""
        profit_if = self._profit_if.setdefault(wager.pair.pair_id, [0, 0])
        profit_if[wager.side] += event.profit_cents
        profit_if[1 - wager.side] -= event.stake_cents
        return profit_if[0], profit_if[1]

    def _correct_last_fill(self, event: ProfitCorrected) -> None:
        """Change the profit of a wager's last fill as the exchange corrected it afterwards."""
        for fill in self._fills_of(event.ref)[:1]:
            fill.profit_cents += event.change_cents

    def _break_fills(self, wager: Wager, stake_cents: int, profit_cents: int) -> None:
        """Remove what was broken from the fills: one of that size, else from the last."""
        self.broken_trades += 1
        self.broken_cents += stake_cents
        profit_if = self._profit_if.setdefault(wager.pair.pair_id, [0, 0])
        profit_if[wager.side] -= profit_cents
        profit_if[1 - wager.side] += stake_cents

        def differs(fill: MeasuredFill) -> bool:
            return (fill.stake_cents, fill.profit_cents) != (stake_cents, profit_cents)

        for fill in sorted(self._fills_of(wager.ref), key=differs):
            broken_cents = min(stake_cents, fill.stake_cents)
            # What a fill keeps pays by its own odds; rounding stays with the first of them.
            of_profit = profit_cents if broken_cents == stake_cents else fill.profit_cents
            fill.stake_cents -= broken_cents
            fill.profit_cents -= of_profit
            stake_cents -= broken_cents
            profit_cents -= of_profit

    def _fills_of(self, ref: WagerRef) -> list[MeasuredFill]:
        return [fill for fill in reversed(self.fills) if fill.ref == ref]

    def _measure_later(self, fill: MeasuredFill) -> None:
        """Take the fair price at the next of HORIZONS_S, then at those after it."""
        index = len(fill.fairs)

        def measure() -> None:
            fair = self._fair_of_fill(fill, self._clock.now_ns())
            fill.fairs.append(fair)
            if index == _ADVERSE_INDEX:
                fill.held_fair = self._held_fair(fill, fair)
            if len(fill.fairs) < len(HORIZONS_S):
                self._measure_later(fill)

        self._clock.call_at(fill.at_ns + HORIZONS_S[index] * NS_PER_SECOND, measure)

    def _held_fair(self, fill: MeasuredFill, fair: float | None) -> float | None:
        """Return the last known price of a fill's line, before the start if the fill was."""
        pair_id = fill.pair.pair_id
        state = self._state_of(pair_id)
        if not fill.in_play and state.status is not EventStatus.NOT_STARTED:
            of_first = state.pre_game_fairs.get(pair_id)
        elif fair is not None:
            return fair
        else:
            of_first = self._desk.exposure.fair_of(pair_id)
        return of_first if of_first is None or fill.first else 1.0 - of_first

    def _fair_of_fill(self, fill: MeasuredFill, now_ns: int) -> float | None:
        return self._fair(fill.pair.pair_id, now_ns, first=fill.first)

    def _fair(self, pair_id: PairId, now_ns: int, *, first: bool) -> float | None:
        """Return the strategy's own price of a line, where it noted one; else the market's."""
        own = self._desk.views.own_fairs.get(pair_id)
        fair = self._desk.market_fair(pair_id, now_ns) if own is None else own
        return fair if fair is None or first else 1.0 - fair

    def _half_spread(self, pair_id: PairId) -> float | None:
        """Return half of what the touch of others implies beyond one."""
        first, second = self._desk.market_states.books[pair_id].touches()
        if first is None or second is None:
            return None
        return (implied_probability(first[0]) + implied_probability(second[0]) - 1.0) / 2

    def _queue_ahead(self, wager: Wager) -> int | None:
        """Return what others offer at a wager's odds as it opens, in cents of takers.

        All of it is ahead of the wager. None if its level is too deep to be displayed.
        """
        book = self._desk.market_states.books[wager.pair.pair_id]
        offers = book.second if wager.side == 0 else book.first
        odds = wager.shown_odds
        displayed = len(offers.by_odds) < DISPLAYED_LEVELS or odds >= min(offers.by_odds)
        return offers.others_cents(odds) if displayed else None

    def _state_of(self, pair_id: PairId) -> EventState:
        states = self._desk.market_states
        return states.events[states.books[pair_id].pair.first.event_id]

    def _write_wager(self, wager: Wager) -> None:
        reason = "open" if wager.reason is None else wager.reason.value
        self.ended[reason] += 1
        if self._tables is not None:
            answered_ns = None if wager.ref in self._earlier else wager.answered_ns
            row = (
                *(wager.ref, wager.placed_ns, answered_ns, wager.ended_ns),
                *(wager.pair.pair_id, wager.line_id, wager.side == 0, wager.odds),
                *(wager.stake_cents, wager.matched_cents, wager.intent.value, reason),
                self._ahead_cents.pop(wager.ref, None),
            )
            self._tables.wagers.append(row)


def _reference(state: EventState, wager: Wager) -> float | None:
    """Return the newest outside probability of a wager's line, None without one."""
    price = state.references.get(wager.pair.pair_id)
    if price is None:
        return None
    return price.probability if wager.side == 0 else 1.0 - price.probability
