"""The pictures of single games: each as a point of its arm, and over time against the baseline."""

import numpy as np

from sim.report.number_text import count, dollar_tick
from sim.report.page import Html, figure, join
from sim.report.panel import FIRST, INK, MUTED, Panel, grid, labelled_rows, picture
from sim.report.series import Series, limits_around, round_ticks
from sim.study.page.arm_sections import arm_tick
from sim.study.study_result import StudyResult
from sim.study.study_text import best_first
from strategies.trading.model.counted import counted

_ARMS_DRAWN = 12
_ROW = 24.0
_HEIGHTS = (150, 150)


def game_by_game(result: StudyResult) -> Html:
    """Return every game as a point of each arm, and the chosen arm's games in order of time."""
    return join([_points(result), _over_time(result)])


def _points(result: StudyResult) -> Html:
    arms = best_first(result)[:_ARMS_DRAWN]
    figures = dict(
        zip(result.judging.arms, result.judging.figures(result.objective) / 100, strict=True)
    )
    box, height = labelled_rows(len(arms), _ROW)
    limits = limits_around([figures[each.arm] for each in arms])
    panel = Panel(box, limits, (0.0, float(len(arms))))
    panel.title(f"{result.objective.capitalize()} of each game")
    panel.ticks_beneath(round_ticks(panel.across, 8), dollar_tick)
    panel.label("dollars", lines=1)
    middles = [len(arms) - row - 0.5 for row in range(len(arms))]
    panel.value_ticks(middles, lambda y: arm_tick(result, arms[round(len(arms) - y - 0.5)].arm))
    panel.vertical(0, MUTED)
    for each, y in zip(arms, middles, strict=True):
        games = figures[each.arm]
        panel.points(games, np.full(len(games), y), FIRST, 6, 0.35)
        panel.points(np.array([each.objective.mean / 100]), np.array([y]), INK, 8)
    caption = "A point is a game that judges; the dark one is their mean."
    if len(result.judged) > len(arms):
        caption += f" The best {len(arms)} of {count(len(result.judged))} arms are drawn."
    return figure("games", picture("games", height, [panel]), caption)


def _over_time(result: StudyResult) -> Html:
    title, values = _values_over_time(result)
    numbers = np.arange(1, len(values) + 1, dtype=np.float64)
    across = 0.5, len(values) + 0.5
    (above, below), height = grid(1, _HEIGHTS)
    single = Panel(above[0], across, limits_around([values]))
    single.title(f"{title}, of each game, dollars")
    single.points(numbers, values, FIRST, 6, 0.6)
    total = np.cumsum(values)
    summed = Panel(below[0], across, limits_around([total]))
    summed.title("The same, added up")
    summed.steps(np.append(numbers, across[1]), np.append(total, total[-1]), INK, 2)
    ticks = [each for each in round_ticks(across, 10, whole=True) if each.is_integer()]
    for panel in (single, summed):
        panel.value_ticks(round_ticks(panel.upwards, 5), dollar_tick)
        panel.horizontal(0, MUTED)
        if result.seen:
            panel.mark(result.seen + 0.5, "unseen from here on")
        panel.ticks_beneath(ticks, "{:g}".format if panel is summed else lambda _: "")
    games = result.games.results[0]
    summed.label(f"games in order of time, from {games[0].day} to {games[-1].day}", lines=1)
    caption = (
        f"Over all {counted(len(values), 'game')} it comes to {dollar_tick(round(total[-1], 2))}; "
        f"{count(int((values > 0).sum()))} are above zero. Beneath, a steady slope is an effect of "
        "every game, a few steps are few games."
    )
    return figure("over-time", picture("games over time", height, [single, summed]), caption)


def _values_over_time(result: StudyResult) -> tuple[str, Series]:
    """Return what is drawn over all games: the chosen arm against the baseline, or alone."""
    figures = result.games.figures(result.objective) / 100
    chosen = figures[result.games.arms.index(result.chosen)]
    name = f"{result.objective.capitalize()} of the chosen arm {result.chosen}"
    if result.chosen == result.baseline:
        return name, chosen
    return f"{name} less that of the baseline, {result.baseline}", chosen - figures[0]
