"""The figures of a report but for the quotes: equity, inventory and markouts."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.report_axes import (
    FIRST,
    INK,
    MARKED,
    MUTED,
    SECOND,
    Floats,
    TimeScale,
    floats,
    legend,
    mark_events,
    money_scale,
    picture,
    thin,
    thinned_note,
)
from sim.report_page import Html, figure, paragraph
from sim.report_run import Run

MOST_PAIRS = 6
HORIZONS_S = (1, 10, 60)
# Markouts beyond this share of the fills are drawn in the outermost bar of their histogram.
_SHARE_SHOWN = 0.98
_BARS = 25


def equity(run: Run) -> Html:
    """Return profit, settled and with marks, over the exposure beneath it."""
    if not run.equity["ns"]:
        return paragraph("The run has no equity to draw: nothing happened in it.")
    drawn = picture("equity", 4.4, lambda board: _draw_equity(board, run))
    caption = (
        "Above: settled profit net of commission, and with the positions marked at the fair "
        "price. Beneath: exposure, the worst case over outcomes with every resting wager."
    )
    return figure("equity", drawn, caption + thinned_note(len(run.equity["ns"])))


def _draw_equity(board: Figure, run: Run) -> None:
    above, below = board.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    events = sorted(run.summary.events, key=lambda event: event.scheduled_ns)
    scale = TimeScale(run, events[0] if events else None)
    settled = floats(run.equity["profit_cents"]) / 100
    with_marks = settled + floats(run.equity["marked_cents"]) / 100
    exposure = floats(run.equity["exposure_cents"]) / 100
    kept = thin(settled, with_marks, exposure)
    minutes = scale.minutes(run.equity["ns"])[kept]
    above.step(minutes, with_marks[kept], where="post", color=MARKED, label="with marks")
    above.step(minutes, settled[kept], where="post", color=INK, label="settled", linewidth=1.6)
    below.fill_between(minutes, exposure[kept], step="post", color=MUTED, alpha=0.35, linewidth=0)
    for axes, title in ((above, "Profit, dollars"), (below, "Exposure, dollars")):
        axes.set_title(title)
        money_scale(axes)
    _span(below, scale)
    for axes in (above, below):
        mark_events(axes, scale, events, named=axes is above and len(events) == 1)
    legend(above)
    scale.label(below)


def _span(axes: Axes, scale: TimeScale) -> None:
    first, last = scale.minutes([scale.first_ns, scale.last_ns])
    axes.set_xlim(first, max(last, first + 1))


def inventory(run: Run) -> Html:
    """Return what each pair would bring if its first or its second selection won, over time."""
    pairs = _pairs_by_stake(run)
    if not pairs:
        return paragraph("There is no inventory to draw: nothing was matched.")
    shown = pairs[:MOST_PAIRS]
    height = 0.9 + 1.45 * len(shown)
    drawn = picture("inventory", height, lambda board: _draw_inventory(board, run, shown))
    left = (
        f" The {len(shown)} pairs of most stake, of {len(pairs)}."
        if len(pairs) > len(shown)
        else ""
    )
    caption = (
        "Gross profit of what is matched, by outcome, until the event ends. The two lines are "
        "equal where the inventory is balanced; the shade between them is the imbalance."
    )
    return figure("inventory", drawn, caption + left)


def _pairs_by_stake(run: Run) -> list[str]:
    stakes: dict[str, int] = {}
    for pair_id, stake in zip(run.fills["pair_id"], run.fills["stake_cents"], strict=True):
        stakes[pair_id] = stakes.get(pair_id, 0) + stake
    return sorted(stakes, key=lambda pair_id: (-stakes[pair_id], pair_id))


def _draw_inventory(board: Figure, run: Run, pairs: list[str]) -> None:
    grid = board.subplots(len(pairs), 1, sharex=True, squeeze=False)[:, 0]
    scale = TimeScale(run, run.event_of(pairs[0]))
    for axes, pair_id in zip(grid, pairs, strict=True):
        _draw_pair_inventory(axes, run, pair_id, scale)
    _span(grid[-1], scale)
    for axes, pair_id in zip(grid, pairs, strict=True):
        event = run.event_of(pair_id)
        mark_events(axes, scale, [event] if event else [], named=axes is grid[0])
    scale.label(grid[-1])


def _draw_pair_inventory(axes: Axes, run: Run, pair_id: str, scale: TimeScale) -> None:
    name, event = run.pair_name(pair_id), run.event_of(pair_id)
    places = [place for place, own in enumerate(run.fills["pair_id"]) if own == pair_id]
    end_ns = event.ended_ns if event and event.ended_ns is not None else scale.last_ns
    times = [run.fills["ns"][place] for place in places]
    minutes = scale.minutes([scale.first_ns, *times, max(end_ns, times[-1])])
    if_first, if_second = (
        _held([run.fills[column][place] for place in places])
        for column in ("profit_if_first_cents", "profit_if_second_cents")
    )
    kept = thin(if_first, if_second)
    minutes, if_first, if_second = minutes[kept], if_first[kept], if_second[kept]
    axes.fill_between(minutes, if_first, if_second, step="post", color=MUTED, alpha=0.12)
    axes.step(minutes, if_first, where="post", color=FIRST, label=f"if {name.first} wins")
    axes.step(minutes, if_second, where="post", color=SECOND, label=f"if {name.second} wins")
    axes.set_title(run.short_label(name.label))
    money_scale(axes)
    legend(axes)


def _held(cents: list[int]) -> Floats:
    """Return an amount after each fill in dollars, from flat to the end of the event."""
    return floats([0, *cents, cents[-1]]) / 100


def markouts(run: Run) -> Html:
    """Return how the fair price moved after our fills, as means and as distributions."""
    known = [floats(run.fills[f"markout_{s}s"]) for s in HORIZONS_S]
    if all(np.isnan(values).all() for values in known):
        return paragraph("There are no markouts to draw: no fill has a fair price after it.")
    drawn = picture("markout", 2.9, lambda board: _draw_markouts(board, run))
    caption = (
        "Markout: the fair price of the selection we backed, 1, 10 and 60 s after the fill, less "
        "what it was at the fill, in percentage points of probability (pp). Below zero the price "
        "moved against us. Left: mean weighted by stake, with one standard error. At the dashed "
        "line the whole edge of the mean fill would be gone. Right: share of the matched stake by "
        "markout; the outermost bars hold all that lies beyond."
    )
    return figure("markout", drawn, caption)


def _draw_markouts(board: Figure, run: Run) -> None:
    left, *right = board.subplots(1, 1 + len(HORIZONS_S), width_ratios=(1.7, 1, 1, 1))
    stakes = floats(run.fills["stake_cents"])
    by_horizon = [100 * floats(run.fills[f"markout_{s}s"]) for s in HORIZONS_S]
    _draw_means(left, run, by_horizon, stakes)
    apart = np.abs(np.concatenate(by_horizon))
    reach = max(float(np.nanquantile(apart, _SHARE_SHOWN)), 0.01)
    for axes, seconds, values in zip(right, HORIZONS_S, by_horizon, strict=True):
        axes.set_title(f"after {seconds} s")
        _draw_distribution(axes, values, stakes, reach)
        axes.sharey(right[0])
    right[0].set_ylabel("share of matched stake")


def _draw_means(axes: Axes, run: Run, by_horizon: list[Floats], stakes: Floats) -> None:
    first = np.array(run.fills["first"], dtype=bool)
    groups = (
        ("all fills", INK, np.ones_like(first), 0.0),
        ("on the first selection", FIRST, first, -0.08),
        ("on the second", SECOND, ~first, 0.08),
    )
    for label, color, chosen, aside in groups:
        pairs = [mean_and_error(values[chosen], stakes[chosen]) for values in by_horizon]
        means, errors = zip(*pairs, strict=True)
        places = np.arange(len(HORIZONS_S)) + aside
        axes.errorbar(
            places,
            means,
            yerr=errors,
            color=color,
            label=label,
            marker="o",
            markersize=3.5,
            capsize=2,
        )
    edge = run.summary.mean_edge
    if edge is not None:
        axes.axhline(
            -100 * edge,
            color=MUTED,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
            label="less the mean edge",
        )
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
    axes.set_xticks(range(len(HORIZONS_S)), [f"{seconds} s" for seconds in HORIZONS_S])
    axes.set_xlim(-0.4, len(HORIZONS_S) - 0.6)
    axes.set_title("Mean markout, pp")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)


def mean_and_error(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return the weighted mean and its standard error; NaN where too few values are known."""
    known = ~np.isnan(values)
    values, weights = values[known], weights[known]
    if not weights.sum():
        return np.nan, np.nan
    mean = float(np.average(values, weights=weights))
    size = len(values)
    if size < 2:
        return mean, np.nan
    spread = np.sqrt((weights**2 * (values - mean) ** 2).sum() * size / (size - 1))
    return mean, float(spread / weights.sum())


def _draw_distribution(axes: Axes, values: Floats, stakes: Floats, reach: float) -> None:
    known = ~np.isnan(values)
    held = np.clip(values[known], -reach, reach)
    share = 100 * stakes[known] / max(stakes[known].sum(), 1.0)
    axes.hist(held, bins=_BARS, range=(-reach, reach), weights=share, color=MUTED, alpha=0.55)
    axes.axvline(0, color=MUTED, linewidth=0.7, zorder=1)
    axes.set_xlabel("markout, pp")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
