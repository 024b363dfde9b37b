"""The states of a wager of ours, and the steps between them.

PENDING → ACCEPTED → OPEN ⇄ CANCELLING → ENDED. Steps may be skipped forwards, as responses and
private updates come over different channels: a fill may precede the opening or follow a cancel,
and an update that was lost arrives later.
"""

from enum import StrEnum

from strategies.trading.model.units import NS_PER_SECOND

# After this time without a response, a cancel or its response counts as lost, and the cancel is
# sent again. The exchange publishes no timeout; it responds within a second, or within the in-play
# delay.
CANCEL_PATIENCE_NS = 5 * NS_PER_SECOND

# The exchange refuses the cancel of a wager that opened less than this before (the error
# order_opened_retry of ProphetX).
CANCEL_AFTER_OPEN_NS = 300_000_000


class WagerState(StrEnum):
    """The state of a wager at the exchange, according to the updates received."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    OPEN = "open"
    CANCELLING = "cancelling"
    ENDED = "ended"


class EndReason(StrEnum):
    """The reason why a wager ended."""

    MATCHED = "matched"
    CANCELLED = "cancelled"
    WIPED = "wiped"
    REJECTED = "rejected"
    INVALID = "invalid"


STEPS = {
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
