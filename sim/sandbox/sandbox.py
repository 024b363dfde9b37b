"""The sandbox: a recording or a crowd, served over ProphetX's REST and socket protocols."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import QueueModel
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.server import Server
from sim.sandbox.shifted_exchange import ShiftedExchange, SteppingClock
from sim.sources.market_source import MarketSource, require_simulated, require_simulated_exchange
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.errors import ConfigError
from strategies.trading.ports.schedule import Schedule


class Sandbox:
    """Serves a recording or a crowd over the exchange's own protocols, from a chosen time on.

    Of the latency model only the activation delay is used: the network is real here.
    """

    def __init__(
        self,
        *,
        feed: MarketSource,
        exchange: Callable[..., SimulatedProphet],
        clock: Callable[..., SteppingClock],
        latency: Callable[..., Latency],
        queue: Callable[[], QueueModel],
        fees: Commission,
        seed: int,
        sandbox: SandboxSettings,
    ) -> None:
        """Check and keep the parts; raise ConfigError or TapeError if they are not valid."""
        require_simulated(feed)
        require_simulated_exchange(exchange)
        self.feed_name = feed.name
        self.limits = feed.limits
        self.settings = sandbox
        self.market_keys = [market.key for market in feed.info.markets]
        self._feed = feed
        self._clock = clock
        self._make_exchange = partial(
            exchange, activation=latency(RandomStreams(seed)).activation, queue=queue(), fees=fees
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Server]:
        """Serve while the context is entered; raise ConfigError if the port is not available."""
        before_start_ns = self.settings.begin_before_start_ns
        shifted_exchange = ShiftedExchange(
            self._feed, self._make_exchange, self._stepping_clock, before_start_ns
        )
        server = Server(shifted_exchange, self.settings)
        try:
            await server.start()
        except OSError as error:
            await server.stop()
            message = f"sandbox.port: cannot listen on {self.settings.port}: {error.strerror}"
            raise ConfigError(message) from None
        try:
            yield server
        finally:
            await server.stop()

    def _stepping_clock(self, schedule: Schedule) -> SteppingClock:
        try:
            return self._clock(schedule=schedule)
        except TypeError:
            message = "clock: the sandbox runs in real time; use clock=wall"
            raise ConfigError(message) from None
