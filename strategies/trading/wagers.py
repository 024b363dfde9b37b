"""The wager manager: declared quotes become the fewest commands, once, for every strategy.

A wager that already stands for a quote is left alone, so that it keeps its place in the queue.
What is in flight counts as if it were there. Nothing is sent that would cross one of our own
wagers before that one is confirmed gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from strategies.trading.board import Board
from strategies.trading.clock import NANOSECONDS
from strategies.trading.commands import Intent, PlaceWager
from strategies.trading.errors import ConfigError
from strategies.trading.events import (
    CancelRefused,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.exposure import Exposure
from strategies.trading.ids import LineId, RefMint, WagerRef
from strategies.trading.odds import Ladder, crosses, opposite
from strategies.trading.strategy import Quote
from strategies.trading.wager import EndReason, Wager, WagerState

PrivateUpdate = (
    WagerAccepted
    | WagerRejected
    | WagerOpened
    | WagerInvalid
    | WagerMatched
    | WagerCancelled
    | CancelRefused
    | WagerWiped
)

# Late news of an ended wager is booked for so long; after that the exchange has to be asked.
_KEEP_ENDED_NS = 3600 * NANOSECONDS

_ORDER = {state: place for place, state in enumerate(WagerState)}


@dataclass(frozen=True, slots=True)
class WagerSettings:
    """How closely wagers must follow quotes.

    A wager within `odds_tolerance_rungs` of its quote stands for it. `stake_tolerance_percent` is
    how far the stake resting may be from the stake wished for before anything is sent.
    """

    odds_tolerance_rungs: int
    stake_tolerance_percent: int

    def __post_init__(self) -> None:
        """Refuse what is no whole number, or negative."""
        for name in ("odds_tolerance_rungs", "stake_tolerance_percent"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                message = f"wagers.{name}: {value!r} is not a whole number, zero or more"
                raise ConfigError(message)


@dataclass(slots=True)
class Changes:
    """What has to be asked of the exchange; `complete` unless something must wait for an answer."""

    cancels: list[WagerRef] = field(default_factory=list)
    places: list[PlaceWager] = field(default_factory=list)
    complete: bool = True


class WagerManager:
    """Knows every wager of the session that may still be matched or settled."""

    def __init__(
        self,
        settings: WagerSettings,
        mint: RefMint,
        board: Board,
        exposure: Exposure,
        ladder: Ladder,
        min_stake_cents: int,
    ) -> None:
        """Start with no wagers."""
        self._settings = settings
        self._mint = mint
        self._board = board
        self._exposure = exposure
        self._ladder = ladder
        self._min_stake_cents = min_stake_cents
        self._live: dict[WagerRef, Wager] = {}
        self._live_by_line: dict[LineId, dict[WagerRef, Wager]] = {}
        self._ended: dict[WagerRef, tuple[Wager, int]] = {}
        self._take_wishes: dict[LineId, Quote] = {}
        self._taken: dict[LineId, Quote] = {}

    @property
    def live_count(self) -> int:
        """Return how many wagers are pending, open, or being cancelled."""
        return len(self._live)

    def live(self) -> Iterable[Wager]:
        """Return the wagers that may still be matched, in the order of placing."""
        return self._live.values()

    def live_on(self, line_id: LineId) -> Iterable[Wager]:
        """Return the live wagers on a line, in the order of placing."""
        return self._live_by_line.get(line_id, {}).values()

    def find(self, ref: WagerRef) -> Wager | None:
        """Return a wager that is live, or that ended within the last hour."""
        if ref in self._live:
            return self._live[ref]
        return self._ended[ref][0] if ref in self._ended else None

    def register(self, command: PlaceWager, now_ns: int) -> None:
        """Count a wager from the moment before it is sent."""
        pair = self._board.catalogue.pair_of(command.line_id)
        wager = Wager(command, pair, now_ns)
        self._live[wager.ref] = wager
        if wager.intent is Intent.TAKE and wager.line_id in self._take_wishes:
            self._taken[wager.line_id] = self._take_wishes[wager.line_id]
        self._live_by_line.setdefault(wager.line_id, {})[wager.ref] = wager
        self._exposure.change_open(pair, wager.side, wager.stake_cents)
        self._show(wager, now_ns)

    def begin_cancel(self, ref: WagerRef, now_ns: int) -> None:
        """Note that a cancel is about to be sent."""
        wager = self._live[ref]
        wager.step(WagerState.CANCELLING)
        self._show(wager, now_ns)

    def begin_cancel_all(self, now_ns: int) -> None:
        """Note that a cancel of everything is about to be sent."""
        for ref, wager in self._live.items():
            if wager.state is WagerState.OPEN:
                self.begin_cancel(ref, now_ns)

    def take(self, event: PrivateUpdate, at_ns: int) -> Wager | None:
        """Take an answer or a private update; return its wager, None if it is not known."""
        wager = self.find(event.ref)
        if wager is None:
            return None
        match event:
            case WagerAccepted():
                self._advance(wager, WagerState.ACCEPTED)
            case WagerOpened():
                self._advance(wager, WagerState.OPEN)
            case WagerMatched():
                self._match(wager, event, at_ns)
            case CancelRefused():
                self._refuse_cancel(wager, event)
            case WagerRejected():
                self._end(wager, EndReason.REJECTED, at_ns)
            case WagerInvalid():
                self._end(wager, EndReason.INVALID, at_ns)
            case WagerCancelled():
                self._end(wager, EndReason.CANCELLED, at_ns)
            case WagerWiped():
                self._end(wager, EndReason.WIPED, at_ns)
        self._show(wager, at_ns)
        return wager

    def converge(
        self,
        line_ids: Sequence[LineId],
        wish: tuple[Quote, ...],
        allowed: tuple[Quote, ...],
        now_ns: int,
    ) -> Changes:
        """Return what to send so that what rests on these lines becomes what is allowed.

        `wish` is what the strategy asked for before risk trimmed it: it tells whether a quote to
        take with is the same as before, however much of it was allowed then and now.
        """
        self._note_takes(line_ids, wish)
        changes = Changes()
        wanted: dict[LineId, list[Quote]] = {line_id: [] for line_id in line_ids}
        for quote in allowed:
            wanted[quote.line_id].append(quote)
        for line_id, quotes in wanted.items():
            for quote, stake_cents in self._keep_or_cancel(line_id, quotes, now_ns, changes):
                self._place(quote, stake_cents, changes)
        return changes

    def _note_takes(self, line_ids: Sequence[LineId], wish: tuple[Quote, ...]) -> None:
        """Remember the wishes to take, and forget what was taken for wishes withdrawn."""
        takes = {quote.line_id: quote for quote in wish if quote.intent is Intent.TAKE}
        for line_id in line_ids:
            if line_id not in takes:
                self._take_wishes.pop(line_id, None)
                self._taken.pop(line_id, None)
        self._take_wishes.update(takes)

    def _keep_or_cancel(
        self, line_id: LineId, quotes: list[Quote], now_ns: int, changes: Changes
    ) -> list[tuple[Quote, int]]:
        """Let wagers stand for quotes, cancel the others; return what stake is missing."""
        missing = [(quote, quote.stake_cents) for quote in quotes if quote.intent != Intent.TAKE]
        quoted = {quote.odds for quote, _ in missing}
        # A wager exactly at a quote stands for it before one that is only near.
        for wager in sorted(self.live_on(line_id), key=lambda wager: wager.odds not in quoted):
            if wager.intent is Intent.TAKE or wager.state is WagerState.CANCELLING:
                continue
            place = self._standing_for(wager, missing)
            if place is not None:
                quote, stake_cents = missing[place]
                missing[place] = (quote, stake_cents - wager.unmatched_cents)
            elif wager.state is WagerState.OPEN and now_ns >= wager.retry_at_ns:
                changes.cancels.append(wager.ref)
            else:
                changes.complete = False
        return missing + self._untaken(line_id, quotes)

    def _standing_for(self, wager: Wager, missing: list[tuple[Quote, int]]) -> int | None:
        """Return which quote a wager stands for, the nearest that has room, if any."""
        nearest = sorted(
            (self._ladder.rungs_between(quote.odds, wager.odds), place)
            for place, (quote, stake_cents) in enumerate(missing)
            if wager.unmatched_cents - stake_cents <= self._slack(quote)
        )
        if nearest and nearest[0][0] <= self._settings.odds_tolerance_rungs:
            return nearest[0][1]
        return None

    def _untaken(self, line_id: LineId, quotes: list[Quote]) -> list[tuple[Quote, int]]:
        """Return the quote to take with, unless the same wish was taken with before."""
        if self._taken.get(line_id) == self._take_wishes.get(line_id):
            return []
        takes = (quote for quote in quotes if quote.intent is Intent.TAKE)
        return [(take, take.stake_cents) for take in takes]

    def _place(self, quote: Quote, stake_cents: int, changes: Changes) -> None:
        """Ask for the stake that is missing, unless it is too little, or would meet our own."""
        if stake_cents <= self._slack(quote) or stake_cents < self._min_stake_cents:
            return
        if self._would_cross_own(quote, changes):
            changes.complete = False
            return
        changes.places.append(
            PlaceWager(self._mint.next_ref(), quote.line_id, quote.odds, stake_cents, quote.intent)
        )

    def _would_cross_own(self, quote: Quote, changes: Changes) -> bool:
        against = self._board.catalogue.opposite(quote.line_id).line_id
        if any(crosses(quote.odds, wager.odds) for wager in self.live_on(against)):
            return True
        return any(
            place.line_id == against and crosses(quote.odds, place.odds) for place in changes.places
        )

    def _slack(self, quote: Quote) -> int:
        return quote.stake_cents * self._settings.stake_tolerance_percent // 100

    def _advance(self, wager: Wager, state: WagerState) -> None:
        """Step forwards; an answer that comes after later news changes nothing."""
        if _ORDER[state] > _ORDER[wager.state]:
            wager.step(state)

    def _match(self, wager: Wager, event: WagerMatched, at_ns: int) -> None:
        was_open_cents = min(event.stake_cents, wager.unmatched_cents)
        wager.match(event.odds, event.stake_cents)
        self._exposure.match(
            wager.pair, wager.side, event.stake_cents, event.profit_cents, was_open_cents
        )
        if not wager.ended and wager.matched_cents == wager.stake_cents:
            self._end(wager, EndReason.MATCHED, at_ns)

    def _refuse_cancel(self, wager: Wager, event: CancelRefused) -> None:
        if wager.state is WagerState.CANCELLING:
            wager.step(WagerState.OPEN)
            wager.retry_at_ns = event.retry_at_ns or 0

    def _end(self, wager: Wager, reason: EndReason, at_ns: int) -> None:
        if wager.ended:
            return
        unmatched_cents = wager.unmatched_cents
        wager.end(reason)
        self._exposure.change_open(wager.pair, wager.side, -unmatched_cents)
        del self._live[wager.ref]
        del self._live_by_line[wager.line_id][wager.ref]
        self._ended[wager.ref] = (wager, at_ns)
        self._forget_ended_before(at_ns - _KEEP_ENDED_NS)

    def _forget_ended_before(self, when_ns: int) -> None:
        """Drop wagers about which nothing can be heard any more, so that memory stays bounded."""
        while self._ended:
            ref, (_, ended_ns) = next(iter(self._ended.items()))
            if ended_ns >= when_ns:
                return
            del self._ended[ref]

    def _show(self, wager: Wager, at_ns: int) -> None:
        """Tell the board what of the offers opposite is due to be this wager."""
        change_cents = wager.offered_cents() - wager.shown_cents
        if not change_cents:
            return
        wager.shown_cents += change_cents
        offers = self._board.offers_on(self._board.catalogue.opposite(wager.line_id).line_id)
        odds = opposite(wager.odds)
        if wager.reason in (EndReason.REJECTED, EndReason.INVALID):
            offers.disown(odds, -change_cents)
        elif change_cents > 0 or wager.state is WagerState.CANCELLING:
            offers.expect_own(odds, change_cents)
        else:
            offers.lose_own(odds, -change_cents, at_ns)
