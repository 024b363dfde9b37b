"""Parts of the text of a watched session: times, amounts, bars. Names are shown as plain text.

Colours only repeat what the words beside them say.
"""

from collections.abc import Sequence
from datetime import timedelta
from textwrap import wrap

from rich.text import Text

from strategies.trading.model.counted import counted
from strategies.trading.model.money import dollars_text
from strategies.trading.model.one_line import one_line
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.snapshot.snapshot_types import EventSummary, LimitUse, MarketSummary

ALARM = "bold reverse"
STRONG = "bold"
DIM = "dim"
# From this part of a limit on its line is marked.
NEAR_PART = 0.8


def cell(text: str, width: int, style: str = "") -> Text:
    """Return a text in a column of a width, cut off with an ellipsis."""
    shown = Text(one_line(text), style)
    shown.truncate(max(1, width), overflow="ellipsis", pad=True)
    return shown


def wrapped(text: str, width: int, most: int) -> list[Text]:
    """Return a text in lines of a width, `most` at most; the last one is cut off."""
    lines = wrap(one_line(text), max(1, width)) or [""]
    if len(lines) > most:
        lines[most - 1 :] = [" ".join(lines[most - 1 :])]
    return [cell(line, width) for line in lines]


def joined(lines: Sequence[Text]) -> Text:
    """Return lines as one text."""
    return Text("\n").join(lines)


def age_text(ns: int) -> str:
    """Return a time that passed: "0.4 s" up to a minute, then "1:02:03"."""
    seconds = max(0, ns) / NS_PER_SECOND
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=int(seconds)))


def milliseconds_text(ns: int) -> str:
    """Return a delay in milliseconds."""
    return f"{ns / 1_000_000:,.0f} ms"


def bar(part: float, width: int) -> str:
    """Return how much of something is used; what is over the whole fills the bar."""
    inner = max(1, width - 2)
    filled = min(inner, round(max(0.0, part) * inner))
    return f"[{'#' * filled}{'-' * (inner - filled)}]"


def limit_part(use: LimitUse) -> float | None:
    """Return how much of a limit is used, None without a limit; without bounds it is all."""
    if use.limit is None:
        return None
    if use.used is None:
        return 1.0
    return use.used / use.limit if use.limit else 1.0


def limit_line(use: LimitUse, width: int) -> Text:
    """Return a limit with a bar, what is used, and the limit."""
    part = limit_part(use)
    used, limit = (_amount(each, use) for each in (use.used, use.limit))
    name = cell(use.name.removeprefix("risk."), 26)
    if part is None:
        return name.append(f" {used}, no limit", DIM)
    mark = " AT ITS LIMIT" if part >= 1 else " NEAR" if part >= NEAR_PART else ""
    figures = f"{100 * part:4.0f} % {used} of {limit}"
    drawn = bar(part, max(6, min(40, width - 28 - len(figures) - 13)))
    return name.append(f" {drawn} {figures}", "").append(mark, ALARM if mark else "")


def _amount(value: float | None, use: LimitUse) -> str:
    if value is None:
        return "unbounded"
    return dollars_text(round(value)) if use.is_money else f"{value:,.4g}"


def status_words(event: EventSummary, now_ns: int) -> str:
    """Return the status of an event, with its score or how far its start is."""
    status = event.status.replace("_", " ")
    if event.score is None:
        until_ns = event.scheduled_ns - now_ns
        when = f"starts in {age_text(until_ns)}" if until_ns > 0 else ""
        return ", ".join(filter(None, (status, when)))
    played = "" if event.clock_ns is None else f" after {age_text(event.clock_ns)}"
    return f"{status}, {event.score[0]}-{event.score[1]}{played}"


def quoting_words(market: MarketSummary, now_ns: int) -> str:
    """Return whether something of ours is offered in a market, or why not, first reason first."""
    if not market.reasons:
        return f"{counted(market.open_wagers, 'wager')} of ours"
    since = market.silent_since_ns
    how_long = "" if since is None else f" for {age_text(now_ns - since)}"
    return f"NOT QUOTED{how_long}: {'; '.join(market.reasons)}"
