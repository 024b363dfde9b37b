"""The result of a study in the terminal."""

from collections.abc import Sequence
from math import isfinite

from rich.box import SIMPLE_HEAD
from rich.table import Table

from sim.games.game_results import GameMean
from sim.study.arm_statistics import LEVEL, ArmComparison, WalkForward
from sim.study.study_result import StudyResult
from strategies.trading.model.counted import counted
from strategies.trading.model.money import dollars_text

_REASONS_SHOWN = 5


def arm_table(result: StudyResult) -> Table:
    """Return the arms on the games that judge, the best first, each against the baseline too."""
    table = Table(
        title=judged_text(result),
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
        collapse_padding=True,
    )
    against = f"against {result.baseline}"
    for head in ("arm", result.objective, "s.e.", "p", against, "s.e.", "p", "profit", "s.e."):
        table.add_column(head, justify="right", no_wrap=True)
    for each in best_first(result):
        table.add_row(str(each.arm), *_cells(each))
    return table


def arm_lines(result: StudyResult) -> list[str]:
    """Return the settings of each arm, in the order of the table."""
    return [f"arm {each.arm}: {result.label(each.arm)}" for each in best_first(result)]


def best_first(result: StudyResult) -> list[ArmComparison]:
    """Return the arms by their objective on the games that judge."""
    return sorted(result.judged, key=lambda arm: -arm.objective.mean)


def result_lines(result: StudyResult) -> list[str]:
    """Return what the study found, in sentences."""
    lines = [found_text(result)]
    if result.walk_forward is not None:
        lines.append(walked_text(result, result.walk_forward))
    lines += [_variant_line(result, each) for each in result.variants[1:]]
    lines += result.unfinished
    if result.failed:
        lines.append(f"{counted(len(result.failed), 'trial')} failed; the first of them:")
        lines += [f"  {each}" for each in result.failed[:_REASONS_SHOWN]]
    return lines


def judged_text(result: StudyResult) -> str:
    """Return on which games the arms are compared, and in what unit."""
    games = counted(result.judged[0].objective.games, "game")
    per_game = "dollars a game, each game one observation"
    if not result.seen:
        return f"{games}, which chose the best arm too: {per_game}"
    return f"the last {games} by date, unseen when {result.seen:,} before chose: {per_game}"


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


def found_text(result: StudyResult) -> str:
    """Return in one sentence which arms are above zero beyond chance."""
    earning = [each for each in best_first(result) if each.earns]
    level = f"at {100 * LEVEL:g} %, corrected for {counted(len(result.judged), 'arm')}"
    games = counted(result.judged[0].objective.games, f"{'unseen ' if result.seen else ''}game")
    if not earning:
        return f"no arm is above zero by {result.objective} on {games}, {level}"
    best = earning[0].objective
    bounds = f", 95 % {_dollars(best.low)} to {_dollars(best.high)}" if isfinite(best.low) else ""
    labels = "; ".join(result.label(each.arm) for each in earning)
    return (
        f"above zero by {result.objective} on {games}, {level}: {labels}; the first by "
        f"{_dollars(best.mean)} a game{bounds}"
    )


def walked_text(result: StudyResult, walk: WalkForward) -> str:
    """Return what the arms brought that earlier games would have chosen."""
    arms = "; ".join(result.label(arm) for arm in dict.fromkeys(walk.chosen))
    mean = walk.objective
    return (
        f"walking forward, the arm that earlier games chose ({arms}) brought {_dollars(mean.mean)} "
        f"a game (s.e. {_error(mean)}) on {mean.games:,} games"
    )


def _variant_line(result: StudyResult, each: ArmComparison) -> str:
    assert each.against is not None, "the first of the variants is the arm itself"
    return (
        f"the chosen arm, {result.label(result.chosen)}, under {result.arms[each.arm][-1]}: "
        f"{_dollars(each.objective.mean)} a game, {_dollars(each.against.mean)} against as it is "
        f"(s.e. {_error(each.against)})"
    )


def _dollars(cents: float) -> str:
    return dollars_text(round(cents))


def _error(mean: GameMean) -> str:
    return _dollars(mean.error) if isfinite(mean.error) else ""
