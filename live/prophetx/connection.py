"""A connection to one exchange for one account, which every verb of `python -m live` opens."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from live.decode_errors import DecodeErrors
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import find_credentials
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.token_file import token_file
from live.prophetx.rest.transport import Transport
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.wire.markets import WireTournament
from live.prophetx.wire.orders import WireBalance
from live.session.session import require_wall_clock
from live.wall_clock import WallClock
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError

_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Connection:
    """An exchange, a client for it, the session's clock, and a count of what was not decoded.

    `environ` is the environment, in which the keys of other sources are.
    """

    endpoint: Endpoint
    clock: WallClock
    client: ProphetClient
    decode_errors: DecodeErrors
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@asynccontextmanager
async def connected(
    endpoint: Endpoint, clock: WallClock, environ: Mapping[str, str], folder: Path
) -> AsyncIterator[Connection]:
    """Connect with the keys that the environment or the folder holds.

    Raise CredentialsError if there are none; nothing is sent before the first request.
    """
    credentials = find_credentials(endpoint, environ, folder)
    decode_errors = DecodeErrors()
    async with Transport(endpoint, clock) as transport:
        shared = token_file(endpoint, credentials, environ)
        tokens = Tokens(transport, credentials, clock, shared)
        client = ProphetClient(transport, tokens, decode_errors)
        yield Connection(endpoint, clock, client, decode_errors, environ)


async def log_in(connection: Connection) -> None:
    """Make sure that the exchange accepts our keys, and that its clock is ours.

    Raise CredentialsError for the keys, ConfigError for the clock.
    """
    await connection.client.log_in()
    connection.client.require_same_clock()


async def balance_at_login(connection: Connection) -> WireBalance:
    """Do what `log_in` does, and return the account's money: one request shows all of it."""
    balance = await connection.client.balance()
    connection.client.require_same_clock()
    return balance


async def chosen_tournaments(client: ProphetClient, markets: MarketFilter) -> list[WireTournament]:
    """Return the tournaments to follow; raise ConfigError if the exchange lacks one."""
    offered = await client.tournaments()
    if not markets.tournaments:
        return offered
    names = {tournament.name: tournament for tournament in offered}
    missing = [name for name in markets.tournaments if name not in names]
    if missing:
        known = ", ".join(sorted(filter(None, names))[:_NAMES_SHOWN])
        message = f"markets.tournaments: the exchange has no {missing[0]!r}; it has {known}"
        raise ConfigError(message)
    return [names[name] for name in markets.tournaments]


def require_live_parts(feed: object, clock: Callable[..., WallClock]) -> None:
    """Raise ConfigError unless a feed and a clock are those of a live session."""
    require_stream(feed)
    require_wall_clock(clock)


def require_stream(feed: object) -> None:
    """Raise ConfigError unless a feed is the stream of an exchange."""
    if not isinstance(feed, StreamSettings):
        message = "feed: a live session streams from the exchange; use feed=prophetx"
        raise ConfigError(message)
