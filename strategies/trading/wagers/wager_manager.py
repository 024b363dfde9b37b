"""The wager manager: turns target quotes into the fewest commands, and follows every wager.

A wager that already covers a quote is left alone, so that it keeps its place in the queue. Wagers
in flight count as resting. A wager that would cross one of our own is not sent before that one is
confirmed gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

from strategies.trading.accounting.exposure import Exposure
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    CancelRefused,
    ProfitCorrected,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId, WagerRef, WagerRefFactory
from strategies.trading.model.odds import Ladder, crosses
from strategies.trading.model.settings import Unit, Whole
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.wagers.wager import EndReason, Wager, WagerState

PrivateUpdate = (
    WagerAccepted
    | WagerRejected
    | WagerOpened
    | WagerInvalid
    | WagerMatched
    | ProfitCorrected
    | WagerCancelled
    | CancelRefused
    | WagerWiped
)

# After this time without a response, a cancel or its response counts as lost, and the cancel is
# sent again. The exchange publishes no timeout; it responds within a second, or within the in-play
# delay.
CANCEL_PATIENCE_NS = 5 * NS_PER_SECOND

# How long updates of an ended wager are still booked; after that the account must be reconciled.
_KEEP_ENDED_NS = 3600 * NS_PER_SECOND


class WagerSettings(Struct, frozen=True):
    """How closely wagers must follow quotes."""

    odds_tolerance_rungs: Annotated[
        Whole,
        Meta(description="How many steps of the ladder a wager may be away from its quote."),
        Unit("ladder steps"),
    ]
    stake_tolerance_percent: Annotated[
        Whole,
        Meta(
            description="How far the resting stake may be from the quoted one before it is changed."
        ),
        Unit("percent"),
    ]


@dataclass(slots=True)
class Changes:
    """Commands to send; `complete` unless others must wait for a response of the exchange."""

    cancels: list[WagerRef] = field(default_factory=list)
    places: list[PlaceWager] = field(default_factory=list)
    complete: bool = True


class WagerManager:
    """The wagers of the session that may still be matched, or of which updates may still come."""

    def __init__(
        self,
        settings: WagerSettings,
        ref_factory: WagerRefFactory,
        market_states: MarketStates,
        exposure: Exposure,
        ladder: Ladder,
        min_stake_cents: int,
    ) -> None:
        """Start with no wagers."""
        self._settings = settings
        self._ref_factory = ref_factory
        self._market_states = market_states
        self._exposure = exposure
        self._ladder = ladder
        self._min_stake_cents = min_stake_cents
        self._live: dict[WagerRef, Wager] = {}
        self._live_by_line: dict[LineId, dict[WagerRef, Wager]] = {}
        self._lacking: dict[WagerRef, Wager] = {}
        self._ended: dict[WagerRef, tuple[Wager, int]] = {}
        self._take_targets: dict[LineId, Quote] = {}
        self._taken: dict[LineId, Quote] = {}

    @property
    def live_count(self) -> int:
        """Return how many wagers are pending, open, or being cancelled."""
        return len(self._live)

    @property
    def at_rest(self) -> bool:
        """Return whether nothing is in flight or known to be unreported.

        That is so if every live wager is open, with no cancel under way, and every fill that any
        update implies was received.
        """
        return not self._lacking and all(
            wager.state is WagerState.OPEN and not wager.lacks_fill for wager in self.live()
        )

    def unfinished(self) -> list[Wager]:
        """Return the wagers of which a fill or the end may still come, in the order of placing."""
        return sorted([*self._live.values(), *self._lacking.values()], key=_placed_ns)

    def live(self) -> Iterable[Wager]:
        """Return the wagers that may still be matched, in the order of placing."""
        return self._live.values()

    def live_on(self, line_id: LineId) -> Iterable[Wager]:
        """Return the live wagers on a line, in the order of placing."""
        return self._live_by_line.get(line_id, {}).values()

    def find(self, ref: WagerRef) -> Wager | None:
        """Return a wager that is live, lacks a fill, or ended within the last hour."""
        wager = self._live.get(ref) or self._lacking.get(ref)
        if wager is None and ref in self._ended:
            return self._ended[ref][0]
        return wager

    def register(self, command: PlaceWager, now_ns: int) -> None:
        """Add a wager; to be called before it is sent, so that it counts from then on."""
        pair = self._market_states.catalogue.pair_of(command.line_id)
        wager = Wager(command, pair, now_ns)
        self._live[wager.ref] = wager
        if wager.intent is Intent.TAKE and wager.line_id in self._take_targets:
            self._taken[wager.line_id] = self._take_targets[wager.line_id]
        self._live_by_line.setdefault(wager.line_id, {})[wager.ref] = wager
        self._exposure.change_open(pair, wager.side, wager.stake_cents)
        self._show(wager, now_ns)

    def begin_cancel(self, ref: WagerRef, now_ns: int) -> None:
        """Mark a wager as being cancelled; to be called before the cancel is sent."""
        wager = self._live[ref]
        wager.step(WagerState.CANCELLING)
        wager.asked_ns = now_ns
        self._show(wager, now_ns)

    def begin_cancel_all(self, now_ns: int) -> None:
        """Mark every open wager as being cancelled; to be called before the cancel is sent."""
        for ref, wager in self._live.items():
            if wager.state in (WagerState.OPEN, WagerState.CANCELLING):
                self.begin_cancel(ref, now_ns)

    def unanswered(self, now_ns: int) -> list[WagerRef]:
        """Return the wagers whose cancel has been unanswered for `CANCEL_PATIENCE_NS`."""
        return [
            wager.ref
            for wager in self.live()
            if wager.state is WagerState.CANCELLING
            and now_ns - wager.asked_ns >= CANCEL_PATIENCE_NS
        ]

    def apply(self, event: PrivateUpdate, at_ns: int) -> Wager | None:
        """Apply a response or a private update; return its wager, None if nothing changed.

        Updates may come late, more than once and out of order. Raise InvariantError for a wager
        that is not ours.
        """
        wager = self.find(event.ref)
        if wager is None:
            message = f"update of wager {event.ref}, which this session did not place"
            raise InvariantError(message)
        if wager.answered_ns is None and isinstance(event, WagerAccepted | WagerRejected):
            wager.answered_ns = at_ns
        if not _is_new(event, wager):
            return None
        match event:
            case WagerAccepted():
                wager.step(WagerState.ACCEPTED)
            case WagerOpened():
                wager.step(WagerState.OPEN)
            case WagerMatched():
                self._match(wager, event, at_ns)
            case ProfitCorrected():
                self._exposure.match(wager.pair, wager.side, 0, event.change_cents, 0)
            case CancelRefused():
                wager.step(WagerState.OPEN)
                wager.retry_at_ns = event.retry_at_ns or at_ns + CANCEL_PATIENCE_NS
            case _:
                self._end_by(wager, event, at_ns)
        self._show(wager, at_ns)
        return wager

    def converge(
        self,
        line_ids: Sequence[LineId],
        targets: tuple[Quote, ...],
        allowed: tuple[Quote, ...],
        now_ns: int,
    ) -> Changes:
        """Return the commands after which the wagers on these lines are the quotes in `allowed`.

        `targets` are the strategy's quotes before risk trimmed them: a TAKE quote is sent once for
        each new target, whatever part of it is allowed.
        """
        self._note_takes(line_ids, targets)
        changes = Changes()
        wanted: dict[LineId, list[Quote]] = {line_id: [] for line_id in line_ids}
        for quote in allowed:
            wanted[quote.line_id].append(quote)
        for line_id, quotes in wanted.items():
            for quote, stake_cents in self._keep_or_cancel(line_id, quotes, now_ns, changes):
                self._place(quote, stake_cents, changes)
        return changes

    def _note_takes(self, line_ids: Sequence[LineId], targets: tuple[Quote, ...]) -> None:
        """Keep the TAKE targets, and forget what was taken for targets withdrawn."""
        takes = {quote.line_id: quote for quote in targets if quote.intent is Intent.TAKE}
        for line_id in line_ids:
            if line_id not in takes:
                self._take_targets.pop(line_id, None)
                self._taken.pop(line_id, None)
        self._take_targets.update(takes)

    def _keep_or_cancel(
        self, line_id: LineId, quotes: list[Quote], now_ns: int, changes: Changes
    ) -> list[tuple[Quote, int]]:
        """Assign wagers to quotes and cancel the others; return the stake missing by quote."""
        missing = [(quote, quote.stake_cents) for quote in quotes if quote.intent != Intent.TAKE]
        quoted = {quote.odds for quote, _ in missing}
        # A wager at the odds of a quote is assigned to it before one at odds nearby.
        for wager in sorted(self.live_on(line_id), key=lambda wager: wager.odds not in quoted):
            if wager.intent is Intent.TAKE or wager.state is WagerState.CANCELLING:
                continue
            place = self._quote_covered_by(wager, missing)
            if place is not None:
                quote, stake_cents = missing[place]
                missing[place] = (quote, stake_cents - wager.unmatched_cents)
            elif wager.state is WagerState.OPEN and now_ns >= wager.retry_at_ns:
                changes.cancels.append(wager.ref)
            else:
                changes.complete = False
        return missing + self._untaken(line_id, quotes)

    def _quote_covered_by(self, wager: Wager, missing: list[tuple[Quote, int]]) -> int | None:
        """Return the index of the nearest quote that lacks the stake of a wager, if any."""
        nearest = sorted(
            (self._ladder.rungs_between(quote.odds, wager.odds), place)
            for place, (quote, stake_cents) in enumerate(missing)
            if wager.unmatched_cents - stake_cents <= self._slack(quote)
        )
        if nearest and nearest[0][0] <= self._settings.odds_tolerance_rungs:
            return nearest[0][1]
        return None

    def _untaken(self, line_id: LineId, quotes: list[Quote]) -> list[tuple[Quote, int]]:
        """Return the TAKE quote, unless a wager was already sent for the same target."""
        if self._taken.get(line_id) == self._take_targets.get(line_id):
            return []
        takes = (quote for quote in quotes if quote.intent is Intent.TAKE)
        return [(take, take.stake_cents) for take in takes]

    def _place(self, quote: Quote, stake_cents: int, changes: Changes) -> None:
        """Add a command for the missing stake, unless it is too small or would cross our own."""
        if stake_cents <= self._slack(quote) or stake_cents < self._min_stake_cents:
            return
        if self._would_cross_own(quote, changes):
            changes.complete = False
            return
        changes.places.append(
            PlaceWager(
                self._ref_factory.next_ref(), quote.line_id, quote.odds, stake_cents, quote.intent
            )
        )

    def _would_cross_own(self, quote: Quote, changes: Changes) -> bool:
        against = self._market_states.catalogue.opposite(quote.line_id).line_id
        if any(crosses(quote.odds, wager.odds) for wager in self.live_on(against)):
            return True
        return any(
            place.line_id == against and crosses(quote.odds, place.odds) for place in changes.places
        )

    def _slack(self, quote: Quote) -> int:
        return quote.stake_cents * self._settings.stake_tolerance_percent // 100

    def _match(self, wager: Wager, event: WagerMatched, at_ns: int) -> None:
        was_open_cents = wager.match(event.odds, event.stake_cents, event.total_cents)
        self._exposure.match(
            wager.pair, wager.side, event.stake_cents, event.profit_cents, was_open_cents
        )
        if wager.ref in self._lacking and not wager.lacks_fill:
            del self._lacking[wager.ref]
            self._keep_ended(wager, at_ns)
        elif wager.matched_cents == wager.stake_cents and wager.ref in self._live:
            self._end(wager, EndReason.MATCHED, wager.stake_cents, at_ns)

    def _end_by(
        self,
        wager: Wager,
        event: WagerRejected | WagerInvalid | WagerCancelled | WagerWiped,
        at_ns: int,
    ) -> None:
        match event:
            case WagerRejected():
                self._end(wager, EndReason.REJECTED, wager.matched_cents, at_ns)
            case WagerInvalid():
                self._end(wager, EndReason.INVALID, wager.matched_cents, at_ns)
            case WagerCancelled() | WagerWiped():
                cancelled = isinstance(event, WagerCancelled)
                reason = EndReason.CANCELLED if cancelled else EndReason.WIPED
                self._end(wager, reason, wager.stake_cents - event.unmatched_cents, at_ns)

    def _end(self, wager: Wager, reason: EndReason, most_cents: int, at_ns: int) -> None:
        """End a wager; its fills that were not received yet still count as open."""
        change_cents = wager.end(reason, most_cents, at_ns)
        if change_cents:
            self._exposure.change_open(wager.pair, wager.side, change_cents)
        del self._live[wager.ref]
        del self._live_by_line[wager.line_id][wager.ref]
        if wager.lacks_fill:
            self._lacking[wager.ref] = wager
        else:
            self._keep_ended(wager, at_ns)

    def _keep_ended(self, wager: Wager, at_ns: int) -> None:
        self._ended[wager.ref] = (wager, at_ns)
        self._forget_ended_before(at_ns - _KEEP_ENDED_NS)

    def _forget_ended_before(self, when_ns: int) -> None:
        """Drop wagers of which no update is expected any more, so that memory stays bounded."""
        while self._ended:
            ref, (_, ended_ns) = next(iter(self._ended.items()))
            if ended_ns >= when_ns:
                return
            del self._ended[ref]

    def _show(self, wager: Wager, at_ns: int) -> None:
        """Update how much of the opposite offers is expected to be this wager."""
        change_cents = wager.update_shown()
        if not change_cents:
            return
        offers = self._market_states.offers_on(wager.shown_line_id)
        odds = wager.shown_odds
        if wager.reason in (EndReason.REJECTED, EndReason.INVALID):
            offers.disown(odds, -change_cents)
        elif change_cents > 0 or wager.state is WagerState.CANCELLING:
            offers.expect_own(odds, change_cents)
        else:
            offers.lose_own(odds, -change_cents, at_ns)


def _placed_ns(wager: Wager) -> int:
    return wager.placed_ns


def _is_new(event: PrivateUpdate, wager: Wager) -> bool:
    """Return whether an update is neither a repeat nor overtaken by a later one."""
    match event:
        case WagerMatched():
            return event.total_cents not in wager.fill_totals
        case ProfitCorrected():
            return True
        case WagerAccepted():
            return wager.state is WagerState.PENDING
        case WagerOpened():
            return wager.state in (WagerState.PENDING, WagerState.ACCEPTED)
        case CancelRefused():
            # A time to retry that passed before the last cancel belongs to an earlier cancel.
            overtaken = event.retry_at_ns is not None and event.retry_at_ns <= wager.asked_ns
            return wager.state is WagerState.CANCELLING and not overtaken
        case _:
            return not wager.ended
