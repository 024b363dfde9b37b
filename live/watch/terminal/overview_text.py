"""The overview of a session as text for a terminal of any width."""

from collections.abc import Iterator

from rich.text import Text

from live.wall_clock import utc_text
from live.watch.terminal.text_parts import (
    ALARM,
    DIM,
    STRONG,
    age_text,
    cell,
    limit_line,
    limit_part,
    milliseconds_text,
    quoting_words,
    status_words,
    wrapped,
)
from strategies.trading.model.counted import counted
from strategies.trading.model.money import dollars_text
from strategies.trading.model.one_line import one_line
from strategies.trading.snapshot.snapshot_types import EventSummary, RoundTripTimes, SessionView

_ACTIVE = "active"
_REASON_LINES = 2


def title_line(view: SessionView) -> Text:
    """Return the state of a session, since when, and which session it is."""
    state = view.desk.state
    text = Text(f" {state.state.upper()} ", STRONG if state.state == _ACTIVE else ALARM)
    text.append(f" for {age_text(view.desk.at_ns - state.since_ns)}", "")
    # The clock of the exchange: that of a sandbox may be another day's.
    text.append(f", {utc_text(view.desk.at_ns)[-12:]}", "")
    return text.append(
        f"  session {one_line(view.session)}, start {view.start} at {view.venue}", ""
    )


def figure_lines(view: SessionView, width: int) -> list[Text]:
    """Return why it is in its state, its money, its feed and its requests."""
    money, state = view.desk.money, view.desk.state
    equity = Text(f"equity {dollars_text(money.equity_cents)}", STRONG)
    equity.append(
        f" = balance {dollars_text(money.balance_cents)} + open at fair prices "
        f"{dollars_text(money.marked_cents)}",
        "",
    )
    reason = f"{state.state}: {state.reason}"
    return [
        *(wrapped(reason, width, _REASON_LINES) if state.reason else []),
        equity,
        Text(
            f"settled {dollars_text(money.profit_cents)} net of commission "
            f"{dollars_text(money.commission_cents)}; "
            f"worst case {dollars_text(money.exposure_cents)}"
        ),
        Text(
            f"available {dollars_text(money.available_cents)}; matched "
            f"{dollars_text(money.matched_cents)}, open {dollars_text(money.open_cents)} in "
            f"{view.desk.open_wagers} wagers"
        ),
        _feed_line(view),
        *_request_lines(view),
    ]


def _feed_line(view: SessionView) -> Text:
    text = Text("FEED LOST ", ALARM) if view.desk.is_feed_lost else Text("")
    feed = view.feed
    if feed is None:
        return text.append("feed: not reported", "")
    age = age_text(view.desk.at_ns - feed.updated_ns) + " old" if feed.updated_ns else "no message"
    lost = f"{feed.gaps} gaps of {age_text(feed.lost_ns)}, {feed.unreadable} unreadable"
    return text.append(f"feed {age}, {milliseconds_text(feed.delay_ns)} late, {lost}", "")


def _request_lines(view: SessionView) -> list[Text]:
    trips = [
        f"{name} {_trip_text(times)}"
        for name, times in (("placing", view.placing), ("cancelling", view.cancelling))
        if times is not None
    ]
    lines = [Text(f"round trips: {'; '.join(trips) or 'none yet'}")]
    counts = view.counts
    if counts is not None:
        lines.append(
            Text(
                f"{counts.placed} placed, {counts.accepted} accepted, {counts.refused} rejected, "
                f"{sum(counts.denials.values())} denied; {counted(counts.fills, 'fill')}"
            )
        )
    return lines


def _trip_text(times: RoundTripTimes) -> str:
    return f"{milliseconds_text(times.median_ns)} (99 % {milliseconds_text(times.high_ns)})"


def limit_lines(view: SessionView, width: int, height: int) -> list[Text]:
    """Return the limits that are used most, each as a bar; the last line counts the others."""
    limits = sorted(view.desk.limits, key=lambda use: -(limit_part(use) or 0))
    shown = limits if len(limits) <= height else limits[: max(1, height - 1)]
    lines = [limit_line(use, width) for use in shown]
    if len(limits) > len(shown):
        lines.append(Text(f"and {len(limits) - len(shown)} limits that are used less", DIM))
    return lines


def alarm_lines(view: SessionView, height: int) -> list[Text]:
    """Return the newest alarms, the newest first."""
    if not view.alarms:
        return [Text("no alarm in this start", DIM)]
    newest = list(reversed(view.alarms))[: max(1, height)]
    return [
        Text("ALARM", ALARM).append(
            f" {age_text(view.desk.at_ns - alarm.at_ns)} ago: {one_line(alarm.text)}", ""
        )
        for alarm in newest
    ]


def event_rows(event: EventSummary, now_ns: int, width: int) -> list[Text]:
    """Return an event in two lines: its status and money; what of it is quoted, or why not."""
    paused = "PAUSED " if event.is_paused else ""
    lost = "FEED LOST " if event.is_feed_lost else ""
    head = f"{paused}{lost}{status_words(event, now_ns)}; {event.name}"
    profit = dollars_text(event.settled_cents + event.marked_cents)
    money = f" {profit:>11} {_share(event):>5}"
    quoted = [market for market in event.markets if not market.reasons]
    others = [market for market in event.markets if market.reasons]
    text = f"   {len(quoted)} of {len(event.markets)} markets quoted"
    if others:
        text += f"; {others[0].label}: {quoting_words(others[0], now_ns)}"
    return [cell(head, width - len(money), STRONG).append(money, STRONG), cell(text, width, DIM)]


def _share(event: EventSummary) -> str:
    """Return how much of its exposure limit an event uses."""
    if not event.exposure_limit_cents:
        return "all" if event.exposure_cents else "0 %"
    return f"{100 * event.exposure_cents / event.exposure_limit_cents:.0f} %"


def market_lines(event: EventSummary, now_ns: int, width: int) -> Iterator[Text]:
    """Yield every market of an event with its status, and why it is not quoted."""
    for market in event.markets:
        paused = "PAUSED " if market.is_paused else ""
        text = f"{market.label}: {paused}{market.status}, {quoting_words(market, now_ns)}"
        yield cell(text, width)
