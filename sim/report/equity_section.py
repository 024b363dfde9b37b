"""The figures of profit and exposure over time, and of the inventory of each pair."""

from dataclasses import dataclass

import numpy as np

from sim.report.limit_texts import (
    ReachedLimit,
    denials_text,
    exposure_limit,
    loss_limit,
    position_limit,
)
from sim.report.number_text import count, dollar_tick, dollars, signed_dollars
from sim.report.page import Html, figure, join, paragraph, subheading
from sim.report.panel import (
    DASHES,
    FIRST,
    INK,
    LIMIT,
    LINE,
    MARKED,
    MUTED,
    SECOND,
    Box,
    LegendKey,
    Panel,
    grid,
    picture,
)
from sim.report.run_folder import Run, extended_until, indices_by_pair
from sim.report.series import (
    ZOOM_POINTS,
    AxisLimits,
    Series,
    floats,
    limits_around,
    round_ticks,
    thin,
    thinned_note,
)
from sim.report.time_axis import TimeRange, TimeScale
from sim.results.run_summary import EventSpan

MAX_PAIRS = 6
_PROFIT_HEIGHT, _EXPOSURE_HEIGHT, _PAIR_HEIGHT = 190, 95, 110


@dataclass(frozen=True, slots=True)
class _Accounts:
    """The accounts over time, in dollars."""

    minutes: Series
    settled: Series
    with_marks: Series
    exposure: Series

    def within(self, time_range: TimeRange) -> "_Accounts":
        """Return the points to draw of a range."""
        indices = time_range.indices(self.minutes)
        lines = self.settled[indices], self.with_marks[indices], self.exposure[indices]
        kept = thin(*lines, most=ZOOM_POINTS)
        return _Accounts(self.minutes[indices][kept], *(line[kept] for line in lines))


def equity(run: Run) -> Html:
    """Return the figure of profit, settled and with marks, above that of exposure."""
    if not run.equity["ns"]:
        return paragraph("There is no equity to draw: the run has no rows.")
    caption = (
        f"{_equity_reading(run)} Top: profit settled net of commission, and with open positions "
        "marked at the fair price: where the lines are apart, the difference is not settled yet. "
        "Bottom: exposure, the worst case over outcomes, resting wagers included. Drawn from the "
        "first wager on."
    )
    return figure("equity", _draw_equity(run), caption + thinned_note(len(run.equity["ns"])))


def _equity_reading(run: Run) -> str:
    """Return the range of profit and exposure, beside their limits."""
    s = run.summary
    low_cents, high_cents = _profit_range(run)
    text = (
        f"With open positions marked, profit was between {signed_dollars(low_cents)} and "
        f"{signed_dollars(high_cents)}; its largest fall from a peak was "
        f"{dollars(s.max_drawdown_cents)}. Exposure reached {dollars(s.max_exposure_cents)}"
    )
    if s.accounts > 1:
        return (
            f"{text} in one game; the curves add up {count(s.accounts)} accounts, each with limits "
            f"of its own, so no limit is drawn.{denials_text(run)}"
        )
    limit = exposure_limit(run)
    beside = f", {limit.share_text()}" if limit else ""
    return f"{text}{beside}.{denials_text(run)}"


def _profit_range(run: Run) -> tuple[int, int]:
    profits = zip(run.equity["profit_cents"], run.equity["marked_cents"], strict=True)
    totals = [settled + (marked or 0) for settled, marked in profits]
    return min(totals), max(totals)


def _draw_equity(run: Run) -> Html:
    scale, time_ranges = _time(run)
    accounts = _accounts(run, scale)
    drawn = [accounts.within(time_range) for time_range in time_ranges]
    loss, exposed = loss_limit(run, _profit_range(run)[0]), exposure_limit(run)
    lines = [line for each in drawn for line in (each.settled, each.with_marks)]
    profits = limits_around([*lines, *_level(loss, -1)])
    exposures = limits_around([*(each.exposure for each in drawn), *_level(exposed)])
    (above, below), height = grid(len(time_ranges), (_PROFIT_HEIGHT, _EXPOSURE_HEIGHT))
    panels = []
    for column, (time_range, each) in enumerate(zip(time_ranges, drawn, strict=True)):
        labelled = column == 0
        top = _money_panel(above[column], time_range, profits, "Profit, dollars", labelled)
        top.steps(each.minutes, each.with_marks, MARKED, name="with marks")
        top.steps(each.minutes, each.settled, INK, 2, "settled")
        for level in _level(loss, -1):
            top.horizontal(level[0], LIMIT, dashed=True)
        scale.mark_events(top, run.summary.events)
        scale.draw_ticks(top, labelled=False)
        bottom = _money_panel(below[column], time_range, exposures, "Exposure, dollars", labelled)
        zero = np.zeros_like(each.exposure)
        bottom.band(each.minutes, zero, each.exposure, MUTED, 0.35)
        bottom.steps(each.minutes, each.exposure, MUTED, 1, "exposure")
        for level in _level(exposed):
            bottom.horizontal(level[0], LIMIT, dashed=True)
        scale.draw_ticks(bottom)
        panels += [top, bottom]
    panels[-2].legend([LegendKey(LINE, MARKED, "with marks"), LegendKey(LINE, INK, "settled")])
    if _level(exposed) or _level(loss, -1):
        panels[-1].legend([LegendKey(DASHES, LIMIT, "limit")])
    return picture("equity", height, panels)


def _level(limit: ReachedLimit | None, sign: int = 1) -> list[Series]:
    """Return the height of a limit in dollars, nothing where it is not drawn."""
    return [floats([sign * limit.limit_cents / 100])] if limit and limit.is_drawn else []


def _accounts(run: Run, scale: TimeScale) -> _Accounts:
    table = extended_until(run.equity, run.summary.last_ns)
    settled = floats(table["profit_cents"]) / 100
    return _Accounts(
        scale.minutes(table["ns"]),
        settled,
        settled + floats(table["marked_cents"]) / 100,
        floats(table["exposure_cents"]) / 100,
    )


def _time(run: Run) -> tuple[TimeScale, list[TimeRange]]:
    """Return the time scale of the whole run, from the start of its event if it has only one."""
    scale = TimeScale(run, _only_event(run))
    exposed = zip(run.equity["ns"], run.equity["exposure_cents"], strict=True)
    return scale, scale.time_ranges(next((ns for ns, exposure in exposed if exposure), None))


def _only_event(run: Run) -> EventSpan | None:
    return run.summary.events[0] if len(run.summary.events) == 1 else None


def _money_panel(
    box: Box, time_range: TimeRange, limits: AxisLimits, title: str, labelled: bool
) -> Panel:
    """Return a panel of dollars over time, with a line at zero."""
    panel = Panel(box, time_range.limits, limits, "$")
    panel.title(f"{title}, {time_range.name}" if time_range.name else title)
    panel.value_ticks(round_ticks(limits, 5), dollar_tick, labelled=labelled)
    panel.horizontal(0, MUTED)
    return panel


def inventory(run: Run, most: int | None = MAX_PAIRS) -> Html:
    """Return the figure of each pair's profit by outcome, over time.

    `most` is how many pairs are drawn, None for all.
    """
    indices = indices_by_pair(run.fills)
    pairs = _by_stake(run, indices)
    if not pairs:
        return paragraph("There is no inventory to draw: no wager was matched.")
    shown = {pair_id: indices[pair_id] for pair_id in pairs[:most]}
    caption = (
        f"{_inventory_reading(run, pairs[0])} Gross profit of matched wagers in dollars, by "
        "outcome, until the event ends. The lines meet where the inventory is balanced; the "
        "shading between them is the imbalance."
    )
    if len(pairs) > len(shown):
        caption += f" The {len(shown)} pairs of most matched stake are drawn, of {len(pairs)}."
    if len(run.summary.events) == 1:
        return figure("inventory", _draw_inventory(run, shown, _time(run)), caption)
    parts = [paragraph(caption, "aside")]
    for number, (pair_id, rows) in enumerate(shown.items()):
        # Each on the time axis of its own game.
        scale = TimeScale(run, run.event_of(pair_id))
        time = scale, scale.time_ranges(run.fills["ns"][rows[0]])
        drawn = _draw_inventory(run, {pair_id: rows}, time)
        label = run.pair_name(pair_id).label
        parts += [subheading(label), figure(f"inventory-{number}", drawn, f"Profit of {label}.")]
    return join(parts)


def _inventory_reading(run: Run, largest: str) -> str:
    """Return the worst that any pair could have lost, beside the limit of a position."""
    columns = run.fills["profit_if_first_cents"], run.fills["profit_if_second_cents"]
    worst = [min(profits) for profits in zip(*columns, strict=True)]
    place = min(range(len(worst)), key=worst.__getitem__)
    name = run.short_label(run.pair_name(run.fills["pair_id"][place]).label)
    text = f"The most that one pair could lose was {dollars(max(0, -worst[place]))} ({name})"
    limit = position_limit(run, worst[place])
    most = run.short_label(run.pair_name(largest).label)
    beside = f", {limit.share_text()}" if limit else ""
    return f"{text}{beside}; most stake was matched in {most}."


def _by_stake(run: Run, indices: dict[str, list[int]]) -> list[str]:
    stakes = run.fills["stake_cents"]
    matched = {pair_id: sum(stakes[index] for index in indices[pair_id]) for pair_id in indices}
    return sorted(matched, key=lambda pair_id: (-matched[pair_id], pair_id))


@dataclass(frozen=True, slots=True)
class _PairProfits:
    """The profit of a pair by outcome, in dollars, from the first row to the end of its event."""

    minutes: Series
    if_first: Series
    if_second: Series

    def within(self, time_range: TimeRange) -> "_PairProfits":
        """Return the points to draw of a range."""
        indices = time_range.indices(self.minutes)
        lines = self.if_first[indices], self.if_second[indices]
        kept = thin(*lines, most=ZOOM_POINTS)
        return _PairProfits(self.minutes[indices][kept], *(line[kept] for line in lines))


def _pair_profits(run: Run, pair_id: str, indices: list[int], scale: TimeScale) -> _PairProfits:
    fills, event = run.fills, run.event_of(pair_id)
    last_ns = fills["ns"][indices[-1]]
    end_ns = event.ended_ns if event and event.ended_ns is not None else run.summary.last_ns
    times = [run.summary.first_ns, *(fills["ns"][index] for index in indices), max(end_ns, last_ns)]
    columns = "profit_if_first_cents", "profit_if_second_cents"
    if_first, if_second = (
        [before, *(fills[column][index] for index in indices), fills[column][indices[-1]]]
        for before, column in zip(_profits_before(run, indices[0]), columns, strict=True)
    )
    return _PairProfits(scale.minutes(times), floats(if_first) / 100, floats(if_second) / 100)


def _profits_before(run: Run, index: int) -> tuple[int, int]:
    """Return the profit of a pair by outcome before a fill, in cents."""
    fill = {name: column[index] for name, column in run.fills.items()}
    won, lost = fill["profit_cents"], -fill["stake_cents"]
    on_first, on_second = (won, lost) if fill["first"] else (lost, won)
    return fill["profit_if_first_cents"] - on_first, fill["profit_if_second_cents"] - on_second


def _draw_inventory(
    run: Run, indices: dict[str, list[int]], time: tuple[TimeScale, list[TimeRange]]
) -> Html:
    scale, time_ranges = time
    rows, height = grid(len(time_ranges), (_PAIR_HEIGHT,) * len(indices))
    panels: list[Panel] = []
    for boxes, pair_id in zip(rows, indices, strict=True):
        held, event = _pair_profits(run, pair_id, indices[pair_id], scale), run.event_of(pair_id)
        drawn = _draw_pair_profits(run, pair_id, held, boxes, time_ranges)
        for panel in drawn:
            scale.mark_events(panel, [event] if event else [])
            scale.draw_ticks(panel, labelled=boxes is rows[-1])
        panels += drawn
    return picture("inventory", height, panels)


def _draw_pair_profits(
    run: Run, pair_id: str, held: _PairProfits, boxes: list[Box], time_ranges: list[TimeRange]
) -> list[Panel]:
    """Return the panels of a pair, one for each range of time."""
    name = run.pair_name(pair_id)
    drawn = [held.within(time_range) for time_range in time_ranges]
    lines = [line for each in drawn for line in (each.if_first, each.if_second)]
    worst_cents = round(100 * min(float(np.nanmin(line)) for line in lines))
    position = _level(position_limit(run, worst_cents), -1)
    limits = limits_around([*lines, *position])
    panels = []
    several = len(run.summary.events) > 1
    for box, time_range, each in zip(boxes, time_ranges, drawn, strict=True):
        title, labelled = "dollars" if several else run.short_label(name.label), box is boxes[0]
        panel = _money_panel(box, time_range, limits, title, labelled)
        panel.band(each.minutes, each.if_first, each.if_second, MUTED, 0.12)
        panel.steps(each.minutes, each.if_first, FIRST, name=f"if {name.first} wins")
        panel.steps(each.minutes, each.if_second, SECOND, name=f"if {name.second} wins")
        for level in position:
            panel.horizontal(level[0], LIMIT, dashed=True)
        panels.append(panel)
    sides = (FIRST, name.first), (SECOND, name.second)
    panels[-1].legend([LegendKey(LINE, color, f"if {side} wins") for color, side in sides])
    return panels
