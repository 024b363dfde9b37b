"""What happened lately at a desk, which its present state does not show: bounded, for people."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from strategies.trading.desk.desk import Desk
from strategies.trading.markets.silences import Silence, Silences
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import TradingStateSet, WagerMatched
from strategies.trading.model.ids import EventId, MarketKey, WagerRef
from strategies.trading.model.odds import opposite
from strategies.trading.ports.journal import Decision
from strategies.trading.snapshot.snapshot_types import FillView, StateChange

_LAST_FILLS = 200
_LAST_DECISIONS = 120
_LAST_CHANGES = 20
# Placed wagers that are remembered before those that have ended are forgotten.
_MOST_PLACED = 4_096


class DatedDecision(NamedTuple):
    """A decision and its time."""

    at_ns: int
    decision: Decision


class DeskActivity:
    """Follows what passes through the journal of one desk.

    `state_changes` are the last changes of the trading state and `fills` the last fills, each the
    oldest first; `started_ns` is when it began.
    """

    def __init__(self, desk: Desk, now_ns: int) -> None:
        """Start with nothing known."""
        self.started_ns = now_ns
        self.state_changes: deque[StateChange] = deque(maxlen=_LAST_CHANGES)
        self._fills: dict[EventId, deque[FillView]] = {}
        self._desk = desk
        self._silences = Silences(from_first=True)
        self._decisions: dict[MarketKey, deque[DatedDecision]] = {}
        self._ahead: dict[WagerRef, int] = {}
        self._handlers: dict[type, Callable[[int, Any], None]] = {
            PlaceWager: self._on_place,
            WagerMatched: self._on_fill,
            TradingStateSet: self._on_state,
            Decision: self._on_decision,
        }

    def note(self, now_ns: int, payload: object) -> None:
        """Follow an input, a command or a decision, before the desk applies it."""
        handler = self._handlers.get(type(payload))
        if handler is not None:
            handler(now_ns, payload)

    def level_when_placed(self, ref: WagerRef) -> int | None:
        """Return what others offered where a wager is shown when it was placed, None if unknown."""
        return self._ahead.get(ref)

    def decisions(self, key: MarketKey) -> Iterable[DatedDecision]:
        """Return the last decisions on a market, the oldest first."""
        return self._decisions.get(key, ())

    def fills(self, event_id: EventId) -> Iterable[FillView]:
        """Return the last fills of an event, the oldest first."""
        return self._fills.get(event_id, ())

    def silence(self, key: MarketKey) -> Silence | None:
        """Return since when a market is not quoted, None while it is, and before a decision."""
        return self._silences.of(key)

    def _on_place(self, _: int, command: PlaceWager) -> None:
        states = self._desk.market_states
        shown = states.offers[states.catalogue.opposite(command.line_id).line_id]
        self._ahead[command.ref] = shown.others_cents(opposite(command.odds))
        if len(self._ahead) > _MOST_PLACED + 2 * self._desk.wagers.live_count:
            live = {wager.ref for wager in self._desk.wagers.live()}
            self._ahead = {ref: cents for ref, cents in self._ahead.items() if ref in live}

    def _on_fill(self, now_ns: int, fill: WagerMatched) -> None:
        wager = self._desk.wagers.find(fill.ref)
        if wager is None or fill.total_cents in wager.fill_totals:
            return
        pair, states = wager.pair, self._desk.market_states
        event = states.catalogue.events[pair.first.event_id]
        line = pair.second if wager.side else pair.first
        fair = self._desk.exposure.fair_of(pair.pair_id)
        of_line = fair if fair is None or wager.side == 0 else 1 - fair
        view = FillView(
            now_ns, fill.ref, pair.market_key.market_id, pair.pair_id, wager.side,
            line.label(pair.market, event), fill.odds, fill.stake_cents, of_line,
        )  # fmt: skip
        self._fills.setdefault(event.event_id, deque(maxlen=_LAST_FILLS)).append(view)

    def _on_state(self, now_ns: int, event: TradingStateSet) -> None:
        self.state_changes.append(StateChange(now_ns, event.state.value, event.reason))

    def _on_decision(self, now_ns: int, decision: Decision) -> None:
        self._silences.apply(now_ns, decision.market_key, decision.silence)
        known = self._decisions.get(decision.market_key)
        if known is None:
            known = self._decisions[decision.market_key] = deque(maxlen=_LAST_DECISIONS)
        known.append(DatedDecision(now_ns, decision))
