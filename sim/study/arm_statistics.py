"""Compares the arms of a study on the games that all of them played.

Arms play the same games, so that their difference is computed game by game: what a game decided is
in both. Of several arms the best looks better than it is; so they are compared on games that chose
nothing, and the significance of each is corrected for how many were looked at (Holm 1979).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.games.game_results import GameMean, GameResult, game_mean
from sim.games.merged_run import added_splits
from sim.study.objectives import OBJECTIVES
from sim.study.trial_store import Trial

# The chance of finding any difference where all arms are alike.
LEVEL = 0.05
_FLIPS = 20_000
_FLIPS_AT_ONCE = 1_000
_SEED = 1
_FOLDS = 4

# Figures by arm and game, in cents.
Figures = NDArray[np.float64]
# The id of an event with its name: generated games of two sports may have one id.
GameKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PlayedGames:
    """The games that every arm played, in order of their start; `results[arm][game]`."""

    arms: list[int]
    results: list[list[GameResult]]

    def figures(self, objective: str) -> Figures:
        """Return an objective by arm and game."""
        _, figure_of = OBJECTIVES[objective]
        rows = [[figure_of(game) for game in games] for games in self.results]
        return np.array(rows, dtype=np.float64).reshape(len(self.arms), -1)

    @property
    def count(self) -> int:
        """Return the number of games."""
        return len(self.results[0]) if self.results else 0

    def keys(self) -> list["GameKey"]:
        """Return which games they are."""
        return [key_of(game) for game in self.results[0]] if self.results else []

    def of(self, others: "PlayedGames") -> "PlayedGames":
        """Return those that are among others."""
        wanted = set(others.keys())
        kept = [number for number, key in enumerate(self.keys()) if key in wanted]
        return PlayedGames(self.arms, [[games[each] for each in kept] for games in self.results])

    def between(self, first: int, last: int) -> "PlayedGames":
        """Return those from one number to before another, in order of time."""
        return PlayedGames(self.arms, [games[first:last] for games in self.results])


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """One arm on some games: its objective, alone and against the baseline, and its profit.

    `p_value` is that of the objective being zero, `p_against` that of it being the baseline's, both
    corrected for the number of arms; `against` and `p_against` are None for the baseline itself.
    """

    arm: int
    objective: GameMean
    profit: GameMean
    against: GameMean | None
    p_value: float
    p_against: float | None

    @property
    def earns(self) -> bool:
        """Return whether the objective is above zero beyond chance."""
        return self.p_value < LEVEL and self.objective.mean > 0


@dataclass(frozen=True, slots=True)
class WalkForward:
    """The arm that all earlier games would have chosen, judged on the games that followed.

    `chosen` has an arm for each part of the games but the first.
    """

    chosen: list[int]
    objective: GameMean
    profit: GameMean


@dataclass(frozen=True, slots=True)
class Choice:
    """The arm that the choosing games choose, to be judged on the others.

    Where no game is left to choose or to judge, all of them do both, and `choosing` is empty.
    """

    choosing: PlayedGames
    judging: PlayedGames
    arm: int


def played_games(trials: Sequence[Trial], arms: Sequence[int]) -> PlayedGames:
    """Return the games that every one of these arms played, whatever trials failed.

    Recordings of one game, of its spreads and of its totals for example, make one game: what it
    decided is in all of them.
    """
    played: dict[int, dict[GameKey, dict[int, GameResult]]] = {arm: {} for arm in arms}
    for trial in trials:
        for game in trial.games if trial.arm in played else ():
            played[trial.arm].setdefault(key_of(game), {})[trial.recording] = game
    if not arms:
        return PlayedGames([], [])
    first = played[arms[0]]
    common = [
        key
        for key in first
        if all(of_arm.get(key, {}).keys() == first[key].keys() for of_arm in played.values())
    ]
    common.sort(key=lambda key: (next(iter(first[key].values())).event.scheduled_ns, key))
    return PlayedGames(
        list(arms), [[_as_one(list(played[arm][key].values())) for key in common] for arm in arms]
    )


def _as_one(parts: Sequence[GameResult]) -> GameResult:
    """Return what several recordings of a game brought together."""
    if len(parts) == 1:
        return parts[0]
    return GameResult(parts[0].event, added_splits(part.split for part in parts))


def key_of(game: GameResult) -> GameKey:
    """Return which game a result is of."""
    return game.event.event_id, game.event.name


def split_games(games: PlayedGames, unseen: float) -> tuple[PlayedGames, PlayedGames]:
    """Return the earlier games, which choose, and the later ones, which judge.

    `unseen` is the share of the later ones; a game is never in both.
    """
    border = games.count - round(unseen * games.count)
    return games.between(0, border), games.between(border, games.count)


def compare_arms(games: PlayedGames, objective: str) -> list[ArmComparison]:
    """Compare every arm with zero and with the first; raise ValueError without games."""
    figures = games.figures(objective)
    profits = games.figures("profit")
    against = figures[1:] - figures[0]
    p_values = holm(sign_flip_p(figures))
    p_against: list[float | None] = [None, *holm(sign_flip_p(against))]
    return [
        ArmComparison(
            arm=arm,
            objective=_mean(figures[place]),
            profit=_mean(profits[place]),
            against=_mean(against[place - 1]) if place else None,
            p_value=p_values[place],
            p_against=p_against[place],
        )
        for place, arm in enumerate(games.arms)
    ]


def best_arm(games: PlayedGames, objective: str) -> int:
    """Return the arm of the largest mean; of equal ones the first."""
    means = games.figures(objective).mean(axis=1)
    return games.arms[int(np.argmax(means))]


def choose(games: PlayedGames, objective: str, unseen: float) -> Choice:
    """Choose an arm by the earlier games; `unseen` is the share of the later ones, which judge."""
    choosing, judging = split_games(games, unseen)
    if not choosing.count or not judging.count:
        return Choice(games.between(0, 0), games, best_arm(games, objective))
    return Choice(choosing, judging, best_arm(choosing, objective))


def walk_forward(games: PlayedGames, objective: str) -> WalkForward | None:
    """Choose again after every part of the games, and judge on the next; None with too few."""
    edges = np.linspace(0, games.count, _FOLDS + 1).round().astype(int).tolist()
    if len(set(edges)) <= _FOLDS:
        return None
    chosen: list[int] = []
    judged: list[GameResult] = []
    for begin, end in pairwise(edges[1:]):
        arm = best_arm(games.between(0, begin), objective)
        chosen.append(arm)
        judged += games.results[games.arms.index(arm)][begin:end]
    _, figure_of = OBJECTIVES[objective]
    return WalkForward(
        chosen,
        game_mean([figure_of(game) for game in judged]),
        game_mean([game.split.profit_cents for game in judged]),
    )


def sign_flip_p(figures: Figures) -> list[float]:
    """Return for each row how often a mean as large comes from its sizes with random signs.

    It needs no normal distribution, only that without an effect each value could as well have the
    other sign. One for a row of zeros.
    """
    sizes = abs(figures.sum(axis=1))
    as_large = np.zeros(len(figures), dtype=np.int64)
    rng = np.random.default_rng(_SEED)
    for _ in range(0, _FLIPS, _FLIPS_AT_ONCE):
        signs = rng.integers(0, 2, size=(_FLIPS_AT_ONCE, figures.shape[1])) * 2.0 - 1.0
        as_large += np.count_nonzero(abs(signs @ figures.T) >= sizes - 1e-9, axis=0)
    p_values: list[float] = ((as_large + 1) / (_FLIPS + 1)).tolist()
    return p_values


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, by Holm's step-down procedure."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def _mean(figures: NDArray[np.float64]) -> GameMean:
    return game_mean([round(value) for value in figures.tolist()])
