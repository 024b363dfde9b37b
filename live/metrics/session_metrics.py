"""What the snapshot of a session says in numbers, as metrics.

Labels are bounded: a session has the events and markets that its desk follows, of which the first
`MOST_EVENTS` and `MOST_MARKETS` have series of their own; a reason is one of a fixed set of names.
Ages are by the clock of the desk, which in a sandbox is not that of the wall.
"""

from collections import Counter
from collections.abc import Sequence

from live.metrics.line_metrics import add_lines
from live.metrics.metric_families import Labels, MetricFamilies
from strategies.trading.model.events import TradingState
from strategies.trading.model.market import EventStatus
from strategies.trading.snapshot.snapshot_types import (
    EventDetail,
    EventSummary,
    FeedView,
    LimitUse,
    MarketSummary,
    RoundTripTimes,
    SessionView,
)

MOST_EVENTS = 100
MOST_MARKETS = 600
_MOST_REASONS = 20
_OTHER_REASON = "other"


def add_session(
    found: MetricFamilies,
    name: str,
    view: SessionView | None,
    events: Sequence[EventDetail] = (),
) -> None:
    """Add the metrics of a session, with the lines of these events of it.

    Of one that does not answer, None, there is only that it is away.
    """
    labels = {"session": name}
    found.gauge(
        "session_up", "Whether the session answers (1) or not (0).", view is not None, labels
    )
    if view is None:
        return
    about = {"venue": view.venue, "start": str(view.start)}
    found.gauge("session_info", "Always 1; the labels describe the session.", 1, labels | about)
    _add_desk(found, view, labels)
    _add_requests(found, view, labels)
    if view.feed is not None:
        _add_feed(found, view.feed, view.desk.at_ns, labels)
    _add_events(found, view, labels)
    add_lines(found, events, labels)


def _add_desk(found: MetricFamilies, view: SessionView, labels: Labels) -> None:
    """Add state, money and limits."""
    desk, money = view.desk, view.desk.money
    for state in TradingState:
        is_state = desk.state.state == state.value
        found.gauge("desk_state", "1 for the present state.", is_state, labels | {"state": state})
    in_state_ns = desk.at_ns - desk.state.since_ns
    found.seconds("desk_state_age", "How long the desk has been in its state.", in_state_ns, labels)
    found.gauge("alarms", "Alarms that the session keeps.", len(view.alarms), labels)
    found.gauge("settings_changed", "Settings set by persons.", len(view.settings), labels)
    found.gauge("open_wagers", "Wagers that may still be matched.", desk.open_wagers, labels)
    for name, text, cents in (
        ("equity", "Balance with unsettled positions at fair prices.", money.equity_cents),
        ("balance", "Starting balance with the settled profit.", money.balance_cents),
        ("marked_profit", "Unsettled positions at fair prices.", money.marked_cents),
        ("settled_profit", "Settled profit, net of commission.", money.profit_cents),
        ("commission", "Commission on settled markets.", money.commission_cents),
        ("matched_stake", "Stake matched without a result.", money.matched_cents),
        ("open_stake", "Stake that may still be matched.", money.open_cents),
        ("available", "What may still be staked.", money.available_cents),
        ("exposure", "The worst case over all events.", money.exposure_cents),
    ):
        found.dollars(name, text, cents, labels)
    for use in desk.limits:
        _add_limit(found, use, labels | {"limit": use.name})


def _add_limit(found: MetricFamilies, use: LimitUse, labels: Labels) -> None:
    """Add what is used of a limit, and the limit; without one, only what is used."""
    add = found.dollars if use.is_money else found.gauge
    add("limit_used", "What is used of a limit.", use.used, labels)
    add("limit", "A limit.", use.limit, labels)
    if use.used is not None and use.limit:
        found.gauge("limit_used_ratio", "Used part of a limit.", use.used / use.limit, labels)


def _add_requests(found: MetricFamilies, view: SessionView, labels: Labels) -> None:
    """Add the requests of this start, their outcomes and round trips."""
    for request, times in (("place", view.placing), ("cancel", view.cancelling)):
        if times is not None:
            _add_round_trips(found, times, labels | {"request": request})
    counts = view.counts
    if counts is None:
        return
    for name, text, number in (
        ("wagers_placed", "Wagers sent.", counts.placed),
        ("wagers_accepted", "Wagers that the exchange accepted.", counts.accepted),
        ("wagers_refused", "Wagers that the exchange refused.", counts.refused),
        ("fills", "Fills.", counts.fills),
        ("fill_stake_dollars", "Stake of all fills.", counts.matched_cents / 100),
    ):
        found.counter(name, text, number, labels)
    for control, number in counts.denials.items():
        text = "Quotes and wagers that our own risk controls denied."
        found.counter("denials", text, number, labels | {"control": control})


def _add_round_trips(found: MetricFamilies, times: RoundTripTimes, labels: Labels) -> None:
    text = "Round trip of the last requests, by percentile."
    for percentile, ns in (("50", times.median_ns), ("99", times.high_ns)):
        found.seconds("round_trip", text, ns, labels | {"percentile": percentile})
    text = "How many requests the percentiles are of."
    found.gauge("round_trips_measured", text, times.number, labels)


def _add_feed(found: MetricFamilies, feed: FeedView, at_ns: int, labels: Labels) -> None:
    """Add the age and the losses of the market data."""
    age_ns = at_ns - feed.updated_ns if feed.updated_ns else None
    found.seconds("feed_age", "Time since the last message.", age_ns, labels)
    text = "How late the latest event's messages arrive."
    found.seconds("feed_delay", text, feed.delay_ns, labels)
    found.counter("feed_gaps", "Times at which the feed was lost.", feed.gaps, labels)
    lost_seconds = feed.lost_ns / 1e9
    found.counter("feed_gap_seconds", "Length of all gaps of the feed.", lost_seconds, labels)
    text = "Messages that could not be read."
    found.counter("feed_unreadable_messages", text, feed.unreadable, labels)


def _add_events(found: MetricFamilies, view: SessionView, labels: Labels) -> None:
    """Add the events and the markets, as many as have series of their own, and count all."""
    at_ns, markets = view.desk.at_ns, [m for event in view.events for m in event.markets]
    found.gauge("feed_lost", "Whether market data is lost.", view.desk.is_feed_lost, labels)
    found.gauge("events", "Events that the desk follows.", len(view.events), labels)
    found.gauge("markets", "Markets that the desk follows.", len(markets), labels)
    quoted = sum(not market.reasons for market in markets)
    found.gauge("markets_quoted", "Markets with something of ours offered.", quoted, labels)
    for reason, number in _unquoted(markets).items():
        text = "Markets with nothing of ours offered, by the first reason."
        found.gauge("markets_unquoted", text, number, labels | {"reason": reason})
    updated_ns = {} if view.feed is None else view.feed.event_updated_ns
    shown = view.events[:MOST_EVENTS]
    for event in shown:
        on_event = labels | {"event_id": event.event_id, "event": event.name}
        _add_event(found, event, at_ns, updated_ns.get(event.event_id), on_event)
    rows = [(event, market) for event in shown for market in event.markets][:MOST_MARKETS]
    for event, market in rows:
        on_market = {"event_id": event.event_id, "event": event.name}
        on_market |= {"market_id": market.market_id, "market": market.label}
        _add_market(found, market, at_ns, labels | on_market)
    left_out = len(view.events) - len(shown) + len(markets) - len(rows)
    text = "Events and markets beyond the most that have series."
    found.gauge("rows_left_out", text, left_out, labels)


def _unquoted(markets: list[MarketSummary]) -> Counter[str]:
    """Return how many markets are not quoted, by the name that their first reason begins with.

    What follows a colon has figures in it, and would make a series of every one.
    """
    names = Counter(market.reasons[0].partition(":")[0] for market in markets if market.reasons)
    kept = Counter(dict(names.most_common(_MOST_REASONS)))
    if len(names) > _MOST_REASONS:
        kept[_OTHER_REASON] += names.total() - kept.total()
    return kept


def _add_event(
    found: MetricFamilies, event: EventSummary, at_ns: int, updated_ns: int | None, labels: Labels
) -> None:
    for status in (each.name.lower() for each in EventStatus):
        text = "1 for the present status of an event."
        found.gauge("event_status", text, event.status == status, labels | {"status": status})
    for name, text, cents in (
        ("settled_profit", "Settled profit of an event, net.", event.settled_cents),
        ("marked_profit", "Unsettled positions of an event at fair prices.", event.marked_cents),
        ("matched_stake", "Stake matched in an event without a result.", event.matched_cents),
        ("exposure", "The worst case of an event.", event.exposure_cents),
        ("exposure_limit", "The limit on it.", event.exposure_limit_cents),
    ):
        found.dollars(f"event_{name}", text, cents, labels)
    text = "Wagers of an event that may still be matched."
    found.gauge("event_open_wagers", text, event.open_wagers, labels)
    found.gauge("event_paused", "Whether a person paused an event.", event.is_paused, labels)
    found.gauge("event_feed_lost", "Whether its market data is lost.", event.is_feed_lost, labels)
    text = "How late messages of an event arrive."
    found.seconds("event_feed_delay", text, event.feed_delay_ns, labels)
    age_ns = at_ns - updated_ns if updated_ns else None
    found.seconds("event_feed_age", "Time since the last message of an event.", age_ns, labels)
    text = "Time until the announced start, below zero after it."
    found.seconds("event_until_start", text, event.scheduled_ns - at_ns, labels)
    found.seconds("event_clock", "Playing time of an event.", event.clock_ns, labels)
    for team, points in zip(("home", "away"), event.score or (), strict=False):
        found.gauge("event_score", "Points of a team.", points, labels | {"team": team})


def _add_market(found: MetricFamilies, market: MarketSummary, at_ns: int, labels: Labels) -> None:
    is_quoted, since_ns = not market.reasons, market.silent_since_ns
    text = "Whether something of ours is offered in a market."
    found.gauge("market_quoted", text, is_quoted, labels)
    silent_ns = None if since_ns is None else at_ns - since_ns
    found.seconds("market_unquoted", "How long it has not been quoted.", silent_ns, labels)
    found.gauge("market_paused", "Whether a person paused a market.", market.is_paused, labels)
    text = "Wagers of a market that may still be matched."
    found.gauge("market_open_wagers", text, market.open_wagers, labels)
    for name, text, cents in (
        ("exposure", "The worst case of a market.", market.exposure_cents),
        ("marked_profit", "Unsettled positions of a market at fair prices.", market.marked_cents),
        ("settled_profit", "Settled profit of a market, net.", market.settled_cents),
    ):
        found.dollars(f"market_{name}", text, cents, labels)
