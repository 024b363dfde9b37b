"""The targets of calibration as a whole, and their table."""

from typing import Any

from sim.crowd.calibration.bootstrap import TargetCheck
from sim.crowd.calibration.calibrate import GROUPS
from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.calibration_table import table_of
from sim.crowd.calibration.in_play_checks import in_play_targets, late_targets
from sim.crowd.calibration.market_checks import (
    full_game_targets,
    move_targets,
    trade_targets,
)
from sim.crowd.calibration.pre_game_checks import pre_game_targets
from sim.crowd.calibration.print_figures import count_target, print_targets
from sim.crowd.calibration.wager_checks import joined_targets, spread_targets, wager_targets


def test_every_target_has_a_name_of_its_own_a_source_and_a_range() -> None:
    """A name also seeds the error of its figure; a range the wrong way round never passes."""
    targets: list[TargetCheck[Any]] = []
    for some in (full_game_targets(), move_targets(), trade_targets(), print_targets()):
        targets += some
    for others in (wager_targets(), spread_targets(), joined_targets(), pre_game_targets()):
        targets += others
    for in_play in (in_play_targets(), late_targets()):
        targets += in_play
    targets.append(count_target())
    names = [target.name for target in targets]
    assert len(set(names)) == len(names)
    for target in targets:
        assert target.source, target.name
        assert target.low <= target.high, target.name
        assert target.group in GROUPS


def test_the_table_names_what_failed() -> None:
    """Three seeds have columns, further ones a range; a failure is counted over all of them."""

    def drawn(measured: float) -> list[Check]:
        return [Check(10, "value", "-1 to 0", -1, 0, measured, 0.01, "a real market")]

    table = table_of({seed: drawn(0.1 * seed - 0.45) for seed in (1, 2, 3, 4, 5)})
    assert "### 10. what a wager is worth" in table
    assert "| -0.35 +-0.01 | -0.25 +-0.01 | -0.15 +-0.01 | -0.05 to 0.05 | **1 of 5** |" in table
    assert table.rstrip().endswith("| a real market |")
