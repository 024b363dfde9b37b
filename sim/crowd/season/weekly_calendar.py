"""The calendar of a league that plays one round a week, with a week off for every team."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from numpy.random import Generator

from sim.crowd.season.calendars import DAY, ScheduledGame, StartTimes, at_home
from sim.crowd.season.rounds import Pairing, draw_rounds
from sim.crowd.season.season_teams import ZONES, SeasonTeam

# Teams that have their week off together.
TEAMS_OFF = 4
# Teams that play this late in a week do not play in the first two days of the next.
LATE, EARLY = 4, 1


class Window(NamedTuple):
    """A time of a week that one game has for itself: days from its first day, and Eastern time."""

    day: int
    starts: str


@dataclass(frozen=True, slots=True)
class WeeklyCalendar:
    """A league with a round a week; weeks and rounds are counted from zero.

    `first` is the first day of the first week. From week `off_from` on four teams at a time have a
    week off, and play their rounds a week later from then on; in the last such week all others
    have had theirs. Each window of a week takes one game, the others are played on `main_day` at
    `main_starts`, by the code of the home team's zone. `windows_of` replaces those of single weeks.
    """

    first: date
    rounds: int
    max_meetings: int
    off_from: int
    windows: tuple[Window, ...]
    windows_of: Mapping[int, tuple[Window, ...]]
    main_day: int
    main_starts: Mapping[str, StartTimes]

    def schedule(self, rng: Generator, teams: Sequence[SeasonTeam]) -> list[ScheduledGame]:
        """Draw a season."""
        # Which teams are off together is drawn: the order of teams decides it below.
        order = rng.permutation(len(teams)).tolist()
        ordered = [teams[number] for number in order]
        games = []
        late: set[int] = set()
        for week, pairings in enumerate(self._weeks(rng, len(teams))):
            drawn = [pairings[index] for index in rng.permutation(len(pairings))]
            placed = self._placed(rng, week, drawn, late, ordered)
            late = {team for day, game in placed if day >= LATE for team in game[1:]}
            games += [game for _, game in placed]
        return [ScheduledGame(starts, order[home], order[away]) for starts, home, away in games]

    def _weeks(self, rng: Generator, teams: int) -> list[list[Pairing]]:
        """Return the games of every week: those who had their week off play a round later."""
        off_weeks = teams // TEAMS_OFF
        behind = {self.off_from + number: TEAMS_OFF * (number + 1) for number in range(off_weeks)}
        drawn = draw_rounds(
            rng,
            teams=teams,
            rounds=self.rounds,
            max_meetings=self.max_meetings,
            split_after=behind,
        )
        weeks: list[list[Pairing]] = [[] for _ in range(self.rounds + 1)]
        for number, pairings in enumerate(drawn):
            first_on_time = behind.get(number, 0 if number < self.off_from else teams)
            for pairing in pairings:
                weeks[number + (pairing.home < first_on_time)].append(pairing)
        return weeks

    def _placed(
        self,
        rng: Generator,
        week: int,
        pairings: list[Pairing],
        late: set[int],
        teams: Sequence[SeasonTeam],
    ) -> list[tuple[int, ScheduledGame]]:
        """Return the games of a week, each with its day of the week, from the first day on."""
        first_day = self.first + 7 * week * DAY
        waiting = list(pairings)
        placed = []
        for day, starts in self.windows_of.get(week, self.windows):
            pairing = next(p for p in waiting if day > EARLY or late.isdisjoint(p))
            waiting.remove(pairing)
            at = datetime.combine(first_day + day * DAY, time.fromisoformat(starts), ZONES["E"])
            placed.append((day, ScheduledGame(at, *pairing)))
        for pairing in waiting:
            zone = next(code for code, zone in ZONES.items() if zone == teams[pairing.home].zone)
            main = self.main_starts[zone]
            game = at_home(rng, main, first_day + self.main_day * DAY, pairing, teams)
            placed.append((self.main_day, game))
        return placed
