"""What the games of a run say together, in lines for a person."""

from collections.abc import Sequence
from math import isfinite

from sim.games.game_results import GameMean, game_mean, game_results
from sim.results.run_summary import RunSummary
from strategies.trading.model.money import dollars_text


def games_lines(summary: RunSummary) -> list[str]:
    """Return the means of profit and of its early terms over games, nothing for a single game."""
    results = game_results(summary)
    if len(results) < 2:
        return []
    return [
        _line(f"{len(results):,} games: profit", [each.split.profit_cents for each in results]),
        _line("  edge and adverse", [each.early_cents for each in results]),
    ]


def _line(name: str, cents: Sequence[int]) -> str:
    mean = game_mean(cents)
    text = f"{name} {_dollars(mean.mean)} a game"
    if isfinite(mean.error):
        text += f" (s.e. {_dollars(mean.error)}{_interval(mean)})"
    return text + _games_needed(mean)


def _interval(mean: GameMean) -> str:
    if not isfinite(mean.low):
        return ""
    return f"; 95 % {_dollars(mean.low)} to {_dollars(mean.high)}"


def _games_needed(mean: GameMean) -> str:
    """Return how many games would show the mean, where those played do not."""
    if mean.games_needed is None or mean.games_needed <= mean.games:
        return ""
    return f"; about {mean.games_needed:,} games would show an effect of this size"


def _dollars(cents: float) -> str:
    return dollars_text(round(cents))
