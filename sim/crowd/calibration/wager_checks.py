"""Checks of what a wager is worth in a simulated NBA game: group 10 of the targets.

The gates are those measured on a naive maker who joins the touch of a real market, looking every
five seconds; values are in half-spreads of the touch at the fill. A recording is replayed with the
queue model `prorata`, and its market never reacts; a crowd does. What has no gate there, or an
error over a run's games that is larger than it, is shown for information.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf
from typing import TypeVar

import numpy as np

from sim.crowd.calibration.bootstrap import TargetCheck, from_source
from sim.crowd.calibration.sources import ALL_MAKERS, JOINER, QUEUE_EQUITIES
from sim.crowd.calibration.wager_values import (
    AT_CHANGE_S,
    CLOSE,
    HORIZONS_S,
    IN,
    PRE,
    SETTLED,
    SLOW_S,
    USUAL_S,
    FillSums,
    Horizon,
    WagerValues,
)

GROUP = 10
GATED_S, LATE_S = 10.0, 60.0
GATES = {IN: (-1.3, 0.1), PRE: (-1.0, 0.2)}
MAKERS_GATE = (0.0, 0.02)
INFORMATION = (-inf, inf)
CENT = 0.01

T = TypeVar("T")

WagerTarget = TargetCheck[WagerValues]


def wager_targets() -> Iterator[WagerTarget]:
    """Return the checks of group 10 on recorded games."""
    yield from value_targets()
    yield from from_source(JOINER, _slower_is_worse())


def value_targets(makers_gate: tuple[float, float] = MAKERS_GATE) -> Iterator[WagerTarget]:
    """Return those of them that hold for any sport: values of a joiner, and of all makers."""
    for phase in GATES:
        statistic = partial(_mean_value, USUAL_S, phase)
        yield from _values("joiner on a recording", phase, statistic)
    yield from from_source(ALL_MAKERS, _makers(makers_gate))


def joined_targets() -> Iterator[TargetCheck[dict[str, FillSums]]]:
    """Return the checks of group 10 on games that a joiner took part in."""
    for phase in GATES:
        yield from _values("joiner in the crowd", phase, partial(_joined_value, phase))


def spread_targets() -> Iterator[TargetCheck[FillSums]]:
    """Return the checks of group 10 on how much games differ: on a joiner's fills in play of each.

    Of a recorded game or of one that the joiner took part in: both together give the smaller error.
    """
    name = "s.d. of a game's mean, settled over 60 s"
    yield TargetCheck(GROUP, name, "6.3 (4 to 10)", 4, 10, _settlement_ratio, JOINER)
    for at, target in ((LATE_S, "0.62"), (SETTLED, "4.10")):
        name = f"s.d. of a game's mean, {_when(at)}, cents"
        statistic = partial(_spread_of_means, at)
        yield TargetCheck(GROUP, name, f"{target}, not gated", *INFORMATION, statistic, JOINER)


def _values(
    joiner: str, phase: str, value: Callable[[Horizon, Sequence[T]], float]
) -> Iterator[TargetCheck[T]]:
    """Return a check of the value at each horizon, and one that most of the loss is at the fill."""
    for at in (*HORIZONS_S, CLOSE, SETTLED):
        if (phase, at) != (IN, CLOSE):
            low, high = GATES[phase] if at == GATED_S else INFORMATION
            target = f"{low:g} to {high:g}" if at == GATED_S else "for information"
            name = f"{joiner}, {phase}, {_when(at)}"
            yield TargetCheck(GROUP, name, target, low, high, partial(value, at), JOINER)
    name = f"{joiner}, {phase}, lost 10 to 60 s"
    target = "little (equities 0.06)"
    statistic = partial(_later_loss, value)
    yield TargetCheck(GROUP, name, target, -0.5, 0.5, statistic, QUEUE_EQUITIES)


def _when(at: Horizon) -> str:
    return at if isinstance(at, str) else f"{at:g} s"


def _slower_is_worse() -> Iterator[WagerTarget]:
    for name, faster, slower, least in (
        ("every change less every 5 s", AT_CHANGE_S, USUAL_S, 0.0),
        ("every 5 s less every 30 s", USUAL_S, SLOW_S, 0.2),
    ):
        statistic, target = partial(_difference, faster, slower), f"above {least:g}"
        yield WagerTarget(GROUP, f"in-play, {name}", target, least, inf, statistic)


def _makers(gate: tuple[float, float]) -> Iterator[WagerTarget]:
    for at, target, low, high in (
        (LATE_S, "0 to 2 %", *gate),
        (SETTLED, "for information", *INFORMATION),
    ):
        name = f"all makers, share of their stake, {_when(at)}"
        yield WagerTarget(GROUP, name, target, low, high, partial(_makers_share, at))


def _mean_value(every_s: float, phase: str, at: Horizon, games: Sequence[WagerValues]) -> float:
    return _in_half_spreads(at, [game.joiners[every_s, phase] for game in games])


def _joined_value(phase: str, at: Horizon, games: Sequence[dict[str, FillSums]]) -> float:
    return _in_half_spreads(at, [game[phase] for game in games])


def _in_half_spreads(at: Horizon, sums: Sequence[FillSums]) -> float:
    """Return the mean value of fills over their mean half-spread."""
    return _total(sums, at) / sum(each.half_spread for each in sums)


def _total(sums: Sequence[FillSums], at: Horizon) -> float:
    return sum(each.values[at] for each in sums)


def _later_loss(value: Callable[[Horizon, Sequence[T]], float], games: Sequence[T]) -> float:
    return value(GATED_S, games) - value(LATE_S, games)


def _difference(faster: float, slower: float, games: Sequence[WagerValues]) -> float:
    return _mean_value(faster, IN, GATED_S, games) - _mean_value(slower, IN, GATED_S, games)


def _settlement_ratio(games: Sequence[FillSums]) -> float:
    return _spread_of_means(SETTLED, games) / _spread_of_means(LATE_S, games)


def _spread_of_means(at: Horizon, games: Sequence[FillSums]) -> float:
    """Return the s.d. over games of the mean value of their fills, in cents."""
    return float(np.std([game.values[at] / game.weight for game in games if game.fills])) / CENT


def _makers_share(at: Horizon, games: Sequence[WagerValues]) -> float:
    made = [sums for game in games for sums in game.makers.values()]
    return _total(made, at) / sum(sum(game.stakes.values()) for game in games)
