"""A season of a sport: its teams with their strengths, and its games in order of time.

A function of sport and seed alone. How many games are generated, by how many processes and in what
order, changes none of them.
"""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from numpy.random import Generator

from sim.crowd.fixture import Fixture
from sim.crowd.season.calendars import ScheduledGame
from sim.crowd.season.league_calendars import CALENDARS
from sim.crowd.season.season_teams import TEAMS, ZONES, SeasonTeam
from sim.crowd.sports.registry import sport_named
from sim.crowd.sports.sport import Sport
from sim.engine.random_streams import RandomStreams
from strategies.trading.model.ids import EventId
from strategies.trading.model.market import SportEvent
from strategies.trading.model.units import NS_PER_SECOND

# Seeds of games are below this.
SEED_LIMIT = 2**62
# Ids are of thirteen digits, above those of single games: the sport, the seed, the game.
FIRST_EVENT_ID = 9_000_000_000_000
SPORT_STEP, SEED_STEP = 10**11, 10**4


class TeamShares(NamedTuple):
    """Shares of the variance of expected margins and totals, over games, that are of the teams.

    The rest belongs to single games: who is injured, rested, pitching, as known at the opening
    or by the close.
    """

    line: float
    total: float


# The news before a game, as a multiple of that of games without a season: these move by a fifth of
# the s.d. of the result until the start, twice as far as real ones. With less than this a minute's
# moves would be smaller than real ones.
NEWS = 0.65
# S.d. of the moves until the start, with this news, as a share of that of the result.
MOVES_SHARE = 0.137

# Closing prices of real seasons, regressed on teams; docs/seasons.md has the samples. That the
# total of the NBA is like that of the NFL, and both shares of the NHL, are assumptions.
TEAM_SHARES = {
    "nba": TeamShares(0.75, 0.75),
    "nfl": TeamShares(0.75, 0.76),
    "mlb": TeamShares(0.54, 0.44),
    "nhl": TeamShares(0.65, 0.55),
}


@dataclass(frozen=True, slots=True)
class RatedTeam:
    """A team with the strength that it keeps for a season.

    `line` is the margin by which it is expected to beat an average team on neutral ground, `total`
    what it adds to the expected total of its games.
    """

    team: SeasonTeam
    line: float
    total: float


@dataclass(frozen=True, slots=True)
class SeasonGame:
    """One game: its number from 1 in order of time, its name, and all that it is a function of.

    The name is that of its folder: date (Eastern), number, away and home team.
    """

    number: int
    name: str
    seed: int
    home: SeasonTeam
    away: SeasonTeam
    fixture: Fixture


class Season:
    """The teams and games of a season; `games` are in order of time."""

    def __init__(self, sport: str, seed: int) -> None:
        """Draw teams, calendar and games; raise ConfigError for a sport that is not simulated."""
        self.sport = sport_named(sport)
        self.seed = seed
        streams = RandomStreams(seed)
        self.teams = _rated_teams(streams.named(f"season.{sport}.teams"), self.sport)
        drawn = CALENDARS[sport].schedule(streams.named(f"season.{sport}.calendar"), TEAMS[sport])
        scheduled = sorted(drawn, key=lambda game: (game.starts, game.home))
        rng = streams.named(f"season.{sport}.games")
        seeds = rng.integers(SEED_LIMIT, size=len(scheduled)).tolist()
        shares = TEAM_SHARES[sport]
        line_sigma = _rest_sigma(self.sport.line[1], shares.line, self.sport.margin_sigma)
        total_sigma = _rest_sigma(self.sport.total[1], shares.total, self.sport.total_sigma)
        lines = rng.normal(0, line_sigma, len(seeds)).tolist()
        totals = rng.normal(0, total_sigma, len(seeds)).tolist()
        self.games = [
            self._game(number, *game)
            for number, game in enumerate(zip(scheduled, seeds, lines, totals, strict=True), 1)
        ]

    def _game(
        self, number: int, scheduled: ScheduledGame, seed: int, line: float, total: float
    ) -> SeasonGame:
        """Return a game; `line` and `total` are what is expected of it alone."""
        home, away = self.teams[scheduled.home], self.teams[scheduled.away]
        eastern = scheduled.starts.astimezone(ZONES["E"])
        event = SportEvent(
            self._event_id(number),
            f"{away.team.name} at {home.team.name} (simulated)",
            home.team.name,
            away.team.name,
            self.sport.tournament,
            self.sport.name,
            int(scheduled.starts.timestamp()) * NS_PER_SECOND,
        )
        fixture = Fixture(
            event,
            line=self.sport.line[0] + home.line - away.line + line,
            total=self.sport.total[0] + home.total + away.total + total,
            zone=home.team.zone,
        )
        name = f"{eastern:%Y-%m-%d}-{number:04d}-{away.team.code}-{home.team.code}"
        return SeasonGame(number, name, seed, home.team, away.team, fixture)

    def _event_id(self, number: int) -> EventId:
        """Return an id that no other game has, of any sport and of any seed below ten million."""
        sport = list(TEAMS).index(self.sport.key)
        seed = self.seed % (SPORT_STEP // SEED_STEP)
        return EventId(str(FIRST_EVENT_ID + sport * SPORT_STEP + seed * SEED_STEP + number))


def _rated_teams(rng: Generator, sport: Sport) -> list[RatedTeam]:
    """Draw the strengths of all teams; their mean is zero, as each is relative to the others."""
    teams, shares = TEAMS[sport.key], TEAM_SHARES[sport.key]
    lines, totals = rng.normal(0, 1, (2, len(teams)))
    # Two teams meet: each contributes half of the variance that is of the teams.
    lines = (lines - lines.mean()) * sport.line[1] * sqrt(shares.line / 2)
    totals = (totals - totals.mean()) * sport.total[1] * sqrt(shares.total / 2)
    rated = zip(teams, lines.tolist(), totals.tolist(), strict=True)
    return [RatedTeam(*each) for each in rated]


def _rest_sigma(closing: float, team_share: float, result: float) -> float:
    """Return the s.d. of what is expected of a game at the opening, beyond its teams.

    With the moves until the start it makes up the s.d. of what is expected at the close, unless
    they are larger themselves. The arguments are s.d. but for the share.
    """
    return sqrt(max(0.0, closing**2 * (1 - team_share) - (MOVES_SHARE * result) ** 2))
