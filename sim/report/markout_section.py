"""The figure of markouts: means and distributions of the fair price's moves after our fills."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.report.axes import FIRST, INK, MUTED, SECOND, Series, floats, picture
from sim.report.page import Html, figure, paragraph
from sim.report.run_folder import Run

HORIZONS_S = (1, 10, 60)
# Markouts beyond this share of the fills are drawn in the outermost bar of their histogram.
_SHARE_SHOWN = 0.98
_BARS = 25


def markouts(run: Run) -> Html:
    """Return the figure of markouts, or a sentence if no fill has one."""
    known = [floats(run.fills[f"markout_{s}s"]) for s in HORIZONS_S]
    if all(np.isnan(values).all() for values in known):
        return paragraph("There are no markouts to draw: no fill has a fair price after it.")
    drawn = picture("markout", 2.9, lambda canvas: _draw_markouts(canvas, run))
    caption = (
        "Markout: the fair price of the selection we backed, 1, 10 and 60 s after the fill, less "
        "what it was at the fill, in percentage points of probability (pp). Below zero the price "
        "moved against us. Left: mean weighted by stake, with one standard error. Below the dashed "
        "line, minus the mean edge, the edge is gone. Right: share of the matched stake by "
        "markout; the outermost bars include all beyond."
    )
    return figure("markout", drawn, caption)


def _draw_markouts(canvas: Figure, run: Run) -> None:
    left, *right = canvas.subplots(1, 1 + len(HORIZONS_S), width_ratios=(1.7, 1, 1, 1))
    stakes = floats(run.fills["stake_cents"])
    by_horizon = [100 * floats(run.fills[f"markout_{s}s"]) for s in HORIZONS_S]
    _draw_means(left, run, by_horizon, stakes)
    offsets = np.abs(np.concatenate(by_horizon))
    reach = max(float(np.nanquantile(offsets, _SHARE_SHOWN)), 0.01)
    for axes, seconds, values in zip(right, HORIZONS_S, by_horizon, strict=True):
        axes.set_title(f"after {seconds} s")
        _draw_distribution(axes, values, stakes, reach)
        axes.sharey(right[0])
    right[0].set_ylabel("share of matched stake")


def _draw_means(axes: Axes, run: Run, by_horizon: list[Series], stakes: Series) -> None:
    first = np.array(run.fills["first"], dtype=bool)
    groups = (
        ("all fills", INK, np.ones_like(first), 0.0),
        ("on the first selection", FIRST, first, -0.08),
        ("on the second", SECOND, ~first, 0.08),
    )
    for label, color, chosen, aside in groups:
        pairs = [mean_and_error(values[chosen], stakes[chosen]) for values in by_horizon]
        means, errors = zip(*pairs, strict=True)
        indices = np.arange(len(HORIZONS_S)) + aside
        axes.errorbar(
            indices,
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


def mean_and_error(values: Series, weights: Series) -> tuple[float, float]:
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


def _draw_distribution(axes: Axes, values: Series, stakes: Series, reach: float) -> None:
    known = ~np.isnan(values)
    held = np.clip(values[known], -reach, reach)
    share = 100 * stakes[known] / max(stakes[known].sum(), 1.0)
    axes.hist(held, bins=_BARS, range=(-reach, reach), weights=share, color=MUTED, alpha=0.55)
    axes.axvline(0, color=MUTED, linewidth=0.7, zorder=1)
    axes.set_xlabel("markout, pp")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
