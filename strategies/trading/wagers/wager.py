"""Our view of one wager."""

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Pair
from strategies.trading.model.money import dollars_text, fill_profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager_state import STEPS, EndReason, WagerState

# After this time without a response, a cancel or its response counts as lost, and the cancel is
# sent again. The exchange publishes no timeout; it responds within a second, or within the in-play
# delay.
CANCEL_PATIENCE_NS = 5 * NS_PER_SECOND

# The exchange refuses the cancel of a wager that opened less than this before (the error
# order_opened_retry of ProphetX).
CANCEL_AFTER_OPEN_NS = 300_000_000


class Wager:
    """Our view of one wager; amounts are cents, times nanoseconds since the epoch.

    `side` is 0 if the line is the first of its pair, else 1. Matched and unmatched stake are
    amounts, not states. `most_cents` is the most that can be matched: the stake, or what the
    exchange reported at the end. `broken_cents` is the stake of broken trades, which is in none of
    the other amounts. `fill_totals` holds `WagerMatched.total_cents` of the fills booked;
    `complete` is whether the wager has ended and every fill of it was booked. To takers the wager
    is an offer on `shown_line_id` at `shown_odds`, of which `shown_cents` are expected in the book.
    `answered_ns` is when the first response to the placement arrived, `ended_ns` when the wager
    ended; None before. `asked_ns` is when a cancel was last sent, `retry_at_ns` from when the
    exchange takes one: some time after the opening, and after a cancel that it refused.
    """

    __slots__ = (
        "answered_ns",
        "asked_ns",
        "broken_cents",
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
        self.broken_cents = 0
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
        named_cents = max(self.fill_totals, default=0) - self.broken_cents
        return self.matched_cents < max(named_cents, self.most_cents if self.ended else 0)

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
        """Remove a broken part of what was matched; raise InvariantError beyond it."""
        if stake_cents > self.matched_cents:
            message = (
                f"wager {self.ref}: {dollars_text(stake_cents)} broken, of "
                f"{dollars_text(self.matched_cents)} matched"
            )
            raise InvariantError(message)
        self.matched_cents -= stake_cents
        self.stake_cents -= stake_cents
        self.most_cents -= stake_cents
        self.broken_cents += stake_cents

    def end(self, reason: EndReason, most_cents: int, at_ns: int) -> int:
        """End with `most_cents` matched, and return the change of what counts as open.

        Fills up to `most_cents` that were not received yet still count as open.
        """
        was_open_cents = self.open_cents
        self.step(WagerState.ENDED)
        self.reason = reason
        self.ended_ns = at_ns
        self.most_cents = max(most_cents, *self.fill_totals, 0)
        self.complete = not self.lacks_fill
        return self.open_cents - was_open_cents
