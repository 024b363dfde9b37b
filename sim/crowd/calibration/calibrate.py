"""`python -m sim calibrate`: simulated games of a sport against what was measured on real ones."""

from collections.abc import Callable, Sequence

from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.market_checks import market_checks
from sim.crowd.calibration.other_sports import mlb_checks, nfl_checks
from sim.crowd.calibration.score_checks import score_checks
from sim.crowd.sports.registry import sport_named
from strategies.trading.model.errors import TradingError


class CalibrationError(TradingError):
    """Simulated games are not like real ones."""


Show = Callable[[str], None]
Checks = Callable[[int], list[Check]]

# What each sport is held against, one after the other; nothing is known of the NHL.
CHECKS: dict[str, tuple[Checks, ...]] = {
    "nba": (score_checks, market_checks),
    "nfl": (nfl_checks,),
    "mlb": (mlb_checks,),
    "nhl": (),
}
GROUPS = {
    1: "results",
    2: "how margins come about",
    3: "closing prices",
    4: "real time",
    5: "updates",
    6: "books",
    7: "moves",
    8: "trades",
    9: "pauses",
}


def calibrate(sport: str, seed: int, show: Show) -> list[Check]:
    """Show and return every check of a sport, from games drawn anew from the seed.

    Raise ConfigError for a sport that is not simulated.
    """
    name = sport_named(sport).tournament
    checks: list[Check] = []
    for draw in CHECKS[sport]:
        found = draw(seed)
        _show_groups(found, show)
        checks += found
    if not checks:
        show(f"{name}: uncalibrated: no measured figure is known to hold its games against")
        return checks
    passed = sum(check.passed for check in checks)
    show(f"{name}: {passed} of {len(checks)} checks passed")
    return checks


def refuse_misses(checks: Sequence[Check]) -> None:
    """Raise CalibrationError, which names them, where checks were missed."""
    missed = [check.name for check in checks if not check.passed]
    if missed:
        message = f"{len(missed)} missed: {'; '.join(missed)}"
        raise CalibrationError(message)


def _show_groups(checks: list[Check], show: Show) -> None:
    """Show checks under the heading of each group, in the order of groups."""
    for group in sorted({check.group for check in checks}):
        show(f"{group}. {GROUPS[group]}")
        for check in checks:
            if check.group == group:
                show(check.line)
