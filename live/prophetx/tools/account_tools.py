"""Account tools, without trading: check the connection, show what is open, cancel everything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from numpy.random import default_rng

from live.prophetx.connection import (
    Connection,
    balance_at_login,
    chosen_tournaments,
    require_live_parts,
)
from live.prophetx.rest.account_folder import account_folder
from live.prophetx.rest.client import EVENTS_PER_SOCKET
from live.prophetx.rest.credentials import find_credentials
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.records import Record, SocketDown, SocketUp
from live.prophetx.socket.stream import Stream, StreamSettings
from live.session.admission.real_money import RealMoney
from live.session.closing.closing import ClosingSeconds
from live.wall_clock import WallClock
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, UnreachableError
from strategies.trading.model.money import dollars_text
from strategies.trading.risk.limits import Limits

Finding = tuple[str, str]


class AccountTools:
    """One exchange and one account, from configured parts."""

    def __init__(
        self,
        *,
        feed: StreamSettings,
        clock: Callable[..., WallClock],
        prophet: Endpoint,
        markets: MarketFilter,
        risk: Limits,
        closing_seconds: ClosingSeconds,
        configuration: str,
    ) -> None:
        """Prepare; raise ConfigError for invalid settings.

        `configuration` is that of the session which `check` judges, as `trade` would save it.
        """
        require_live_parts(feed, clock)
        self.feed = feed
        self.endpoint = prophet
        self.clock = clock()
        self.markets = markets
        self.limits = risk
        self.closing_seconds = closing_seconds
        self._configuration = configuration

    async def check(
        self, connection: Connection, environ: Mapping[str, str], home: Path
    ) -> AsyncIterator[Finding]:
        """Yield one finding after another; raise the error of the first check that fails.

        Where money is real every condition of it is a finding. Raise ConfigError after them if one
        is not met.
        """
        client = connection.client
        balance_cents = (await balance_at_login(connection)).balance_cents
        yield "log in", f"{self.endpoint.name} ({self.endpoint.root}) accepts the keys"
        yield "balance", dollars_text(balance_cents)
        tournaments = await chosen_tournaments(client, self.markets)
        names = [tournament.name or "?" for tournament in tournaments]
        yield "tournaments", f"{len(names)}: {', '.join(names[:5])}{' ...' * (len(names) > 5)}"
        events = [event for each in tournaments for event in await client.events(each.id)]
        yield "events", f"{len(events)} on offer"
        ladder = await client.ladder()
        yield "ladder", f"{len(ladder)} odds from {min(ladder):+d} to {max(ladder):+d}"
        ids = [event.event_id for event in events[:EVENTS_PER_SOCKET]]
        yield "channels", await self._channels(connection, ids)
        if not self.endpoint.real_money:
            yield "trading", "play money"
            return
        kind = "a drill: play money treated as real" if self.endpoint.is_drill else "REAL MONEY"
        yield "trading", kind
        unmet = []
        for condition in self._real_money(environ, home).conditions(self.limits, balance_cents):
            yield condition.name, condition.text
            if not condition.is_met:
                unmet.append(condition.name)
        if unmet:
            message = f"{', '.join(unmet)}: not met, so trade would refuse to start"
            raise ConfigError(message)

    async def _channels(self, connection: Connection, event_ids: list[int]) -> str:
        """Open a socket until it is subscribed to every channel."""
        opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def on_record(record: Record) -> None:
            if opened.done():
                return
            match record:
                case SocketUp():
                    opened.set_result(len(event_ids))
                case SocketDown(reason=reason):
                    message = f"the socket of {self.endpoint.name}: {reason}"
                    opened.set_exception(UnreachableError(message))

        stream = Stream(
            connection.client,
            self.endpoint,
            connection.clock,
            self.feed,
            default_rng(0),
            lambda: event_ids,
            connection.decode_errors,
        )
        streaming = asyncio.create_task(stream.run(on_record))
        await asyncio.wait((streaming, opened), return_when=asyncio.FIRST_COMPLETED)
        if streaming.done():
            streaming.result()
        streaming.cancel()
        await asyncio.gather(streaming, return_exceptions=True)
        return f"the socket carries {counted(opened.result(), 'event')}"

    def _real_money(self, environ: Mapping[str, str], home: Path) -> RealMoney:
        endpoint = self.endpoint
        credentials = find_credentials(endpoint, environ, home)
        folder = account_folder(endpoint, credentials, environ)
        return RealMoney(endpoint.venue, environ, self._configuration, folder)
