"""The names of teams: which team of a league a source means.

`teams.yaml` lists the teams of four leagues; a file of your own adds leagues, teams and names.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from strategies.trading.model.errors import ConfigError

_OWN = Path(__file__).with_name("teams.yaml")
_SETTING = "reference.odds_api.teams"
_NOT_OF_A_NAME = re.compile(r"[^a-z0-9]+")


class TeamFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """The names of one team; `short` are abbreviations, `also` any other names in full."""

    nickname: str
    city: str = ""
    short: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        """Return its name in full: "Boston Celtics"."""
        return f"{self.city} {self.nickname}".strip()

    def names(self) -> Iterator[str]:
        """Yield the names that it alone has in its league."""
        yield from (self.full, self.nickname, *self.short, *self.also)


class LeagueFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """A league: its key at The Odds API, its tournament at the exchange, and its teams."""

    sport_key: str
    tournament: str
    teams: tuple[TeamFacts, ...]


class _AddedNames(Struct, frozen=True, forbid_unknown_fields=True):
    """What an own file adds to a league: all of it where the league is new."""

    sport_key: str | None = None
    tournament: str | None = None
    teams: tuple[TeamFacts, ...] = ()


class League:
    """The teams of one league, found by name."""

    def __init__(self, key: str, names: LeagueFacts) -> None:
        """Index the names; raise ValueError where one is of two teams, or empty."""
        self.key = key
        self.sport_key = names.sport_key
        self.tournament = names.tournament
        self._teams: dict[str, str] = {}
        in_city: dict[str, set[str]] = defaultdict(set)
        for team in names.teams:
            in_city[normalized(team.city)].add(team.full)
            for name in team.names():
                self._add(name, team.full)
        for city, teams in in_city.items():
            if city and len(teams) == 1:
                self._teams.setdefault(city, *teams)

    @property
    def teams(self) -> Collection[str]:
        """Return the full names of its teams, each as often as it has names."""
        return self._teams.values()

    def team(self, name: str) -> str | None:
        """Return the full name of the team that a name means, None if it means none."""
        return self._teams.get(normalized(name))

    def has_game(self, tournament: str) -> bool:
        """Return whether games of a tournament of the exchange are of this league."""
        return normalized(tournament) == normalized(self.tournament)

    def _add(self, name: str, team: str) -> None:
        key = normalized(name)
        if not key:
            message = f"{self.key}: {name!r} of {team} is no name"
            raise ValueError(message)
        other = self._teams.setdefault(key, team)
        if other != team:
            message = f"{self.key}: {name!r} is a name of {other} and of {team}"
            raise ValueError(message)


def normalized(name: str) -> str:
    """Return a name as names are compared: without accents, capitals and punctuation."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_OF_A_NAME.sub("", plain)


def read_leagues(own_file: Path | None) -> dict[str, League]:
    """Return the leagues by name, with what an own file adds.

    Raise ConfigError if the file cannot be read, or contradicts itself or the shipped names.
    """
    leagues = msgspec.yaml.decode(_OWN.read_bytes(), type=dict[str, LeagueFacts])
    try:
        if own_file is not None:
            leagues = _extended(leagues, _added(own_file))
        return {key: League(key, names) for key, names in leagues.items()}
    except ValueError as error:
        message = f"{_SETTING}: {own_file}: {error}"
        raise ConfigError(message) from None


def _added(file: Path) -> dict[str, _AddedNames]:
    try:
        text = file.read_bytes()
    except OSError as error:
        message = f"{_SETTING}: cannot read {file}: {error.strerror}"
        raise ConfigError(message) from None
    try:
        return msgspec.yaml.decode(text, type=dict[str, _AddedNames])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        message = f"{_SETTING}: {file} is no table of teams: {reason}"
        raise ConfigError(message) from None


def _extended(
    leagues: Mapping[str, LeagueFacts], added: Mapping[str, _AddedNames]
) -> dict[str, LeagueFacts]:
    """Return leagues with further ones, further teams, and further names of their teams."""
    result = dict(leagues)
    for key, more in added.items():
        known = result.get(key)
        sport_key = more.sport_key or (known and known.sport_key)
        tournament = more.tournament or (known and known.tournament)
        if not sport_key or not tournament:
            message = f"{key}: is a new league, and needs sport_key and tournament"
            raise ValueError(message)
        teams = {team.full: team for team in (known.teams if known else ())}
        for team in more.teams:
            before = teams.get(team.full, TeamFacts(team.nickname, team.city))
            teams[team.full] = msgspec.structs.replace(
                before, short=before.short + team.short, also=before.also + team.also
            )
        result[key] = LeagueFacts(sport_key, tournament, tuple(teams.values()))
    return result
