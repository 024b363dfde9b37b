"""Checks of what happens together in one game: covers, wins and overs of the NFL and baseball.

The factor P(A and B) / (P(A) P(B)) was published for thousands of real games. That of the NFL came
with an interval, which is the gate; those of baseball did not, so their gates are 0.04 on both
sides for all games, and 0.06 for those of a range of totals.
"""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from sim.crowd.arrays import Flags
from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.estimates import Estimate
from sim.crowd.calibration.sport_figures import SportFigures

GROUP = 1
OF_ALL, OF_RANGE = 0.04, 0.06


def joint_nfl_checks(of: SportFigures) -> Iterator[Check]:
    """Compare NFL games with 7,245 real ones."""
    name, target = "favourite covers and over, factor", "1.004 (0.979 to 1.028)"
    is_open = (of.spread != 0) & (of.margin + of.spread != 0) & (of.total_error != 0)
    covers = (of.margin + of.spread > 0) == (of.spread < 0)
    yield _check(name, target, (0.979, 1.028), factor(covers[is_open], of.over_won[is_open]))


def joint_mlb_checks(of: SportFigures) -> Iterator[Check]:
    """Compare baseball games with real ones; the favourite gives a run and a half."""
    is_open = of.total_error != 0
    favourite = ((of.margin > 0) == (of.spread < 0))[is_open]
    over = of.over_won[is_open]
    for name, first, second, real in (
        ("favourite wins and under", favourite, ~over, 1.030),
        ("dog wins and over", ~favourite, over, 1.047),
        ("favourite wins and over", favourite, over, 0.968),
    ):
        gate = (real - OF_ALL, real + OF_ALL)
        yield _check(f"{name}, factor", f"{real:g} (+- {OF_ALL:g})", gate, factor(first, second))
    covers = ((of.margin + of.spread > 0) == (of.spread < 0))[is_open]
    total = of.over[is_open]
    for name, chosen, target, gate in (
        ("to 7.5", total <= 7.5, "1.13 (+- 0.06)", (1.13 - OF_RANGE, 1.13 + OF_RANGE)),
        ("8 to 9", (total >= 8) & (total <= 9), "1.07 (+- 0.06)", (1.07 - OF_RANGE, 1.13)),
        ("from 9.5", total >= 9.5, "at most 1.00 (+ 0.06)", (0.85, 1.00 + OF_RANGE)),
    ):
        title = f"run line and over, totals {name}, factor"
        yield _check(title, target, gate, factor(covers[chosen], over[chosen]))


def factor(first: Flags, second: Flags) -> Estimate:
    """Estimate by how much two outcomes happen together more often than independent ones."""
    both = first & second
    together, alone = float(both.mean()), (float(first.mean()), float(second.mean()))
    value = together / (alone[0] * alone[1])
    # The influence of each game on the logarithm of the factor.
    influence = both / together - first / alone[0] - second / alone[1]
    return Estimate(value, value * float(np.std(influence)) / sqrt(len(both)))


def _check(name: str, target: str, gate: tuple[float, float], found: Estimate) -> Check:
    return Check(GROUP, name, target, *gate, found.value, found.standard_error)
