"""The room of a paper session: the simulated exchange, fed by the live market on wall time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from recordings.tape import Row, TapeInfo
from sim.engine.inbox import Inbox
from sim.engine.latency import Delay, Latency, NoDelay
from sim.engine.random_streams import RandomStreams
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.exchange_connection import ExchangeConnection
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.exchange.tape_replayer import TapeReplayer
from sim.market_source import require_simulated_exchange
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.events import FeedLost, FeedRestored, MarketsAdded
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import Exchange, Listener
from strategies.trading.risk.limits import Limits

# Clocks that are further apart than this are wrong, and tell nothing of how long a message took.
_LONGEST_FEED_NS = 5 * NS_PER_SECOND


class WallTime(Protocol):
    """A clock that steps an environment as the wall's time passes."""

    def now_ns(self) -> int:
        """Return the time."""

    def enter(self, callback: Callable[[], None]) -> None:
        """Let all that is due happen, then the callback at the present."""


class PaperContext(Protocol):
    """What the room is opened with: what is on offer, and what the desk follows of it."""

    @property
    def info(self) -> TapeInfo:
        """Return what is on offer; its dictionaries grow."""

    @property
    def market_keys(self) -> tuple[MarketKey, ...]:
        """Return what the desk follows."""


class PaperGateway:
    """A simulated exchange with one desk, among the offers and trades of the real one.

    The market is heard late, and matched when it is heard. So a command takes effect after the
    entry delay and as long again as the market's last message was under way; its answer comes a
    response delay after that.
    """

    def __init__(
        self,
        *,
        exchange: Callable[..., SimulatedProphet],
        latency: Callable[..., Latency],
        queue: Callable[[], QueueModel],
        fees: Commission,
        seed: int,
        clock: Callable[..., Any],
    ) -> None:
        """Take the parts; the room's time begins now. Raise ConfigError for parts of another's."""
        require_simulated_exchange(exchange)
        self._env = ReplayEnvironment(start_ns=clock(env=ReplayEnvironment()).now_ns())
        self.clock: Any = clock(env=self._env)
        self._inbox = Inbox(self._env)
        self._feed = _LastDelay()
        modelled = latency(RandomStreams(seed))
        entry = _Sum(modelled.entry, self._feed)
        self._latency = replace(modelled, feed=NoDelay(), entry=entry)
        self._make_exchange = exchange
        self._queue = queue
        self._fees = fees
        self._link: ExchangeConnection | None = None

    def admit(self, site: object, environ: Mapping[str, str], limits: Limits) -> Limits:  # noqa: ARG002
        """Return the limits as they are: the money is nobody's."""
        return limits

    def open(self, opening: PaperContext) -> Exchange:
        """Open the exchange and the desk's account, and return the way there."""
        env, info = self._env, opening.info
        exchange = self._make_exchange(
            env=env,
            info=info,
            activation=self._latency.activation,
            queue=self._queue(),
            fees=self._fees,
        )
        publisher = Publisher(env, self._inbox, NoDelay(), info.clocks, opening.market_keys)
        self._market = TapeReplayer(env, info, exchange, publisher)
        self._link = ExchangeConnection(env, exchange, self._latency, self._inbox, publisher)
        return self._link

    def seat(self, desk: Listener) -> None:
        """Let a desk hear everything from now on."""
        self._inbox.connect(desk.take, desk.act, wake_on_every_change=True)

    def grow(self, news: MarketsAdded) -> None:
        """Let more be on offer at the exchange, and tell the desk."""
        self._market.add_markets(news)

    def take(self, rows: Sequence[Row]) -> None:
        """Let rows happen now."""
        now_ns = self._env.now_ns
        self._feed.note(rows[-1].received_ns - rows[-1].exchange_ns)
        for row in rows:
            self._market.apply_row((now_ns, now_ns, *row[2:4], *_places(row), *row[7:]))

    def hear(self, order: object) -> None:
        """Pass over what the real exchange says of wagers: they are not this desk's."""

    def lose(self) -> None:
        """Tell the desk of a lost feed."""
        self._inbox.drain(self._env.now_ns + 1)
        self._inbox.deliver(FeedLost())

    def restore(self) -> None:
        """Tell the desk that the feed is whole again."""
        self._inbox.drain(self._env.now_ns + 1)
        self._inbox.deliver(FeedRestored())

    async def recover(
        self,
        wagers: Sequence[object],  # noqa: ARG002 - they ended with the exchange of their process
    ) -> tuple[tuple[()], tuple[()]]:
        """Return nothing: there are no wagers of before."""
        return (), ()

    async def catch_up(self) -> None:
        """Ask for nothing: no answer of the simulated exchange is ever lost."""

    async def available_cents(self) -> int:
        """Return what may be staked."""
        assert self._link is not None, "it is not open"
        return self._link.participant.available_cents

    async def withdraw_all(self, connection: object) -> list[str]:  # noqa: ARG002
        """Return what is open after all was withdrawn: paper leaves nothing behind."""
        return []


class _Sum:
    """Delays one after the other."""

    def __init__(self, *delays: Delay) -> None:
        self._delays = delays

    def sample_ns(self) -> int:
        return sum(delay.sample_ns() for delay in self._delays)


class _LastDelay:
    """As long as the last message was under way."""

    def __init__(self) -> None:
        self._last_ns = 0

    def note(self, delay_ns: int) -> None:
        self._last_ns = min(max(delay_ns, 0), _LONGEST_FEED_NS)

    def sample_ns(self) -> int:
        return self._last_ns


def _places(row: Row) -> tuple[int, int, int]:
    """Return where a row belongs in the order in which the exchange takes it."""
    return row.line, row.market, row.event
