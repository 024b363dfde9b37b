"""Who plays whom: rounds, in each of which every team plays once, at home or away.

Teams are numbers from zero. Pairs meet about equally often, without divisions.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import NamedTuple

from numpy.random import Generator

# Drawings of a round before a pair may meet more often than planned.
ATTEMPTS = 1_000

# By pair, the lower number first, how often it has met.
Meetings = dict[tuple[int, int], int]


class Pairing(NamedTuple):
    """A game of two teams."""

    home: int
    away: int


def draw_rounds(
    rng: Generator,
    *,
    teams: int,
    rounds: int,
    max_meetings: int,
    split_after: Mapping[int, int] | None = None,
) -> list[list[Pairing]]:
    """Return rounds of an even number of teams, no pair of which meets too often.

    `split_after` maps the index of a round to a number of teams: in that round the first teams,
    as many as that, play among themselves.
    """
    met: Meetings = {}
    at_home = [0] * teams
    drawn = []
    for number in range(rounds):
        split = (split_after or {}).get(number, 0)
        pairs = _draw_pairs(rng, range(split), met, max_meetings)
        pairs += _draw_pairs(rng, range(split, teams), met, max_meetings)
        for pair in pairs:
            met[pair] = met.get(pair, 0) + 1
        drawn.append([_at_home(rng, pair, at_home) for pair in pairs])
    return drawn


def _draw_pairs(
    rng: Generator, teams: Sequence[int], met: Meetings, max_meetings: int
) -> list[tuple[int, int]]:
    """Return pairs of all teams, at random; the limit is raised where it cannot be kept."""
    for limit in count(max_meetings):
        for _ in range(ATTEMPTS):
            pairs = _try_pairs(rng.permutation(teams).tolist(), met, limit)
            if pairs is not None:
                return pairs
    raise AssertionError


def _try_pairs(order: list[int], met: Meetings, limit: int) -> list[tuple[int, int]] | None:
    """Pair each team with the first possible one that it met least; None if one is left over."""
    pairs = []
    while order:
        team = order.pop()
        times = [met.get(_pair(team, other), 0) for other in order]
        fewest = min(times)
        if fewest >= limit:
            return None
        pairs.append(_pair(team, order.pop(times.index(fewest))))
    return pairs


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _at_home(rng: Generator, pair: tuple[int, int], at_home: list[int]) -> Pairing:
    """Let the team play at home that has done so less often, and count it."""
    one, other = pair
    difference = at_home[one] - at_home[other]
    if difference > 0 or (difference == 0 and rng.random() < 0.5):
        one, other = other, one
    at_home[one] += 1
    return Pairing(one, other)
