"""A session in virtual time as it would have been live, with a journal and a tape.

Its exchange is simulated and plays a recording. Its desk receives the market later than that, and
updates of its own wagers later or earlier than the market shows them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from conf.compose import build_parts, build_session
from recordings.journal.entries import RunContext
from recordings.journal.session_journal import JournalingListener, SessionJournal
from recordings.reader import open_recording
from recordings.tape import Clocks, Side, TapeInfo
from recordings.writer import TapeWriter
from sim.backtest import Backtest
from sim.engine.exchange_rows import ExchangeRow, exchange_rows
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.books import LineBook
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.desk.assembly import assemble_desk
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    MarketStatusChanged,
    OfferChanged,
    TradeSeen,
    TradingState,
    TradingStateSet,
)
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import DeskStarted

NAME = "first"
_ENDING_NS = 120 * NS_PER_SECOND

Compose = Callable[..., DictConfig]


def play_virtual_session(
    home: Path, compose: Compose, queue: QueueModel, minutes: tuple[int, int], *words: str
) -> Path:
    """Trade the shipped game between two minutes from its start; return the session's folder."""
    folder = home / "sessions" / NAME
    folder.mkdir(parents=True)
    words = (*words, f"session.name={NAME}")
    saved = OmegaConf.to_yaml(compose(*words, "mode=live"), resolve=True)
    (folder / "start-00001.yaml").write_text(saved, encoding="utf-8")
    settings = compose(*words, "mode=backtest")
    parts, make_exchange = build_session(settings), build_parts(settings)["exchange"]
    with (
        SessionJournal(folder / "journal.sqlite") as journal,
        TapeWriter(
            folder / "tape-00001", source="test", simulated=True, clocks=Clocks.TWO
        ) as writer,
    ):
        session = _VirtualSession(parts, make_exchange, queue, journal, writer)
        start_ns = session.info.events[0].scheduled_ns
        session.play(*(start_ns + minute * 60 * NS_PER_SECOND for minute in minutes))
    return folder


class _VirtualSession:
    """The exchange, the desk on it, and a tape of what the desk receives."""

    def __init__(
        self,
        parts: Backtest,
        make_exchange: Callable[..., SimulatedProphet],
        queue: QueueModel,
        journal: SessionJournal,
        writer: TapeWriter,
    ) -> None:
        tape = open_recording("nba")
        self.info = tape.info
        self._env = env = ReplayEnvironment(_without_quantities(exchange_rows(tape)))
        self._inbox = Inbox(env)
        latency = parts.latency(RandomStreams(parts.seed))
        exchange = make_exchange(
            env=env, info=tape.info, activation=latency.activation, queue=queue, fees=parts.fees
        )
        publisher = Publisher(env, self._inbox, latency.feed, Clocks.ONE, parts.market_keys)

        def publish_trade(book: LineBook, odds: Odds, stake_cents: int) -> None:
            publisher.publish_trade(book, odds, stake_cents, env.now_ns + latency.feed.sample_ns())

        exchange.on_trade = publish_trade
        connection = ExchangeConnection(env, exchange, latency, self._inbox, publisher.markets)
        env.replay_to(TapeReplayer(env, tape.info, exchange, publisher).apply_row)
        clock = VirtualClock(env, self._inbox.drain)
        _begin_journal(journal, parts, env.now_ns)
        desk = assemble_desk(
            parts.desk_settings(),
            catalogue=parts.catalogue,
            market_keys=parts.market_keys,
            ladder=tape.info.ladder,
            clock=clock,
            exchange=connection,
            journal=journal,
        )
        self._listener = JournalingListener(desk, journal)
        self._desk, self._journal = desk, journal
        self._recorder = _TapeRecorder(writer, tape.info, latency.feed.sample_ns())
        self._inbox.connect(self._on_event, _decide_nothing)

    def play(self, begin_ns: int, end_ns: int) -> None:
        """Give the desk every row from the first on, and let it trade between two times."""
        self._env.run(until=begin_ns)
        self._inbox.drain(begin_ns)
        self._inbox.connect(self._on_event, self._listener.act, wake_on_every_change=True)
        self._journal.desk_called(self._env.now_ns, DeskStarted())
        self._desk.start()
        self._env.run(until=end_ns)
        self._inbox.drain(end_ns)
        halted = TradingStateSet(TradingState.HALTED, "stopped by an operator")
        self._listener.take(halted, end_ns)
        self._listener.act(end_ns)
        self._env.run(until=end_ns + _ENDING_NS)

    def _on_event(self, event: Event, at_ns: int) -> None:
        self._recorder.write(event, at_ns)
        self._listener.take(event, at_ns)


class _TapeRecorder:
    """Writes a desk's market data as the live recorder does: trades from the maker's side."""

    def __init__(self, writer: TapeWriter, info: TapeInfo, late_ns: int) -> None:
        self._writer = writer
        self._late_ns = late_ns
        self._catalogue = info.catalogue()
        self._events = {event.event_id: writer.add_event(event) for event in info.events}
        self._markets = {market.key: writer.add_market(market) for market in info.markets}
        self._lines = {line.line_id: writer.add_line(line) for line in info.lines}

    def write(self, event: Event, at_ns: int) -> None:
        writer = self._writer
        match event:
            case OfferChanged(line_id=line_id, odds=odds, amount_cents=cents):
                writer.begin_message(at_ns, at_ns - self._late_ns)
                writer.offer(self._lines[line_id], odds, cents)
            case TradeSeen(line_id=line_id, odds=odds, stake_cents=cents):
                writer.begin_message(at_ns, at_ns - self._late_ns)
                maker = self._lines[self._catalogue.opposite(line_id).line_id]
                writer.trade(maker, opposite(odds), profit_cents(cents, odds), Side.MAKER)
            case MarketStatusChanged(market_key=key, status=status):
                writer.begin_message(at_ns, at_ns - self._late_ns)
                writer.market_status(self._markets[key], status)
            case EventStatusChanged(event_id=event_id, status=status):
                writer.begin_message(at_ns, at_ns - self._late_ns)
                writer.event_status(self._events[event_id], status)
            case EventScheduled(event_id=event_id, scheduled_ns=scheduled_ns):
                writer.begin_message(at_ns, at_ns - self._late_ns)
                writer.schedule(self._events[event_id], scheduled_ns)


def _begin_journal(journal: SessionJournal, parts: Backtest, now_ns: int) -> None:
    info = parts.feed.info
    journal.begin_run(now_ns)
    run_context = RunContext(
        parts.limits,
        parts.balance_cents,
        parts.market_keys,
        len(info.events),
        len(info.markets),
        len(info.lines),
        (),
    )
    journal.write_run_context(run_context)


def _without_quantities(rows: Iterator[ExchangeRow]) -> Iterator[ExchangeRow]:
    """Yield rows without their quantities, which no event carries."""
    return ((*row[:9], 0, *row[10:]) for row in rows)


def _decide_nothing(_: int) -> None:
    """Decide nothing before the desk has started."""
