"""The wager manager: turns target quotes into the fewest commands.

A wager that already covers a quote is left alone, so that it keeps its place in the queue. Wagers
in flight count as resting. A wager that would cross one of our own is not sent before that one is
confirmed gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import LineId, WagerRef, WagerRefFactory
from strategies.trading.model.odds import Ladder, crosses
from strategies.trading.ports.strategy import Quote
from strategies.trading.wagers.wager import Wager, Wagers
from strategies.trading.wagers.wager_settings import WagerSettings
from strategies.trading.wagers.wager_state import WagerState


@dataclass(slots=True)
class Changes:
    """Commands to send; `complete` unless others must wait for a response of the exchange.

    `retry_at_ns` is from when it takes a cancel that is missing, None if none is.
    """

    cancels: list[WagerRef] = field(default_factory=list)
    places: list[PlaceWager] = field(default_factory=list)
    complete: bool = True
    retry_at_ns: int | None = None


class WagerManager:
    """Finds what to send so that the live wagers become what is quoted.

    `settings` and `min_stake_cents` may be replaced while it is used.
    """

    def __init__(
        self,
        settings: WagerSettings,
        ref_factory: WagerRefFactory,
        catalogue: Catalogue,
        wagers: Wagers,
        ladder: Ladder,
        min_stake_cents: int,
    ) -> None:
        """Start without targets."""
        self.settings = settings
        self._ref_factory = ref_factory
        self._catalogue = catalogue
        self._wagers = wagers
        self._ladder = ladder
        self.min_stake_cents = min_stake_cents
        self._take_targets: dict[LineId, Quote] = {}
        self._taken: dict[LineId, Quote] = {}

    def register(self, command: PlaceWager, now_ns: int) -> None:
        """Add a wager that `converge` asked for; to be called before it is sent."""
        self._wagers.register(command, now_ns)
        if command.intent is Intent.TAKE and command.line_id in self._take_targets:
            self._taken[command.line_id] = self._take_targets[command.line_id]

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
        for line_id in line_ids:
            quotes = [quote for quote in allowed if quote.line_id == line_id]
            for quote, stake_cents in self._keep_or_cancel(line_id, quotes, now_ns, changes):
                self._place(quote, stake_cents, changes)
        return changes

    def _note_takes(self, line_ids: Sequence[LineId], targets: tuple[Quote, ...]) -> None:
        """Keep the TAKE targets, and forget what was taken for targets withdrawn."""
        takes = {quote.line_id: quote for quote in targets if quote.intent is Intent.TAKE}
        if not takes and not self._take_targets:
            return
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
        live = list(self._wagers.live_on(line_id))
        if len(live) > 1:
            # A wager at the odds of a quote is assigned to it before one at odds nearby.
            quoted = {quote.odds for quote, _ in missing}
            live.sort(key=lambda wager: wager.odds not in quoted)
        for wager in live:
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
                if wager.state is WagerState.OPEN:
                    changes.retry_at_ns = min(
                        wager.retry_at_ns, changes.retry_at_ns or wager.retry_at_ns
                    )
        return missing + self._untaken(line_id, quotes)

    def _quote_covered_by(self, wager: Wager, missing: list[tuple[Quote, int]]) -> int | None:
        """Return the index of the nearest quote that lacks the stake of a wager, if any."""
        nearest = None
        nearest_rungs = self.settings.odds_tolerance_rungs + 1
        for place, (quote, stake_cents) in enumerate(missing):
            if wager.unmatched_cents - stake_cents <= self._slack(quote):
                rungs = self._ladder.rungs_between(quote.odds, wager.odds)
                if rungs < nearest_rungs:
                    nearest, nearest_rungs = place, rungs
        return nearest

    def _untaken(self, line_id: LineId, quotes: list[Quote]) -> list[tuple[Quote, int]]:
        """Return the TAKE quote, unless a wager was already sent for the same target."""
        if self._taken.get(line_id) == self._take_targets.get(line_id):
            return []
        takes = (quote for quote in quotes if quote.intent is Intent.TAKE)
        return [(take, take.stake_cents) for take in takes]

    def _place(self, quote: Quote, stake_cents: int, changes: Changes) -> None:
        """Add a command for the missing stake, unless it is too small or would cross our own."""
        if stake_cents <= self._slack(quote) or stake_cents < self.min_stake_cents:
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
        against = self._catalogue.opposite(quote.line_id).line_id
        if any(crosses(quote.odds, wager.odds) for wager in self._wagers.live_on(against)):
            return True
        return any(
            place.line_id == against and crosses(quote.odds, place.odds) for place in changes.places
        )

    def _slack(self, quote: Quote) -> int:
        return quote.stake_cents * self.settings.stake_tolerance_percent // 100
