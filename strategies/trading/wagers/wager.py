"""Our wagers, and the updates that change them."""

from collections.abc import Iterable, Mapping
from operator import attrgetter

from strategies.trading.model.book import Offers
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    CancelRefused,
    ProfitCorrected,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
    WagerWiped,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Pair
from strategies.trading.model.money import dollars_text, fill_profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.position import Exposure
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.broken_trades import BrokenTrades
from strategies.trading.wagers.private_updates import (
    END_REASONS,
    RESPONSES_TO_PLACING,
    PrivateUpdate,
    WagerEnd,
)
from strategies.trading.wagers.wager_state import (
    CANCEL_AFTER_OPEN_NS,
    CANCEL_PATIENCE_NS,
    STEPS,
    EndReason,
    WagerState,
)

# How long updates of an ended wager are still booked; after that the account must be reconciled.
_KEEP_ENDED_NS = 3600 * NS_PER_SECOND


class Wager:
    """Our view of one wager; amounts are cents, times nanoseconds since the epoch.

    `side` is 0 if the line is the first of its pair, else 1. Matched and unmatched stake are
    amounts, not states. `most_cents` is the most that can be matched: the stake, or what the
    exchange reported at the end. `broken` is the stake of broken trades, which is in none of the
    other amounts. `fill_totals` holds `WagerMatched.total_cents` of the fills booked;
    `complete` is whether the wager has ended and every fill of it was booked. To takers the wager
    is an offer on `shown_line_id` at `shown_odds`, of which `shown_cents` are expected in the book.
    `answered_ns` is when the first response to the placement arrived, `ended_ns` when the wager
    ended; None before. `asked_ns` is when a cancel was last sent, `retry_at_ns` from when the
    exchange takes one: some time after the opening, and after a cancel that it refused.
    """

    __slots__ = (
        "answered_ns",
        "asked_ns",
        "broken",
        "complete",
        "ended_ns",
        "fill_totals",
        "intent",
        "line_id",
        "matched_cents",
        "most_cents",
        "odds",
        "pair",
        "placed_ns",
        "reason",
        "ref",
        "rested_cents",
        "retry_at_ns",
        "shown_cents",
        "shown_line_id",
        "shown_odds",
        "side",
        "stake_cents",
        "state",
    )

    def __init__(self, command: PlaceWager, pair: Pair, placed_ns: int) -> None:
        """Start pending, sent at `placed_ns`."""
        self.ref: WagerRef = command.ref
        self.pair = pair
        self.line_id: LineId = command.line_id
        self.side = 0 if pair.first.line_id == command.line_id else 1
        self.odds: Odds = command.odds
        self.stake_cents = command.stake_cents
        self.intent: Intent = command.intent
        self.placed_ns = placed_ns
        self.state = WagerState.PENDING
        self.reason: EndReason | None = None
        self.matched_cents = 0
        self.most_cents = self.stake_cents
        self.broken = BrokenTrades()
        self.complete = False
        self.fill_totals: set[int] = set()
        self.rested_cents = 0
        self.shown_line_id: LineId = (pair.first if self.side else pair.second).line_id
        self.shown_odds = opposite(command.odds)
        self.shown_cents = 0
        self.answered_ns: int | None = None
        self.ended_ns: int | None = None
        self.asked_ns = 0
        self.retry_at_ns = 0

    @property
    def ended(self) -> bool:
        """Return whether the exchange matches no more of the wager."""
        return self.state is WagerState.ENDED

    @property
    def unmatched_cents(self) -> int:
        """Return the stake that may still be matched."""
        return 0 if self.ended else self.stake_cents - self.matched_cents

    @property
    def open_cents(self) -> int:
        """Return the stake to count as open: not yet matched, or its fill not yet received."""
        return max(0, self.most_cents - self.matched_cents)

    @property
    def lacks_fill(self) -> bool:
        """Return whether the exchange is known to have matched more than the fills received."""
        return self.matched_cents < max(self._named_cents, self.most_cents if self.ended else 0)

    @property
    def _named_cents(self) -> int:  # by the fills received, less what was broken since
        return max(self.fill_totals, default=0) - self.broken.stake_cents

    def offered_cents(self) -> int:
        """Return what the book should show of this wager to takers on the opposite line."""
        if self.state in (WagerState.CANCELLING, WagerState.ENDED):
            return 0
        return fill_profit_cents(self.rested_cents, self.unmatched_cents, self.odds)

    def update_shown(self) -> int:
        """Set `shown_cents` to what the book should show now, and return the change."""
        change_cents = self.offered_cents() - self.shown_cents
        self.shown_cents += change_cents
        return change_cents

    def step(self, state: WagerState) -> None:
        """Change the state; raise InvariantError for a step that a wager cannot take."""
        if state not in STEPS[self.state]:
            message = f"wager {self.ref} cannot go from {self.state} to {state}"
            raise InvariantError(message)
        self.state = state

    def book_fill(self, odds: Odds, stake_cents: int, total_cents: int = 0) -> int:
        """Book a fill, late or not, and return how much of it had counted as open.

        `total_cents` identifies the fill, 0 if unknown. Raise InvariantError beyond the stake.
        """
        was_open_cents = min(stake_cents, self.open_cents)
        self.matched_cents += stake_cents
        if total_cents:
            self.fill_totals.add(total_cents)
        if odds == self.odds:
            self.rested_cents += stake_cents
        if self.matched_cents > self.stake_cents:
            matched, stake = dollars_text(self.matched_cents), dollars_text(self.stake_cents)
            message = f"wager {self.ref}: {matched} is matched of a stake of {stake}"
            raise InvariantError(message)
        self.complete = self.ended and not self.lacks_fill
        return was_open_cents

    def break_trade(self, stake_cents: int) -> None:
        """Remove a broken part of what was matched; it does not rest again."""
        self.matched_cents -= stake_cents
        self.stake_cents -= stake_cents
        self.most_cents -= stake_cents

    def end(self, reason: EndReason, most_cents: int, at_ns: int) -> int:
        """End with `most_cents` matched, and return the change of what counts as open.

        Fills up to `most_cents` that were not received yet still count as open.
        """
        was_open_cents = self.open_cents
        self.step(WagerState.ENDED)
        self.reason = reason
        self.ended_ns = at_ns
        self.most_cents = max(most_cents, self._named_cents)
        self.complete = not self.lacks_fill
        return self.open_cents - was_open_cents


class Wagers:
    """The wagers of the session that may still be matched, or of which updates may still come.

    `offers` are the desk's books by line, in which open wagers of ours are expected to be shown.
    """

    def __init__(
        self, catalogue: Catalogue, exposure: Exposure, offers: Mapping[LineId, Offers]
    ) -> None:
        """Start with no wagers."""
        self._catalogue = catalogue
        self._exposure = exposure
        self._offers = offers
        self._live: dict[WagerRef, Wager] = {}
        self._live_by_line: dict[LineId, dict[WagerRef, Wager]] = {}
        self._lacking: dict[WagerRef, Wager] = {}
        self._ended: dict[WagerRef, tuple[Wager, int]] = {}

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
        return sorted([*self._live.values(), *self._lacking.values()], key=attrgetter("placed_ns"))

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
        pair = self._catalogue.pair_of(command.line_id)
        wager = Wager(command, pair, now_ns)
        self._live[wager.ref] = wager
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

    def cancelling(self) -> list[Wager]:
        """Return the wagers whose cancel was sent and has no response."""
        return [wager for wager in self.live() if wager.state is WagerState.CANCELLING]

    def apply(self, event: PrivateUpdate, at_ns: int) -> Wager | None:
        """Apply a response or a private update; return its wager, None if nothing changed.

        Updates may come late, more than once and out of order. Raise InvariantError for a wager
        that is not ours.
        """
        wager = self.find(event.ref)
        if wager is None:
            message = f"update of wager {event.ref}, which this session did not place"
            raise InvariantError(message)
        if wager.answered_ns is None and type(event) in RESPONSES_TO_PLACING:
            wager.answered_ns = at_ns
        if not _is_new(event, wager):
            return None
        match event:
            # Accepted or opened, the book shows no more of it than since it was sent.
            case WagerAccepted():
                wager.step(WagerState.ACCEPTED)
            case WagerOpened():
                wager.step(WagerState.OPEN)
                wager.retry_at_ns = at_ns + CANCEL_AFTER_OPEN_NS
            case _:
                self._apply_change(wager, event, at_ns)
                self._show(wager, at_ns)
        return wager

    def _apply_change(
        self,
        wager: Wager,
        event: WagerMatched | ProfitCorrected | TradeBroken | CancelRefused | WagerEnd,
        at_ns: int,
    ) -> None:
        """Apply an update that changes what may be matched of a wager, or was."""
        match event:
            case WagerMatched():
                self._book_fill(wager, event, at_ns)
            case ProfitCorrected():
                self._exposure.book_fill(wager.pair, wager.side, 0, event.change_cents, 0)
            case TradeBroken():
                wager.broken.receive(event, wager.matched_cents, wager.most_cents)
                self._break_trades(wager)
            case CancelRefused():
                wager.step(WagerState.OPEN)
                wager.retry_at_ns = event.retry_at_ns or at_ns + CANCEL_PATIENCE_NS
            case _:
                self._end_by(wager, event, at_ns)

    def _book_fill(self, wager: Wager, event: WagerMatched, at_ns: int) -> None:
        was_open_cents = wager.book_fill(event.odds, event.stake_cents, event.total_cents)
        self._exposure.book_fill(
            wager.pair, wager.side, event.stake_cents, event.profit_cents, was_open_cents
        )
        if wager.ref in self._lacking and wager.complete:
            del self._lacking[wager.ref]
            self._keep_ended(wager, at_ns)
        elif wager.matched_cents == wager.stake_cents and wager.ref in self._live:
            self._end(wager, EndReason.MATCHED, wager.stake_cents, at_ns)
        if wager.broken.early:
            self._break_trades(wager)

    def _break_trades(self, wager: Wager) -> None:
        for event in wager.broken.take_due(wager.matched_cents):
            wager.break_trade(event.stake_cents)
            stake_cents, profit_cents = -event.stake_cents, -event.profit_cents
            self._exposure.book_fill(wager.pair, wager.side, stake_cents, profit_cents, 0)

    def _end_by(self, wager: Wager, event: WagerEnd, at_ns: int) -> None:
        most_cents = wager.matched_cents
        if isinstance(event, WagerCancelled | WagerWiped):
            most_cents = wager.stake_cents - event.unmatched_cents
        self._end(wager, END_REASONS[type(event)], most_cents, at_ns)

    def _end(self, wager: Wager, reason: EndReason, most_cents: int, at_ns: int) -> None:
        """End a wager; its fills that were not received yet still count as open."""
        change_cents = wager.end(reason, most_cents, at_ns)
        if change_cents:
            self._exposure.change_open(wager.pair, wager.side, change_cents)
        del self._live[wager.ref]
        del self._live_by_line[wager.line_id][wager.ref]
        if wager.complete:
            self._keep_ended(wager, at_ns)
        else:
            self._lacking[wager.ref] = wager

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
        offers, odds = self._offers[wager.shown_line_id], wager.shown_odds
        if wager.reason in (EndReason.REJECTED, EndReason.INVALID):
            offers.disown(odds, -change_cents)
        elif change_cents > 0 or wager.state is WagerState.CANCELLING:
            offers.expect_own(odds, change_cents)
        else:
            offers.lose_own(odds, -change_cents, at_ns)


def _is_new(event: PrivateUpdate, wager: Wager) -> bool:
    """Return whether an update is neither a repeat nor overtaken by a later one."""
    kind = type(event)
    if kind is WagerAccepted:
        return wager.state is WagerState.PENDING
    if kind is WagerOpened:
        return wager.state is WagerState.ACCEPTED or wager.state is WagerState.PENDING
    if kind in END_REASONS:
        return not wager.ended
    match event:
        case WagerMatched():
            return event.total_cents not in wager.fill_totals
        case TradeBroken():
            return wager.broken.is_new(event)
        case CancelRefused():
            # A time to retry that passed before the last cancel belongs to an earlier cancel.
            overtaken = event.retry_at_ns is not None and event.retry_at_ns <= wager.asked_ns
            return wager.state is WagerState.CANCELLING and not overtaken
        case _:
            return True
