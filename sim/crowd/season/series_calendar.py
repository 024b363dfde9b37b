"""The calendar of a league whose teams meet in series, two in a week."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from numpy.random import Generator

from sim.crowd.season.calendars import DAY, ScheduledGame, StartTimes, at_home
from sim.crowd.season.rounds import draw_rounds
from sim.crowd.season.season_teams import SeasonTeam

MONDAY_ON, TUESDAY_ON, FRIDAY_ON = (0, 1, 2), (1, 2, 3), (4, 5, 6)
MONDAY_TO_THURSDAY = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class SeriesCalendar:
    """A league with a series from Friday to Sunday, and one in the days before, in every week.

    All teams meet in a first series on `opening`, dates before the Monday `first`. Those in the
    middle of a week are from Monday on or from Tuesday on, by chance, or of four games in the weeks
    `long_weeks`; in `idle_weeks` there are none. Weeks are counted from zero, `starts` by weekday.
    """

    opening: tuple[date, ...]
    first: date
    weeks: int
    long_weeks: frozenset[int]
    idle_weeks: frozenset[int]
    max_meetings: int
    starts: tuple[StartTimes, ...]

    def schedule(self, rng: Generator, teams: Sequence[SeasonTeam]) -> list[ScheduledGame]:
        """Draw a season."""
        choices = list(self._series())
        rounds = draw_rounds(
            rng, teams=len(teams), rounds=len(choices), max_meetings=self.max_meetings
        )
        return [
            at_home(rng, self.starts[day.weekday()], day, pairing, teams)
            for dates, pairings in zip(choices, rounds, strict=True)
            for pairing in pairings
            for day in dates[int(rng.integers(len(dates)))]
        ]

    def _series(self) -> Iterator[list[tuple[date, ...]]]:
        """Yield the series in order, each with the dates that it may have."""
        yield [self.opening]
        for week in range(self.weeks):
            if week not in self.idle_weeks:
                middle = (
                    [MONDAY_TO_THURSDAY] if week in self.long_weeks else [MONDAY_ON, TUESDAY_ON]
                )
                yield [self._dates(week, days) for days in middle]
            yield [self._dates(week, FRIDAY_ON)]

    def _dates(self, week: int, days: tuple[int, ...]) -> tuple[date, ...]:
        return tuple(self.first + (7 * week + day) * DAY for day in days)
