"""The figure of markouts: means and distributions of the fair price's moves after our fills."""

import numpy as np

from sim.report.number_text import percent_tick
from sim.report.page import Html, figure, paragraph
from sim.report.panel import (
    DASHES,
    DOT,
    FIRST,
    INK,
    MUTED,
    SECOND,
    Box,
    LegendKey,
    Panel,
    picture,
    side_by_side,
)
from sim.report.run_folder import Run
from sim.report.series import Series, floats, limits_around, round_ticks

HORIZONS_S = (1, 10, 60)
# Markouts beyond this share of the fills are drawn in the outermost bar of their histogram.
_SHARE_SHOWN = 0.98
_BARS = 25
_HEIGHT = 170


def markouts(run: Run) -> Html:
    """Return the figure of markouts, or a sentence if no fill has one."""
    known = [floats(run.fills[f"markout_{s}s"]) for s in HORIZONS_S]
    if all(np.isnan(values).all() for values in known):
        return paragraph("There are no markouts to draw: no fill has a fair price after it.")
    caption = (
        "Markout: the fair price of the selection we backed, 1, 10 and 60 s after the fill, less "
        "what it was at the fill, in percentage points of probability (pp). Below zero the price "
        "moved against us. Left: mean weighted by stake, with one standard error. Below the dashed "
        "line, minus the mean edge, the edge is gone. Right: share of the matched stake by "
        "markout; the outermost bars include all beyond."
    )
    return figure("markout", _draw_markouts(run, [100 * values for values in known]), caption)


def _draw_markouts(run: Run, by_horizon: list[Series]) -> Html:
    (left, *right), height = side_by_side((1.7, 1, 1, 1), _HEIGHT)
    stakes = floats(run.fills["stake_cents"])
    reach = _reach(np.concatenate(by_horizon))
    shares = [_shares(values, stakes, reach) for values in by_horizon]
    tallest = max(float(each.max()) for each in shares)
    panels = [_draw_means(left, run, by_horizon, stakes)]
    for box, seconds, held in zip(right, HORIZONS_S, shares, strict=True):
        panel = Panel(box, (-1.1 * reach, 1.1 * reach), (0.0, 1.05 * tallest))
        panel.title(f"Share of stake, after {seconds} s")
        panel.value_ticks(round_ticks(panel.upwards, 5), percent_tick, labelled=box is right[0])
        panel.bars(np.linspace(-reach, reach, _BARS + 1), held, MUTED, 0.55)
        panel.vertical(0, MUTED)
        panel.ticks_beneath(round_ticks(panel.across, 4), lambda value: f"{value:g}")
        panel.label("markout, pp", lines=1)
        panels.append(panel)
    return picture("markout", height, panels)


def _reach(values: Series) -> float:
    """Return the size that all but a few markouts have at most."""
    # Sorted by hand: quantiles of numpy import masked arrays, which takes longer than the figure.
    sizes = np.sort(np.abs(values[~np.isnan(values)]))
    return max(float(sizes[round(_SHARE_SHOWN * (len(sizes) - 1))]), 0.01)


def _shares(values: Series, stakes: Series, reach: float) -> Series:
    """Return the share of the stake in each bar, in percent."""
    known = ~np.isnan(values)
    weights = 100 * stakes[known] / max(stakes[known].sum(), 1.0)
    held = np.clip(values[known], -reach, reach)
    shares: Series = np.histogram(held, _BARS, (-reach, reach), weights=weights)[0]
    return shares


def _draw_means(box: Box, run: Run, by_horizon: list[Series], stakes: Series) -> Panel:
    first = np.array(run.fills["first"], dtype=bool)
    groups = (
        (LegendKey(DOT, INK, "all fills"), np.ones_like(first), 0.0),
        (LegendKey(DOT, FIRST, "on the first selection"), first, -0.08),
        (LegendKey(DOT, SECOND, "on the second"), ~first, 0.08),
    )
    lines = []
    for _, chosen, _ in groups:
        pairs = [mean_and_error(values[chosen], stakes[chosen]) for values in by_horizon]
        lines.append(np.array(pairs).T)
    edge = run.summary.mean_edge
    gone = np.array([] if edge is None else [-100 * edge])
    spans = [means + sign * np.nan_to_num(errors) for means, errors in lines for sign in (-1, 1)]
    panel = Panel(box, (-0.4, len(HORIZONS_S) - 0.6), limits_around([*spans, gone]))
    panel.title("Mean markout, pp")
    panel.value_ticks(round_ticks(panel.upwards, 6), lambda value: f"{value:g}")
    panel.horizontal(0, MUTED)
    places = np.arange(len(HORIZONS_S), dtype=np.float64)
    for (key, _, aside), (means, errors) in zip(groups, lines, strict=True):
        panel.line_with_errors(places + aside, means, errors, key.color)
    keys = [key for key, _, _ in groups]
    if edge is not None:
        panel.horizontal(-100 * edge, MUTED, dashed=True)
        keys.append(LegendKey(DASHES, MUTED, "less the mean edge"))
    panel.ticks_beneath(range(len(HORIZONS_S)), lambda place: f"{HORIZONS_S[int(place)]} s")
    panel.legend_below([keys[:2], keys[2:]])
    return panel


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
