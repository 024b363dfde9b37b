"""The figures of profit and exposure over time, and of the inventory of each pair."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.axes import (
    FIRST,
    INK,
    MARKED,
    MUTED,
    SECOND,
    Series,
    floats,
    legend,
    money_scale,
    picture,
    thin,
    thinned_note,
)
from sim.report.page import Html, figure, paragraph
from sim.report.run_folder import Run, extended_until, indices_by_pair
from sim.report.time_axis import TimeRange, TimeScale, grid, mark_events
from sim.results.run_summary import EventSpan

MAX_PAIRS = 6


def equity(run: Run) -> Html:
    """Return the figure of profit, settled and with marks, above that of exposure."""
    if not run.equity["ns"]:
        return paragraph("There is no equity to draw: the run has no rows.")
    drawn = picture("equity", 4.2, lambda canvas: _draw_equity(canvas, run))
    caption = (
        "Top: profit settled net of commission, and with open positions marked at the fair price. "
        "Bottom: exposure, the worst case over outcomes, resting wagers included. Drawn from the "
        "first wager on."
    )
    return figure("equity", drawn, caption + thinned_note(len(run.equity["ns"])))


def _draw_equity(canvas: Figure, run: Run) -> None:
    scale, time_ranges = _time(run)
    panels = grid(canvas, time_ranges, height_ratios=(2, 1))
    accounts = extended_until(run.equity, run.summary.last_ns)
    minutes = scale.minutes(accounts["ns"])
    settled = floats(accounts["profit_cents"]) / 100
    with_marks = settled + floats(accounts["marked_cents"]) / 100
    exposure = floats(accounts["exposure_cents"]) / 100
    for time_range, (above, below) in zip(time_ranges, panels.T, strict=True):
        indices = time_range.indices(minutes)
        indices = indices[thin(settled[indices], with_marks[indices], exposure[indices])]
        at = minutes[indices]
        above.step(at, with_marks[indices], where="post", color=MARKED, label="with marks")
        above.step(at, settled[indices], where="post", color=INK, label="settled", linewidth=1.6)
        below.fill_between(at, exposure[indices], step="post", color=MUTED, alpha=0.35, linewidth=0)
        _finish(above, "Profit, dollars", time_range)
        _finish(below, "Exposure, dollars", time_range)
        mark_events(above, scale, run.summary.events)
        scale.label(below)
    legend(panels[0, -1])


def _time(run: Run) -> tuple[TimeScale, list[TimeRange]]:
    """Return the time scale of the whole run, from the start of its event if it has only one."""
    scale = TimeScale(run, _only_event(run))
    exposed = zip(run.equity["ns"], run.equity["exposure_cents"], strict=True)
    return scale, scale.time_ranges(next((ns for ns, exposure in exposed if exposure), None))


def _only_event(run: Run) -> EventSpan | None:
    return run.summary.events[0] if len(run.summary.events) == 1 else None


def _finish(axes: Axes, title: str, time_range: TimeRange) -> None:
    axes.set_title(f"{title}, {time_range.name}" if time_range.name else title)
    axes.set_xlim(time_range.first, time_range.last)
    money_scale(axes)


def inventory(run: Run) -> Html:
    """Return the figure of each pair's profit by outcome, over time."""
    indices = indices_by_pair(run.fills)
    pairs = _by_stake(run, indices)
    if not pairs:
        return paragraph("There is no inventory to draw: no wager was matched.")
    shown = pairs[:MAX_PAIRS]
    height = 0.7 + 1.45 * len(shown)
    held = {pair_id: indices[pair_id] for pair_id in shown}
    drawn = picture("inventory", height, lambda canvas: _draw_inventory(canvas, run, held))
    caption = (
        "Gross profit of matched wagers in dollars, by outcome, until the event ends. The lines "
        "meet where the inventory is balanced; the shading between them is the imbalance."
    )
    if len(pairs) > len(shown):
        caption += f" The {len(shown)} pairs of most matched stake are drawn, of {len(pairs)}."
    return figure("inventory", drawn, caption)


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


def _draw_inventory(canvas: Figure, run: Run, indices: dict[str, list[int]]) -> None:
    scale, time_ranges = _time(run)
    panels = grid(canvas, time_ranges, height_ratios=(1,) * len(indices))
    for row, pair_id in zip(panels, indices, strict=True):
        held, event = _pair_profits(run, pair_id, indices[pair_id], scale), run.event_of(pair_id)
        for axes, time_range in zip(row, time_ranges, strict=True):
            _draw_pair_profits(axes, run, pair_id, held, time_range)
            mark_events(axes, scale, [event] if event else [])
        legend(row[-1])
    for axes in panels[-1]:
        scale.label(axes)


def _draw_pair_profits(
    axes: Axes, run: Run, pair_id: str, held: _PairProfits, time_range: TimeRange
) -> None:
    name = run.pair_name(pair_id)
    indices = time_range.indices(held.minutes)
    minutes = held.minutes[indices]
    if_first, if_second = held.if_first[indices], held.if_second[indices]
    kept = thin(if_first, if_second)
    minutes, if_first, if_second = minutes[kept], if_first[kept], if_second[kept]
    axes.fill_between(minutes, if_first, if_second, step="post", color=MUTED, alpha=0.12, lw=0)
    axes.step(minutes, if_first, where="post", color=FIRST, label=f"if {name.first} wins")
    axes.step(minutes, if_second, where="post", color=SECOND, label=f"if {name.second} wins")
    _finish(axes, run.short_label(name.label), time_range)
