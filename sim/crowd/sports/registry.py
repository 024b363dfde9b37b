"""The sports that can be simulated, by key."""

from sim.crowd.sports.mlb import MLB
from sim.crowd.sports.nba import NBA
from sim.crowd.sports.nfl import NFL
from sim.crowd.sports.nhl import NHL
from sim.crowd.sports.sport import Sport
from strategies.trading.model.errors import ConfigError

SPORTS: dict[str, Sport] = {sport.key: sport for sport in (NBA, NFL, MLB, NHL)}


def sport_named(key: str) -> Sport:
    """Return the sport of this key; raise ConfigError for an unknown one."""
    if key not in SPORTS:
        message = f"sport: {key!r} is not one of {', '.join(SPORTS)}"
        raise ConfigError(message)
    return SPORTS[key]
