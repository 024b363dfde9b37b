"""The sandbox as a session: a recording served as ProphetX would, from configured parts."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from recordings.reader import Tape
from sim.clock import ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue import QueueModel
from sim.feed import exchange_rows, require_recording
from sim.latency import Latency
from sim.sandbox.server import Server
from sim.sandbox.settings import SandboxSettings
from sim.sandbox.stage import PacedClock, Stage, begin_ns, shifted_info, shifted_rows
from sim.streams import Streams
from strategies.trading.commission import Commission
from strategies.trading.errors import ConfigError


class Sandbox:
    """Serves a recording as the exchange's own protocols tell it, from a chosen time on.

    Of the latency model only the activation delay is used: the way to and fro is real here.
    """

    def __init__(
        self,
        *,
        feed: Tape,
        exchange: Callable[..., SimulatedProphet],
        clock: Callable[..., PacedClock],
        latency: Callable[..., Latency],
        queue: Callable[[], QueueModel],
        fees: Commission,
        seed: int,
        recording: dict[str, Any],
        sandbox: SandboxSettings,
    ) -> None:
        """Take the parts; raise ConfigError or TapeError where they cannot mean anything."""
        require_recording(feed)
        self.tape = feed
        self.recording_name = str(recording["path"])
        self.settings = sandbox
        self.market_keys = [market.key for market in feed.info.markets]
        self._clock = clock
        self._make_exchange = partial(
            exchange, activation=latency(Streams(seed)).activation, queue=queue(), fees=fees
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Server]:
        """Serve for as long as the context lasts; raise ConfigError where it cannot listen."""
        server = Server(self._stage(), self.settings)
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

    def _stage(self) -> Stage:
        """Return a stage on which the recording's chosen time is the present."""
        now_ns = self._paced(ReplayEnvironment()).now_ns()
        shift_ns = now_ns - begin_ns(self.tape, self.settings.begin_before_start_ns)
        return Stage(
            shifted_info(self.tape.info, shift_ns),
            shifted_rows(exchange_rows(self.tape), shift_ns),
            self._make_exchange,
            self._paced,
        )

    def _paced(self, env: ReplayEnvironment) -> PacedClock:
        try:
            return self._clock(env=env)
        except TypeError:
            message = "clock: the sandbox keeps pace with the wall; use clock=wall"
            raise ConfigError(message) from None
