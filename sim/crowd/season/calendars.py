"""The calendar of a league turns rounds into games with dates and starting times.

No team plays twice on a day. Here is that of a league with games on almost every day; others have a
module of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from numpy.random import Generator

from sim.crowd.season.rounds import Pairing, draw_rounds
from sim.crowd.season.season_teams import SeasonTeam

DAY = timedelta(days=1)


class ScheduledGame(NamedTuple):
    """A game with its announced start, and its teams by number."""

    starts: datetime
    home: int
    away: int


class SeasonCalendar(Protocol):
    """The calendar of a league."""

    def schedule(self, rng: Generator, teams: Sequence[SeasonTeam]) -> list[ScheduledGame]:
        """Draw who plays whom, and when, in a whole season."""


class StartTimes(NamedTuple):
    """Starting times in the zone of the home team, each with its weight."""

    times: tuple[time, ...]
    weights: tuple[float, ...]

    def draw(self, rng: Generator) -> time:
        """Draw one of them."""
        shares = [weight / sum(self.weights) for weight in self.weights]
        return self.times[int(rng.choice(len(shares), p=shares))]


def start_times(weights: Mapping[str, float]) -> StartTimes:
    """Return starting times from a mapping such as {"19:00": 3, "19:30": 2}."""
    return StartTimes(tuple(map(time.fromisoformat, weights)), tuple(weights.values()))


@dataclass(frozen=True, slots=True)
class DailyCalendar:
    """A league with some games on almost every day.

    `games_by_weekday` has the usual number of games on Monday and so on, `games_on` that of single
    dates; nothing is played in `idle`, intervals with both ends. `starts` are by weekday.
    """

    first: date
    last: date
    rounds: int
    max_meetings: int
    games_by_weekday: tuple[float, ...]
    games_on: Mapping[date, float]
    idle: tuple[tuple[date, date], ...]
    starts: tuple[StartTimes, ...]

    def schedule(self, rng: Generator, teams: Sequence[SeasonTeam]) -> list[ScheduledGame]:
        """Draw a season."""
        rounds = draw_rounds(
            rng, teams=len(teams), rounds=self.rounds, max_meetings=self.max_meetings
        )
        return [
            at_home(rng, self.starts[day.weekday()], day, pairing, teams)
            for day, pairing in self._on_days(rounds, len(teams))
        ]

    def _on_days(
        self, rounds: Sequence[Sequence[Pairing]], teams: int
    ) -> Iterator[tuple[date, Pairing]]:
        """Yield the games of the rounds in turn, spread over the dates.

        No team plays on three days in a row; what a date cannot hold is left to the next.
        """
        waiting = [pairing for pairings in rounds for pairing in pairings]
        games, done = len(waiting), 0
        played: list[tuple[date, date]] = [(date.min, date.min)] * teams
        for day, due in self._due(games):
            for pairing in waiting[:teams]:
                if done == due:
                    break
                if all(_may_play(played[team], day) for team in pairing):
                    waiting.remove(pairing)
                    done += 1
                    for team in pairing:
                        played[team] = played[team][1], day
                    yield day, pairing
            if not waiting:
                return

    def _due(self, games: int) -> Iterator[tuple[date, int]]:
        """Yield dates, each with how many games should have been played by its end."""
        days = [day for day in _days(self.first, self.last) if not self._is_idle(day)]
        usual = [self.games_on.get(day, self.games_by_weekday[day.weekday()]) for day in days]
        so_far = 0.0
        for day, number in zip(days, usual, strict=True):
            so_far += number
            yield day, round(games * so_far / sum(usual))
        for days_late in range(1, games):
            yield self.last + days_late * DAY, games

    def _is_idle(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.idle)


def at_home(
    rng: Generator, starts: StartTimes, day: date, pairing: Pairing, teams: Sequence[SeasonTeam]
) -> ScheduledGame:
    """Draw the starting time of a game, in the zone of its home team."""
    starts_at = datetime.combine(day, starts.draw(rng), teams[pairing.home].zone)
    return ScheduledGame(starts_at, *pairing)


def _may_play(last_two: tuple[date, date], day: date) -> bool:
    before_last, last = last_two
    return last < day and not (last == day - DAY and before_last == day - 2 * DAY)


def _days(first: date, last: date) -> list[date]:
    return [first + number * DAY for number in range((last - first).days + 1)]
