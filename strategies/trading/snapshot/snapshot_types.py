"""The snapshot of a desk: what a page, a terminal or a collector of metrics shows of it.

Plain values that encode as JSON. Amounts are integer cents, times integer nanoseconds since the
epoch of the desk's clock, probabilities those of the first line of a pair. A list is in the order
in which a person reads it.
"""

from msgspec import Struct


class LimitUse(Struct, frozen=True):
    """A limit by the name of its setting: what is used of it, and the limit, None without one.

    Both are cents if `is_money`, otherwise plain numbers. `used` is None if nothing bounds it, as
    open stake without any cash.
    """

    name: str
    used: float | None
    limit: float | None
    is_money: bool


class MoneyView(Struct, frozen=True):
    """The desk's money: `equity_cents` is `balance_cents` with `marked_cents`.

    `profit_cents` is settled, net of `commission_cents`. `matched_cents` and `open_cents` are
    stakes, `available_cents` is the balance less both; `exposure_cents` is the worst case.
    """

    equity_cents: int
    balance_cents: int
    marked_cents: int
    profit_cents: int
    commission_cents: int
    matched_cents: int
    open_cents: int
    available_cents: int
    exposure_cents: int


class StateView(Struct, frozen=True):
    """What the desk may do (active, reducing, paused, halted), why, and since when."""

    state: str
    reason: str
    since_ns: int


class StateChange(Struct, frozen=True):
    """A change of the trading state, in the order in which they came."""

    at_ns: int
    state: str
    reason: str


class MarketSummary(Struct, frozen=True):
    """A market in the list of its event.

    `reasons` say why nothing of ours is offered, the first reason first; empty if something is.
    `silent_since_ns` is since when, None while it is quoted and before it ever was.
    """

    market_id: str
    label: str
    status: str
    is_paused: bool
    open_wagers: int
    exposure_cents: int
    marked_cents: int
    settled_cents: int | None
    reasons: list[str]
    silent_since_ns: int | None


class EventSummary(Struct, frozen=True):
    """An event in the list of a session, with its markets.

    `score` is (home, away), `clock_ns` the playing time at that score, both None if unknown.
    """

    event_id: str
    name: str
    home: str
    away: str
    tournament: str
    sport: str
    scheduled_ns: int
    status: str
    score: tuple[int, int] | None
    clock_ns: int | None
    live_since_ns: int | None
    is_paused: bool
    is_feed_lost: bool
    feed_delay_ns: int
    settled_cents: int
    marked_cents: int
    matched_cents: int
    exposure_cents: int
    exposure_limit_cents: int
    open_wagers: int
    markets: list[MarketSummary]


class DeskOverview(Struct, frozen=True):
    """A desk without its events: its state, its money, its limits."""

    at_ns: int
    state: StateView
    state_changes: list[StateChange]
    money: MoneyView
    limits: list[LimitUse]
    open_wagers: int
    is_feed_lost: bool


class OfferLevel(Struct, frozen=True):
    """What takers may take on a line at these odds, and how much of it is ours."""

    odds: int
    cents: int
    own_cents: int


class WagerView(Struct, frozen=True):
    """One of our wagers that may still be matched.

    Takers see it on the other line at `shown_odds`. `ahead_cents` is the most stake of others that
    may be matched before it: what is offered there at longer odds now, and at the same odds now or
    when it was placed, whichever is less. None if it is not known since when it rests.
    """

    ref: str
    odds: int
    shown_odds: int
    stake_cents: int
    matched_cents: int
    unmatched_cents: int
    state: str
    placed_ns: int
    ahead_cents: int | None


class TradeView(Struct, frozen=True):
    """A trade seen in the market: a taker staked this on the first (0) or second (1) line."""

    at_ns: int
    side: int
    odds: int
    stake_cents: int


class QuoteView(Struct, frozen=True):
    """A quote that the last decision wanted resting on the first (0) or second (1) line."""

    side: int
    odds: int
    stake_cents: int


class SourceView(Struct, frozen=True):
    """What an outside source says of a pair: the fair probability of the first line, and when.

    With a `refusal` it does not count, and that is why.
    """

    source: str
    probability: float
    at_ns: int
    refusal: str | None = None


class LineView(Struct, frozen=True):
    """One side of a pair: what takers may take on it, and our wagers on it.

    `profit_cents` is what our matched wagers bring in if this line wins.
    """

    line_id: str
    label: str
    offers: list[OfferLevel]
    wagers: list[WagerView]
    profit_cents: int
    matched_cents: int
    open_cents: int


class PairDetail(Struct, frozen=True):
    """A pair of lines: its book from both sides, our wagers in it, its trades and prices.

    `fair` is what risk uses, `own_fair` what the strategy noted, `last_price` that of the last
    trade; None where missing. `sources` are the outside prices by name.
    """

    pair_id: str
    point: float
    first: LineView
    second: LineView
    fair: float | None
    own_fair: float | None
    sources: list[SourceView]
    last_price: float | None
    last_trade_ns: int | None
    traded_cents: int
    trades: list[TradeView]
    quotes: list[QuoteView]
    exposure_cents: int


class MarketDetail(Struct, frozen=True):
    """A market with its books; `mispriced_in_row` counts decisions that cost too much."""

    row: MarketSummary
    exposure_limit_cents: int
    mispriced_in_row: int
    pairs: list[PairDetail]


class FillView(Struct, frozen=True):
    """A fill of ours, with the fair probability of its line at that moment, None without one."""

    at_ns: int
    ref: str
    market_id: str
    pair_id: str
    side: int
    label: str
    odds: int
    stake_cents: int
    fair: float | None


class DecisionView(Struct, frozen=True):
    """One decision on a market: quotes and fair price by pair, or why nothing is quoted."""

    at_ns: int
    market_id: str
    fairs: list[tuple[str, float]]
    quotes: list[tuple[str, QuoteView]]
    silence: str


class EventDetail(Struct, frozen=True):
    """An event with every market, book and wager, and its recent fills and decisions."""

    at_ns: int
    event: EventSummary
    updated_ns: int
    markets: list[MarketDetail]
    fills: list[FillView]
    decisions: list[DecisionView]


class RoundTripTimes(Struct, frozen=True):
    """The last round trips of one kind of request: their number, median and 99th percentile."""

    number: int
    median_ns: int
    high_ns: int


class OrderCounts(Struct, frozen=True):
    """The outcomes of a start's requests; `denials` counts those of our own controls by name."""

    placed: int
    accepted: int
    refused: int
    fills: int
    matched_cents: int
    denials: dict[str, int]


class FeedView(Struct, frozen=True):
    """The market data: when the last message came, also by event, and what was lost or unreadable.

    `lost_ns` is the length of all gaps, `delay_ns` how late the latest event's messages arrive.
    """

    updated_ns: int
    event_updated_ns: dict[str, int]
    delay_ns: int
    gaps: int
    lost_ns: int
    unreadable: int


class AlarmLine(Struct, frozen=True):
    """A line that a person must know of, and when it was printed."""

    at_ns: int
    text: str


class SessionView(Struct, frozen=True):
    """A session at a moment.

    `events` holds what changed since the `version` that was asked about, or everything;
    `event_ids` are all events in their order. `settings` are what persons changed since the start.
    What is not known, as in a backtest, is None.
    """

    session: str
    start: int
    venue: str
    version: str
    desk: DeskOverview
    feed: FeedView | None
    placing: RoundTripTimes | None
    cancelling: RoundTripTimes | None
    counts: OrderCounts | None
    settings: dict[str, str]
    alarms: list[AlarmLine]
    event_ids: list[str]
    events: list[EventSummary]
