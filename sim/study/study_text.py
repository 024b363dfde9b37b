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
SEEDS_ARE_NO_SAMPLE = (
    "on one recording a seed changes only latencies and faults; arms that differ by it are no "
    "sample of games"
)


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
    lines += [SEEDS_ARE_NO_SAMPLE] if differ_by_seed(result) else []
    if result.failed:
        lines.append(f"{counted(len(result.failed), 'trial')} failed; the first of them:")
        lines += [f"  {each}" for each in result.failed[:_REASONS_SHOWN]]
    return lines


def differ_by_seed(result: StudyResult) -> bool:
    """Return whether arms differ by their seed."""
    words = (word for arm in result.games.arms for word in result.arms[arm])
    return any(word.startswith("seed=") for word in words)


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
    """Return in one sentence how many arms are above zero beyond chance, and what to expect.

    That is the mean of the chosen arm: the best of those that judge looks better than it is.
    """
    earning = sum(each.earns for each in result.judged)
    arms = counted(len(result.judged), "arm")
    games = counted(result.judged[0].objective.games, f"{'unseen ' if result.seen else ''}game")
    found = f"{earning:,} of {arms} {'is' if earning == 1 else 'are'}" if earning else "no arm is"
    level = f"{100 * LEVEL:g} %, corrected for {arms}"
    chosen = next(each.objective for each in result.judged if each.arm == result.chosen)
    by = "earlier games" if result.seen else "the same games"
    return (
        f"{found} above zero by {result.objective} on {games}, at {level}; the one that {by} "
        f"chose ({result.name(result.chosen)}) brought {_dollars(chosen.mean)} a game"
        f"{_interval_text(chosen)}"
    )


def walked_text(result: StudyResult, walk: WalkForward) -> str:
    """Return what the arms brought that earlier games would have chosen."""
    arms = "; ".join(result.name(arm) for arm in dict.fromkeys(walk.chosen))
    mean = walk.objective
    return (
        f"walking forward, the arm that earlier games chose ({arms}) brought {_dollars(mean.mean)} "
        f"a game{_error_text(mean)} on {mean.games:,} games"
    )


def _variant_line(result: StudyResult, each: ArmComparison) -> str:
    assert each.against is not None, "the first of the variants is the arm itself"
    return (
        f"the chosen arm ({result.name(result.chosen)}) under {result.arms[each.arm][-1]}: "
        f"{_dollars(each.objective.mean)} a game, {_dollars(each.against.mean)} against as it is"
        f"{_error_text(each.against)}"
    )


def _dollars(cents: float) -> str:
    return dollars_text(round(cents))


def _interval_text(mean: GameMean) -> str:
    if not isfinite(mean.low):
        return _error_text(mean)
    return f" (95 % {_dollars(mean.low)} to {_dollars(mean.high)})"


def _error_text(mean: GameMean) -> str:
    return f" (s.e. {_error(mean)})" if isfinite(mean.error) else ""


def _error(mean: GameMean) -> str:
    return _dollars(mean.error) if isfinite(mean.error) else ""
