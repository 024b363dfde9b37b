"""The figures of money over time: profit and exposure of the run, and the inventory by pair."""

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
from sim.report.run_folder import EventSpan, Run, held_until, places_by_pair
from sim.report.time_axis import Stretch, TimeScale, grid, mark_events

MAX_PAIRS = 6


def equity(run: Run) -> Html:
    """Return profit, settled and with marks, over the exposure beneath it."""
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
    scale, stretches = _time(run)
    panels = grid(canvas, stretches, height_ratios=(2, 1))
    accounts = held_until(run.equity, run.summary.last_ns)
    minutes = scale.minutes(accounts["ns"])
    settled = floats(accounts["profit_cents"]) / 100
    with_marks = settled + floats(accounts["marked_cents"]) / 100
    exposure = floats(accounts["exposure_cents"]) / 100
    for stretch, (above, below) in zip(stretches, panels.T, strict=True):
        places = stretch.places(minutes)
        places = places[thin(settled[places], with_marks[places], exposure[places])]
        at = minutes[places]
        above.step(at, with_marks[places], where="post", color=MARKED, label="with marks")
        above.step(at, settled[places], where="post", color=INK, label="settled", linewidth=1.6)
        below.fill_between(at, exposure[places], step="post", color=MUTED, alpha=0.35, linewidth=0)
        _finish(above, "Profit, dollars", stretch)
        _finish(below, "Exposure, dollars", stretch)
        mark_events(above, scale, run.summary.events)
        scale.label(below)
    legend(panels[0, -1])


def _time(run: Run) -> tuple[TimeScale, list[Stretch]]:
    """Return the scale of the whole run: of its event, if it has but one."""
    scale = TimeScale(run, _only_event(run))
    exposed = zip(run.equity["ns"], run.equity["exposure_cents"], strict=True)
    return scale, scale.stretches(next((ns for ns, exposure in exposed if exposure), None))


def _only_event(run: Run) -> EventSpan | None:
    return run.summary.events[0] if len(run.summary.events) == 1 else None


def _finish(axes: Axes, title: str, stretch: Stretch) -> None:
    axes.set_title(f"{title}, {stretch.name}" if stretch.name else title)
    axes.set_xlim(stretch.first, stretch.last)
    money_scale(axes)


def inventory(run: Run) -> Html:
    """Return the profit of each pair by outcome, over time."""
    places = places_by_pair(run.fills)
    pairs = _by_stake(run, places)
    if not pairs:
        return paragraph("There is no inventory to draw: no wager was matched.")
    shown = pairs[:MAX_PAIRS]
    height = 0.7 + 1.45 * len(shown)
    held = {pair_id: places[pair_id] for pair_id in shown}
    drawn = picture("inventory", height, lambda canvas: _draw_inventory(canvas, run, held))
    caption = (
        "Gross profit of matched wagers in dollars, by outcome, until the event ends. The lines "
        "meet where the inventory is balanced; the shading between them is the imbalance."
    )
    if len(pairs) > len(shown):
        caption += f" The {len(shown)} pairs of most matched stake are drawn, of {len(pairs)}."
    return figure("inventory", drawn, caption)


def _by_stake(run: Run, places: dict[str, list[int]]) -> list[str]:
    stakes = run.fills["stake_cents"]
    matched = {pair_id: sum(stakes[place] for place in places[pair_id]) for pair_id in places}
    return sorted(matched, key=lambda pair_id: (-matched[pair_id], pair_id))


@dataclass(frozen=True, slots=True)
class _Held:
    """What one pair would bring, in dollars, from the beginning to the end of its event."""

    minutes: Series
    if_first: Series
    if_second: Series


def _held(run: Run, pair_id: str, places: list[int], scale: TimeScale) -> _Held:
    fills, event = run.fills, run.event_of(pair_id)
    last_ns = fills["ns"][places[-1]]
    end_ns = event.ended_ns if event and event.ended_ns is not None else run.summary.last_ns
    times = [run.summary.first_ns, *(fills["ns"][place] for place in places), max(end_ns, last_ns)]
    columns = "profit_if_first_cents", "profit_if_second_cents"
    if_first, if_second = (
        [before, *(fills[column][place] for place in places), fills[column][places[-1]]]
        for before, column in zip(_held_before(run, places[0]), columns, strict=True)
    )
    return _Held(scale.minutes(times), floats(if_first) / 100, floats(if_second) / 100)


def _held_before(run: Run, place: int) -> tuple[int, int]:
    """Return what a pair would have brought by outcome before a fill."""
    fill = {name: column[place] for name, column in run.fills.items()}
    won, lost = fill["profit_cents"], -fill["stake_cents"]
    on_first, on_second = (won, lost) if fill["first"] else (lost, won)
    return fill["profit_if_first_cents"] - on_first, fill["profit_if_second_cents"] - on_second


def _draw_inventory(canvas: Figure, run: Run, places: dict[str, list[int]]) -> None:
    scale, stretches = _time(run)
    panels = grid(canvas, stretches, height_ratios=(1,) * len(places))
    for row, pair_id in zip(panels, places, strict=True):
        held, event = _held(run, pair_id, places[pair_id], scale), run.event_of(pair_id)
        for axes, stretch in zip(row, stretches, strict=True):
            _draw_held(axes, run, pair_id, held, stretch)
            mark_events(axes, scale, [event] if event else [])
        legend(row[-1])
    for axes in panels[-1]:
        scale.label(axes)


def _draw_held(axes: Axes, run: Run, pair_id: str, held: _Held, stretch: Stretch) -> None:
    name = run.pair_name(pair_id)
    places = stretch.places(held.minutes)
    minutes = held.minutes[places]
    if_first, if_second = held.if_first[places], held.if_second[places]
    kept = thin(if_first, if_second)
    minutes, if_first, if_second = minutes[kept], if_first[kept], if_second[kept]
    axes.fill_between(minutes, if_first, if_second, step="post", color=MUTED, alpha=0.12, lw=0)
    axes.step(minutes, if_first, where="post", color=FIRST, label=f"if {name.first} wins")
    axes.step(minutes, if_second, where="post", color=SECOND, label=f"if {name.second} wins")
    _finish(axes, run.short_label(name.label), stretch)
