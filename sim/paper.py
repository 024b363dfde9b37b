"""Paper trading: a simulated exchange fed by the live market, on wall time."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from recordings.tape import Row, TapeInfo
from recordings.tape_events import RowDelays
from sim.engine.latency import Delay, Latency, NoDelay
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.exchange.tape_replayer import TapeReplayer
from sim.sources.market_source import require_simulated_exchange
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.events import FeedLost, FeedRestored, MarketsAdded
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.settings import Seed
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import Exchange, Listener
from strategies.trading.ports.schedule import CallSchedule
from strategies.trading.risk.limits import Limits

# A larger delay is an error of a clock, not the delay of a message.
_LONGEST_FEED_NS = 5 * NS_PER_SECOND


class LiveMarket(Protocol):
    """A live market that can be connected to."""

    def connect(self, environ: Mapping[str, str], home: Path) -> AbstractAsyncContextManager[None]:
        """Log in for as long as the context lasts."""


class PaperContext(Protocol):
    """The tape's dictionaries, and the markets that the desk follows."""

    @property
    def info(self) -> TapeInfo:
        """Return the dictionaries of the tape, which gain entries while it is written."""

    @property
    def market_keys(self) -> tuple[MarketKey, ...]:
        """Return the markets that the desk follows."""


M = TypeVar("M", bound=LiveMarket)


class PaperGateway(Generic[M]):
    """A session's gateway whose wagers rest in a simulated exchange that replays the live market.

    The market arrives late, and is matched when it arrives. So a command takes effect after its
    own delay plus the delay of the market's last message; its response follows after the response
    delay. `market` is the live market, `clock` steps the simulated exchange as wall time passes.
    """

    def __init__(
        self,
        *,
        market: Callable[..., M],
        exchange: Callable[..., SimulatedProphet],
        latency: Callable[..., Latency],
        queue: Callable[[], QueueModel],
        fees: Commission,
        seed: Seed,
        clock: Callable[..., Any],
    ) -> None:
        """Prepare, and start the clock; raise ConfigError for an exchange that is not simulated."""
        require_simulated_exchange(exchange)
        self._env = ReplayEnvironment(start_ns=clock(schedule=CallSchedule()).now_ns())
        self.clock: Any = clock(schedule=self._env)
        self.market = market(clock=self.clock)
        self._inbox = Inbox(self._env)
        self._feed_delay = _LastDelay()
        modelled = latency(RandomStreams(seed))
        entry, cancel = (_Sum(each, self._feed_delay) for each in (modelled.entry, modelled.cancel))
        self._latency = replace(modelled, feed=NoDelay(), entry=entry, cancel=cancel)
        self._make_exchange = exchange
        self._queue = queue
        self._fees = fees
        self._connection: ExchangeConnection | None = None

    def connect(self, environ: Mapping[str, str], home: Path) -> AbstractAsyncContextManager[None]:
        """Log in at the market for as long as the context lasts."""
        return self.market.connect(environ, home)

    def account(self, environ: Mapping[str, str], home: Path) -> None:
        """Return nothing: the wagers exist in this process alone."""

    def admit(self, environ: Mapping[str, str], limits: Limits) -> Limits:  # noqa: ARG002
        """Return the limits unchanged: no real money is involved."""
        return limits

    def open(self, context: PaperContext) -> Exchange:
        """Open the exchange with an account of the desk, and return the connection to it."""
        env, info = self._env, context.info
        exchange = self._make_exchange(
            env=env,
            info=info,
            activation=self._latency.activation,
            queue=self._queue(),
            fees=self._fees,
        )
        publisher = Publisher(env, self._inbox, NoDelay(), info.clocks, context.market_keys)
        self._replayer = TapeReplayer(env, info, exchange, publisher)
        self._row_delays = RowDelays(info)
        self._connection = ExchangeConnection(
            env, exchange, self._latency, self._inbox, publisher.markets
        )
        return self._connection

    def attach(self, listener: Listener) -> "PaperGateway[M]":
        """Send a listener all events; the market goes to the simulated exchange first."""
        self._inbox.connect(listener.take, listener.act, wake_on_every_change=True)
        return self

    def on_markets_added(self, added: MarketsAdded) -> None:
        """Offer new markets at the exchange, which reports them to the desk."""
        self._replayer.add_markets(added)

    def on_rows(self, rows: Sequence[Row]) -> None:
        """Apply rows to the simulated exchange, now."""
        now_ns = self._env.now_ns
        self._feed_delay.note(rows[-1].received_ns - rows[-1].exchange_ns)
        for row in rows:
            delayed = self._row_delays.note(row)
            if delayed is not None:
                self._inbox.publish(now_ns, delayed, wake=True)
            self._replayer.apply_row((now_ns, now_ns, *row[2:4], *_indices(row), *row[7:]))

    def on_feed_lost(self) -> None:
        """Let the desk cancel all quotes."""
        self._inbox.drain(self._env.now_ns + 1)
        self._inbox.deliver((FeedLost(),))

    def on_feed_restored(self) -> None:
        """Let the desk quote again."""
        self._inbox.drain(self._env.now_ns + 1)
        self._inbox.deliver((FeedRestored(),))

    async def recover(
        self,
        wagers: Sequence[object],  # noqa: ARG002 - they ended with the exchange of their process
    ) -> tuple[tuple[()], tuple[()]]:
        """Return nothing: no simulated wager outlives its process."""
        return (), ()

    async def unjournaled(self, _: str, __: object) -> tuple[()]:
        """Return nothing: no simulated wager outlives its process."""
        return ()

    async def available_cents(self) -> int:
        """Return what may be staked."""
        assert self._connection is not None, "the exchange is open"
        return self._connection.participant.available_cents

    async def balance_cents(self) -> int:
        """Return what may be staked: nobody has to confirm it."""
        return await self.available_cents()

    @property
    def account_wagers(self) -> "NoOpenWagers":
        """Return what is open: no simulated wager outlives its process."""
        return NoOpenWagers()


class NoOpenWagers:
    """The open wagers of an account on which none outlives the process."""

    venue_name = "the simulated exchange"
    late_seconds = 0.0

    def known(self) -> tuple[()]:
        """Return nothing."""
        return ()

    def unanswered(self) -> tuple[()]:
        """Return nothing."""
        return ()

    async def listed(self) -> tuple[()]:
        """Return nothing."""
        return ()

    async def cancel_all(self) -> bool:
        """Return that nothing was open."""
        return False

    async def cancel_event(self, _: object) -> None:
        """Do nothing."""

    async def cancel_wager(self, _: object) -> None:
        """Do nothing."""

    async def texts(self, _: object) -> list[str]:
        """Return nothing."""
        return []


class _Sum:
    """A delay that is the sum of others."""

    def __init__(self, *delays: Delay) -> None:
        self._delays = delays

    def sample_ns(self) -> int:
        return sum(delay.sample_ns() for delay in self._delays)


class _LastDelay:
    """The feed delay of the last message, as a delay of commands."""

    def __init__(self) -> None:
        self._last_ns = 0

    def note(self, delay_ns: int) -> None:
        self._last_ns = min(max(delay_ns, 0), _LONGEST_FEED_NS)

    def sample_ns(self) -> int:
        return self._last_ns


def _indices(row: Row) -> tuple[int, int, int]:
    """Return the dictionary indices of a row in the order of an exchange row."""
    return row.line, row.market, row.event
