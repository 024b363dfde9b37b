"""The result of a study in the terminal."""

from collections.abc import Sequence
from math import isfinite

from rich.table import Table

from sim.games.game_results import GameMean
from sim.study.arm_statistics import LEVEL, ArmComparison, WalkForward
from sim.study.study_result import StudyResult
from strategies.trading.model.counted import counted
from strategies.trading.model.money import dollars_text

_REASONS_SHOWN = 5


def arm_table(result: StudyResult) -> Table:
    """Return the arms on the games that judge, the best first; arm 0 is the baseline."""
    table = Table(title=_title(result), title_justify="left")
    for head in ("arm", result.objective, "s.e.", "p", "against 0", "s.e.", "p", "profit", "s.e."):
        table.add_column(head, justify="right", no_wrap=True)
    for each in _best_first(result):
        table.add_row(str(each.arm), *_cells(each))
    return table


def arm_lines(result: StudyResult) -> list[str]:
    """Return the settings of each arm, in the order of the table."""
    return [f"arm {each.arm}: {result.label(each.arm)}" for each in _best_first(result)]


def _best_first(result: StudyResult) -> list[ArmComparison]:
    return sorted(result.judged, key=lambda arm: -arm.objective.mean)


def result_lines(result: StudyResult) -> list[str]:
    """Return what the study found, in sentences."""
    lines = [_found(result)]
    if result.walk_forward is not None:
        lines.append(_walked(result, result.walk_forward))
    if result.failed:
        lines.append(f"{counted(len(result.failed), 'trial')} failed; the first of them:")
        lines += [f"  {each}" for each in result.failed[:_REASONS_SHOWN]]
    return lines


def _title(result: StudyResult) -> str:
    games = counted(result.judged[0].objective.games, "game")
    per_game = "dollars a game, each game one observation"
    if not result.seen:
        return f"{games}: {per_game}"
    return f"the last {games} by date, not the {result.seen:,} before, which may choose: {per_game}"


def _cells(each: ArmComparison) -> Sequence[str]:
    against = each.against
    return (
        _dollars(each.objective.mean),
        _error(each.objective),
        f"{each.p_value:.3f}",
        "" if against is None else _dollars(against.mean),
        "" if against is None else _error(against),
        "" if each.p_against is None else f"{each.p_against:.3f}",
        _dollars(each.profit.mean),
        _error(each.profit),
    )


def _found(result: StudyResult) -> str:
    earning = [result.label(each.arm) for each in result.judged if each.earns]
    of_arms = f"of {counted(len(result.judged), 'arm')}, corrected for that number"
    if not earning:
        return f"no arm is above zero at {100 * LEVEL:g} % {of_arms}"
    return f"above zero at {100 * LEVEL:g} % {of_arms}: {'; '.join(earning)}"


def _walked(result: StudyResult, walk: WalkForward) -> str:
    arms = "; ".join(result.label(arm) for arm in dict.fromkeys(walk.chosen))
    mean = walk.objective
    return (
        f"walking forward, the arm that earlier games chose ({arms}) brought {_dollars(mean.mean)} "
        f"a game (s.e. {_error(mean)}) on {mean.games:,} games"
    )


def _dollars(cents: float) -> str:
    return dollars_text(round(cents))


def _error(mean: GameMean) -> str:
    return _dollars(mean.error) if isfinite(mean.error) else ""
