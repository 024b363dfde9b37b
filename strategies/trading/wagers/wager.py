"""One wager of ours and its life.

PENDING → ACCEPTED → OPEN ⇄ CANCELLING → ENDED. Steps may be skipped forwards, as answers and
private updates come over different roads: a fill may precede the opening, or follow a cancel, and
what was lost on the way is told later.
"""

from enum import StrEnum

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Pair
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds


class WagerState(StrEnum):
    """Where a wager stands, as far as we have been told."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    OPEN = "open"
    CANCELLING = "cancelling"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a wager ended."""

    MATCHED = "matched"
    CANCELLED = "cancelled"
    WIPED = "wiped"
    REJECTED = "rejected"
    INVALID = "invalid"


_STEPS = {
    WagerState.PENDING: (
        WagerState.ACCEPTED,
        WagerState.OPEN,
        WagerState.CANCELLING,
        WagerState.ENDED,
    ),
    WagerState.ACCEPTED: (WagerState.OPEN, WagerState.CANCELLING, WagerState.ENDED),
    WagerState.OPEN: (WagerState.CANCELLING, WagerState.ENDED),
    WagerState.CANCELLING: (WagerState.OPEN, WagerState.CANCELLING, WagerState.ENDED),
    WagerState.ENDED: (),
}


class Wager:
    """A wager with identity and a life; amounts are cents.

    `side` is 0 if the line is the first of its pair, else 1. Matched and unmatched stake are
    amounts, not states. `most_cents` is how much can come to be matched: the stake, or what the
    exchange said at the end. `fill_totals` names the fills booked, as WagerMatched tells them.
    `asked_ns` is when a cancel was last asked for, `retry_at_ns` when a refused one may be again.
    """

    __slots__ = (
        "asked_ns",
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
        "side",
        "stake_cents",
        "state",
    )

    def __init__(self, command: PlaceWager, pair: Pair, placed_ns: int) -> None:
        """Begin as pending."""
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
        self.fill_totals: set[int] = set()
        self.rested_cents = 0
        self.shown_cents = 0
        self.asked_ns = 0
        self.retry_at_ns = 0

    @property
    def ended(self) -> bool:
        """Tell whether nothing of the wager can be matched any more, as far as told."""
        return self.state is WagerState.ENDED

    @property
    def unmatched_cents(self) -> int:
        """Return the stake that may still be matched."""
        return 0 if self.ended else self.stake_cents - self.matched_cents

    @property
    def open_cents(self) -> int:
        """Return the stake to count as open: what may be matched, or was without our knowing."""
        return max(0, self.most_cents - self.matched_cents)

    @property
    def lacks_fill(self) -> bool:
        """Tell whether the exchange is known to have matched more than it told us of."""
        named_cents = max(self.fill_totals, default=0)
        return self.matched_cents < max(named_cents, self.most_cents if self.ended else 0)

    def offered_cents(self) -> int:
        """Return what takers on the opposite line should come to see of this wager in the book."""
        if self.state in (WagerState.CANCELLING, WagerState.ENDED):
            return 0
        return fill_profit_cents(self.rested_cents, self.unmatched_cents, self.odds)

    def step(self, state: WagerState) -> None:
        """Move on; raise InvariantError for a step that a wager cannot take."""
        if state not in _STEPS[self.state]:
            message = f"wager {self.ref} cannot go from {self.state} to {state}"
            raise InvariantError(message)
        self.state = state

    def match(self, odds: Odds, stake_cents: int, total_cents: int = 0) -> None:
        """Book a fill, late or not, named by its total; raise InvariantError beyond the stake."""
        self.matched_cents += stake_cents
        if total_cents:
            self.fill_totals.add(total_cents)
        if odds == self.odds:
            self.rested_cents += stake_cents
        if self.matched_cents > self.stake_cents:
            message = f"wager {self.ref}: {self.matched_cents} cents matched of {self.stake_cents}"
            raise InvariantError(message)

    def end(self, reason: EndReason, most_cents: int) -> None:
        """End for this reason, with this much matched, of which fills may still be told."""
        self.step(WagerState.ENDED)
        self.reason = reason
        self.most_cents = max(most_cents, *self.fill_totals, 0)
