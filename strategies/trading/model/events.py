"""The inputs of a desk, as immutable values.

Market data is public and arrives over the feed. Responses and private updates concern our own
wagers. The operator's commands come from a person.
"""

from enum import StrEnum

from msgspec import Struct

from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.odds import Odds
from strategies.trading.model.settings import SettingValue

# The reason of the halt with which a run ends on its own; no later run is halted by it.
RUN_ENDED = "stopped"
# The name of a source of outside prices that gives none.
DEFAULT_SOURCE = "reference"


class TradingState(StrEnum):
    """The permission of the desk: anything, only what lowers its exposure, or only cancels.

    Only a person pauses; a halt may be the desk's own.
    """

    ACTIVE = "active"
    REDUCING = "reducing"
    PAUSED = "paused"
    HALTED = "halted"


# Market data ---------------------------------------------------------------------------------


class MarketsAdded(Struct, frozen=True):
    """Events, markets and lines that were not known before can be wagered on.

    Both lines of a pair come together. `market_keys` names the markets that the desk must follow;
    the sender has chosen them. The event comes before all others that refer to what it adds.
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
    """Some taker staked `stake_cents` on the line at these odds."""

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
    """What a source outside the exchange says of a line: a fair probability, or its own prices.

    With `opposite` or `others` they are its own prices of a whole market, the vig included:
    `probability` is what its odds on the line imply, `opposite` what those on the opposite line
    do, None if it has none, and `others` those of selections that the exchange does not have, such
    as a draw. Without both, `probability` is fair. `point` is that of the source, where it is not
    the line's: the line then stands for its market and selection. `at_ns` is the source's own
    time, 0 if it gave none.
    """

    line_id: LineId
    probability: float
    source: str = DEFAULT_SOURCE
    at_ns: int = 0
    opposite: float | None = None
    others: tuple[float, ...] = ()
    point: float | None = None

    @property
    def has_vig(self) -> bool:
        """Return whether these are the prices of a whole market, with their vig."""
        return self.opposite is not None or bool(self.others)


class FeedLost(Struct, frozen=True):
    """Market data stopped arriving: what the desk knows of these events, or of all, may be stale.

    Without `event_ids` it is the feed itself, which carries all events.
    """

    event_ids: tuple[EventId, ...] = ()


class FeedRestored(Struct, frozen=True):
    """Market data is complete again: that of these events, or the feed itself."""

    event_ids: tuple[EventId, ...] = ()


class FeedDelayed(Struct, frozen=True):
    """Market data of a sport event now arrives this long after it happened at the exchange.

    Sent when the whole seconds of the delay change; from zero it is on time again.
    """

    event_id: EventId
    delay_ns: int


# Responses and private updates ---------------------------------------------------------------


class WagerAccepted(Struct, frozen=True):
    """The exchange accepted the wager into its activation queue; it cannot match yet."""

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
    """Part of the wager was matched: the stake of that part, and the profit that it can win.

    `total_cents` is the matched stake of the wager including this fill, as the exchange counts it.
    It identifies the fill, so that a repeated one is booked once; a fill with zero, where the
    exchange does not report it, is never treated as a repeat.
    """

    ref: WagerRef
    odds: Odds
    stake_cents: int
    profit_cents: int
    total_cents: int = 0


class ProfitCorrected(Struct, frozen=True):
    """A correction of the profit that the matched part of the wager can win, against its fills."""

    ref: WagerRef
    change_cents: int


class TradeBroken(Struct, frozen=True):
    """The exchange broke a trade of ours: that part of the wager was never matched.

    Its stake and the profit that it could win are void; the stake does not rest again. It may
    come after the wager ended, and after its market was settled. `total_cents` is the stake of the
    wager broken so far, this trade included. It identifies the break, so that a repeated one is
    booked once; with zero, where the exchange does not report it, it is never treated as a repeat.
    """

    ref: WagerRef
    stake_cents: int
    profit_cents: int
    total_cents: int = 0


class WagerCancelled(Struct, frozen=True):
    """The unmatched part of the wager was cancelled."""

    ref: WagerRef
    unmatched_cents: int


class CancelRefused(Struct, frozen=True):
    """The wager was not cancelled; `retry_at_ns` is when a retry can succeed, None if never."""

    ref: WagerRef
    code: str
    retry_at_ns: int | None


class WagerWiped(Struct, frozen=True):
    """The exchange removed the unmatched part, as it does with all wagers when play starts."""

    ref: WagerRef
    unmatched_cents: int


class MarketSettled(Struct, frozen=True):
    """The results of a market's lines; a later one for the same market corrects it.

    `revision` rises with every settlement of a market, so that an old one that arrives late is not
    applied as a correction. With zero, where the exchange does not report it, it is always applied.
    """

    market_key: MarketKey
    results: tuple[tuple[LineId, Result], ...]
    revision: int = 0


class AccountState(Struct, frozen=True):
    """The state of our account at the exchange: available cents, and open stake by wager.

    `credit_cents` is the exposure credit, which may be staked in addition to the balance. The
    exchange refreshes it at intervals, so it lags, and is not compared with our books.
    """

    balance_cents: int
    open_cents: tuple[tuple[WagerRef, int], ...]
    credit_cents: int = 0


# Commands of a person ------------------------------------------------------------------------

# In each, `operator` is who gave it: login name and user id, empty where nobody did.


class TradingStateSet(Struct, frozen=True):
    """A person, or a limit of the desk, set its trading state."""

    state: TradingState
    reason: str
    operator: str = ""


class EventPaused(Struct, frozen=True):
    """A person stopped quoting on one sport event, or resumed it."""

    event_id: EventId
    paused: bool
    operator: str = ""


class MarketPaused(Struct, frozen=True):
    """A person stopped quoting in one market, or resumed it."""

    market_key: MarketKey
    paused: bool
    operator: str = ""


class QuotesPulled(Struct, frozen=True):
    """A person cancelled the open wagers of a market, of an event, or all; quoting goes on."""

    event_id: EventId | None = None
    market_id: MarketId | None = None
    operator: str = ""


class SettingsChanged(Struct, frozen=True):
    """A person changed settings of the risk or the strategy, by full name: `risk.min_stake`.

    Both mappings replace those of the last such event. `overrides` are values that a person set,
    and that later runs keep. `reloaded` are those by which the configuration differed from that of
    the start of the run when a person had it read again; an override of the same name prevails.
    """

    overrides: dict[str, SettingValue]
    reloaded: dict[str, SettingValue]
    operator: str = ""

    @property
    def values(self) -> dict[str, SettingValue]:
        """Return all settings that differ from those at the start of the run."""
        return self.reloaded | self.overrides


class TimerFired(Struct, frozen=True):
    """A timer of the desk is due."""


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
    | FeedDelayed
    | WagerAccepted
    | WagerRejected
    | WagerOpened
    | WagerInvalid
    | WagerMatched
    | ProfitCorrected
    | TradeBroken
    | WagerCancelled
    | CancelRefused
    | WagerWiped
    | MarketSettled
    | AccountState
    | TradingStateSet
    | EventPaused
    | MarketPaused
    | QuotesPulled
    | SettingsChanged
    | TimerFired
)
