"""A small game to test the simulated exchange in, with rows and commands by the millisecond."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from numpy.random import default_rng

from recordings.tape import NOWHERE, Clocks, Kind, Side, TapeInfo
from sim.engine.faults import Faults
from sim.engine.latency import Delay, Latency, NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.faulty_connection import open_connection
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back, QueueModel
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    Event,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, prophetx_ladder
from strategies.trading.ports.schedule import Priority

START_NS = 1_790_000_000_000_000_000
GAME = EventId("game")
MONEYLINE = MarketKey(GAME, MarketId("219"))
TOTAL = MarketKey(GAME, MarketId("225"))
LINES = ("home", "away", "over", "under")
Something = TypeVar("Something")


def game_info(clocks: Clocks = Clocks.ONE) -> TapeInfo:
    """Return the dictionaries of the game: a moneyline and a total, a pair of lines each."""
    info = TapeInfo("test", True, clocks, prophetx_ladder())
    info.events.append(SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "", START_NS))
    for key, type_ in ((MONEYLINE, MarketType.MONEYLINE), (TOTAL, MarketType.TOTAL)):
        info.markets.append(Market(key.event_id, key.market_id, type_, type_.value))
    for name in LINES:
        market_id = MONEYLINE.market_id if name in {"home", "away"} else TOTAL.market_id
        point = 0.0 if market_id == MONEYLINE.market_id else 215.5
        info.lines.append(Line(LineId(name), GAME, market_id, Selection(name), point))
    return info


@dataclass(frozen=True)
class Received:
    """An event, or the code of a refused mass cancel, and the millisecond of its arrival."""

    ms: float
    event: Event | str | None


class ExchangeScenario:
    """An exchange with a recorder in place of a desk. Schedule rows and calls, then `run`.

    Times are milliseconds from the start; markets are open from the first row on. Delays are zero
    unless given. Participants that `join` call the exchange directly, `by` their name, and receive
    responses and updates without delay.
    """

    def __init__(
        self,
        queue: QueueModel | None = None,
        delays: Mapping[str, Delay] | None = None,
        clocks: Clocks = Clocks.ONE,
        subscribed: Iterable[MarketKey] = (MONEYLINE, TOTAL),
        wake_on_every_change: bool = False,
        rate_percent: float = 2,
        opened: bool = True,
        faults: Faults | None = None,
        **settings: Any,
    ) -> None:
        """Keep the parameters; `run` builds the exchange."""
        self.info = game_info(clocks)
        self.received: list[Received] = []
        self.decided: list[float] = []
        self.exchange: SimulatedProphet
        self.market: TapeReplayer
        self.connection: ExchangeConnection
        self._queue = queue or Back()
        self._delays = delays or {}
        self._subscribed = tuple(subscribed)
        self._wake_always = wake_on_every_change
        self._fees = Commission(rate_percent)
        self._settings = ExchangeRules(**settings)
        self._faults = faults or Faults()
        self.participants: dict[str, Participant] = {}
        self.trades: list[tuple[str, int, int]] = []
        self._balances: dict[str, int] = {}
        self._participant_events: dict[str, list[Received]] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._calls: list[tuple[float, Callable[[], None]]] = []
        self._seq = 0
        if opened:
            self.market_status(0, MarketStatus.OPEN, "219")
            self.market_status(0, MarketStatus.OPEN, "225")

    # The recording ----------------------------------------------------------------------------

    def offer(self, ms: float, line: str, odds: int, cents: int, **more: Any) -> None:
        """Record an offer to takers on a line, optionally with its makers' `quantity`."""
        self._on_line(ms, Kind.OFFER, line, odds=odds, amount=cents, **more)

    def trade(
        self, ms: float, line: str, odds: int, cents: int, side: Side = Side.TAKER, **more: Any
    ) -> None:
        """Record a trade."""
        self._on_line(ms, Kind.TRADE, line, odds=odds, amount=cents, side=side, **more)

    def result(self, ms: float, line: str, result: Result, **more: Any) -> None:
        """Record the result of a line."""
        self._on_line(ms, Kind.RESULT, line, state=result, **more)

    def market_status(self, ms: float, status: MarketStatus, market_id: str = "219") -> None:
        """Record that a market opened, was suspended or closed."""
        market = 0 if market_id == MONEYLINE.market_id else 1
        self.row(ms, Kind.MARKET_STATUS, event=0, market=market, state=status)

    def event_status(self, ms: float, status: EventStatus) -> None:
        """Record that the game started or ended."""
        self.row(ms, Kind.EVENT_STATUS, event=0, state=status)

    def row(
        self,
        ms: float,
        kind: Kind,
        line: int = NOWHERE,
        market: int = NOWHERE,
        event: int = NOWHERE,
        odds: int = 0,
        amount: int = 0,
        quantity: int = 0,
        side: Side = Side.NONE,
        state: int = 0,
        text: str | None = None,
        received_ms: float | None = None,
        same_message: bool = False,
    ) -> None:
        """Record a row, by default a message of its own."""
        self._seq += not same_message
        received = nanoseconds(ms if received_ms is None else received_ms)
        self._rows.append(
            (
                *(nanoseconds(ms), received, self._seq, kind, line, market, event),
                *(odds, amount, quantity, side, state, text),
            )
        )

    # Requests of the desk and of others --------------------------------------------------------

    def join(self, name: str, balance_cents: int = 1_000_000) -> None:
        """Add another participant."""
        self._balances[name] = balance_cents
        self._participant_events[name] = []

    def place(
        self,
        ms: float,
        ref: str,
        line: str,
        odds: int,
        cents: int,
        intent: Intent = Intent.REST,
        by: str | None = None,
    ) -> None:
        """Place a wager."""
        self.place_all(ms, [request(ref, line, odds, cents, intent)], by)

    def place_all(self, ms: float, requests: list[PlaceWager], by: str | None = None) -> None:
        """Place a batch."""
        if by is None:
            self.call(ms, lambda: self.connection.place(requests))
        else:
            self.call(
                ms, lambda: self._record(by, self.exchange.place(self.participants[by], requests))
            )

    def cancel(self, ms: float, *refs: str, by: str | None = None) -> None:
        """Cancel wagers in one batch."""
        named = [WagerRef(ref) for ref in refs]
        if by is None:
            self.call(ms, lambda: self.connection.cancel(named))
        else:
            self.call(
                ms, lambda: self._record(by, self.exchange.cancel(self.participants[by], named))
            )

    def cancel_all(
        self,
        ms: float,
        event: str | None = None,
        market: str | None = None,
        line: str | None = None,
        *,
        by: str | None = None,
    ) -> None:
        """Cancel everything, or all of an event, of one of its markets, or for others of a line.

        Other participants receive the code of a refusal as text.
        """
        event_id = None if event is None else EventId(event)
        market_id = None if market is None else MarketId(market)
        line_id = None if line is None else LineId(line)

        def cancel() -> None:
            if by is None:
                self.connection.cancel_all(event_id, market_id)
            else:
                participant = self.participants[by]
                code = self.exchange.cancel_all(participant, event_id, market_id, line_id)
                self._record(by, [code])

        self.call(ms, cancel)

    def settle(self, ms: float, market: int, **results: Result) -> None:
        """Settle a market by the results of its lines, without recorded rows."""
        named = {LineId(name): result for name, result in results.items()}
        self.call(ms, lambda: self.exchange.settle(market, named))

    def ask_state(self, ms: float) -> None:
        """Request the account's state."""
        self.call(ms, lambda: self.connection.ask_state())  # noqa: PLW0108 - not built yet

    def call(self, ms: float, callback: Callable[[], None]) -> None:
        """Schedule a call."""
        self._calls.append((ms, callback))

    @property
    def us(self) -> Participant:
        """Return our own side of the exchange."""
        return self.connection.participant

    # The outcome ------------------------------------------------------------------------------

    def run(self, extra_ms: float = 10_000) -> "ExchangeScenario":
        """Run every row and call, and `extra_ms` after them; return the scenario."""
        last_ms = max(ms for ms, _ in [*self._calls, (0, None)])
        env = ReplayEnvironment(sorted(self._rows, key=lambda row: row[0]))
        inbox = Inbox(env)
        inbox.connect(self._on_event, self._on_decide, self._wake_always)
        self.env, self.inbox, self.clock = env, inbox, VirtualClock(env, inbox.drain)
        names = ("feed", "compute", "entry", "activation", "response")
        delays: dict[str, Delay] = {name: NoDelay() for name in names} | dict(self._delays)
        latency = Latency(**{"cancel": delays["entry"], **delays})
        exchange = SimulatedProphet(
            env, self.info, latency.activation, self._queue, self._fees, self._settings
        )
        publisher = Publisher(env, inbox, latency.feed, self.info.clocks, self._subscribed)
        self.market = TapeReplayer(env, self.info, exchange, publisher)
        rng = default_rng(0)
        self.connection = open_connection(
            env, exchange, latency, inbox, publisher.markets, self._faults, rng
        )
        self.exchange = exchange
        for name, cents in self._balances.items():
            self.participants[name] = exchange.open_account(
                name, cents, partial(self._record, name)
            )
        exchange.on_trade = lambda *trade: self.trades.append((trade[0].line_id, *trade[1:]))
        env.replay_to(self.market.apply_row)
        for ms, callback in self._calls:
            env.schedule_call(nanoseconds(ms), Priority.DESK, callback)
        env.run(until=env.rows_ended)
        env.run(until=max(env.now_ns, nanoseconds(last_ms)) + round(extra_ms * 1_000_000))
        inbox.drain(env.now_ns + 1)
        return self

    def of(self, *types: type[Something], by: str | None = None) -> list[Something]:
        """Return the events of these types that the desk or another participant received."""
        return [entry.event for entry in self._received_by(by) if isinstance(entry.event, types)]

    def timed_fills(self) -> list[tuple[float, int]]:
        """Return the desk's fills: each arrival in milliseconds with its stake in cents."""
        return [
            (entry.ms, entry.event.stake_cents)
            for entry in self.received
            if isinstance(entry.event, WagerMatched)
        ]

    def times_of(self, *types: type, by: str | None = None) -> list[float]:
        """Return the arrival times of events of these types, in milliseconds."""
        return [entry.ms for entry in self._received_by(by) if isinstance(entry.event, types)]

    def codes(self, ref: str, by: str | None = None) -> list[str]:
        """Return the error codes received for a wager, in order."""
        events = (entry.event for entry in self._received_by(by))
        refusals = (
            e for e in events if isinstance(e, WagerRejected | WagerInvalid | CancelRefused)
        )
        return [refusal.code for refusal in refusals if refusal.ref == ref]

    def ms_of(self, at_ns: int | None) -> float:
        """Return a time as milliseconds of the scenario."""
        assert at_ns is not None
        return (at_ns - START_NS) / 1e6

    def fills(self, ref: str, by: str | None = None) -> list[tuple[Odds, int, int]]:
        """Return the fills of a wager as (odds, stake, profit)."""
        return [
            (event.odds, event.stake_cents, event.profit_cents)
            for event in self.of(WagerMatched, by=by)
            if event.ref == ref
        ]

    def filled_cents(self, ref: str, by: str | None = None) -> int:
        """Return the matched stake of a wager, in cents."""
        return sum(stake for _, stake, _ in self.fills(ref, by))

    def _received_by(self, name: str | None) -> list[Received]:
        return self.received if name is None else self._participant_events[name]

    def _record(self, name: str, events: Iterable[Event | str | None]) -> None:
        ms = self.ms_of(self.env.now_ns)
        self._participant_events[name].extend(Received(ms, event) for event in events)

    def _on_event(self, event: Event, at_ns: int) -> None:
        self.received.append(Received(self.ms_of(at_ns), event))

    def _on_decide(self, now_ns: int) -> None:
        self.decided.append(self.ms_of(now_ns))

    def _on_line(self, ms: float, kind: Kind, line: str, **more: Any) -> None:
        market = 0 if line in {"home", "away"} else 1
        self.row(ms, kind, line=LINES.index(line), market=market, event=0, **more)


def nanoseconds(ms: float) -> int:
    """Return a time of the scenario as nanoseconds."""
    return START_NS + round(ms * 1_000_000)


def request(ref: str, line: str, odds: int, cents: int, intent: Intent = Intent.REST) -> PlaceWager:
    """Return the request for a wager."""
    return PlaceWager(WagerRef(ref), LineId(line), Odds(odds), cents, intent)


class ListedDelaysMs:
    """Delays given in advance, one per message, in milliseconds."""

    def __init__(self, *delays_ms: int) -> None:
        """Use the delays in order."""
        self.left_ms = list(delays_ms)

    def sample_ns(self) -> int:
        """Return the next of the delays."""
        return self.left_ms.pop(0) * 1_000_000


def filled_until(fills: list[tuple[float, int]], ms: float) -> int:
    """Return what was filled up to a time, in cents."""
    return sum(stake for at_ms, stake in fills if at_ms <= ms)
