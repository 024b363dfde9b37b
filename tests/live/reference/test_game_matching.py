"""Which game of the exchange a game of the source is, and what is refused."""

from pathlib import Path

import pytest

from live.reference.odds_api.game_matching import Matching, match_games
from live.reference.odds_api.odds_wire import OddsGame
from live.reference.odds_api.team_names import League, read_leagues
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND
from tests.live.reference.followed_game import followed_game

MINUTE_NS = 60 * NS_PER_SECOND
HOUR_NS = 60 * MINUTE_NS
START_NS = 1_768_437_000 * NS_PER_SECOND
LEAGUES = read_leagues(None)


def odds_game(home: str, away: str, start_ns: int = START_NS) -> OddsGame:
    """Return a game of the source, without prices."""
    return OddsGame(f"{home} {start_ns}", home, away, start_ns, ())


def matched(league: str, *games: OddsGame, of: tuple[tuple[str, str, int], ...]) -> Matching:
    """Match games with those of the exchange, given as home, away and start."""
    followed = [
        followed_game(home, away, start_ns, event_id=f"{number}")
        for number, (home, away, start_ns) in enumerate(of)
    ]
    return match_games(games, followed, LEAGUES[league], HOUR_NS)


def reasons(matching: Matching) -> list[str]:
    """Return why games were refused."""
    return [refused.reason for refused in matching.refused]


@pytest.mark.parametrize(
    ("league", "name", "meant"),
    [
        ("nba", "LA Clippers", "Los Angeles Clippers"),
        ("nba", "philadelphia sixers", "Philadelphia 76ers"),
        ("nba", "BKN", "Brooklyn Nets"),
        ("nfl", "NY Jets", "New York Jets"),
        ("nfl", "NO", "New Orleans Saints"),
        ("mlb", "St Louis Cardinals", "St. Louis Cardinals"),
        ("mlb", "Oakland Athletics", "Athletics"),
        ("nhl", "Montréal Canadiens", "Montreal Canadiens"),
        ("nhl", "Boston", "Boston Bruins"),
    ],
)
def test_a_team_has_many_names(league: str, name: str, meant: str) -> None:
    """Cities, nicknames, abbreviations, accents and capitals lead to one team."""
    assert LEAGUES[league].team(name) == meant


@pytest.mark.parametrize("name", ["", "Los Angeles", "Seattle SuperSonics", "東京"])
def test_a_name_of_two_teams_or_of_none_means_no_team(name: str) -> None:
    """A city with two teams, and a team that does not exist, are no team."""
    assert LEAGUES["nba"].team(name) is None


def test_every_league_is_complete() -> None:
    """The four leagues have all their teams."""
    counts = {key: len(set(league.teams)) for key, league in LEAGUES.items()}
    assert counts == {"nba": 30, "nfl": 32, "mlb": 30, "nhl": 32}


def test_games_match_by_teams_and_start() -> None:
    """Other spellings and a start that differs by minutes are the same game."""
    matching = matched(
        "nba",
        odds_game("LA Clippers", "Boston Celtics", START_NS + 10 * MINUTE_NS),
        odds_game("Miami Heat", "Orlando Magic"),
        of=(("Los Angeles Clippers", "Celtics", START_NS), ("Utah Jazz", "Denver", START_NS)),
    )
    assert [each.followed.event.event_id for each in matching.matched] == ["0"]
    assert [game.home for game in matching.not_followed] == ["Miami Heat"]
    assert [game.event.home for game in matching.missing] == ["Utah Jazz"]
    assert not matching.refused


@pytest.mark.parametrize(
    ("game", "reason"),
    [
        (
            odds_game("Boston Celtics", "Miami Heat", START_NS - 24 * HOUR_NS),
            "starts 24 h 00 min before the exchange's game",
        ),
        (
            odds_game("Boston Celtics", "Miami Heat", START_NS + 61 * MINUTE_NS),
            "starts 1 h 01 min after the exchange's game",
        ),
        (
            odds_game("Miami Heat", "Boston Celtics"),
            "home and away are the other way round at the exchange",
        ),
        (odds_game("Boston Celtics", "Miami Heap"), "'Miami Heap' is no team of nba"),
    ],
)
def test_what_is_not_exactly_the_game_is_refused(game: OddsGame, reason: str) -> None:
    """Yesterday's game, a late one, swapped sides and an unknown team are refused by name."""
    matching = matched("nba", game, of=(("Boston Celtics", "Miami Heat", START_NS),))
    assert reasons(matching) == [reason]
    assert not matching.matched
    assert len(matching.missing) == 1


def test_a_doubleheader_matches_by_start() -> None:
    """Two games of the same teams on one day are two games, each with its own prices."""
    second_ns = START_NS + 4 * HOUR_NS
    teams = ("Boston Red Sox", "Tampa Bay Rays")
    matching = matched(
        "mlb",
        odds_game(*teams, second_ns),
        odds_game(*teams, START_NS + 5 * MINUTE_NS),
        of=((*teams, START_NS), (*teams, second_ns)),
    )
    events = {each.game.start_ns: each.followed.event.event_id for each in matching.matched}
    assert events == {second_ns: "1", START_NS + 5 * MINUTE_NS: "0"}


def test_what_could_be_two_games_is_refused() -> None:
    """Two games near one start, on either side, are never guessed at."""
    teams = ("Boston Red Sox", "Tampa Bay Rays")
    ours = matched(
        "mlb", odds_game(*teams), of=((*teams, START_NS), (*teams, START_NS + 50 * MINUTE_NS))
    )
    assert reasons(ours) == ["the exchange has two games of these teams near this start"]
    theirs = matched(
        "mlb",
        odds_game(*teams),
        odds_game(*teams, START_NS + MINUTE_NS),
        of=((*teams, START_NS),),
    )
    assert reasons(theirs) == ["the source has two games that are this one"] * 2
    assert not ours.matched
    assert not theirs.matched


def test_teams_outside_the_table_match_by_the_same_words() -> None:
    """A team that no table has, such as a simulated one, matches the same name only."""
    matching = matched(
        "nba",
        odds_game("Harbor City Herons", "Cinder Falls Comets"),
        of=(("Harbor City Herons", "Cinder Falls Comets", START_NS),),
    )
    assert len(matching.matched) == 1


def write(folder: Path, text: str) -> Path:
    """Write a table of one's own."""
    file = folder / "teams.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_own_table_adds_names_and_leagues(tmp_path: Path) -> None:
    """Names are added to a team, teams to a league, and a league to the others."""
    text = """
nba:
  teams:
    - {city: Boston, nickname: Celtics, also: [Celts]}
    - {city: Seattle, nickname: SuperSonics, short: [SEA]}
ncaab:
  sport_key: basketball_ncaab
  tournament: NCAAB
  teams: [{nickname: Gonzaga}]
"""
    leagues = read_leagues(write(tmp_path, text))
    assert leagues["nba"].team("celts") == leagues["nba"].team("BOS") == "Boston Celtics"
    assert leagues["nba"].team("SEA") == "Seattle SuperSonics"
    assert leagues["ncaab"].has_game("NCAAB")
    assert isinstance(leagues["ncaab"], League)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nba: {teams: [{nickname: Bears, short: [BOS]}]}", "'BOS' is a name of Boston Celtics"),
        ("xfl: {teams: []}", "xfl: is a new league, and needs sport_key and tournament"),
        ("nba: {teams: [{nickname: 7}]}", "is no table of teams"),
        ("nba: {teams: [{nickname: A, shorts: [B]}]}", "is no table of teams"),
        ("nba: {teams: [{nickname: '!'}]}", "is no name"),
        ("nba: [", "is no table of teams"),
        ("\x00", "is no table of teams"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """A table that contradicts itself or cannot be read is one line with file and reason."""
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_leagues(file)
    assert str(file) in str(caught.value)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named with the setting."""
    with pytest.raises(ConfigError, match=r"^reference\.odds_api\.teams: cannot read"):
        read_leagues(tmp_path / "missing.yaml")
