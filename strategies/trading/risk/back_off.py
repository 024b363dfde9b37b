"""Backs off where the exchange refuses wagers as they open, instead of asking again and again."""

from typing import NamedTuple

from strategies.trading.model.commands import Intent
from strategies.trading.model.events import WagerInvalid, WagerOpened
from strategies.trading.model.ids import LineId
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.wagers.private_updates import PrivateUpdate
from strategies.trading.wagers.wager import Wager

# A desk that decides on every change would ask again at once, and be refused at once.
RETRY_NS = NS_PER_SECOND
_LONGEST_WAIT_NS = 60 * NS_PER_SECOND
_MOST_DOUBLINGS = 6


class Refusals(NamedTuple):
    """How often in a row wagers on one line at one price were refused, and until when to wait."""

    in_row: int
    code: str
    odds: Odds
    until_ns: int

    def reason(self) -> str:
        """Return why a quote must wait, for people."""
        times = "once" if self.in_row == 1 else f"{self.in_row:,} times in a row"
        return f"the exchange refused {self.odds:+d} {times}, as {self.code}"


class BackOff:
    """The prices at which wagers were refused as they opened, each left alone for some time.

    What made the exchange refuse a wager makes it refuse the same one again while it lasts: an
    add-only wager is invalid as long as the offer rests that it would take. The first refusal of a
    line at some odds waits for a second, and each further one in a row twice as long, up to a
    minute. Shorter odds wait too, as they would take the same offer; longer ones need not. A wager
    that opens at such odds, or a minute in which nobody tries them, ends the row.
    """

    def __init__(self) -> None:
        """Start with no refusals."""
        self._refused: dict[tuple[LineId, Odds], Refusals] = {}

    def note(self, wager: Wager, event: PrivateUpdate, at_ns: int) -> None:
        """Note a refusal of a wager, or that it opened."""
        if isinstance(event, WagerInvalid):
            self._add(wager, event.code, at_ns)
        elif isinstance(event, WagerOpened) and self._refused:
            self._clear(wager)

    def against(self, quote: Quote, now_ns: int) -> Refusals | None:
        """Return the refusals for which a quote must wait the longest, None if it need not."""
        if not self._refused or quote.intent is Intent.TAKE:
            return None
        waiting = [
            refusals
            for (line_id, odds), refusals in self._refused.items()
            if line_id == quote.line_id and odds >= quote.odds and now_ns < refusals.until_ns
        ]
        return max(waiting, key=_until_ns, default=None)

    def next_end_ns(self, now_ns: int) -> int:
        """Return when the next wait ends, now if none lasts."""
        ends = [each.until_ns for each in self._refused.values() if each.until_ns > now_ns]
        return min(ends, default=now_ns)

    def _add(self, wager: Wager, code: str, at_ns: int) -> None:
        key = wager.line_id, wager.odds
        known = self._refused.get(key)
        in_row = 1
        if known is not None and at_ns <= known.until_ns + _LONGEST_WAIT_NS:
            in_row += known.in_row
        wait_ns = min(RETRY_NS << min(in_row - 1, _MOST_DOUBLINGS), _LONGEST_WAIT_NS)
        self._refused[key] = Refusals(in_row, code, wager.odds, at_ns + wait_ns)

    def _clear(self, wager: Wager) -> None:
        """Forget what a wager disproves that opened: the refusals at its odds, and at longer."""
        for line_id, odds in tuple(self._refused):
            if line_id == wager.line_id and odds >= wager.odds:
                del self._refused[line_id, odds]


def _until_ns(refusals: Refusals) -> int:
    return refusals.until_ns
