"""The page of two runs side by side: what differs between them, game by game and over time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from recordings.writing import write_text
from sim.games.game_results import GameResult, game_mean, game_results
from sim.report.fill_value_section import kept_means
from sim.report.number_text import NONE, count, dollar_tick, dollars, signed_dollars
from sim.report.page import (
    Html,
    figure,
    header,
    headline,
    join,
    page,
    paragraph,
    section,
    table,
    verdict,
)
from sim.report.page_size import within_size
from sim.report.panel import (
    DOT,
    FIRST,
    LINE,
    MUTED,
    SECOND,
    LegendKey,
    Panel,
    picture,
    side_by_side,
    stack,
)
from sim.report.run_folder import Run, read_run
from sim.report.series import (
    ZOOM_POINTS,
    Series,
    floats,
    limits_around,
    round_ticks,
    thin,
    thinned_note,
)
from sim.report.time_axis import TimeScale
from sim.results.measured_fill import HORIZONS_S
from strategies.trading.model.counted import counted

_UNSAFE = re.compile(r"[^\w.-]+")
_HEIGHT = 190
_COLORS = (FIRST, SECOND)
_TERMS = ("edge", "adverse", "drift", "outcome")


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two runs, the names that the page gives them, and the games that both have."""

    runs: tuple[Run, Run]
    names: tuple[str, str]
    common: Sequence[tuple[GameResult, GameResult]]


def write_comparison(first: Path, second: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write a page on two runs into the folder of the second, and return its path.

    `rows` are the figures side by side, their heads first. Raise as `write_report` does.
    """
    runs = read_run(first), read_run(second)
    by_id = {game.event.event_id: game for game in game_results(runs[0].summary)}
    others = game_results(runs[1].summary)
    common = [(by_id[g.event.event_id], g) for g in others if g.event.event_id in by_id]
    pair = _Pair(runs, (str(first), str(second)), common)
    # A run folder is named by the clock within a day, so both parts name it.
    name = _UNSAFE.sub("-", "-".join(first.resolve().parts[-2:]))
    path = second / f"compared-with-{name}.html"
    write_text(path, within_size(_document(pair, rows)))
    return path


def _document(pair: _Pair, rows: Sequence[Sequence[str]]) -> str:
    # The paths in the heads stand in the sentence above the table, where they have space.
    heads = "", "#first", "#second", "#difference"
    title = "Two runs compared"
    return page(
        title,
        [
            header([paragraph("comparison", "overline"), headline(title), _verdict(pair)]),
            section("Figures", [_names(pair), table(heads, rows[1:])]),
            section("Game by game", [_by_game(pair)]),
            section("Profit over time", [_over_time(pair)]),
            section("What fills were worth", [_fill_values(pair)]),
        ],
    )


def _names(pair: _Pair) -> Html:
    return paragraph(
        f"First {pair.names[0]}, second {pair.names[1]}. Differences are the second less the "
        "first; the settings that differ come last."
    )


def _differences(pair: _Pair, name: str) -> list[int]:
    """Return a figure of each common game, the second run's less the first's, in cents."""
    return [_figure_of(other, name) - _figure_of(one, name) for one, other in pair.common]


def _figure_of(game: GameResult, name: str) -> int:
    cents: int = game.early_cents if name == "early" else getattr(game.split, f"{name}_cents")
    return cents


def _verdict(pair: _Pair) -> Html:
    games = len(pair.common)
    if not games:
        return verdict(
            "The runs have no game in common.",
            ["Their figures stand side by side, but their difference is mostly one of games."],
        )
    early = game_mean(_differences(pair, "early"))
    digests = [run.summary.digest for run in pair.runs]
    if digests[0] == digests[1]:
        return verdict("The runs sent the same commands.", ["Their decision digests are equal."])
    if not isfinite(early.low):
        finding = f"{counted(games, 'common game')} cannot show which run is better."
    elif early.low > 0:
        finding = f"The second run's prices were better over {counted(games, 'common game')}."
    elif early.high < 0:
        finding = f"The first run's prices were better over {counted(games, 'common game')}."
    else:
        finding = f"No difference is shown over {counted(games, 'common game')}."
    return verdict(finding, [_sentence(pair, "early"), _sentence(pair, "profit")])


def _sentence(pair: _Pair, name: str) -> str:
    mean = game_mean(_differences(pair, name))
    what = "Edge and adverse moves" if name == "early" else "Settled profit"
    text = f"{what}: {signed_dollars(round(mean.mean))} a game, second less first"
    if isfinite(mean.low):
        low, high = (signed_dollars(round(bound)) for bound in (mean.low, mean.high))
        text += f" (95 % {low} to {high})"
    if name == "profit":
        text += "; what a game decided of the same position is in both"
    return f"{text}."


def _by_game(pair: _Pair) -> Html:
    if not pair.common:
        return paragraph("There is no game that both runs have.")
    rows = [_term_row(pair, "edge and adverse", "early")]
    rows += [_term_row(pair, term, term) for term in _TERMS]
    heads = ("per game", "#first", "#second", "#difference", "#standard error", "#95 % from", "#to")
    listed = table(heads, rows, _term_row(pair, "profit", "profit"))
    explanation = (
        "Means over common games. The difference is computed game by game, so that what a game "
        "decided is on both sides; its interval needs ten games."
    )
    parts = [listed, paragraph(explanation, "aside")]
    return join([*parts, _game_figure(pair)] if len(pair.common) > 1 else parts)


def _term_row(pair: _Pair, label: str, name: str) -> tuple[str, ...]:
    sides = [game_mean([_figure_of(games[side], name) for games in pair.common]) for side in (0, 1)]
    apart = game_mean(_differences(pair, name))
    bounds = (apart.error, apart.low, apart.high)
    error, low, high = (round(bound) if isfinite(bound) else None for bound in bounds)
    return (
        label,
        *(signed_dollars(round(mean.mean)) for mean in sides),
        signed_dollars(round(apart.mean)),
        NONE if error is None else dollars(error),
        *(NONE if bound is None else signed_dollars(bound) for bound in (low, high)),
    )


def _game_figure(pair: _Pair) -> Html:
    added = {
        "edge and adverse": np.cumsum(floats(_differences(pair, "early"))) / 100,
        "profit": np.cumsum(floats(_differences(pair, "profit"))) / 100,
    }
    numbers = np.arange(1, len(pair.common) + 1, dtype=np.float64)
    boxes, height = stack(len(added), _HEIGHT)
    panels = []
    for box, (name, values) in zip(boxes, added.items(), strict=True):
        panel = Panel(box, (1.0, float(len(numbers)) + 1.0), limits_around([values]), "$")
        panel.title(f"Difference in {name}, added up, dollars")
        panel.value_ticks(round_ticks(panel.upwards, 5), dollar_tick)
        panel.horizontal(0, MUTED)
        line = np.append(numbers, panel.across[1]), np.append(values, values[-1])
        panel.steps(*line, SECOND, 2, f"difference in {name}")
        panel.ticks_beneath(round_ticks(panel.across, 10, whole=True), "{:g}".format)
        panel.numbers.over("game", 1)
        panels.append(panel)
    panels[-1].label("common games, in order of time", lines=1)
    better = sum(cents > 0 for cents in _differences(pair, "early"))
    caption = (
        f"The second run less the first. By edge and adverse moves the second was better in "
        f"{count(better)} of {count(len(pair.common))} games. A steady slope is a difference in "
        "every game; a few steps are a few games."
    )
    return figure("differences", picture("differences by game", height, panels), caption)


def _over_time(pair: _Pair) -> Html:
    one, other = (run.summary for run in pair.runs)
    if other.first_ns >= one.last_ns or one.first_ns >= other.last_ns:
        return paragraph("The runs have no time in common, so their profits are not drawn.")
    if not all(run.equity["ns"] for run in pair.runs):
        return paragraph("A run without rows has no profit to draw.")
    event = one.events[0] if len(one.events) == 1 else None
    scale = TimeScale(pair.runs[0], event)
    lines = [_profit(run, scale) for run in pair.runs]
    (box,), height = stack(1, _HEIGHT)
    across = min(x[0] for x, _ in lines), max(x[-1] for x, _ in lines)
    panel = Panel(
        box, (float(across[0]), float(across[1])), limits_around([y for _, y in lines]), "$"
    )
    panel.title("Profit with open positions marked, dollars")
    panel.value_ticks(round_ticks(panel.upwards, 5), dollar_tick)
    panel.horizontal(0, MUTED)
    for (x, y), color, name in zip(lines, _COLORS, ("first", "second"), strict=True):
        panel.steps(x, y, color, 1.5, name)
    scale.mark_events(panel, one.events)
    scale.draw_ticks(panel)
    panel.legend([LegendKey(LINE, FIRST, "first"), LegendKey(LINE, SECOND, "second")])
    ends = " and ".join(dollar_tick(round(float(y[-1]), 2)) for _, y in lines)
    longest = max(len(run.equity["ns"]) for run in pair.runs)
    caption = (
        f"At the end the runs stood at {ends}. Where both lines move together it was the game, "
        f"where they part it was the difference of the runs.{thinned_note(longest)}"
    )
    return figure("profits", picture("profit of both runs", height, [panel]), caption)


def _profit(run: Run, scale: TimeScale) -> tuple[Series, Series]:
    profits = floats(run.equity["profit_cents"]) + floats(run.equity["marked_cents"])
    kept = thin(profits, most=ZOOM_POINTS)
    return scale.minutes(run.equity["ns"])[kept], profits[kept] / 100


def _fill_values(pair: _Pair) -> Html:
    if not all(run.fills["ns"] for run in pair.runs):
        return paragraph("A run without fills has none to compare.")
    lines = [np.array([mean[:3] for mean in kept_means(run)]).T for run in pair.runs]
    (box,), height = side_by_side(1, _HEIGHT)
    panel = Panel(box, (-0.4, len(HORIZONS_S) - 0.6), limits_around([*np.concatenate(lines)]), "c")
    panel.title("Kept of the spread, cents")
    panel.value_ticks(round_ticks(panel.upwards, 6), "{:g}".format)
    panel.horizontal(0, MUTED)
    places = np.arange(len(HORIZONS_S), dtype=np.float64)
    keys = [LegendKey(DOT, FIRST, "first"), LegendKey(DOT, SECOND, "second")]
    for (means, lows, highs), key, aside in zip(lines, keys, (-0.05, 0.05), strict=True):
        panel.line_with_intervals(places + aside, means, lows, highs, key.color, key.name)
    panel.categories("after", [f"{seconds:,} s" for seconds in HORIZONS_S])
    panel.label("time after the fill", lines=1)
    panel.legend(keys)
    fills = " and ".join(count(len(run.fills["ns"])) for run in pair.runs)
    caption = (
        f"What {fills} fills had kept of a dollar of payout, by the time after the fill; bars are "
        "intervals at 95 % by whole games, from ten games on. The line that stays higher was "
        "filled at better prices, or by those who knew less."
    )
    return figure("fill-values", picture("what fills were worth", height, [panel]), caption)
