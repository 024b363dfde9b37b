"""One event of a session as text: a pair's book from both sides, with our wagers in it."""

from collections.abc import Sequence
from operator import itemgetter

from rich.text import Text

from live.watch.terminal.text_parts import (
    ALARM,
    DIM,
    STRONG,
    age_text,
    bar,
    cell,
    quoting_words,
    status_words,
    wrapped,
)
from strategies.trading.model.money import dollars_text
from strategies.trading.model.one_line import one_line
from strategies.trading.snapshot.snapshot_types import (
    EventDetail,
    FillView,
    LineView,
    MarketDetail,
    PairDetail,
    TradeView,
    WagerView,
)

_SIDE_BAR = 20
_REASON_LINES = 3


def pair_title(market: MarketDetail, pair: PairDetail) -> str:
    """Return the name of a pair within its event: its market, and with points the first line."""
    return f"{market.row.label}: {pair.first.label}" if pair.point else market.row.label


def event_head(detail: EventDetail) -> list[Text]:
    """Return the status of an event, its money, and how old its data is."""
    event, now_ns = detail.event, detail.at_ns
    name = Text("PAUSED ", ALARM) if event.is_paused else Text("")
    name.append(one_line(f"{status_words(event, now_ns)}; {event.name}"), STRONG)
    part = event.exposure_cents / event.exposure_limit_cents if event.exposure_limit_cents else 1.0
    age = f"{age_text(now_ns - detail.updated_ns)} old" if detail.updated_ns else "none yet"
    feed = Text("FEED LOST ", ALARM) if event.is_feed_lost else Text("")
    feed.append(f"market data {age}, {age_text(event.feed_delay_ns)} late", "")
    return [
        name,
        Text(
            f"profit {dollars_text(event.settled_cents)} settled, "
            f"{dollars_text(event.marked_cents)} open at fair prices; "
            f"{event.open_wagers} wagers open"
        ),
        Text(
            f"exposure {bar(part, _SIDE_BAR)} {dollars_text(event.exposure_cents)} of "
            f"{dollars_text(event.exposure_limit_cents)}"
        ),
        feed,
    ]


def pair_head(
    detail: EventDetail, market: MarketDetail, pair: PairDetail, place: str, width: int
) -> list[Text]:
    """Return a pair with the status of its market, why it is not quoted, and its prices."""
    row = market.row
    title = Text(one_line(f"{pair_title(market, pair)} ({place}) "), STRONG)
    status = ("PAUSED " if row.is_paused else "") + row.status.upper()
    title.append(status, "" if status == "OPEN" else ALARM)
    title.append(f", exposure {dollars_text(pair.exposure_cents)}", "")
    quoting = wrapped(quoting_words(row, detail.at_ns), width, _REASON_LINES)
    return [title, *quoting, _prices(detail, pair)]


def _prices(detail: EventDetail, pair: PairDetail) -> Text:
    named = [("fair", pair.fair), ("own", pair.own_fair), ("last trade", pair.last_price)]
    parts = [f"{name} {100 * price:.1f} %" for name, price in named if price is not None]
    parts += [
        f"{one.source} {100 * one.probability:.1f} % ({age_text(detail.at_ns - one.at_ns)}"
        f"{', not counted' if one.refusal else ''})"
        for one in pair.sources
    ]
    return Text(one_line(", ".join(parts)) or "no fair price")


def book_rows(pair: PairDetail, width: int, height: int) -> list[Text]:
    """Return both sides of a book: what takers may take on each line, and what of it is ours."""
    half = max(30, (width - 3) // 2)
    sides = (pair.first, pair.second)
    rows = [
        [cell(each.label, half, STRONG) for each in sides],
        [cell(f"{'odds':>7}{'offered':>13}{'of it ours':>13}", half, DIM) for _ in sides],
    ]
    if any(each.matched_cents for each in sides):
        profits = (f"our profit if it wins {dollars_text(each.profit_cents)}" for each in sides)
        rows.insert(1, [cell(profit, half) for profit in profits])
    shown = max(1, height - len(rows) - 1)
    longest = max(len(each.offers) for each in sides)
    rows += [[_level(each, at, half) for each in sides] for at in range(min(shown, longest))]
    if longest > shown:
        more = [max(0, len(each.offers) - shown) for each in sides]
        rows.append([cell(f"{each} more" if each else "", half, DIM) for each in more])
    if not longest:
        rows.append([cell("nothing offered", half, DIM) for _ in sides])
    return [Text(" | ").join(row) for row in rows]


def _level(line: LineView, at: int, width: int) -> Text:
    if at >= len(line.offers):
        return cell("", width)
    level = line.offers[at]
    own = dollars_text(level.own_cents) if level.own_cents else ""
    text = f"{level.odds:>+7d}{dollars_text(level.cents):>13}{own:>13}{' <' if own else ''}"
    return cell(text, width, STRONG if own else "")


def own_lines(detail: EventDetail, pair: PairDetail, width: int, height: int) -> list[Text]:
    """Return our wagers in a pair, then the last trades and our fills, as many as fit."""
    ours = [_wager_text(side, wager) for side in (pair.first, pair.second) for wager in side.wagers]
    labels = (pair.first.label, pair.second.label)
    dated: list[tuple[int, str, TradeView | FillView]] = [
        (each.at_ns, f"trade  {dollars_text(each.stake_cents)}", each) for each in pair.trades
    ]
    dated += [
        (each.at_ns, f"FILLED {dollars_text(each.stake_cents)}", each)
        for each in detail.fills
        if each.pair_id == pair.pair_id
    ]
    dated.sort(key=itemgetter(0), reverse=True)
    lines = ours or ["no wager of ours"]
    lines += [
        f"{text} at {each.odds:+d} on {labels[each.side]}, {age_text(detail.at_ns - at_ns)} ago"
        for at_ns, text, each in dated
    ]
    return [cell(line, width) for line in lines[: max(1, height)]]


def _wager_text(line: LineView, wager: WagerView) -> str:
    ahead = "unknown" if wager.ahead_cents is None else dollars_text(wager.ahead_cents)
    matched = f", {dollars_text(wager.matched_cents)} matched" if wager.matched_cents else ""
    return (
        f"OURS {dollars_text(wager.unmatched_cents)} at {wager.odds:+d} ({wager.shown_odds:+d} for "
        f"takers), {ahead} ahead, {wager.state}{matched}, on {line.label}"
    )


def pair_rows(
    pairs: Sequence[tuple[MarketDetail, PairDetail]],
    chosen: int,
    now_ns: int,
    width: int,
    height: int,
) -> list[Text]:
    """Return the pairs of an event around the chosen one, each with what is open or why not."""
    first = max(0, min(chosen - height // 2, len(pairs) - height))
    rows = []
    for number, (market, pair) in enumerate(pairs[first : first + height], first):
        words = quoting_words(market.row, now_ns)
        text = f"{'> ' if number == chosen else '  '}{pair_title(market, pair)}: {words}"
        rows.append(cell(text, width, STRONG if number == chosen else ""))
    return rows
