"""A connection to one exchange for one account: what every verb of the bridge begins with."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import find_credentials
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.transport import Transport
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.wire.decode_errors import DecodeErrors
from live.prophetx.wire.markets import TournamentShape
from live.wall_clock import WallClock
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

_NAMES_TOLD = 20
# Clocks of other speeds are months apart, and no token of our own sandbox is for so long.
_LONGEST_LIFE_NS = 30 * 86_400 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Connection:
    """An exchange that can be asked, its time, and what of it could not be read."""

    site: Endpoint
    clock: WallClock
    client: ProphetClient
    decode_errors: DecodeErrors


@asynccontextmanager
async def connected(
    site: Endpoint, clock: WallClock, environ: Mapping[str, str], folder: Path
) -> AsyncIterator[Connection]:
    """Connect with the keys that the environment or the folder holds.

    Raise CredentialsError where there are none; nothing is asked before the first request.
    """
    credentials = find_credentials(site, environ, folder)
    decode_errors = DecodeErrors()
    async with Transport(site, clock) as transport:
        client = ProphetClient(transport, Tokens(transport, credentials, clock), decode_errors)
        yield Connection(site, clock, client, decode_errors)


async def log_in(connection: Connection) -> None:
    """Make sure that the exchange takes our keys; raise CredentialsError if it does not.

    Raise ConfigError where our own sandbox goes by another clock than we do.
    """
    life_ns = await connection.client.log_in()
    site = connection.site
    if site.is_local and not 0 < life_ns < _LONGEST_LIFE_NS:
        message = (
            f"sandbox.speed: {site.speed:g} is not that of {site.name} at {site.root}; "
            "say the same as to python -m sim serve"
        )
        raise ConfigError(message)


async def chosen_tournaments(client: ProphetClient, markets: MarketFilter) -> list[TournamentShape]:
    """Return the tournaments that are followed; raise ConfigError where one is not there."""
    there = await client.tournaments()
    if not markets.tournaments:
        return there
    names = {tournament.name: tournament for tournament in there}
    missing = [name for name in markets.tournaments if name not in names]
    if missing:
        known = ", ".join(sorted(filter(None, names))[:_NAMES_TOLD])
        message = f"markets.tournaments: the exchange has no {missing[0]!r}; it has {known}"
        raise ConfigError(message)
    return [names[name] for name in markets.tournaments]


def require_live_parts(feed: object, clock: Callable[..., Any]) -> None:
    """Raise ConfigError unless a feed and a clock are those of a live session."""
    if not isinstance(feed, StreamSettings):
        message = "feed: a live session hears the exchange; use feed=prophetx"
        raise ConfigError(message)
    try:
        clock()
    except TypeError:
        message = "clock: a live session keeps pace with the wall; use clock=wall"
        raise ConfigError(message) from None
