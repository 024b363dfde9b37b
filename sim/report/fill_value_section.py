"""What fills were worth after some time: a table, and a figure of means and distributions."""

import numpy as np

from sim.report.number_text import NONE, count, percent_tick
from sim.report.page import Html, figure, join, paragraph, table
from sim.report.panel import (
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
from sim.results.measured_fill import HORIZONS_S

_DISTRIBUTIONS_S = (10, 60, 1_800)
# Values beyond this share of the fills are drawn in the outermost bar of their histogram.
_SHARE_SHOWN = 0.98
_BARS = 25
_HEIGHT = 170


def fill_values(run: Run) -> Html:
    """Return the table and the figure of what fills were worth, or a sentence without any."""
    if not run.fills["ns"]:
        return paragraph("There were no fills.")
    rows = [
        (
            value.at,
            count(value.fills),
            _cents(value.kept),
            NONE if value.kept_half_spreads is None else f"{value.kept_half_spreads:+.2f}",
            _cents(value.drift),
        )
        for value in run.summary.fill_values
        if value.fills
    ]
    heads = ("at", "#fills with a price", "#kept of the spread", "#in half-spreads", "#drift")
    explanation = (
        "Kept of the spread: the fair price then, less the price paid. Drift: the fair price then, "
        "less that at the fill. Means weighted by payout, in cents of a contract that pays one "
        "dollar; half-spreads are those of the touch at the fill. The close is the last fair "
        "price before the start, for fills before it: kept there is the closing line value."
    )
    return join([table(heads, rows), paragraph(explanation, "aside"), _figure(run)])


def _cents(amount: float | None) -> str:
    return NONE if amount is None else f"{amount:+.2f} c"


def _figure(run: Run) -> Html:
    payouts = floats(run.fills["stake_cents"]) + floats(run.fills["profit_cents"])
    paid = floats(run.fills["stake_cents"]) / np.maximum(payouts, 1.0)
    kept = {s: 100 * (floats(run.fills[f"fair_{s}s"]) - paid) for s in HORIZONS_S}
    if all(np.isnan(values).all() for values in kept.values()):
        return paragraph("There is nothing to draw: no fill has a fair price after it.")
    caption = (
        "Left: mean of what was kept of the spread by the time after the fill, with one standard "
        "error as if fills were independent, which those of one game are not. Below zero the "
        "price moved against us by more than our edge. Right: share of the payout by what was "
        "kept; the outermost bars include all beyond."
    )
    return figure("fill-values", _draw(run, kept, payouts), caption)


def _draw(run: Run, kept: dict[int, Series], payouts: Series) -> Html:
    (left, *right), height = side_by_side((1.7, 1, 1, 1), _HEIGHT)
    panels = [_draw_means(left, run, list(kept.values()), payouts)]
    drawn = [kept[seconds] for seconds in _DISTRIBUTIONS_S]
    reach = _reach(np.concatenate(drawn))
    shares = [_shares(values, payouts, reach) for values in drawn]
    tallest = max(float(each.max()) for each in shares)
    for box, seconds, held in zip(right, _DISTRIBUTIONS_S, shares, strict=True):
        panel = Panel(box, (-1.1 * reach, 1.1 * reach), (0.0, 1.05 * max(tallest, 1.0)))
        panel.title(f"Share of payout, after {seconds:,} s")
        panel.value_ticks(round_ticks(panel.upwards, 5), percent_tick, labelled=box is right[0])
        panel.bars(np.linspace(-reach, reach, _BARS + 1), held, MUTED, 0.55)
        panel.vertical(0, MUTED)
        panel.ticks_beneath(round_ticks(panel.across, 4), lambda value: f"{value:g}")
        panel.label("kept, cents", lines=1)
        panels.append(panel)
    return picture("fill-values", height, panels)


def _reach(values: Series) -> float:
    """Return the size that all but a few values have at most."""
    # Sorted by hand: quantiles of numpy import masked arrays, which takes longer than the figure.
    sizes = np.sort(np.abs(values[~np.isnan(values)]))
    if not len(sizes):
        return 1.0
    return max(float(sizes[round(_SHARE_SHOWN * (len(sizes) - 1))]), 0.01)


def _shares(values: Series, payouts: Series, reach: float) -> Series:
    """Return the share of the payout in each bar, in percent."""
    known = ~np.isnan(values)
    weights = 100 * payouts[known] / max(payouts[known].sum(), 1.0)
    held = np.clip(values[known], -reach, reach)
    shares: Series = np.histogram(held, _BARS, (-reach, reach), weights=weights)[0]
    return shares


def _draw_means(box: Box, run: Run, by_horizon: list[Series], payouts: Series) -> Panel:
    first = np.array(run.fills["first"], dtype=bool)
    groups = (
        (LegendKey(DOT, INK, "all fills"), np.ones_like(first), 0.0),
        (LegendKey(DOT, FIRST, "on the first selection"), first, -0.08),
        (LegendKey(DOT, SECOND, "on the second"), ~first, 0.08),
    )
    lines = []
    for _, chosen, _ in groups:
        pairs = [mean_and_error(values[chosen], payouts[chosen]) for values in by_horizon]
        lines.append(np.array(pairs).T)
    spans = [means + sign * np.nan_to_num(errors) for means, errors in lines for sign in (-1, 1)]
    panel = Panel(box, (-0.4, len(HORIZONS_S) - 0.6), limits_around(spans))
    panel.title("Kept of the spread, cents")
    panel.value_ticks(round_ticks(panel.upwards, 6), lambda value: f"{value:g}")
    panel.horizontal(0, MUTED)
    places = np.arange(len(HORIZONS_S), dtype=np.float64)
    for (key, _, aside), (means, errors) in zip(groups, lines, strict=True):
        panel.line_with_errors(places + aside, means, errors, key.color)
    panel.ticks_beneath(range(len(HORIZONS_S)), lambda place: f"{HORIZONS_S[int(place)]:,} s")
    panel.legend_below([[key for key, _, _ in groups]])
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
