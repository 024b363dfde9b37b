"""The figures of our quotes against the market, one for each pair.

Prices are probabilities of the pair's first line. A wager of ours on the first line is a bid at the
implied probability of its odds; one on the second line is an offer at one minus that probability.
The market's touch is the opposite: the odds that a taker gets on the first line are its offer.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.report.axes import (
    FAIR,
    FIRST,
    MARKET,
    MAX_FILLS,
    SECOND,
    Series,
    floats,
    implied,
    legend,
    percent_scale,
    picture,
    thin,
    thinned_note,
)
from sim.report.page import Html, figure, join, paragraph, subheading
from sim.report.run_folder import Run, TableColumns, extended_until, indices_by_pair
from sim.report.time_axis import TimeRange, TimeScale, mark_events
from sim.results.run_summary import EventSpan

MAX_PAIRS = 6
# The close-up shows this many minutes around the time of most fills.
_CLOSE_UP_MINUTES = 10.0
_MIN_FILLS_OF_CLOSE_UP = 3
_MARKER_AREA, _MARKER_AREA_OF_LARGEST = 10.0, 80.0
_OUTLINE: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.5}


@dataclass(frozen=True, slots=True)
class _PairLines:
    """The lines of one pair's figure: minutes, and probabilities of its first line in percent."""

    market_minutes: Series
    fair: Series
    market_bid: Series
    market_ask: Series
    quote_minutes: Series
    bid: Series
    ask: Series
    fill_minutes: Series
    fill_first: NDArray[np.bool_]
    fill_at: Series
    fill_stake: Series

    def market(self) -> tuple[Series, Series, Series]:
        return self.fair, self.market_bid, self.market_ask

    def fills_within(self, time_range: TimeRange) -> NDArray[np.bool_]:
        return (self.fill_minutes >= time_range.first) & (self.fill_minutes <= time_range.last)


def quotes(run: Run) -> Html:
    """Return the figures of our quotes and fills against the fair price and the touch, by pair."""
    tables = run.prices, run.quotes, run.fills
    prices, quoted, fills = (indices_by_pair(table) for table in tables)
    pairs = _by_activity(fills, _rested(run.quotes, quoted))
    if not pairs:
        return paragraph("There are no quotes to draw: none was placed.")
    left = f" The {MAX_PAIRS} pairs of most fills and quotes are drawn, of {len(pairs)}."
    explanation = (
        "Probability of the pair's first selection. The band is the market without us, from the "
        "price at which a taker can sell the selection (by backing the other) to that at which "
        "one can back it. The two step lines are our bid for the first selection and, above it, "
        "our offer, which backs the second. The market is sampled; our quotes are complete."
    )
    parts = []
    for number, pair_id in enumerate(pairs[:MAX_PAIRS]):
        of_pair = (indices.get(pair_id, []) for indices in (prices, quoted, fills))
        market, own, matched = map(_rows, tables, of_pair)
        parts.append(_pair_figure(run, pair_id, number, (market, own, matched)))
    return join(
        [paragraph(explanation + (left if len(pairs) > MAX_PAIRS else ""), "aside"), *parts]
    )


def _rested(quotes: TableColumns, indices: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return the pairs that had any quote, with the indices of those rows."""
    odds = list(zip(quotes["first_odds"], quotes["second_odds"], strict=True))
    rested = {pair_id: [p for p in indices[pair_id] if any(odds[p])] for pair_id in indices}
    return {pair_id: own for pair_id, own in rested.items() if own}


def _by_activity(fills: dict[str, list[int]], quoted: dict[str, list[int]]) -> list[str]:
    """Return the pairs that we quoted or traded, those with most fills, then quotes, first."""
    counts = {
        pair_id: (-len(fills.get(pair_id, ())), -len(quoted.get(pair_id, ())))
        for pair_id in {**fills, **quoted}
    }
    return sorted(counts, key=lambda pair_id: (counts[pair_id], pair_id))


def _pair_figure(
    run: Run, pair_id: str, number: int, tables: tuple[TableColumns, TableColumns, TableColumns]
) -> Html:
    name, event = run.pair_name(pair_id), run.event_of(pair_id)
    scale = TimeScale(run, event)
    lines = _pair_lines(tables, scale, run.summary.last_ns)
    time_ranges = [*scale.time_ranges(_first_quote_ns(tables[1])), *_close_up(lines)]
    drawing = _Drawing(lines, scale, event, (name.first, name.second))
    drawn = picture(
        f"quotes-{number}", 0.5 + 2.1 * len(time_ranges), partial(drawing.draw, time_ranges)
    )
    title = subheading(f"{run.short_label(name.label)}: probability of {name.first}")
    return join([title, figure(f"quotes-{number}", drawn, _caption(lines))])


def _first_quote_ns(quoted: TableColumns) -> int | None:
    columns = (quoted[name] for name in ("ns", "first_odds", "second_odds"))
    return next((ns for ns, *odds in zip(*columns, strict=True) if any(odds)), None)


def _close_up(lines: _PairLines) -> list[TimeRange]:
    """Return the minutes with the most fills, if there are enough fills for a close-up."""
    minutes = lines.fill_minutes
    if len(minutes) < _MIN_FILLS_OF_CLOSE_UP:
        return []
    ends = np.searchsorted(minutes, minutes + 0.8 * _CLOSE_UP_MINUTES, side="right")
    busiest = int(np.argmax(ends - np.arange(len(minutes))))
    middle = float(minutes[busiest] + minutes[ends[busiest] - 1]) / 2
    half = _CLOSE_UP_MINUTES / 2
    name = f"close-up, {_CLOSE_UP_MINUTES:g} minutes with most fills"
    return [TimeRange(name, middle - half, middle + half)]


def _caption(lines: _PairLines) -> str:
    fills = len(lines.fill_minutes)
    text = f"Fills: {fills:,}, marked by stake." if fills else "No fills."
    if fills > MAX_FILLS:
        text += f" Only the {MAX_FILLS:,} of most stake are drawn."
    return text + thinned_note(max(len(lines.market_minutes), len(lines.quote_minutes)))


def _pair_lines(
    tables: tuple[TableColumns, TableColumns, TableColumns], scale: TimeScale, last_ns: int
) -> _PairLines:
    prices, quoted = (extended_until(table, last_ns) for table in tables[:2])
    fills = tables[2]
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


def _rows(table: TableColumns, indices: list[int]) -> TableColumns:
    return {name: [column[index] for index in indices] for name, column in table.items()}


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws one pair's lines over ranges of time."""

    lines: _PairLines
    scale: TimeScale
    event: EventSpan | None
    names: tuple[str, str]

    def draw(self, time_ranges: list[TimeRange], canvas: Figure) -> None:
        panels = canvas.subplots(len(time_ranges), 1, squeeze=False)[:, 0]
        for axes, time_range in zip(panels, time_ranges, strict=True):
            self._draw_market(axes, time_range)
            self._draw_quotes(axes, time_range)
            self._draw_fills(axes, time_range)
            axes.set_xlim(time_range.first, time_range.last)
            axes.set_ylim(*_limits(self.lines, time_range))
            axes.set_title(time_range.name.capitalize())
            percent_scale(axes)
            mark_events(axes, self.scale, [self.event] if self.event else [])
            self.scale.label(axes, named=axes is panels[-1])
        legend(panels[0])

    def _draw_market(self, axes: Axes, time_range: TimeRange) -> None:
        lines = self.lines
        indices = time_range.indices(lines.market_minutes)
        indices = indices[thin(*(line[indices] for line in lines.market()))]
        minutes = lines.market_minutes[indices]
        bid, ask = lines.market_bid[indices], lines.market_ask[indices]
        axes.fill_between(minutes, bid, ask, step="post", color=MARKET, lw=0, label="others' touch")
        axes.step(minutes, lines.fair[indices], where="post", color=FAIR, lw=0.9, label="fair")

    def _draw_quotes(self, axes: Axes, time_range: TimeRange) -> None:
        lines = self.lines
        indices = time_range.indices(lines.quote_minutes)
        indices = indices[thin(lines.bid[indices], lines.ask[indices])]
        minutes = lines.quote_minutes[indices]
        for name, color, line in zip(
            self.names, (FIRST, SECOND), (lines.bid, lines.ask), strict=True
        ):
            axes.step(minutes, line[indices], where="post", color=color, label=f"our {name}")

    def _draw_fills(self, axes: Axes, time_range: TimeRange) -> None:
        lines = self.lines
        if not lines.fill_stake.size:
            return
        largest = np.sort(np.argsort(-lines.fill_stake, kind="stable")[:MAX_FILLS])
        inside = lines.fills_within(time_range)
        areas = _MARKER_AREA + _MARKER_AREA_OF_LARGEST * lines.fill_stake / lines.fill_stake.max()
        sides = (FIRST, "^", lines.fill_first), (SECOND, "v", ~lines.fill_first)
        for name, (color, marker, own) in zip(self.names, sides, strict=True):
            indices = largest[(inside & own)[largest]]
            at = lines.fill_minutes[indices], lines.fill_at[indices]
            axes.scatter(*at, s=areas[indices], marker=marker, c=color, zorder=4, **_OUTLINE)
            label, area = f"fill, {name}", _MARKER_AREA_OF_LARGEST / 2
            axes.scatter([], [], s=area, marker=marker, c=color, label=label, **_OUTLINE)


def _limits(lines: _PairLines, time_range: TimeRange) -> tuple[float, float]:
    """Return the range of probabilities to show: our quotes, fills and the fair price, and margins.

    The touch does not count: in a thin market it would flatten everything else.
    """
    quoted = time_range.indices(lines.quote_minutes)[:-1]
    parts = [
        lines.fair[time_range.indices(lines.market_minutes)[:-1]],
        lines.bid[quoted],
        lines.ask[quoted],
        lines.fill_at[lines.fills_within(time_range)],
    ]
    values = np.concatenate(parts)
    known = values[~np.isnan(values)]
    if not known.size:
        return 0.0, 100.0
    low, high = float(known.min()), float(known.max())
    margin = max(0.12 * (high - low), 0.5)
    return max(low - margin, 0.0), min(high + margin, 100.0)
