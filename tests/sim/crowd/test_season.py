"""A season: a calendar that a league could play, teams of lasting strength, games by number."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.season.league_calendars import CALENDARS
from sim.crowd.season.season import MOVES_SHARE, NEWS, TEAM_SHARES, Season
from sim.crowd.season.season_teams import TEAMS, ZONES
from sim.crowd.sports.registry import SPORTS
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

# The first seed is enough to see that the rules hold; more of them look for a rare exception.
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
# Games of a team, first and last day.
SEASONS = {
    "nba": (82, date(2025, 10, 21), date(2026, 4, 12)),
    "nfl": (17, date(2025, 9, 4), date(2026, 1, 4)),
    "mlb": (162, date(2026, 3, 26), date(2026, 9, 27)),
    "nhl": (82, date(2025, 10, 7), date(2026, 4, 16)),
}

Days = dict[str, list[date]]

# Most tests look at seasons that others look at too.
season_of = cache(Season)


def eastern(game: Any) -> datetime:
    """Return the announced start of a game, Eastern time."""
    return datetime.fromtimestamp(game.fixture.event.scheduled_ns // NS_PER_SECOND, UTC).astimezone(
        ZONES["E"]
    )


def days_of(season: Season) -> Days:
    """Return the dates on which each team plays, in order."""
    days: Days = {}
    for game in season.games:
        for team in (game.home, game.away):
            days.setdefault(team.code, []).append(eastern(game).date())
    return days


@pytest.mark.parametrize("sport", SEASONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_team_plays_all_its_games_and_never_twice_on_a_day(sport: str, seed: int) -> None:
    """Each team has its number of games, about half at home, within the dates of the season."""
    games, first, last = SEASONS[sport]
    season = season_of(sport, seed)
    days = days_of(season)
    assert len(days) == len(TEAMS[sport])
    for played in days.values():
        assert (len(played), len(set(played))) == (games, games)
    at_home = Counter(game.home.code for game in season.games)
    assert all(abs(2 * count - games) <= 14 for count in at_home.values())
    assert (eastern(season.games[0]).date(), eastern(season.games[-1]).date()) == (first, last)


@pytest.mark.parametrize("sport", SEASONS)
def test_names_of_games_sort_by_time(sport: str) -> None:
    """Folders in the order of their names are games in the order of their starts."""
    season = season_of(sport, 3)
    assert [game.number for game in season.games] == [*range(1, len(season.games) + 1)]
    names = [game.name for game in season.games]
    assert names == sorted(names)
    starts = [game.fixture.event.scheduled_ns for game in season.games]
    assert starts == sorted(starts)


def test_nba_dates_are_those_of_a_real_season() -> None:
    """Wednesdays and Fridays are full, holidays and the all-star break are free."""
    days = [eastern(game).date() for game in season_of("nba", 1).games]
    by_weekday = Counter(day.weekday() for day in days)
    assert set(dict(by_weekday.most_common(2))) == {2, 4}
    assert by_weekday.most_common()[-1][0] == 3
    assert max(Counter(days).values()) <= 15
    assert not {date(2025, 11, 27), date(2025, 12, 24), date(2026, 2, 15)} & set(days)
    assert days.count(date(2025, 12, 25)) == 5


@pytest.mark.parametrize("sport", ["nba", "nhl"])
def test_no_team_plays_on_three_days_in_a_row(sport: str) -> None:
    """Two days in a row are usual, three are not."""
    in_a_row = 0
    for played in days_of(season_of(sport, 1)).values():
        assert all(
            late - early > timedelta(2) for early, late in zip(played, played[2:], strict=False)
        )
        in_a_row += sum(late - early == timedelta(1) for early, late in pairwise(played))
    assert in_a_row > 100


def test_games_start_in_the_evening_of_their_home_all_year() -> None:
    """A start at seven is another hour of the world in summer time and in winter."""
    games = [game for game in season_of("nba", 1).games if game.home.zone is ZONES["E"]]
    hours = {
        (day, hour): datetime.fromtimestamp(
            game.fixture.event.scheduled_ns // NS_PER_SECOND, UTC
        ).hour
        for game in games
        for day, hour in [(eastern(game).date(), eastern(game).hour)]
        if hour == 19
    }
    by_day = {day: hour for (day, _), hour in hours.items()}
    assert {hour for day, hour in by_day.items() if day < date(2025, 11, 2)} == {23}
    assert {
        hour for day, hour in by_day.items() if date(2025, 11, 2) <= day < date(2026, 3, 8)
    } == {0}
    assert {hour for day, hour in by_day.items() if date(2026, 3, 8) <= day} == {23}


def test_nfl_weeks_have_their_windows_and_every_team_a_week_off() -> None:
    """Thursday, Sunday and Monday each week, no Thursday after a Monday, one week off."""
    season = season_of("nfl", 2)
    first = date(2025, 9, 4)
    weeks = Counter((eastern(game).date() - first).days // 7 for game in season.games)
    assert sorted(weeks) == [*range(18)]
    assert set(weeks.values()) == {14, 16}
    weekdays = Counter(eastern(game).strftime("%a %H") for game in season.games)
    assert min(weekdays[window] for window in ("Thu 20", "Sun 20", "Mon 20", "Sun 13")) >= 16
    for played in days_of(season).values():
        assert len({(day - first).days // 7 for day in played}) == 17
        assert min(late - early for early, late in pairwise(played)) >= timedelta(4)


def test_mlb_teams_meet_in_series() -> None:
    """A home stand against one team lasts three or four days."""
    games = [
        game for game in season_of("mlb", 2).games if "ASH" in {game.home.code, game.away.code}
    ]
    series = [0]
    for before, game in pairwise(games):
        same = (before.home, before.away) == (game.home, game.away)
        series = [*series[:-1], series[-1] + 1] if same else [*series, 0]
    assert {length + 1 for length in series} <= {3, 4, 6, 7}
    assert len(series) >= 48


@pytest.mark.parametrize(
    "sport",
    [sport if sport == "nfl" else pytest.param(sport, marks=pytest.mark.slow) for sport in SEASONS],
)
def test_expected_margins_follow_from_the_teams(sport: str) -> None:
    """At the opening they are those of the teams, home advantage, and what is of one game alone."""
    lines, of_teams = [], []
    for seed in range(16):
        season = season_of(sport, seed)
        strengths = {rated.team.code: rated.line for rated in season.teams}
        lines += [game.fixture.line for game in season.games]
        of_teams += [strengths[g.home.code] - strengths[g.away.code] for g in season.games]
    mean, closing_sigma = SPORTS[sport].line
    assert np.mean(lines) == pytest.approx(mean, abs=0.05 * closing_sigma)
    share = np.var(of_teams) / closing_sigma**2
    assert share == pytest.approx(TEAM_SHARES[sport].line, abs=0.1)
    assert np.cov(lines, of_teams)[0, 1] / np.var(of_teams) == pytest.approx(1, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("sport", SEASONS)
def test_expected_margins_vary_at_the_close_as_the_sport_s(sport: str) -> None:
    """Prices move from the opening, which they do not come back to, to the known spread."""
    opening, closing = [], []
    for seed in range(12):
        for game in season_of(sport, seed).games[:272:8]:
            crowd = Crowd(sport, game.seed, CrowdSettings(news=NEWS), game.fixture)
            opening.append(game.fixture.line)
            closing.append(crowd.game.line)
    moves = np.subtract(closing, opening)
    assert np.std(moves) == pytest.approx(MOVES_SHARE * SPORTS[sport].margin_sigma, rel=0.1)
    assert abs(np.corrcoef(opening, moves)[0, 1]) < 3.5 / np.sqrt(len(moves))
    assert np.std(closing) == pytest.approx(SPORTS[sport].line[1], rel=0.1)


def test_a_game_is_a_function_of_sport_seed_and_number() -> None:
    """Drawn again it is the same, and no two games of any season have an id in common."""
    again = Season("nhl", 0).games
    assert again == season_of("nhl", 0).games
    assert again[0] != season_of("nhl", 1).games[0]
    ids = [
        game.fixture.event.event_id
        for sport in CALENDARS
        for seed in (0, 1, 9_999_999)
        for game in season_of(sport, seed).games
    ]
    assert len(ids) == len(set(ids))
    seeds = [game.seed for sport in CALENDARS for game in season_of(sport, 1).games]
    assert len(seeds) == len(set(seeds))


def test_a_sport_without_seasons_is_refused_by_name() -> None:
    """The error lists the sports that there are."""
    with pytest.raises(ConfigError, match=r"'curling'.*nba"):
        Season("curling", 1)
