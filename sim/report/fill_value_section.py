"""What fills were worth after some time: a table, and a figure of means and distributions."""

from math import isnan

import numpy as np

from sim.games.game_clusters import ClusteredMean, GameClusters
from sim.games.game_results import TOO_FEW
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
from sim.results.measured_fill import ADVERSE_S, HORIZONS_S
from strategies.trading.model.counted import counted

_DISTRIBUTIONS_S = (10, 60, 1_800)
# Values beyond this share of the fills are drawn in the outermost bar of their histogram.
_SHARE_SHOWN = 0.98
_BARS = 25
_HEIGHT, _SHARE_HEIGHT = 190, 130


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
    kept, payouts = _kept(run)
    if all(np.isnan(values).all() for values in kept.values()):
        return paragraph("There is nothing to draw: no fill has a fair price after it.")
    means = _means(run, kept, payouts)
    caption = (
        f"{_reading(means[0][HORIZONS_S.index(ADVERSE_S)])} Top: mean of what was kept of the "
        "spread by the time after the fill; below zero the price moved against us by more than "
        "our edge. Bottom: share of the payout by what was kept after 10, 60 and 1,800 s; the more "
        "of it is left of zero, the more fills lost by then. The outermost bars include all beyond."
    )
    return figure("fill-values", _draw(means, kept, payouts), caption)


def kept_means(run: Run) -> list[ClusteredMean]:
    """Return what all fills had kept of a dollar of payout, in cents, at each of HORIZONS_S."""
    return _means(run, *_kept(run))[0]


def _kept(run: Run) -> tuple[dict[int, Series], Series]:
    """Return what each fill had kept by seconds after it, in cents, and its payout."""
    payouts = floats(run.fills["stake_cents"]) + floats(run.fills["profit_cents"])
    paid = floats(run.fills["stake_cents"]) / np.maximum(payouts, 1.0)
    return {s: 100 * (floats(run.fills[f"fair_{s}s"]) - paid) for s in HORIZONS_S}, payouts


def _means(run: Run, kept: dict[int, Series], payouts: Series) -> list[list[ClusteredMean]]:
    """Return the means by time after the fill: of all fills, and of those on either selection."""
    clusters = GameClusters(run.games(run.fills))
    first = np.array(run.fills["first"], dtype=bool)
    groups = np.ones_like(first), first, ~first
    return [
        [clusters.mean(values, np.where(chosen, payouts, 0.0)) for values in kept.values()]
        for chosen in groups
    ]


def _reading(mean: ClusteredMean) -> str:
    """Return what the fills of a run had kept after the time at which adverse moves are taken."""
    if isnan(mean.mean):
        return f"No fill has a price {ADVERSE_S} s after it."
    text = f"After {ADVERSE_S} s fills had kept {_cents(mean.mean)} of a dollar of payout"
    if isnan(mean.low):
        return (
            f"{text}. Fills of one game hang together, so there is no interval with fewer than "
            f"{TOO_FEW} games, whatever the number of fills; these are of "
            f"{counted(mean.games, 'game')}."
        )
    where = "above" if mean.low > 0 else "below" if mean.high < 0 else "on either side of"
    return (
        f"{text}; drawing whole games with replacement, 95 % of such means lie between "
        f"{_cents(mean.low)} and {_cents(mean.high)}, {where} zero. Bars are such intervals, by "
        f"{mean.games} games."
    )


def _draw(means: list[list[ClusteredMean]], kept: dict[int, Series], payouts: Series) -> Html:
    (above,), top = side_by_side(1, _HEIGHT)
    below, height = side_by_side(len(_DISTRIBUTIONS_S), _SHARE_HEIGHT, top)
    panels = [_draw_means(above, means)]
    drawn = [kept[seconds] for seconds in _DISTRIBUTIONS_S]
    reach = _reach(np.concatenate(drawn))
    shares = [_shares(values, payouts, reach) for values in drawn]
    tallest = max(float(each.max()) for each in shares)
    for box, seconds, held in zip(below, _DISTRIBUTIONS_S, shares, strict=True):
        panel = Panel(box, (-1.1 * reach, 1.1 * reach), (0.0, 1.05 * max(tallest, 1.0)), "%")
        panel.title(f"Share of payout, after {seconds:,} s")
        panel.value_ticks(round_ticks(panel.upwards, 5), percent_tick, labelled=box is below[0])
        panel.bars(np.linspace(-reach, reach, _BARS + 1), held, MUTED, 0.55, "share")
        panel.mark(0, "")
        panel.numbers.over("kept", 1_000, unit="c")
        panel.ticks_beneath(round_ticks(panel.across, 4), lambda value: f"{value:g}")
        panel.label("kept of the spread, cents", lines=1)
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


def _draw_means(box: Box, groups: list[list[ClusteredMean]]) -> Panel:
    keys = (
        (LegendKey(DOT, INK, "all fills"), 0.0),
        (LegendKey(DOT, FIRST, "on the first selection"), -0.08),
        (LegendKey(DOT, SECOND, "on the second selection"), 0.08),
    )
    lines = [np.array([mean[:3] for mean in means]).T for means in groups]
    panel = Panel(box, (-0.4, len(HORIZONS_S) - 0.6), limits_around([*np.concatenate(lines)]), "c")
    panel.title("Kept of the spread, cents")
    panel.value_ticks(round_ticks(panel.upwards, 6), lambda value: f"{value:g}")
    panel.horizontal(0, MUTED)
    places = np.arange(len(HORIZONS_S), dtype=np.float64)
    for (key, aside), (means, lows, highs) in zip(keys, lines, strict=True):
        panel.line_with_intervals(places + aside, means, lows, highs, key.color, key.name)
    panel.categories("after", [f"{seconds:,} s" for seconds in HORIZONS_S])
    panel.label("time after the fill", lines=1)
    panel.legend([key for key, _ in keys])
    return panel
