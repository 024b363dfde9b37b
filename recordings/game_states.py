"""States of a game that cannot be: scores, game clocks and voids that no tape may hold.

A simulated game has no corrections: its score never falls, and its clock never runs back. Feeds of
real games correct both: a goal is taken back, a three becomes a two, a review puts time back on the
clock. Of 36,460 scored plays of 310 real NBA games, as their league corrected them afterwards, none
has either. So on a recording of a real game a score may fall by one play of its sport, and a clock
run back by MOST_PUT_BACK_NS; beyond that the row is of another game, or wrong.

Of a sport that is not in SPORTS nothing is known, and of a real one everything is accepted, as long
as its numbers can be those of any game.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from recordings.tape import TapeInfo
from strategies.trading.model.market import Result
from strategies.trading.model.units import NS_PER_SECOND

_MINUTE_NS = 60 * NS_PER_SECOND
MOST_PUT_BACK_NS = _MINUTE_NS
# Of any sport.
MOST_POINTS = 999_999
LONGEST_CLOCK_NS = 7 * 24 * 60 * _MINUTE_NS


@dataclass(frozen=True, slots=True)
class _SportLimits:
    """The most points of one play, and the longest games in minutes of the game clock.

    A real game is longest with six overtimes, of football two, as the longest so far; a simulated
    one is of the regular season, in which hockey has one of five minutes: a shoot-out has no clock.
    """

    play_points: int
    longest_minutes: int | None = None
    longest_simulated_minutes: int | None = None


# By name in lower case.
SPORTS = {
    "basketball": _SportLimits(3, 48 + 6 * 5, 48 + 6 * 5),
    "american football": _SportLimits(8, 60 + 2 * 15, 60 + 10),
    "ice hockey": _SportLimits(1, 60 + 6 * 20, 60 + 5),
    "baseball": _SportLimits(4),
    "soccer": _SportLimits(1),
}


@dataclass(slots=True)
class _LastScore:
    home: int = 0
    away: int = 0
    clock_ns: int = 0


@dataclass(slots=True)
class GameStates:
    """Follows the scores and results of a tape; the rows must be given in its order.

    `info` may gain entries meanwhile. `corrections` counts the scores that fell.
    """

    info: TapeInfo
    corrections: int = 0
    _scores: dict[int, _LastScore] = field(default_factory=lambda: defaultdict(_LastScore))
    _void: set[int] = field(default_factory=set)

    def apply_score(self, event: int, home: int, away: int, clock_ns: int) -> str | None:
        """Apply a score; return why it cannot be, None if it can."""
        last, sport = self._scores[event], self.info.events[event].sport
        limits = SPORTS.get(sport.lower())
        problem = _wrong_number(home, away, clock_ns)
        if problem is None:
            problem = self._fall(last, home, away, sport, limits)
        if problem is None and clock_ns:
            problem = self._wrong_clock(last.clock_ns, clock_ns, sport, limits)
        if problem is None:
            # In tennis the games of a set fall with each new one.
            self.corrections += limits is not None and (home < last.home or away < last.away)
            last.home, last.away = home, away
            last.clock_ns = clock_ns or last.clock_ns
        return problem

    def apply_result(self, line: int, result: int) -> str | None:
        """Apply a result of a line; return why it cannot be, None if it can."""
        if result != Result.VOIDED:
            self._void.discard(line)
        elif line in self._void:
            return f"voids line {self.info.lines[line].line_id}, which is void already"
        else:
            self._void.add(line)
        return None

    def _fall(
        self, last: _LastScore, home: int, away: int, sport: str, limits: _SportLimits | None
    ) -> str | None:
        fall = max(last.home - home, last.away - away)
        scores = f"the score falls from {last.home}-{last.away} to {home}-{away}"
        if fall <= 0:
            return None
        if self.info.simulated:
            return f"{scores}, and a simulated game has no corrections"
        if limits is not None and fall > limits.play_points:
            return f"{scores}, by more than one play of {sport}"
        return None

    def _wrong_clock(
        self, last_ns: int, clock_ns: int, sport: str, limits: _SportLimits | None
    ) -> str | None:
        simulated = self.info.simulated
        back = f"the clock runs back from {_clock_text(last_ns)} to {_clock_text(clock_ns)} played"
        if simulated and clock_ns < last_ns:
            return f"{back}, and a simulated game has no corrections"
        if limits is None:
            return None
        if clock_ns < last_ns - MOST_PUT_BACK_NS:
            return f"{back}, by more than a minute"
        longest = limits.longest_simulated_minutes if simulated else limits.longest_minutes
        if longest is not None and clock_ns > longest * _MINUTE_NS:
            return f"{_clock_text(clock_ns)} are played, and no game of {sport} lasts {longest}:00"
        return None


def _wrong_number(home: int, away: int, clock_ns: int) -> str | None:
    if min(home, away) < 0 or max(home, away) > MOST_POINTS:
        return f"a score is of 0 to {MOST_POINTS:,} points a side"
    if not 0 <= clock_ns <= LONGEST_CLOCK_NS:
        return "its clock is below zero or beyond a week"
    return None


def _clock_text(clock_ns: int) -> str:
    minutes, seconds = divmod(clock_ns // NS_PER_SECOND, 60)
    return f"{minutes}:{seconds:02}"
