"""`python -m sim calibrate`: compares simulated games with measurements of real ones."""

from collections.abc import Callable, Sequence
from functools import partial

from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.market_checks import full_game_checks, moneyline_checks
from sim.crowd.calibration.other_sports import mlb_checks, nfl_checks
from sim.crowd.calibration.queue_checks import queue_checks
from sim.crowd.calibration.score_checks import score_checks
from sim.crowd.calibration.sport_moneylines import moneyline_checks_of
from sim.crowd.sports.registry import sport_named
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TradingError


class CalibrationError(TradingError):
    """Figures of simulated games lie outside their tolerances."""


ShowLine = Callable[[str], None]
Checks = Callable[[int], list[Check]]

# The checks of each sport by what they are about, in order; of results of the NHL no measurement is
# known.
CHECKS_BY_SPORT: dict[str, dict[str, Checks]] = {
    "nba": {
        "scores": score_checks,
        "full games": full_game_checks,
        "moneylines": moneyline_checks,
        "queues": queue_checks,
    },
    "nfl": {"results": nfl_checks, "moneylines": partial(moneyline_checks_of, "nfl")},
    "mlb": {"results": mlb_checks, "moneylines": partial(moneyline_checks_of, "mlb")},
    "nhl": {"moneylines": partial(moneyline_checks_of, "nhl")},
}
GROUPS = {
    1: "results",
    2: "margins by quarter",
    3: "closing prices",
    4: "wall-clock times",
    5: "updates",
    6: "books",
    7: "moves",
    8: "trades",
    9: "pauses",
    10: "what a wager is worth",
    11: "queue models against the true queue",
    12: "the in-play book",
    13: "before the game",
}


def calibrate(sport: str, seed: int, show: ShowLine) -> list[Check]:
    """Show and return every check of a sport, from games drawn from the seed.

    Raise ConfigError for a sport that is not simulated; a KeyboardInterrupt says what was done.
    """
    name = sport_named(sport).tournament
    checks: list[Check] = []
    subjects = CHECKS_BY_SPORT[sport]
    done: list[str] = []
    try:
        for subject, draw in subjects.items():
            found = draw(seed)
            _show_groups(found, show)
            checks += found
            done.append(subject)
    except KeyboardInterrupt:
        missed = [subject for subject in subjects if subject not in done]
        raise KeyboardInterrupt(_interrupted(done, missed, len(checks))) from None
    passed = sum(check.passed for check in checks)
    show(f"{name}: {passed} of {counted(len(checks), 'check')} passed")
    return checks


def _interrupted(done: Sequence[str], missed: Sequence[str], checks: int) -> str:
    """Return what was done, and what was not, when checks were interrupted."""
    made = f"{counted(checks, 'check')} of {', '.join(done)} made" if done else "nothing made"
    return f"interrupted; {made}, not those of {', '.join(missed)}" if missed else made


def require_passed(checks: Sequence[Check]) -> None:
    """Raise CalibrationError, naming the failed checks, if any failed."""
    failed = list(dict.fromkeys(check.name for check in checks if not check.passed))
    if failed:
        message = f"{counted(len(failed), 'check')} failed: {'; '.join(failed)}"
        raise CalibrationError(message)


def _show_groups(checks: list[Check], show: ShowLine) -> None:
    """Show checks under the heading of each group, in the order of groups."""
    for group in sorted({check.group for check in checks}):
        show(f"{group}. {GROUPS[group]}")
        for check in checks:
            if check.group == group:
                show(check.line)
