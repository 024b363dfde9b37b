"""The section on the games of a run: what they say together, over days, and one by one."""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from sim.games.game_results import (
    DayResult,
    GameResult,
    day_results,
    game_mean,
    game_results,
    outcome_sd,
)
from sim.report.game_parts import GameParts, part_anchor
from sim.report.number_text import NONE, clock, count, dollar_tick, dollars, signed_dollars
from sim.report.page import (
    Cell,
    Html,
    figure,
    join,
    paragraph,
    scrolled,
    subheading,
    table,
)
from sim.report.panel import INK, MUTED, Panel, picture, stack
from sim.report.run_folder import Run
from sim.report.series import floats, limits_around, round_ticks

_DAYS_LISTED = 5
_GAMES_SHOWN = 20
_HEIGHT = 170
_ONE_GAME = (
    "A report of one game, with all its pairs: python -m sim report RUN_FOLDER --event ID, by its "
    "id or its name."
)
_TERMS = ("edge", "adverse", "drift", "outcome")


def games(run: Run) -> Html:
    """Return what the games of a run say together, and each of them."""
    results = game_results(run.summary)
    days = day_results(results)
    parts = GameParts(run, results)
    return join(
        [
            _totals(results),
            _means(results),
            subheading("Over days"),
            _figure(days),
            _worst_days(days),
            subheading("Game by game"),
            _listed(results, parts),
            parts.html(),
            paragraph(_ONE_GAME, "aside"),
        ]
    )


def _totals(results: Sequence[GameResult]) -> Html:
    profits = [each.split.profit_cents for each in results]
    total_sd = game_mean(profits).total_sd
    spread = f" (s.d. {dollars(round(total_sd))})" if isfinite(total_sd) else ""
    filled = sum(each.split.fills > 0 for each in results)
    return paragraph(
        f"{count(len(results))} games, {count(filled)} with fills, brought "
        f"{signed_dollars(sum(profits))}{spread}. One s.d. of what chance decided in them is "
        f"{dollars(round(outcome_sd(results)))}."
    )


def _means(results: Sequence[GameResult]) -> Html:
    splits = [each.split for each in results]
    rows = [
        _mean_row("edge and adverse", [each.early_cents for each in results]),
        *(_mean_row(term, [getattr(each, f"{term}_cents") for each in splits]) for term in _TERMS),
        _mean_row("commission", [-each.commission_cents for each in splits]),
        _mean_row("rebate", [each.rebate_cents for each in splits]),
    ]
    profit = _mean_row("profit", [each.profit_cents for each in splits])
    heads = ("per game", "#mean", "#standard error", "#95 % from", "#to", "#games needed")
    explanation = (
        "Each game is one observation: its fills hang together. Games needed: about how many show "
        "a mean of this size beside chance, four times in five. Edge and adverse depend least on "
        "what games decided, and show first what there is."
    )
    return join([table(heads, rows, profit), paragraph(explanation, "aside")])


def _mean_row(name: str, cents: Sequence[int]) -> tuple[str, ...]:
    mean = game_mean(cents)
    error = dollars(round(mean.error)) if isfinite(mean.error) else NONE
    bounds = [
        signed_dollars(round(each)) if isfinite(each) else NONE for each in (mean.low, mean.high)
    ]
    needed = NONE if mean.games_needed is None else count(mean.games_needed)
    return (name, signed_dollars(round(mean.mean)), error, *bounds, needed)


def _figure(days: Sequence[DayResult]) -> Html:
    if len(days) < 2:
        return paragraph("All games were on one day.")
    numbers = floats([(each.day - days[0].day).days for each in days])
    totals = floats([each.total_cents for each in days]) / 100
    last = float(numbers[-1]) + 1.0
    (box,), height = stack(1, _HEIGHT)
    panel = Panel(box, (0.0, last), limits_around([totals, np.zeros(1)]), "$")
    panel.title("Settled profit in all, dollars")
    panel.value_ticks(round_ticks(panel.upwards, 5), dollar_tick)
    panel.horizontal(0, MUTED)
    panel.steps(np.append(numbers, last), np.append(totals, totals[-1]), INK, 2, "settled profit")
    panel.numbers.over("day", 1)
    panel.ticks_beneath(round_ticks(panel.across, 8, whole=True), lambda number: f"{number:g}")
    panel.label(f"days from {days[0].day}, by the scheduled start in New York", lines=1)
    deepest = max(days, key=lambda each: each.drawdown_cents)
    caption = (
        "Settled profit, added up by the day of the game: a step is what one day brought. The "
        f"largest drawdown, {dollars(deepest.drawdown_cents)}, was at the end of {deepest.day}."
    )
    return figure("days", picture("days", height, [panel]), caption)


def _worst_days(days: Sequence[DayResult]) -> Html:
    worst = sorted(days, key=lambda each: (each.profit_cents, each.day))[:_DAYS_LISTED]
    rows = [
        (
            str(each.day),
            count(each.games),
            signed_dollars(each.profit_cents),
            signed_dollars(each.total_cents),
            dollars(each.drawdown_cents),
        )
        for each in worst
    ]
    heads = ("worst days", "#games", "#profit", "#in all by then", "#drawdown")
    return table(heads, rows)


def _listed(results: Sequence[GameResult], parts: GameParts) -> Html:
    ordered = sorted(results, key=lambda game: (game.split.profit_cents, game.event.event_id))
    worst, best = (signed_dollars(ordered[at].split.profit_cents) for at in (0, -1))
    reading = (
        f"By profit, from {worst} to {best}; a click on a head sorts by it, one on a name opens "
        "that game below."
    )
    heads = ("start, UTC", "game", "#profit", "#fills", *(f"#{term}" for term in _TERMS))
    fees = ("#one s.d.", "#commission", "#rebate")
    rows = [_game_row(game, parts) for game in ordered]
    listed = table((*heads, *fees), rows, sortable=True)
    if len(results) > _GAMES_SHOWN:
        listed = scrolled(listed)
    return join([paragraph(reading, "aside"), listed])


def _game_row(game: GameResult, parts: GameParts) -> tuple[Cell, ...]:
    split = game.split
    return (
        clock(game.event.scheduled_ns)[:-3],
        part_anchor(game) if parts.has(game) else game.event.name,
        signed_dollars(split.profit_cents),
        count(split.fills),
        *(signed_dollars(getattr(split, f"{term}_cents")) for term in _TERMS),
        dollars(split.outcome_sd_cents),
        dollars(split.commission_cents),
        dollars(split.rebate_cents),
    )
