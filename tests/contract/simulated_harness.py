"""The harness of a backtest: the simulated exchange in virtual time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conf.compose import build_parts
from recordings.reader import open_recording
from sim.engine.exchange_rows import exchange_rows
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import ExchangeConnection, Inbox
from sim.exchange.publisher import Publisher
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import Exchange
from tests.contract.exchange_harness import AlertingJournal, build_desk
from tests.contract.moneyline import AWAY, write_moneyline
from tests.fixture_types import Compose


class SimulatedHarness:
    """The simulated exchange of a backtest, with the delays of the configuration."""

    def __init__(
        self,
        folder: Path,
        compose_settings: Compose,
        *,
        is_played: bool = False,
        rules: Sequence[str] = (),
    ) -> None:
        """Build it as a backtest would, with these settings of the exchange's rules."""
        self.received: list[Event] = []
        self.journal: AlertingJournal
        path = write_moneyline(folder / "tape", is_played=is_played)
        config = compose_settings(f"recording.path={path}", "latency=lognormal", *rules)
        self._parts = build_parts(config)
        self._info = open_recording(str(path)).info
        self._env = ReplayEnvironment(exchange_rows(open_recording(str(path))))
        self._inbox = Inbox(self._env)
        self._inbox.connect(lambda event, _: self.received.append(event), lambda _: None)
        latency = self._parts["latency"](RandomStreams(1))
        exchange = self._parts["exchange"](
            env=self._env,
            info=self._info,
            activation=latency.activation,
            queue=self._parts["queue"](),
            fees=self._parts["fees"],
        )
        subscribed = [market.key for market in self._info.markets]
        publisher = Publisher(self._env, self._inbox, latency.feed, self._info.clocks, subscribed)
        market = TapeReplayer(self._env, self._info, exchange, publisher)
        self._exchange = exchange
        self._connection = ExchangeConnection(
            self._env, exchange, latency, self._inbox, publisher.markets
        )
        self.exchange: Exchange = self._connection
        self.clock = self._parts["clock"](env=self._env, before=self._inbox.drain)
        self._env.replay_to(market.apply_row)
        self.let_pass(1)

    def let_pass(self, seconds: float) -> None:
        """Run the environment, and drain the inbox."""
        self._env.run(until=self._env.now_ns + round(seconds * NS_PER_SECOND))
        self._inbox.drain(self._env.now_ns)

    def attach_desk(self, assemble: Callable[..., Any]) -> Any:
        """Assemble a desk with the standard settings, and start it."""
        desk = build_desk(self, assemble, self._parts, self._info)

        def take(event: Event, at_ns: int) -> None:
            self.received.append(event)
            desk.take(event, at_ns)

        self._inbox.connect(take, desk.act)
        desk.start()
        return desk

    def break_trade(self, ref: WagerRef) -> None:
        """Break the last fill of a wager."""
        fills = [e for e in self.received if isinstance(e, WagerMatched) and e.ref == ref]
        self._exchange.break_trade(self._connection.participant, fills[-1], AWAY)

    def void_wager(self, ref: WagerRef) -> None:
        """Break every fill of a wager; it is on the away line."""
        fills = [e for e in self.received if isinstance(e, WagerMatched) and e.ref == ref]
        for fill in fills:
            self._exchange.break_trade(self._connection.participant, fill, AWAY)

    def settle(self, results: dict[LineId, Result]) -> None:
        """Settle the moneyline."""
        self._exchange.settle(0, results)

    def close(self) -> None:
        """Do nothing: nothing is running."""
