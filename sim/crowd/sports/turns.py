"""Games that are played in turns: drives, outs, minutes. A turn brings points, or none.

What can happen in a turn depends on the lead alone, so the same table plays a game and prices it.
Leads are clipped to `max_lead`, a lead that is hardly ever seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice, repeat
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sim.crowd.game import GameTimes, Score

Floats = NDArray[np.float64]
Leads = NDArray[np.int64]
Flags = NDArray[np.bool_]


class TurnOutcome(NamedTuple):
    """Points that a turn may bring, with its chance at every lead of the home team."""

    home: int
    away: int
    chances: Floats


def leads(max_lead: int) -> Leads:
    """Return every lead of the home team, in the order of tables."""
    return np.arange(-max_lead, max_lead + 1)


class Turn:
    """What can happen in one turn. Where `over` is set, the game ended before it at that lead."""

    def __init__(self, max_lead: int, outcomes: Sequence[TurnOutcome], over: Flags | None) -> None:
        """Take the outcomes with points; what is left of one is the chance of none."""
        size = 2 * max_lead + 1
        self.max_lead = max_lead
        self.outcomes = outcomes
        self.home = [outcome.home for outcome in outcomes]
        self.away = [outcome.away for outcome in outcomes]
        self.over = np.zeros(size, dtype=bool) if over is None else over
        chances = np.array([outcome.chances for outcome in outcomes], dtype=np.float64)
        self.chances = np.where(self.over, 0.0, chances)

    @cached_property
    def reached(self) -> list[Leads]:
        """Return, for each outcome, the place of the lead that it makes of every lead."""
        places = np.arange(len(self.over))
        return [
            np.clip(places + home - away, 0, len(places) - 1)
            for home, away in zip(self.home, self.away, strict=True)
        ]

    @cached_property
    def none(self) -> Floats:
        """Return the chance of no points, at every lead."""
        return np.asarray(1.0 - self.chances.sum(axis=0))

    @cached_property
    def steps(self) -> Floats:
        """Return the matrix of chances from every lead to every lead."""
        matrix = np.diag(self.none)
        places = np.arange(len(self.over))
        for reached, chances in zip(self.reached, self.chances, strict=True):
            matrix[places, reached] += chances
        return matrix

    def draw(self, chance: float, lead: int) -> tuple[int, int] | None:
        """Return the points of home and away that a number below one stands for."""
        place = min(max(lead + self.max_lead, 0), len(self.over) - 1)
        for outcome, bound in enumerate(accumulate(self.chances[:, place].tolist())):
            if chance < bound:
                return self.home[outcome], self.away[outcome]
        return None

    def is_over(self, lead: int) -> bool:
        """Tell whether the game has ended before this turn, at this lead."""
        return bool(self.over[min(max(lead + self.max_lead, 0), len(self.over) - 1)])


@dataclass(frozen=True)
class Rules:
    """The turns of regulation, and those of one overtime; `max_overtimes` None is no limit."""

    turns: tuple[Turn, ...]
    overtime: tuple[Turn, ...]
    max_overtimes: int | None


class Played(NamedTuple):
    """A game on its own clock: each score with its time, and when it was over."""

    scores: list[tuple[float, Score]]
    end_s: float


def play_turns(rng: Generator, rules: Rules, clock: GameTimes) -> Played:
    """Play regulation, and overtimes while they are level and allowed."""
    played = _play(rng, rules.turns, Played([], 0.0), clock.regulation_s / len(rules.turns))
    again = repeat(rules.overtime)
    for turns in again if rules.max_overtimes is None else islice(again, rules.max_overtimes):
        if _lead(played) != 0:
            break
        played = _play(rng, turns, played, clock.overtime_s / len(turns))
    return played


def _play(rng: Generator, turns: Sequence[Turn], so_far: Played, turn_s: float) -> Played:
    scores, end_s = list(so_far.scores), so_far.end_s
    score = scores[-1][1] if scores else Score(0, 0)
    drawn = rng.random((len(turns), 2)).tolist()
    for turn, (chance, share) in zip(turns, drawn, strict=True):
        lead = score.home - score.away
        if turn.is_over(lead):
            return _over_at_once(scores, end_s, turn_s)
        points = turn.draw(chance, lead)
        if points is not None:
            score = Score(score.home + points[0], score.away + points[1])
            scores.append((end_s + share * turn_s, score))
        end_s += turn_s
    if turns[-1].is_over(score.home - score.away):
        return _over_at_once(scores, end_s, turn_s)
    return Played(scores, end_s)


def _over_at_once(scores: list[tuple[float, Score]], end_s: float, turn_s: float) -> Played:
    """End the game with the score that decided it, if that was in the turn just played."""
    scored_s = scores[-1][0] if scores else 0.0
    return Played(scores, scored_s if scored_s > end_s - turn_s else end_s)


def _lead(played: Played) -> int:
    score = played.scores[-1][1] if played.scores else Score(0, 0)
    return score.home - score.away
