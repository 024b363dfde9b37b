"""The figures of our quotes against the market, one for each pair.

Prices are probabilities of the pair's first line. A wager of ours on the first line is a bid at the
implied probability of its odds; one on the second line is an offer at one minus that probability.
The market's touch is the opposite: the odds that a taker gets on the first line are its offer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.report.number_text import clock, dollars, odds_text, percent_tick
from sim.report.page import Html, figure, join, paragraph, subheading
from sim.report.panel import (
    AREA,
    DOWN,
    FAIR,
    FIRST,
    LINE,
    MARKED,
    MARKET,
    SECOND,
    UP,
    LegendKey,
    Panel,
    picture,
    stack,
)
from sim.report.run_folder import Run, TableColumns, extended_until, indices_by_pair
from sim.report.series import (
    MAX_FILLS,
    ZOOM_POINTS,
    AxisLimits,
    Series,
    floats,
    implied,
    round_ticks,
    thin,
    thinned_note,
)
from sim.report.time_axis import TimeRange, TimeScale
from sim.results.run_summary import EventSpan
from strategies.trading.model.counted import counted
from strategies.trading.ports.view import OWN_FAIR

MAX_PAIRS = 6
# The close-up shows this many minutes around the time of most fills.
_CLOSE_UP_MINUTES = 10.0
_MIN_FILLS_OF_CLOSE_UP = 3
_AFTER_LAST_MINUTES = 2.0
_HEIGHT = 150
# Of the mark of a fill, in square pixels, and what its share of the largest stake adds.
_MARK_AREA, _MARK_AREA_OF_LARGEST = 18.0, 140.0


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a pair is drawn: points of each line, and fills."""

    points: int
    fills: int


WHOLE = Detail(ZOOM_POINTS, MAX_FILLS)


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
    own_minutes: Series
    own_fair: Series
    fill_minutes: Series
    fill_first: NDArray[np.bool_]
    fill_at: Series
    fill_stake: Series
    fill_texts: Sequence[str]

    def market(self) -> tuple[Series, Series, Series]:
        return self.fair, self.market_bid, self.market_ask

    def fills_within(self, time_range: TimeRange) -> NDArray[np.bool_]:
        return (self.fill_minutes >= time_range.first) & (self.fill_minutes <= time_range.last)


def quotes(run: Run, most: int | None = MAX_PAIRS) -> Html:
    """Return the figures of our quotes and fills against the fair price and the touch, by pair.

    `most` is how many pairs are drawn, None for all.
    """
    tables = QuoteTables(run)
    pairs = tables.pairs
    if not pairs:
        return paragraph("There are no quotes to draw: none was placed.")
    left = f" The {most} pairs of most fills and quotes are drawn, of {len(pairs)}."
    explanation = (
        "Probability of the pair's first selection. The band is the market without us, from the "
        "price at which a taker can sell the selection (by backing the other) to that at which "
        "one can back it. The two step lines are our bid for the first selection and, above it, "
        "our offer, which backs the second: inside the band a price of ours is the best there is. "
        "The market is sampled; our quotes are complete."
    )
    parts = [
        _pair_figure(run, pair_id, number, tables.of(pair_id))
        for number, pair_id in enumerate(pairs[:most])
    ]
    return join(
        [paragraph(explanation + (left if len(pairs) > len(parts) else ""), "aside"), *parts]
    )


class PairTables(NamedTuple):
    """The market, our quotes, our fills, and what the strategy noted as fair, of one pair."""

    market: TableColumns
    quotes: TableColumns
    fills: TableColumns
    own_fairs: TableColumns


class QuoteTables:
    """The tables of a run by pair; `pairs` are those with quotes, the most active first."""

    def __init__(self, run: Run) -> None:
        """Find the rows of every pair once."""
        self._tables = run.prices, run.quotes, run.fills, run.notes
        self._prices, self._quoted, self._fills = map(indices_by_pair, self._tables[:3])
        self._own_fairs = _own_fairs(run.notes)
        self.pairs = _by_activity(self._fills, _rested(run.quotes, self._quoted))

    def of(self, pair_id: str) -> PairTables:
        """Return the market, our quotes, our fills and the strategy's fair prices of a pair."""
        indices = self._prices, self._quoted, self._fills, self._own_fairs
        return PairTables(
            *(
                _rows(table, by_pair.get(pair_id, []))
                for table, by_pair in zip(self._tables, indices, strict=True)
            )
        )


def _rested(quotes: TableColumns, indices: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return the pairs that had any quote, with the indices of those rows."""
    odds = list(zip(quotes["first_odds"], quotes["second_odds"], strict=True))
    rested = {pair_id: [p for p in indices[pair_id] if any(odds[p])] for pair_id in indices}
    return {pair_id: own for pair_id, own in rested.items() if own}


def _own_fairs(notes: TableColumns) -> dict[str, list[int]]:
    """Return the rows of the notes that are a fair price of the strategy's own, by pair."""
    own = [row for row, name in enumerate(notes["name"]) if name == OWN_FAIR]
    return {
        pair_id: [own[place] for place in places]
        for pair_id, places in indices_by_pair(_rows(notes, own)).items()
    }


def _by_activity(fills: dict[str, list[int]], quoted: dict[str, list[int]]) -> list[str]:
    """Return the pairs that we quoted or traded, those with most fills, then quotes, first."""
    counts = {
        pair_id: (-len(fills.get(pair_id, ())), -len(quoted.get(pair_id, ())))
        for pair_id in {**fills, **quoted}
    }
    return sorted(counts, key=lambda pair_id: (counts[pair_id], pair_id))


def _pair_figure(run: Run, pair_id: str, number: int, tables: PairTables) -> Html:
    name, event = run.pair_name(pair_id), run.event_of(pair_id)
    scale = TimeScale(run, event)
    names = name.first, name.second
    lines = _pair_lines(tables, scale, run.summary.last_ns, names)
    time_ranges = [*scale.time_ranges(_first_quote_ns(tables.quotes)), *_close_up(lines)]
    drawn = _Drawing(lines, scale, event, names, WHOLE).draw(f"quotes-{number}", time_ranges)
    title = subheading(f"{run.short_label(name.label)}: probability of {name.first}")
    return join([title, figure(f"quotes-{number}", drawn, _caption(lines))])


def small_pair_figure(run: Run, pair_id: str, tables: PairTables, detail: Detail) -> Html:
    """Return the figure of one pair, over the time in which it was quoted or filled, alone."""
    name, event = run.pair_name(pair_id), run.event_of(pair_id)
    scale = TimeScale(run, event)
    names = name.first, name.second
    lines = _pair_lines(tables, scale, run.summary.last_ns, names)
    first_ns, last_ns = _active(tables.quotes, tables.fills["ns"])
    first, last = scale.minutes([first_ns, last_ns])
    time_range = TimeRange(
        f"probability of {name.first}", float(first), float(last) + _AFTER_LAST_MINUTES
    )
    drawing = _Drawing(lines, scale, event, names, detail)
    return drawing.draw(f"quotes of {name.label}", [time_range])


def _active(quoted: TableColumns, filled_ns: Sequence[int]) -> tuple[int, int]:
    """Return from when until when a pair was quoted or filled: a quote ends with the next row."""
    times, odds = quoted["ns"], zip(quoted["first_odds"], quoted["second_odds"], strict=True)
    rested = [row for row, both in enumerate(odds) if any(both)]
    ends = [times[min(row + 1, len(times) - 1)] for row in rested[-1:]]
    begins = [times[row] for row in rested[:1]]
    return min([*begins, *filled_ns]), max([*ends, *filled_ns])


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
    text = (
        f"Triangles are our {counted(fills, 'fill')}, larger for more stake."
        if fills
        else "No fills."
    )
    fair = lines.fair[~np.isnan(lines.fair)]
    if fair.size:
        text = (
            f"The fair price began at {fair[0]:.1f} %, ended at {fair[-1]:.1f} %, and was between "
            f"{fair.min():.1f} and {fair.max():.1f} %. {text}"
        )
    if fills > MAX_FILLS:
        text += f" Only the {MAX_FILLS:,} of most stake are drawn."
    return text + thinned_note(max(len(lines.market_minutes), len(lines.quote_minutes)))


def _pair_lines(
    tables: PairTables, scale: TimeScale, last_ns: int, names: tuple[str, str]
) -> _PairLines:
    prices, quoted = (extended_until(table, last_ns) for table in tables[:2])
    fills, own_fairs = tables[2:]
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
        own_minutes=scale.minutes(own_fairs["ns"]),
        own_fair=100 * floats(own_fairs["value"]),
        fill_minutes=scale.minutes(fills["ns"]),
        fill_first=first,
        fill_at=np.where(first, backed, 100 - backed),
        fill_stake=floats(fills["stake_cents"]),
        fill_texts=_fill_texts(names, fills),
    )


def _fill_texts(names: tuple[str, str], fills: TableColumns) -> list[str]:
    columns = (fills[name] for name in ("first", "odds", "stake_cents", "ns"))
    return [
        f"{names[0 if first else 1]} {odds_text(odds)}, {dollars(stake_cents)}, {clock(ns)[11:]}"
        for first, odds, stake_cents, ns in zip(*columns, strict=True)
    ]


def _rows(table: TableColumns, indices: list[int]) -> TableColumns:
    return {name: [column[index] for index in indices] for name, column in table.items()}


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws one pair's lines over ranges of time."""

    lines: _PairLines
    scale: TimeScale
    event: EventSpan | None
    names: tuple[str, str]
    detail: Detail

    def draw(self, name: str, time_ranges: list[TimeRange]) -> Html:
        boxes, height = stack(len(time_ranges), _HEIGHT)
        panels = []
        for box, time_range in zip(boxes, time_ranges, strict=True):
            panel = Panel(box, time_range.limits, _limits(self.lines, time_range), "%")
            panel.title(time_range.name[:1].upper() + time_range.name[1:])
            panel.value_ticks(round_ticks(panel.upwards, 6), percent_tick)
            self._draw_market(panel, time_range)
            self._draw_own_fair(panel, time_range)
            self._draw_quotes(panel, time_range)
            self.scale.mark_events(panel, [self.event] if self.event else [])
            self._draw_fills(panel, time_range)
            self.scale.draw_ticks(panel, named=box is boxes[-1])
            panels.append(panel)
        panels[0].legend(self._keys())
        return picture(name, height, panels)

    def _keys(self) -> list[LegendKey]:
        first, second = self.names
        keys = [
            LegendKey(AREA, MARKET, "others' touch"),
            LegendKey(LINE, FAIR, "fair"),
            *([LegendKey(LINE, MARKED, "the strategy's fair")] if self.lines.own_fair.size else []),
            LegendKey(LINE, FIRST, f"our {first}"),
            LegendKey(LINE, SECOND, f"our {second}"),
        ]
        if self.lines.fill_stake.size:
            keys += [
                LegendKey(UP, FIRST, f"fill, {first}"),
                LegendKey(DOWN, SECOND, f"fill, {second}"),
            ]
        return keys

    def _draw_market(self, panel: Panel, time_range: TimeRange) -> None:
        lines = self.lines
        indices = time_range.indices(lines.market_minutes)
        indices = indices[
            thin(*(line[indices] for line in lines.market()), most=self.detail.points)
        ]
        minutes = lines.market_minutes[indices]
        touch = lines.market_bid[indices], lines.market_ask[indices]
        panel.band(minutes, *touch, MARKET, names=("others' bid", "others' offer"))
        panel.steps(minutes, lines.fair[indices], FAIR, 1.2, "fair")

    def _draw_own_fair(self, panel: Panel, time_range: TimeRange) -> None:
        lines = self.lines
        indices = time_range.indices(lines.own_minutes)
        indices = indices[thin(lines.own_fair[indices], most=self.detail.points)]
        if not indices.size:
            return
        minutes, own_fair = lines.own_minutes[indices], lines.own_fair[indices]
        panel.steps(minutes, own_fair, MARKED, 1.2, "the strategy's fair")

    def _draw_quotes(self, panel: Panel, time_range: TimeRange) -> None:
        lines = self.lines
        indices = time_range.indices(lines.quote_minutes)
        indices = indices[thin(lines.bid[indices], lines.ask[indices], most=self.detail.points)]
        minutes = lines.quote_minutes[indices]
        first, second = self.names
        panel.steps(minutes, lines.bid[indices], FIRST, name=f"our {first}")
        panel.steps(minutes, lines.ask[indices], SECOND, name=f"our {second}")

    def _draw_fills(self, panel: Panel, time_range: TimeRange) -> None:
        lines = self.lines
        if not lines.fill_stake.size:
            return
        by_stake = np.argsort(-lines.fill_stake, kind="stable")
        largest = np.sort(by_stake[: self.detail.fills])
        inside = lines.fills_within(time_range)
        areas = _MARK_AREA + _MARK_AREA_OF_LARGEST * lines.fill_stake / lines.fill_stake.max()
        for color, up, own in (FIRST, True, lines.fill_first), (SECOND, False, ~lines.fill_first):
            indices = largest[(inside & own)[largest]]
            at = lines.fill_minutes[indices], lines.fill_at[indices]
            texts = [lines.fill_texts[index] for index in indices]
            panel.triangles(*at, np.sqrt(areas[indices]), color, texts, up=up)


def _limits(lines: _PairLines, time_range: TimeRange) -> AxisLimits:
    """Return the range of probabilities to show: our quotes, fills and the fair price, and margins.

    The touch does not count: in a thin market it would flatten everything else.
    """
    quoted = time_range.indices(lines.quote_minutes)[:-1]
    parts = [
        lines.fair[time_range.indices(lines.market_minutes)[:-1]],
        lines.own_fair[time_range.indices(lines.own_minutes)[:-1]],
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
