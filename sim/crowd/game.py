"""One simulated game of any sport: its score, on the game clock and on the wall clock.

Everything that can be wagered on settles from the one score here. All times in this module are
seconds: of the wall from the start of play, or of the game clock. A Game holds the whole game from
the start; makers and takers may only use what has happened by their time.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple, Self


class Score(NamedTuple):
    """Points of both teams."""

    home: int
    away: int


class Points(NamedTuple):
    """The points on offer: of the home team in spreads, and in totals; the main one first."""

    spreads: tuple[float, ...]
    totals: tuple[float, ...]

    @classmethod
    def around(cls, spread: float, total: float, step: float) -> Self:
        """Return these main points, and outer ones a step below and above each."""
        return cls((spread, spread - step, spread + step), (total, total - step, total + step))


class Span(NamedTuple):
    """An interval of the wall clock."""

    from_s: float
    to_s: float


class SeenTurn(NamedTuple):
    """What those who watch a turn know of its outcome: a drive that gets near, runners on base.

    `home` and `away` are the logarithms of how much likelier that was seen if the team is to score
    in this turn than if none is; minus infinity once the turn has brought its points. `turns_left`
    are those after it in its period, regulation or an overtime, by which the turn is known.
    """

    turns_left: int
    home: float
    away: float


UNSEEN_TURN = SeenTurn(-1, 0.0, 0.0)


class Situation(NamedTuple):
    """What those who watch play know beyond its score.

    `ball` is who has it: home +1, away -1, or 0 where that is not known. `strength` is by how
    many points in a regulation the players of the home team in play are better than was expected.
    `turn` is what is seen of a present turn, in sports that have turns.
    """

    ball: int
    strength: float
    turn: SeenTurn = UNSEEN_TURN


UNKNOWN_SITUATION = Situation(0, 0.0)


@dataclass(frozen=True, slots=True)
class GameTimes:
    """Playing time of a sport: regulation, and each overtime.

    In `sudden_death` an overtime ends with the first score, so the time left in it means nothing.
    `shoot_out_s` is the last part of an overtime, in which the game clock stands still.
    """

    regulation_s: float
    overtime_s: float
    sudden_death: bool = False
    shoot_out_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Game:
    """A complete game: its scores, and the wall clock against the game clock.

    `line` and `total` are what the closing market expects: the home team's margin, and the points
    of both teams; `points` are those on offer. `scores` pairs a wall time with the score from then
    on; `wall_s` and `clock_s` are the knots of a piecewise linear map between the two clocks.
    `breaks` are the pauses between periods. `situations` pairs a wall time with what play is like
    from then on; it is empty for sports without such a model.
    """

    line: float
    total: float
    points: Points
    clock: GameTimes
    scores: list[tuple[float, Score]]
    wall_s: list[float]
    clock_s: list[float]
    breaks: list[Span]
    situations: list[tuple[float, Situation]] = field(default_factory=list)

    @property
    def final(self) -> Score:
        """Return the final score, by which every line settles."""
        return self.scores[-1][1] if self.scores else Score(0, 0)

    @property
    def length_s(self) -> float:
        """Return how long the game lasts on the wall clock."""
        return self.wall_s[-1]

    @property
    def overtimes(self) -> int:
        """Return how many overtimes were started."""
        beyond_s = self.clock_s[-1] - self.clock.regulation_s
        return max(0, int(-(-beyond_s // self.clock.overtime_s)))

    def clock_at(self, wall_s: float) -> float:
        """Return the game clock at a wall time, interpolated between two knots."""
        after = bisect_right(self.wall_s, wall_s)
        if after == len(self.wall_s):
            return self.clock_s[-1]
        from_s, to_s = self.wall_s[after - 1], self.wall_s[after]
        passed = (wall_s - from_s) / (to_s - from_s)
        return self.clock_s[after - 1] + passed * (self.clock_s[after] - self.clock_s[after - 1])

    def score_at(self, wall_s: float) -> Score:
        """Return the score at a wall time."""
        after = bisect_right(self.scores, wall_s, key=_wall_s)
        return self.scores[after - 1][1] if after else Score(0, 0)

    def situation_at(self, wall_s: float) -> Situation:
        """Return what play looks like at a wall time."""
        after = bisect_right(self.situations, wall_s, key=_wall_s)
        return self.situations[after - 1][1] if after else UNKNOWN_SITUATION

    def shown_clock_at(self, wall_s: float) -> float:
        """Return the game clock as it is shown at a wall time."""
        clock_s = self.clock_at(wall_s)
        if not self.clock.shoot_out_s:
            return clock_s
        shown_s = self.clock.regulation_s + self.clock.overtime_s - self.clock.shoot_out_s
        return min(clock_s, shown_s)

    def is_running(self, wall_s: float) -> bool:
        """Return whether play is on: after the start, before the end, and not in a break."""
        if not 0 <= wall_s < self.length_s:
            return False
        return not any(pause.from_s <= wall_s < pause.to_s for pause in self.breaks)

    def share_left(self, clock_s: float) -> float:
        """Return the time left to play as a share of regulation, without overtimes to come."""
        regulation_s = self.clock.regulation_s
        if clock_s >= self.clock_s[-1]:
            return 0.0
        if clock_s < regulation_s:
            return (regulation_s - clock_s) / regulation_s
        if self.clock.sudden_death:
            return 0.0
        overtime_s = self.clock.overtime_s
        return (overtime_s - (clock_s - regulation_s) % overtime_s) / regulation_s


def _wall_s(timed: tuple[float, object]) -> float:
    """Return the time of something with its time first."""
    return timed[0]
