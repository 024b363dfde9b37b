"""Checks of what a wager is worth in a simulated NBA game: group 10 of the targets.

The gates are those measured on a naive maker who joins the touch of a real market. Where a figure
has no gate there it is shown for information, as its error over a run's games is too large.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf

import numpy as np

from sim.crowd.calibration.bootstrap import TargetCheck
from sim.crowd.calibration.wager_values import (
    CLOSE,
    EVERY_S,
    HORIZONS_S,
    IN,
    PRE,
    SETTLED,
    FillSums,
    WagerValues,
)

GROUP = 10
AT_CHANGE_S, USUAL_S, SLOW_S = EVERY_S
GATED_S, LATE_S = 10.0, 60.0
GATES = {IN: (-1.3, 0.1), PRE: (-1.0, 0.2)}
INFORMATION = (-inf, inf)

WagerTarget = TargetCheck[WagerValues]


def wager_targets() -> Iterator[WagerTarget]:
    """Return the checks of group 10."""
    for phase, gate in GATES.items():
        for at in (*HORIZONS_S, CLOSE, SETTLED):
            if (phase, at) != (IN, CLOSE):
                yield _value(phase, at, gate)
        yield _immediate(phase)
    yield from _slower_is_worse()
    yield _spread_of_games()
    yield from _makers()


def _value(phase: str, at: float | str, gate: tuple[float, float]) -> WagerTarget:
    when = at if isinstance(at, str) else f"{at:g} s"
    is_gated = at == GATED_S
    low, high = gate if is_gated else INFORMATION
    target = f"{low:g} to {high:g}" if is_gated else "for information"
    name = f"joiner {phase}, value at {when}, half-spreads"
    return TargetCheck(GROUP, name, target, low, high, partial(_mean_value, USUAL_S, phase, at))


def _immediate(phase: str) -> WagerTarget:
    """Most of the loss is at the fill: what is lost from 10 to 60 s is less than before."""
    name = f"joiner {phase}, loss 10 to 60 s over loss by 10 s"
    return TargetCheck(GROUP, name, "little (equities 0.1)", -0.5, 0.5, partial(_drift, phase))


def _slower_is_worse() -> Iterator[WagerTarget]:
    for name, faster, slower, least in (
        ("every change less every 5 s", AT_CHANGE_S, USUAL_S, 0.0),
        ("every 5 s less every 30 s", USUAL_S, SLOW_S, 0.2),
    ):
        statistic = partial(_difference, faster, slower)
        target = f"above {least:g}"
        yield TargetCheck(
            GROUP, f"joiner in-play, {name}, half-spreads", target, least, inf, statistic
        )


def _spread_of_games() -> WagerTarget:
    name = "s.d. of a game's mean, settlement over 60 s"
    return TargetCheck(GROUP, name, "6.3 (4 to 10)", 4, 10, _settlement_ratio)


def _makers() -> Iterator[WagerTarget]:
    gate = (0.0, 0.02)
    for at, (low, high) in ((LATE_S, gate), (SETTLED, INFORMATION)):
        when = at if isinstance(at, str) else f"{at:g} s"
        target = "0 to 2 %" if low == 0 else "for information"
        name = f"all makers, share of their stake, {when}"
        yield TargetCheck(GROUP, name, target, low, high, partial(_makers_share, at))


def _mean_value(every_s: float, phase: str, at: float | str, games: Sequence[WagerValues]) -> float:
    """Return the mean value of fills over their mean half-spread."""
    sums = [game.joiners[every_s, phase] for game in games]
    return _total(sums, at) / sum(each.half_spread for each in sums)


def _total(sums: Sequence[FillSums], at: float | str) -> float:
    return sum(each.values[at] for each in sums)


def _drift(phase: str, games: Sequence[WagerValues]) -> float:
    """Return the loss after GATED_S as a share of that before it, from the half-spread earned."""
    by_then = 1.0 - _mean_value(USUAL_S, phase, GATED_S, games)
    later = _mean_value(USUAL_S, phase, GATED_S, games) - _mean_value(USUAL_S, phase, LATE_S, games)
    return later / by_then


def _difference(faster: float, slower: float, games: Sequence[WagerValues]) -> float:
    return _mean_value(faster, IN, GATED_S, games) - _mean_value(slower, IN, GATED_S, games)


def _settlement_ratio(games: Sequence[WagerValues]) -> float:
    """Return the s.d. over games of the mean value at settlement over that at LATE_S."""
    sums = [game.joiners[USUAL_S, IN] for game in games]
    means = [[each.values[at] / each.weight for each in sums] for at in (SETTLED, LATE_S)]
    settled, marked = np.std(means, axis=1)
    return float(settled / marked)


def _makers_share(at: float | str, games: Sequence[WagerValues]) -> float:
    made = [sums for game in games for sums in game.makers.values()]
    return _total(made, at) / sum(sum(game.stakes.values()) for game in games)
