"""Checks of queue models against the true queue: group 11 of the targets.

Measured with shadow wagers of a dollar on moneylines of simulated NBA games: what the exact queue
gives each of them, against what a replay of the recording gives the same wager under each queue
model. The gates are held in the three hours before the start. In play the touch leaves a wager
within seconds, before much has gathered behind it: whatever is cancelled was ahead, and the models
agree.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from math import inf, nan

import numpy as np

from sim.crowd.calibration.bootstrap import TargetCheck, measured_checks
from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.market_checks import HOUR_S, MONEYLINE
from sim.crowd.calibration.queue_samples import (
    MODELS,
    TRUE,
    QueueSample,
    pooled,
    queue_samples,
)
from sim.crowd.crowd_settings import CrowdSettings

GROUP = 11
N_BEFORE, N_IN_PLAY = 96, 8
# Of those, a game lasts a minute, in which next to nothing happens.
BEFORE = CrowdSettings(opens_before_s=3 * HOUR_S, types=MONEYLINE, game_s=60.0)
IN_PLAY = CrowdSettings(opens_before_s=60.0, types=MONEYLINE)
NO_TARGET = "for information"
# Of the bias in fill rate, per cent: what was published of equities, and the tolerance.
FILL_RATE_BIAS = {
    "back": ("-20.9 %", -40, -5),
    "prorata": ("-0.5 %", -5, 5),
    "probable": (NO_TARGET, -inf, inf),
    "front": ("+2.9 %", 1, 20),
}
# By how many half spreads the value of a fill exceeds that in the true queue; published likewise.
VALUE_BIAS = {"back": "-0.51", "prorata": "-0.02", "probable": NO_TARGET, "front": "+0.05"}

Figure = Callable[[QueueSample], float]
FigureOfQueue = Callable[[QueueSample, str], float]


def queue_checks(seed: int) -> list[Check]:
    """Generate games from the seed, and return every check of group 11."""
    before = queue_samples(BEFORE, seed, N_BEFORE)
    in_play = queue_samples(IN_PLAY, seed, N_IN_PLAY)
    return [*checks_of(before), *measured_checks(_fill_rates_in_play(), in_play)]


def checks_of(samples: Sequence[QueueSample]) -> list[Check]:
    """Return every check of group 11 on the shadow wagers of some games before their start."""
    targets = chain(_fill_rates(), _values(), _times(), _cancels())
    return measured_checks(targets, samples)


def _fill_rates_in_play() -> Iterator[TargetCheck[QueueSample]]:
    yield _information(
        "in-play, fill rate, true queue, %", NO_TARGET, partial(fill_rate, queue=TRUE)
    )
    for model in FILL_RATE_BIAS:
        name, bias = (
            f"in-play, fill rate, {model}, % above true",
            partial(fill_rate_bias, queue=model),
        )
        yield _information(name, NO_TARGET, bias)
    yield _information("in-play, cancelled stake of either side, %", NO_TARGET, open_share)


def _fill_rates() -> Iterator[TargetCheck[QueueSample]]:
    yield _information("fill rate, true queue, %", NO_TARGET, partial(fill_rate, queue=TRUE))
    for model, (target, low, high) in FILL_RATE_BIAS.items():
        bias = partial(fill_rate_bias, queue=model)
        name = f"fill rate, {model}, % above true"
        yield _check(name, target, low, high, bias)
        yield from _by_stake_ahead(name, bias)
    for model in ("back", "front"):
        name = f"bias of {model}, rise with stake ahead, points"
        yield _check(name, "above 0", 0, inf, partial(rise_of_bias, queue=model))


def _values() -> Iterator[TargetCheck[QueueSample]]:
    yield _information("value at 1 s, true, half spreads", "-0.77", partial(value, queue=TRUE))
    for model, target in VALUE_BIAS.items():
        name, bias = f"value at 1 s, {model} less true", partial(_less_true, value, model)
        yield _information(name, target, bias)
        yield from _by_stake_ahead(name, bias)


def _times() -> Iterator[TargetCheck[QueueSample]]:
    yield _information("time to fill, true queue, s", NO_TARGET, partial(seconds, queue=TRUE))
    for model in MODELS:
        name, bias = f"time to fill, {model} less true", partial(_less_true, seconds, model)
        yield _information(name, NO_TARGET, bias)
        yield from _by_stake_ahead(name, bias)


def _cancels() -> Iterator[TargetCheck[QueueSample]]:
    """Measure what the width of the bracket rests on: which cancels a model has to place."""
    yield _information("cancelled stake of either side, %", NO_TARGET, open_share)
    yield _information("stake cancelled ahead, over prorata's", "0.84 to 0.96", ahead_over_prorata)


def _by_stake_ahead(name: str, figure: Figure) -> Iterator[TargetCheck[QueueSample]]:
    """Measure a figure of the half of the wagers with less ahead of them, and of the other."""
    for half, is_more in (("less", False), ("more", True)):
        of_half = partial(_of_half, figure, is_more=is_more)
        yield _information(f"{name}, {half} ahead", NO_TARGET, of_half)


def _information(name: str, target: str, figure: Figure) -> TargetCheck[QueueSample]:
    return _check(name, target, -inf, inf, figure)


def _check(
    name: str, target: str, low: float, high: float, figure: Figure
) -> TargetCheck[QueueSample]:
    return TargetCheck(GROUP, name, target, low, high, lambda games: figure(pooled(games)))


# Figures ---------------------------------------------------------------------------------


def fill_rate(sample: QueueSample, queue: str) -> float:
    """Return the matched share of all stake, in per cent."""
    return 100 * float(sample.by_queue[queue].filled.mean())


def fill_rate_bias(sample: QueueSample, queue: str) -> float:
    """Return by how much a model fills more than the true queue, in per cent of that."""
    return 100 * (_ratio(fill_rate(sample, queue), fill_rate(sample, TRUE)) - 1)


def rise_of_bias(sample: QueueSample, queue: str) -> float:
    """Return how much larger a model's bias is where more is ahead, whatever its direction."""
    bias = partial(fill_rate_bias, queue=queue)
    less, more = (abs(_of_half(bias, sample, is_more=is_more)) for is_more in (False, True))
    return more - less


def value(sample: QueueSample, queue: str) -> float:
    """Return the value of a fill after a second in half spreads, all matched stake alike."""
    figures = sample.by_queue[queue]
    known = ~np.isnan(figures.value) & ~np.isnan(sample.half_spread)
    gained, half_spreads = (figures.filled * each for each in (figures.value, sample.half_spread))
    return _ratio(gained[known].sum(), half_spreads[known].sum())


def seconds(sample: QueueSample, queue: str) -> float:
    """Return the mean time until something is matched, of the wagers of which something is."""
    figures = sample.by_queue[queue]
    return _ratio(np.nansum(figures.seconds), int(np.count_nonzero(figures.filled)))


def open_share(sample: QueueSample) -> float:
    """Return the share of cancelled stake that displayed amounts leave to a model, in per cent.

    The rest must have been ahead, as there was less behind, or behind, as nothing was ahead.
    """
    ahead, behind, cancelled, _ = sample.cancels.T
    possible = np.minimum(ahead, cancelled) - np.maximum(0, cancelled - behind)
    return 100 * _ratio(possible.sum(), cancelled.sum())


def ahead_over_prorata(sample: QueueSample) -> float:
    """Return the stake that was cancelled ahead, over what prorata says was."""
    ahead, behind, cancelled, cancelled_ahead = sample.cancels.T
    return _ratio(cancelled_ahead.sum(), (cancelled * ahead / (ahead + behind)).sum())


def _ratio(part: float, whole: float) -> float:
    """Return a ratio, NaN of nothing."""
    return float(part / whole) if whole else nan


def _less_true(figure: FigureOfQueue, queue: str, sample: QueueSample) -> float:
    return figure(sample, queue) - figure(sample, TRUE)


def _of_half(figure: Figure, sample: QueueSample, *, is_more: bool) -> float:
    has_more = sample.ahead_cents > np.median(sample.ahead_cents)
    return figure(sample.chosen(has_more == is_more))
