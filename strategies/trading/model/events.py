"""Everything that can happen to a desk, as immutable values: what it hears is one of these.

Market data is public and arrives over the feed. Answers and private updates concern our own wagers.
The operator's words come from a person.
"""

from enum import StrEnum

from msgspec import Struct

from strategies.trading.model.ids import EventId, LineId, MarketKey, WagerRef
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.odds import Odds


class TradingState(StrEnum):
    """What the desk may do: anything, only what lowers its exposure, or only cancel."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


# Market data ---------------------------------------------------------------------------------


class MarketsAdded(Struct, frozen=True):
    """More can be wagered on: what was not known before of events, markets and lines.

    Both lines of a pair come together. `market_keys` are those of these markets that the desk is to
    follow: the sender has chosen. It comes before anything else about what it names.
    """

    events: tuple[SportEvent, ...]
    markets: tuple[Market, ...]
    lines: tuple[Line, ...]
    market_keys: tuple[MarketKey, ...]


class OfferChanged(Struct, frozen=True, gc=False):
    """A taker on the line may now stake `amount_cents` at these odds; zero removes the offer."""

    line_id: LineId
    odds: Odds
    amount_cents: int


class TradeSeen(Struct, frozen=True, gc=False):
    """A taker staked `stake_cents` on the line at these odds, anyone's."""

    line_id: LineId
    odds: Odds
    stake_cents: int


class MarketStatusChanged(Struct, frozen=True):
    """A market opened, was suspended, or closed."""

    market_key: MarketKey
    status: MarketStatus


class EventStatusChanged(Struct, frozen=True):
    """A sport event went in-play or ended."""

    event_id: EventId
    status: EventStatus


class EventScheduled(Struct, frozen=True):
    """The announced start of a sport event, nanoseconds since the epoch."""

    event_id: EventId
    scheduled_ns: int


class ScoreChanged(Struct, frozen=True):
    """The official score of a sport event.

    `clock_ns` is the playing time elapsed, overtimes included; 0 if unreported.
    """

    event_id: EventId
    home: int
    away: int
    clock_ns: int = 0


class ReferencePrice(Struct, frozen=True):
    """A fair probability of a line from outside; it is not the exchange's word."""

    line_id: LineId
    probability: float


class FeedLost(Struct, frozen=True):
    """Market data stopped coming: what the desk knows may be stale."""


class FeedRestored(Struct, frozen=True):
    """Market data is whole again."""


# Answers and private updates -----------------------------------------------------------------


class WagerAccepted(Struct, frozen=True):
    """The exchange took the wager into its activation queue; it cannot match yet."""

    ref: WagerRef


class WagerRejected(Struct, frozen=True):
    """The exchange refused the wager, with its error code."""

    ref: WagerRef
    code: str


class WagerOpened(Struct, frozen=True):
    """The wager is in the book."""

    ref: WagerRef


class WagerInvalid(Struct, frozen=True):
    """The wager was accepted and then failed its activation."""

    ref: WagerRef
    code: str


class WagerMatched(Struct, frozen=True):
    """Part of the wager was matched: what we staked on it, and what that part can win.

    `total_cents` is all that was matched of the wager with this fill, as the exchange counts it:
    it names the fill, so that a repeated one is booked once. Zero if the exchange does not say;
    such a fill is never taken for a repeat.
    """

    ref: WagerRef
    odds: Odds
    stake_cents: int
    profit_cents: int
    total_cents: int = 0


class ProfitCorrected(Struct, frozen=True):
    """A change of what the matched part of the wager can win, against its fills."""

    ref: WagerRef
    change_cents: int


class WagerCancelled(Struct, frozen=True):
    """What was unmatched of the wager is withdrawn."""

    ref: WagerRef
    unmatched_cents: int


class CancelRefused(Struct, frozen=True):
    """The wager was not cancelled; `retry_at_ns` says when asking again makes sense, if ever."""

    ref: WagerRef
    code: str
    retry_at_ns: int | None


class WagerWiped(Struct, frozen=True):
    """The exchange removed what was unmatched, as it does with all wagers when play starts."""

    ref: WagerRef
    unmatched_cents: int


class MarketSettled(Struct, frozen=True):
    """The results of a market's lines; a later one for the same market corrects it.

    `revision` rises with every settlement of a market, so that a late old one is not
    taken for a correction. Zero if the exchange does not say; such a one is always applied.
    """

    market_key: MarketKey
    results: tuple[tuple[LineId, Result], ...]
    revision: int = 0


class AccountState(Struct, frozen=True):
    """The exchange's own account of us: spendable cents, and open stake by wager.

    `credit_cents` is the exposure credit, which may be staked beside the balance. The exchange
    renews it in ticks, so it lags, and our books are not held against it.
    """

    balance_cents: int
    open_cents: tuple[tuple[WagerRef, int], ...]
    credit_cents: int = 0


# The operator's words ------------------------------------------------------------------------


class TradingStateSet(Struct, frozen=True):
    """A person, or a loss limit, moved the desk to a trading state."""

    state: TradingState
    reason: str


class EventPaused(Struct, frozen=True):
    """A person asked for no quotes on one sport event, or for quotes again."""

    event_id: EventId
    paused: bool


class TimerFired(Struct, frozen=True):
    """A moment that the desk asked to be woken at has come."""


Event = (
    MarketsAdded
    | OfferChanged
    | TradeSeen
    | MarketStatusChanged
    | EventStatusChanged
    | EventScheduled
    | ScoreChanged
    | ReferencePrice
    | FeedLost
    | FeedRestored
    | WagerAccepted
    | WagerRejected
    | WagerOpened
    | WagerInvalid
    | WagerMatched
    | ProfitCorrected
    | WagerCancelled
    | CancelRefused
    | WagerWiped
    | MarketSettled
    | AccountState
    | TradingStateSet
    | EventPaused
    | TimerFired
)
