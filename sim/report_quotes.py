"""The figure of our quotes against the market: one a pair, as probability of its first line.

A wager of ours on the first line is a bid for it at the probability that our odds imply. One on
the second line is an offer of it, at one less that probability. The market's touch reads the
other way: the odds that a taker can get on the first line are where it is offered.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.report_axes import (
    FAIR,
    FIRST,
    MARKET,
    MOST_FILLS,
    SECOND,
    Floats,
    TimeScale,
    floats,
    implied,
    legend,
    mark_events,
    percent_scale,
    picture,
    thin,
    thinned_note,
)
from sim.report_page import Html, figure, join, paragraph, subheading
from sim.report_run import Columns, EventSpan, Run

MOST_PAIRS = 6
# The stretch in which we quoted gets a panel of its own where it is a smaller share than this.
_SHARE_OF_WHOLE = 0.75
_MARKER_AREA, _MARKER_AREA_OF_LARGEST = 10.0, 80.0

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _PairLines:
    """What is drawn of one pair: minutes, and probabilities of its first line in percent."""

    market_minutes: Floats
    fair: Floats
    market_bid: Floats
    market_ask: Floats
    quote_minutes: Floats
    bid: Floats
    ask: Floats
    fill_minutes: Floats
    fill_first: NDArray[np.bool_]
    fill_at: Floats
    fill_stake: Floats


def quotes(run: Run) -> Html:
    """Return our quotes and fills against the fair price and the touch, pair by pair."""
    pairs = _pairs_by_activity(run)
    if not pairs:
        return paragraph("There are no quotes to draw: none was allowed to rest.")
    left = f" The {MOST_PAIRS} pairs of most fills and quotes are drawn, of {len(pairs)}."
    told = (
        "Probability of the pair's first selection. The band is what others offer, from where a "
        "taker can sell the selection (by backing the other) to where one can back it. Our two "
        "steps are where we would back the first selection and, above it, where we would give it, "
        "by backing the second."
    )
    parts = [
        _pair_figure(run, pair_id, number) for number, pair_id in enumerate(pairs[:MOST_PAIRS])
    ]
    return join([paragraph(told + (left if len(pairs) > MOST_PAIRS else ""), "aside"), *parts])


def _pairs_by_activity(run: Run) -> list[str]:
    """Return the pairs that we quoted or traded, those with most fills and quotes first."""
    activity: dict[str, list[int]] = {}
    for rank, table in ((0, run.fills), (1, run.quotes)):
        for pair_id in table["pair_id"]:
            activity.setdefault(pair_id, [0, 0])[rank] -= 1
    return sorted(activity, key=lambda pair_id: (activity[pair_id], pair_id))


def _pair_figure(run: Run, pair_id: str, number: int) -> Html:
    name, event = run.pair_name(pair_id), run.event_of(pair_id)
    scale = TimeScale(run, event)
    lines = _pair_lines(run, pair_id, scale)
    whole, quoted = _spans(lines, scale)
    spans = (
        [quoted, whole]
        if quoted[1] - quoted[0] < _SHARE_OF_WHOLE * (whole[1] - whole[0])
        else [whole]
    )
    drawn = picture(
        f"quotes-{number}",
        5.0 if len(spans) == 2 else 3.4,
        lambda board: _draw_panels(board, lines, spans, scale, event, (name.first, name.second)),
    )
    caption = _caption(lines, two_panels=len(spans) == 2)
    return join(
        [
            subheading(f"{run.short_label(name.label)}: probability of {name.first}"),
            figure(f"quotes-{number}", drawn, caption),
        ]
    )


def _caption(lines: _PairLines, *, two_panels: bool) -> str:
    fills = len(lines.fill_minutes)
    parts = [
        "Above: while we quoted. Beneath: the whole recording." if two_panels else "",
        f"{fills:,} fills, marked by stake." if fills else "No fills.",
        f"Only the {MOST_FILLS:,} of most stake are drawn." if fills > MOST_FILLS else "",
    ]
    longest = max(len(lines.market_minutes), len(lines.quote_minutes))
    return " ".join(part for part in parts if part) + thinned_note(longest)


def _pair_lines(run: Run, pair_id: str, scale: TimeScale) -> _PairLines:
    prices, quoted, fills = (
        _of_pair(table, pair_id) for table in (run.prices, run.quotes, run.fills)
    )
    first = np.array(fills["first"], dtype=bool)
    backed = implied(fills["odds"])
    return _PairLines(
        market_minutes=scale.minutes(prices["ns"]),
        fair=100 * floats(prices["fair"]),
        market_bid=100 - implied(prices["second_touch"]),
        market_ask=implied(prices["first_touch"]),
        quote_minutes=scale.minutes(quoted["ns"]),
        bid=implied(quoted["first_odds"]),
        ask=100 - implied(quoted["second_odds"]),
        fill_minutes=scale.minutes(fills["ns"]),
        fill_first=first,
        fill_at=np.where(first, backed, 100 - backed),
        fill_stake=floats(fills["stake_cents"]),
    )


def _of_pair(table: Columns, pair_id: str) -> Columns:
    places = [place for place, own in enumerate(table["pair_id"]) if own == pair_id]
    return {name: [column[place] for place in places] for name, column in table.items()}


def _spans(lines: _PairLines, scale: TimeScale) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the minutes of the whole recording, and those in which a quote of ours stood."""
    first, last = scale.minutes([scale.first_ns, scale.last_ns])
    standing = np.flatnonzero(~(np.isnan(lines.bid) & np.isnan(lines.ask)))
    if not standing.size:
        return (first, last), (first, last)
    gone = min(standing[-1] + 1, len(lines.quote_minutes) - 1)
    start, end = lines.quote_minutes[standing[0]], lines.quote_minutes[gone]
    margin = max(0.005 * (end - start), 0.5)
    return (first, last), (max(first, start - margin), min(last, end + margin))


def _draw_panels(
    board: Figure,
    lines: _PairLines,
    spans: list[tuple[float, float]],
    scale: TimeScale,
    event: EventSpan | None,
    names: tuple[str, str],
) -> None:
    panels = board.subplots(len(spans), 1, squeeze=False, height_ratios=(2, 1)[: len(spans)])[:, 0]
    for axes, span in zip(panels, spans, strict=True):
        _draw_lines(axes, lines, span, names)
        axes.set_xlim(*span)
        axes.set_ylim(*_limits(lines, span))
        percent_scale(axes)
        mark_events(axes, scale, [event] if event else [], named=True)
        scale.label(axes)
    if len(spans) == 2:
        panels[1].axvspan(*spans[0], color=FIRST, alpha=0.07, linewidth=0)
        panels[0].set_xlabel("")
    legend(panels[0])


def _draw_lines(
    axes: Axes, lines: _PairLines, span: tuple[float, float], names: tuple[str, str]
) -> None:
    shown = _within(lines.market_minutes, span)
    kept = shown[thin(lines.fair[shown], lines.market_bid[shown], lines.market_ask[shown])]
    minutes = lines.market_minutes[kept]
    axes.fill_between(
        minutes,
        lines.market_bid[kept],
        lines.market_ask[kept],
        step="post",
        color=MARKET,
        linewidth=0,
        label="others' touch",
    )
    axes.step(minutes, lines.fair[kept], where="post", color=FAIR, linewidth=0.9, label="fair")
    shown = _within(lines.quote_minutes, span)
    kept = shown[thin(lines.bid[shown], lines.ask[shown])]
    minutes = lines.quote_minutes[kept]
    axes.step(minutes, lines.bid[kept], where="post", color=FIRST, label=f"our {names[0]}")
    axes.step(minutes, lines.ask[kept], where="post", color=SECOND, label=f"our {names[1]}")
    _draw_fills(axes, lines, span, names)


def _within(minutes: Floats, span: tuple[float, float]) -> Places:
    """Return the places in a span, with the one before it, whose value holds at its start."""
    after = int(np.searchsorted(minutes, span[0]))
    return np.arange(max(after - 1, 0), int(np.searchsorted(minutes, span[1], side="right")))


def _draw_fills(
    axes: Axes, lines: _PairLines, span: tuple[float, float], names: tuple[str, str]
) -> None:
    if not lines.fill_stake.size:
        return
    largest = np.sort(np.argsort(-lines.fill_stake, kind="stable")[:MOST_FILLS])
    inside = (lines.fill_minutes >= span[0]) & (lines.fill_minutes <= span[1])
    areas = _MARKER_AREA + _MARKER_AREA_OF_LARGEST * lines.fill_stake / lines.fill_stake.max()
    sides = (names[0], FIRST, "^", lines.fill_first), (names[1], SECOND, "v", ~lines.fill_first)
    for name, color, marker, own in sides:
        places = largest[(inside & own)[largest]]
        at = lines.fill_minutes[places], lines.fill_at[places]
        style = {"marker": marker, "color": color, "edgecolor": "white", "linewidth": 0.5}
        axes.scatter(*at, s=areas[places], zorder=4, **style)
        axes.scatter([], [], s=_MARKER_AREA_OF_LARGEST / 2, label=f"fill, {name}", **style)


def _limits(lines: _PairLines, span: tuple[float, float]) -> tuple[float, float]:
    """Return the probabilities to show: our quotes, fills and the fair price, with room around.

    The touch does not count: where the market is thin it would flatten all else.
    """
    parts = [
        lines.fair[_within(lines.market_minutes, span)],
        lines.bid[_within(lines.quote_minutes, span)],
        lines.ask[_within(lines.quote_minutes, span)],
        lines.fill_at[(lines.fill_minutes >= span[0]) & (lines.fill_minutes <= span[1])],
    ]
    values = np.concatenate(parts)
    known = values[~np.isnan(values)]
    if not known.size:
        return 0.0, 100.0
    low, high = float(known.min()), float(known.max())
    room = max(0.12 * (high - low), 0.5)
    return max(low - room, 0.0), min(high + room, 100.0)
