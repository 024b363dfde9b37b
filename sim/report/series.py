"""The numbers that a report draws: as arrays, thinned to what a picture can show, with limits."""

from collections.abc import Sequence
from math import ceil, log10

import numpy as np
from numpy.typing import NDArray

from strategies.trading.model.odds import implied_probability

# What is drawn of long runs: points of one line, points of it where the page zooms, and markers of
# fills.
MAX_POINTS = 1600
ZOOM_POINTS = 4000
MAX_FILLS = 1500

Series = NDArray[np.float64]
AxisLimits = tuple[float, float]

_ROUND_STEPS = (1, 2, 2.5, 4, 5, 10)


def floats(values: Sequence[float | None]) -> Series:
    """Return values as an array, NaN where one is missing, which breaks a drawn line."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def implied(odds: Sequence[int | None]) -> Series:
    """Return the implied probabilities of odds in percent, NaN where odds are missing."""
    return 100 * floats([None if each is None else implied_probability(each) for each in odds])


def thin(*lines: Series, most: int = MAX_POINTS) -> NDArray[np.intp]:
    """Return the indices to draw of lines over one axis, at most about `most` of them.

    Each part of the axis keeps its first and last index and the extremes of every line.
    """
    size = len(lines[0])
    if size <= most:
        return np.arange(size)
    parts = max(1, most // (2 + 2 * len(lines)))
    part = np.arange(size) * parts // size
    first = np.searchsorted(part, np.arange(parts))
    kept = [first, np.append(first[1:], size) - 1]
    for line in lines:
        # Sorted within each part, so its least value, or the least of the negated, comes first.
        kept += [np.lexsort((values, part))[first] for values in (line, -line)]
    # `np.unique` would import masked arrays, which takes longer than drawing.
    return np.array(sorted({*np.concatenate(kept).tolist()}), dtype=np.intp)


def thinned_note(size: int, most: int = ZOOM_POINTS) -> str:
    """Return the sentence of a caption on a line of which not all points are there, or "".

    `most` is how many of them are there to zoom into.
    """
    if size <= min(most, MAX_POINTS):
        return ""
    kept = f"{size:,}" if size <= most else f"about {most:,} of {size:,}"
    if most <= MAX_POINTS:
        return f" It has {kept} points, extremes included."
    return f" It has {kept} points, and on paper about {MAX_POINTS:,}, extremes included."


def limits_around(lines: Sequence[Series]) -> AxisLimits:
    """Return limits that show zero and all known values of lines, with a margin."""
    values = np.concatenate(lines)
    known = np.append(values[~np.isnan(values)], 0.0)
    low, high = float(known.min()), float(known.max())
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def round_ticks(
    limits: AxisLimits, most: int, steps: Sequence[float] = _ROUND_STEPS, *, whole: bool = False
) -> list[float]:
    """Return multiples of a round step within limits, at most `most` steps apart in all.

    `steps` are those allowed between 1 and 10, in ascending order; with `whole`, a step above 1 is
    a whole number.
    """
    low, high = limits
    least = (high - low) / most
    # The power of ten at or below the least step; ten times it is always long enough.
    scale = 10.0 ** (log10(least) // 1)
    step = next(
        step
        for step in (each * scale for each in steps)
        if step >= least and (not whole or step < 1 or step.is_integer())
    )
    return [number * step for number in range(ceil(low / step), int(high // step) + 1)]
