"""Which game of the exchange a game of the source is: by its teams and by its start.

Two teams may play twice within a day, and did yesterday: without the start a price of another game
would be quoted on. What does not match exactly one game is refused, with the reason.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from live.reference.odds_api.odds_wire import OddsGame
from live.reference.odds_api.team_names import League, normalized
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, SportEvent
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

_NS_PER_MINUTE = 60 * NS_PER_SECOND


# The two lines of each point of a market, by the point of the first: home, or over.
LinesByPoint = dict[float, tuple[LineId, LineId]]


class FollowedGame(NamedTuple):
    """A game of the exchange that is followed: start and status as of now, and its lines."""

    event: SportEvent
    scheduled_ns: int
    status: EventStatus
    lines: dict[MarketType, LinesByPoint]


class MatchedGame(NamedTuple):
    """A game of the source, and the event of the exchange that it is."""

    game: OddsGame
    followed: FollowedGame


class RefusedGame(NamedTuple):
    """A game of the source that is no game of the exchange, though it looks like one."""

    game: OddsGame
    reason: str


class Matching(NamedTuple):
    """How the games of one response match those of the exchange.

    `not_followed` are games of teams that we know, and that the exchange has no game of; `missing`
    are followed games that the source has no prices of.
    """

    matched: list[MatchedGame]
    refused: list[RefusedGame]
    not_followed: list[OddsGame]
    missing: list[FollowedGame]


def match_games(
    odds_games: Sequence[OddsGame],
    followed: Sequence[FollowedGame],
    league: League,
    tolerance_ns: int,
) -> Matching:
    """Match the games of a response; starts may differ by the tolerance."""
    found: list[MatchedGame] = []
    refused: list[RefusedGame] = []
    not_followed: list[OddsGame] = []
    for game in odds_games:
        outcome = _match(game, followed, league, tolerance_ns)
        if outcome is None:
            not_followed.append(game)
        elif isinstance(outcome, str):
            refused.append(RefusedGame(game, outcome))
        else:
            found.append(MatchedGame(game, outcome))
    times = Counter(each.followed.event.event_id for each in found)
    again = "the source has two games that are this one"
    twice = [each for each in found if times[each.followed.event.event_id] > 1]
    refused += [RefusedGame(each.game, again) for each in twice]
    matched = [each for each in found if times[each.followed.event.event_id] == 1]
    known = {each.followed.event.event_id for each in matched}
    missing = [game for game in followed if game.event.event_id not in known]
    return Matching(matched, refused, not_followed, missing)


def _match(
    game: OddsGame, followed: Sequence[FollowedGame], league: League, tolerance_ns: int
) -> FollowedGame | str | None:
    """Return the exchange's game, why it is refused, or None if there is no such game."""
    of_teams = [each for each in followed if _sides(game, each.event, league) is not None]
    if not of_teams:
        return _unknown_team(game, followed, league)
    near = [each for each in of_teams if _apart_ns(game, each) <= tolerance_ns]
    if not near:
        nearest = min(of_teams, key=lambda each: _apart_ns(game, each))
        minutes = _apart_ns(game, nearest) // _NS_PER_MINUTE
        side = "before" if game.start_ns < nearest.scheduled_ns else "after"
        return f"starts {minutes // 60} h {minutes % 60:02d} min {side} the exchange's game"
    if len(near) > 1:
        return "the exchange has two games of these teams near this start"
    if _sides(game, near[0].event, league) == "swapped":
        return "home and away are the other way round at the exchange"
    return near[0]


def _sides(game: OddsGame, event: SportEvent, league: League) -> str | None:
    """Return whether an event is of the same teams, "as named" or "swapped"; None if it is not."""
    if _same(game.home, event.home, league) and _same(game.away, event.away, league):
        return "as named"
    if _same(game.home, event.away, league) and _same(game.away, event.home, league):
        return "swapped"
    return None


def _same(name: str, other: str, league: League) -> bool:
    """Return whether two names mean one team: one of the table, or else the same words."""
    team = league.team(name)
    if team is not None:
        return team == league.team(other)
    return normalized(name) != "" and normalized(name) == normalized(other)


def _unknown_team(game: OddsGame, followed: Sequence[FollowedGame], league: League) -> str | None:
    """Return that a name means no team, None if both mean one."""
    named = {normalized(name) for each in followed for name in (each.event.home, each.event.away)}
    unknown = [
        name
        for name in (game.home, game.away)
        if league.team(name) is None and normalized(name) not in named - {""}
    ]
    return f"{unknown[0]!r} is no team of {league.key}" if unknown else None


def _apart_ns(game: OddsGame, followed: FollowedGame) -> int:
    return abs(game.start_ns - followed.scheduled_ns)
