"""The sections on the arms of a study: values with intervals, tables, and the chosen arm."""

from collections.abc import Sequence
from math import isfinite
from statistics import fmean

import numpy as np

from sim.games.game_results import GameMean, GameResult, outcome_sd
from sim.report.number_text import NONE, count, dollar_tick, dollars, signed_dollars
from sim.report.page import Html, figure, folded, join, paragraph, table
from sim.report.panel import (
    DOT,
    FIRST,
    INK,
    MUTED,
    SECOND,
    LegendKey,
    Panel,
    labelled_rows,
    picture,
)
from sim.report.series import floats, limits_around, round_ticks
from sim.study.arm_statistics import LEVEL, ArmComparison
from sim.study.study_result import StudyResult
from sim.study.study_text import best_first, judged_text, walked_text
from strategies.trading.model.counted import counted

_ARMS_DRAWN = 40
_ARMS_LISTED = 20
_ROW = 24.0
_LONGEST_TICK = 50
_TERMS = ("edge", "adverse", "drift", "outcome")


def arm_tick(result: StudyResult, arm: int) -> str:
    """Return the name of an arm, cut to what fits beside a picture."""
    name = result.name(arm)
    return name if len(name) <= _LONGEST_TICK else f"{name[: _LONGEST_TICK - 1]}…"


def arm_intervals(result: StudyResult) -> Html:
    """Return the picture of each arm's objective with its interval, the best first."""
    arms = best_first(result)[:_ARMS_DRAWN]
    box, height = labelled_rows(len(arms), _ROW)
    panel = Panel(box, _dollar_limits(result, arms), (0.0, float(len(arms))))
    panel.title(result.objective.capitalize())
    panel.ticks_beneath(round_ticks(panel.across, 8), dollar_tick)
    panel.label("dollars a game", lines=1)
    middles = [len(arms) - row - 0.5 for row in range(len(arms))]
    panel.value_ticks(middles, lambda y: arm_tick(result, arms[round(len(arms) - y - 0.5)].arm))
    panel.vertical(0, MUTED)
    for each, y in zip(arms, middles, strict=True):
        color = FIRST if each.arm == result.chosen else INK
        if isfinite(each.objective.low):
            panel.interval(each.objective.low / 100, each.objective.high / 100, y, color)
        seen = result.seen_means.get(each.arm)
        if seen is not None:
            panel.points(np.array([seen / 100]), np.array([y]), SECOND, 6)
        panel.points(np.array([each.objective.mean / 100]), np.array([y]), color, 7)
    panel.legend(_keys(result))
    return figure("arms", picture("arms", height, [panel]), _caption(result, arms))


def _dollar_limits(result: StudyResult, arms: Sequence[ArmComparison]) -> tuple[float, float]:
    values = [each.objective.mean for each in arms]
    values += [result.seen_means[each.arm] for each in arms if each.arm in result.seen_means]
    bounds = [bound for each in arms for bound in (each.objective.low, each.objective.high)]
    values += [bound for bound in bounds if isfinite(bound)]
    return limits_around([floats(values) / 100])


def _keys(result: StudyResult) -> list[LegendKey]:
    judging = "on the unseen games" if result.seen else "on all games"
    keys = [LegendKey(DOT, INK, judging), LegendKey(DOT, FIRST, "the chosen arm")]
    if result.seen:
        keys.append(LegendKey("●", SECOND, "on the games that chose"))
    return keys


def _caption(result: StudyResult, arms: Sequence[ArmComparison]) -> str:
    text = "Lines are intervals at 95 %, each for its arm alone."
    if not isfinite(arms[0].objective.low):
        text = "With fewer than ten games there are no intervals."
    if result.seen:
        text += " The games that chose make the best of them look better than it is."
    if len(result.judged) > len(arms):
        text += f" The best {len(arms)} of {count(len(result.judged))} arms are drawn."
    return text


def comparison(result: StudyResult) -> Html:
    """Return the table of arms: alone, against the baseline, and their profit."""
    rows = [_comparison_row(result, each) for each in best_first(result)]
    objective = result.objective
    heads = (
        *("arm", f"#{objective}", "#s.e.", "#95 %", "#p"),
        *(f"#against arm {result.baseline}", "#s.e.", "#95 %", "#p", "#profit", "#s.e."),
    )
    explanation = (
        f"On {judged_text(result)}. p: how often chance alone gives a mean as large, by random "
        f"signs, corrected by Holm's procedure for {count(len(result.judged))} arms; below "
        f"{LEVEL:g} counts. Against the baseline: the mean difference game by game, in which what "
        "a game decided is on both sides."
    )
    return join([_listed(heads, rows), paragraph(explanation, "aside")])


def _comparison_row(result: StudyResult, each: ArmComparison) -> tuple[str, ...]:
    mean, against = each.objective, each.against
    return (
        result.name(each.arm),
        cents_text(mean.mean),
        error_text(mean),
        _bounds(mean),
        f"{each.p_value:.3f}",
        NONE if against is None else cents_text(against.mean),
        NONE if against is None else error_text(against),
        NONE if against is None else _bounds(against),
        NONE if each.p_against is None else f"{each.p_against:.3f}",
        cents_text(each.profit.mean),
        error_text(each.profit),
    )


def _listed(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Return a table of arms, those beyond the best in one that opens on a click."""
    best, others = rows[:_ARMS_LISTED], rows[_ARMS_LISTED:]
    if not others:
        return table(heads, best)
    more = f"{counted(len(others), 'other arm')}"
    return join([table(heads, best), folded(more, table(heads, others))])


def _bounds(mean: GameMean) -> str:
    if not isfinite(mean.low):
        return NONE
    return f"{cents_text(mean.low)} to {cents_text(mean.high)}"


def walk_forward(result: StudyResult) -> Html:
    """Return what came of choosing by earlier games alone, again and again."""
    walk = result.walk_forward
    if walk is None:
        return paragraph("There are too few games to choose by some and judge on later ones.")
    text = walked_text(result, walk)
    rows = [(f"part {number}", result.name(arm)) for number, arm in enumerate(walk.chosen, 2)]
    profit = (
        f"Its profit was {cents_text(walk.profit.mean)} a game "
        f"(s.e. {error_text(walk.profit)}). Games stand in order of time, in "
        f"{len(walk.chosen) + 1} parts; before each part but the first, the arm is chosen that was "
        "best on all games before it."
    )
    return join(
        [
            paragraph(f"{text[:1].upper()}{text[1:]}."),
            table(("judged on", "chosen before it"), rows),
            paragraph(profit, "aside"),
        ]
    )


def arm_splits(result: StudyResult) -> Html:
    """Return profit per arm, taken apart, as means over the games that judge."""
    by_arm = dict(zip(result.judging.arms, result.judging.results, strict=True))
    rows = [(result.name(each.arm), *_split_cells(by_arm[each.arm])) for each in best_first(result)]
    heads = ("a game", "#fills", "#stake", *(f"#{term}" for term in _TERMS), "#one s.d.")
    explanation = (
        "Means over the games that judge. Edge + adverse + drift + outcome - commission + rebate = "
        "profit. One s.d. is how far chance carries the mean outcome."
    )
    listed = _listed((*heads, "#commission", "#rebate", "#profit"), rows)
    return join([listed, paragraph(explanation, "aside")])


def _split_cells(games: Sequence[GameResult]) -> tuple[str, ...]:
    splits = [game.split for game in games]

    def mean(name: str) -> float:
        return float(fmean(getattr(split, name) for split in splits))

    return (
        f"{mean('fills'):,.1f}",
        dollars(round(mean("stake_cents"))),
        *(cents_text(mean(f"{term}_cents")) for term in _TERMS),
        dollars(round(outcome_sd(games) / len(games))),
        dollars(round(mean("commission_cents"))),
        dollars(round(mean("rebate_cents"))),
        cents_text(mean("profit_cents")),
    )


def sensitivity(result: StudyResult) -> Html:
    """Return the chosen arm under other models of the exchange."""
    chosen = result.name(result.chosen)
    if not result.variants:
        return paragraph(
            f"The chosen arm ({chosen}) was not run under other models: sensitivity=off, or its "
            "trials failed."
        )
    rows = [_variant_row(result, each) for each in result.variants]
    heads = ("under", "#games", f"#{result.objective}", "#s.e.", "#difference", "#s.e.", "#profit")
    explanation = (
        f"Arm {chosen}, chosen by {_choosing(result)}. A recording does not show which stake left "
        "the queue: front assumes that ahead of us, back that behind us, prorata of both their "
        "share. latency=none is what no latency would bring. An arm that is above zero under one "
        "model alone earns by the model."
    )
    return join([table((*heads, "#s.e."), rows), paragraph(explanation, "aside")])


def _choosing(result: StudyResult) -> str:
    return f"{count(result.seen)} earlier games" if result.seen else "all games"


def _variant_row(result: StudyResult, each: ArmComparison) -> tuple[str, ...]:
    against = each.against
    return (
        "as it is" if against is None else result.arms[each.arm][-1],
        count(each.objective.games),
        cents_text(each.objective.mean),
        error_text(each.objective),
        NONE if against is None else cents_text(against.mean),
        NONE if against is None else error_text(against),
        cents_text(each.profit.mean),
        error_text(each.profit),
    )


def cents_text(cents: float) -> str:
    """Return cents as signed dollars."""
    return signed_dollars(round(cents))


def error_text(mean: GameMean) -> str:
    """Return the standard error of a mean in dollars, a dash if it has none."""
    return dollars(round(mean.error)) if isfinite(mean.error) else NONE
