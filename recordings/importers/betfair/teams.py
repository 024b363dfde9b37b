"""Which of the two teams of a Betfair event is at home.

Betfair names most games "Home v Away", and those of the American leagues "Away @ Home". Runners
are listed in the order of that name. Files that were recorded from the stream hold no names.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from recordings.importers.betfair.stream_file import Definition, Runner

_NAME = re.compile(r"(?P<first>.+?) (?P<between>v|vs|vs\.|@) (?P<second>.+)", re.IGNORECASE)
# Sports whose games Betfair names "Away @ Home".
_AMERICAN = frozenset({"6423", "7511", "7522", "7524"})


class TeamNames(NamedTuple):
    """The names of the two teams of an event."""

    home: str
    away: str


def team_names(definition: Definition) -> TeamNames | None:
    """Return the teams that the event's name holds, None if it names no two teams."""
    name = _NAME.fullmatch(definition.event_name or "")
    if name is None:
        return None
    teams = TeamNames(name["first"], name["second"])
    return TeamNames(*reversed(teams)) if name["between"] == "@" else teams


def is_home_second(definition: Definition) -> bool:
    """Return whether the team listed second is at home: by the event's name, else by the sport."""
    name = _NAME.fullmatch(definition.event_name or "")
    return definition.event_type_id in _AMERICAN if name is None else name["between"] == "@"


def home_rule(definition: Definition, sport: str) -> str:
    """Return, as a sentence, by which of these rules the home team was found."""
    if team_names(definition) is not None:
        return 'Home is the second team of a game that Betfair names "A @ B", the first of "A v B".'
    listed = "second" if is_home_second(definition) else "first"
    return (
        f"No name of the event says who is home: the team listed {listed} counts as home, as "
        f"Betfair lists most games of {sport}."
    )


def home_and_away(definition: Definition, runners: Sequence[Runner]) -> tuple[Runner, Runner]:
    """Return the home and the away one of two runners in listed order.

    Names of runners that are the teams of the event's name decide before the order.
    """
    home, away = reversed(runners) if is_home_second(definition) else runners
    teams = team_names(definition)
    if teams is not None and (away.name, home.name) == teams:
        home, away = away, home
    return home, away
