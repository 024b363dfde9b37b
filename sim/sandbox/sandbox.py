"""The sandbox: a recording or a crowd, served over ProphetX's REST and socket protocols."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import QueueModel
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.sandbox_watch import WatchSettings, watched_desk
from sim.sandbox.server import Server
from sim.sandbox.shifted_exchange import ShiftedExchange, SteppingClock
from sim.sources.market_source import MarketSource, require_simulated, require_simulated_exchange
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.desk import Desk
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.settings import Switch, is_on
from strategies.trading.ports.schedule import Schedule
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager_settings import WagerSettings


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
        pricing: Pricing,
        risk: Limits,
        wagers: WagerSettings,
        starting_balance: float,
        watch: Switch = False,
    ) -> None:
        """Check and keep the parts; raise ConfigError or TapeError if they are not valid.

        With `watch` it answers snapshots in a folder, `watch_folder`, that it makes when it opens.
        """
        require_simulated(feed)
        require_simulated_exchange(exchange)
        self.feed_name = feed.name
        self.limits = feed.limits
        self.settings = sandbox
        self.market_keys = [market.key for market in feed.info.markets]
        self.watch_folder: Path | None = None
        self._is_watched = is_on(watch)
        balance_cents = cents_from_dollars(starting_balance)
        self._watch_settings = WatchSettings(pricing, risk, wagers, fees, balance_cents)
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
        with ExitStack() as opened:
            watching = self._watching(shifted_exchange, opened)
            server = Server(shifted_exchange, self.settings, watching)
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

    def _watching(self, shifted_exchange: ShiftedExchange, opened: ExitStack) -> Desk | None:
        """Return the desk that is watched, None without one."""
        if not self._is_watched:
            return None
        watched = watched_desk(shifted_exchange, self.feed_name, self._watch_settings)
        desk, self.watch_folder = opened.enter_context(watched)
        return desk

    def _stepping_clock(self, schedule: Schedule) -> SteppingClock:
        try:
            return self._clock(schedule=schedule)
        except TypeError:
            message = "clock: the sandbox runs in real time; use clock=wall"
            raise ConfigError(message) from None
