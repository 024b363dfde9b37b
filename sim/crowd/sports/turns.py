"""Games that are played in turns: drives, outs, minutes. A turn brings points, or none.

What can happen in a turn depends on the lead alone, so the same table plays a game and prices it.
Leads are clipped to `max_lead`, which games hardly ever reach. Tables are indexed by lead, from
the largest of the away team to the largest of the home team.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice, repeat
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from sim.crowd.arrays import Flags, Floats, Integers
from sim.crowd.game import GameTimes, Score, SeenTurn
from sim.crowd.sports.turn_signals import TurnSignals


class TurnOutcome(NamedTuple):
    """Points that a turn may bring, with its probability at every lead of the home team."""

    home: int
    away: int
    probabilities: Floats


def leads(max_lead: int) -> Integers:
    """Return every lead of the home team, in the order of tables."""
    return np.arange(-max_lead, max_lead + 1)


class Turn:
    """The possible outcomes of one turn; `over` flags the leads at which the game has ended."""

    def __init__(self, max_lead: int, outcomes: Sequence[TurnOutcome], over: Flags | None) -> None:
        """Hold the outcomes with points; the remaining probability is that of none."""
        size = 2 * max_lead + 1
        self.max_lead = max_lead
        self.outcomes = outcomes
        self.home = [outcome.home for outcome in outcomes]
        self.away = [outcome.away for outcome in outcomes]
        self.scorers = np.sign(np.subtract(self.home, self.away))
        self.over = np.zeros(size, dtype=bool) if over is None else over
        probabilities = np.array([outcome.probabilities for outcome in outcomes], dtype=np.float64)
        self.probabilities = np.where(self.over, 0.0, probabilities)

    @cached_property
    def reached(self) -> Integers:
        """Return, for each outcome, the index of the resulting lead for every lead."""
        indices = np.arange(len(self.over))
        margins = np.subtract(self.home, self.away)
        return np.asarray(np.clip(indices + margins[:, None], 0, len(indices) - 1))

    @cached_property
    def points(self) -> Integers:
        """Return the points of both teams by outcome, with those of none, zero, last."""
        return np.append(np.add(self.home, self.away), 0)

    @cached_property
    def none(self) -> Floats:
        """Return the probability of no points, at every lead."""
        return np.asarray(1.0 - self.probabilities.sum(axis=0))

    @cached_property
    def steps(self) -> Floats:
        """Return the transition matrix between leads."""
        matrix = np.diag(self.none)
        indices = np.arange(len(self.over))
        for reached, probabilities in zip(self.reached, self.probabilities, strict=True):
            matrix[indices, reached] += probabilities
        return matrix

    def draw(self, uniform: float, lead: int) -> tuple[int, int] | None:
        """Return the points of home and away for a uniform random number, or None for none."""
        index = min(max(lead + self.max_lead, 0), len(self.over) - 1)
        for outcome, bound in enumerate(accumulate(self.probabilities[:, index].tolist())):
            if uniform < bound:
                return self.home[outcome], self.away[outcome]
        return None

    def has_ended(self, lead: int) -> bool:
        """Return whether the game has ended before this turn at this lead."""
        return bool(self.over[min(max(lead + self.max_lead, 0), len(self.over) - 1)])


@dataclass(frozen=True)
class Rules:
    """The turns of regulation, and those of one overtime; no limit if `max_overtimes` is None."""

    turns: tuple[Turn, ...]
    overtime: tuple[Turn, ...]
    max_overtimes: int | None


class PlayedTurns(NamedTuple):
    """A game on the game clock: each score with its time, what is seen of its turns, the end."""

    scores: list[tuple[float, Score]]
    seen: list[tuple[float, SeenTurn]]
    end_s: float


def play_turns(rng: Generator, rules: Rules, clock: GameTimes, signals: TurnSignals) -> PlayedTurns:
    """Play regulation, then overtimes while the game is tied and the rules allow them."""
    turn_s = clock.regulation_s / len(rules.turns)
    played = _play(rng, rules.turns, PlayedTurns([], [], 0.0), turn_s, signals)
    overtimes = repeat(rules.overtime)
    for turns in islice(overtimes, rules.max_overtimes):
        if _lead(played) != 0:
            break
        played = _play(rng, turns, played, clock.overtime_s / len(turns), signals)
    return played


def _play(
    rng: Generator,
    turns: Sequence[Turn],
    before: PlayedTurns,
    turn_s: float,
    signals: TurnSignals,
) -> PlayedTurns:
    scores, seen, end_s = list(before.scores), list(before.seen), before.end_s
    score = scores[-1][1] if scores else Score(0, 0)
    drawn = rng.random((len(turns), 2)).tolist()
    for number, (turn, (uniform, share)) in enumerate(zip(turns, drawn, strict=True)):
        lead = score.home - score.away
        if turn.has_ended(lead):
            return _ended_early(scores, seen, end_s, turn_s)
        points = turn.draw(uniform, lead)
        scorer = 0 if points is None else (1 if points[0] > points[1] else -1)
        for passed, each in signals.of_turn(rng, len(turns) - 1 - number, scorer, share):
            seen.append((end_s + passed * turn_s, each))
        if points is not None:
            score = Score(score.home + points[0], score.away + points[1])
            scores.append((end_s + share * turn_s, score))
        end_s += turn_s
    if turns[-1].has_ended(score.home - score.away):
        return _ended_early(scores, seen, end_s, turn_s)
    return PlayedTurns(scores, seen, end_s)


def _ended_early(
    scores: list[tuple[float, Score]],
    seen: list[tuple[float, SeenTurn]],
    end_s: float,
    turn_s: float,
) -> PlayedTurns:
    """Return the game ended by the score that decided it, if that was in the turn just played."""
    scored_s = scores[-1][0] if scores else 0.0
    end_s = scored_s if scored_s > end_s - turn_s else end_s
    return PlayedTurns(scores, [each for each in seen if each[0] <= end_s], end_s)


def _lead(played: PlayedTurns) -> int:
    score = played.scores[-1][1] if played.scores else Score(0, 0)
    return score.home - score.away
