"""The harness of ProphetX: a live gateway connected to our sandbox, in one event loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conf.compose import build_parts, build_session
from live.prophetx.gateway import ProphetGateway
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import OrderContext
from live.wall_clock import WallClock
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import Event
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.exchange import Exchange
from tests.contract.exchange_harness import RETRY_WINDOW_SECONDS, AlertingJournal, build_desk
from tests.contract.moneyline import write_moneyline
from tests.fixture_types import Compose
from tests.live.endpoints import LOCAL

# The sandbox's speed, and the simulated seconds before the taker arrives in which the gateway must
# be open, even on a busy machine.
SPEED, PREPARING_SECONDS = 25, 60


class ProphetHarness:
    """ProphetX's protocols against our sandbox in the same loop, faster than real time."""

    def __init__(
        self,
        folder: Path,
        compose_settings: Compose,
        *settings: str,
        answer_seconds: float = LOCAL.answer_seconds,
        is_played: bool = False,
        rules: Sequence[str] = (),
    ) -> None:
        """Serve the market by these settings of the exchange's rules, and open a gateway to it.

        The gateway is that of a live session with these settings; requests time out after
        `answer_seconds` of real time.
        """
        self._answer_seconds = answer_seconds
        self.received: list[Event] = []
        self.journal: AlertingJournal
        path = write_moneyline(folder / "tape", PREPARING_SECONDS, is_played=is_played)
        words = [
            f"recording.path={path}",
            "latency=lognormal",
            "sandbox.port=0",
            f"sandbox.speed={SPEED}",
            "sandbox.begin_minutes_before_start=120",
            # Responses take longer on its clock than on the real one's.
            f"exchange.settings.retry_window_seconds={RETRY_WINDOW_SECONDS}",
            *rules,
        ]
        self._sandbox = build_session(compose_settings("mode=serve", *words))
        self._parts = build_parts(compose_settings("mode=live", *settings))
        self._folder = folder / "taped"
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._server_task: asyncio.Task[None] | None = None
        self._loop.run_until_complete(self._open())

    def let_pass(self, seconds: float) -> None:
        """Run the loop for that time of the gateway's clock."""
        clock = self.gateway.clock
        due_ns = clock.wall_ns() + round(seconds * NS_PER_SECOND)
        self._loop.run_until_complete(clock.sleep_until(due_ns))

    def attach_desk(self, assemble: Callable[..., Any]) -> Any:
        """Assemble a desk with the standard settings, and start it."""
        desk = build_desk(self, assemble, self._parts, self._info)
        self._listener.desk = desk
        self.gateway.clock.enter(desk.start)
        return desk

    def at_sandbox(self, do: Callable[[], object]) -> None:
        """Call a function in the sandbox's loop."""

        async def done() -> None:
            do()

        self._loop.run_until_complete(done())

    def inject_fault(self, **fault: Any) -> None:
        """Inject a fault at the sandbox."""
        self.at_sandbox(lambda: self.server.inject_fault(fault))

    def break_trade(self, ref: WagerRef) -> None:
        """Break the last trade of a wager at the sandbox."""
        self.at_sandbox(lambda: self.server.break_trade({"external_id": ref}))

    def void_wager(self, ref: WagerRef) -> None:
        """Void a wager at the sandbox, with its fills as they are."""
        self.at_sandbox(lambda: self.server.break_trade({"external_id": ref, "whole": True}))

    def settle(self, results: dict[LineId, Result]) -> None:
        """Settle the moneyline at the sandbox."""
        self.at_sandbox(lambda: self.server.shifted_exchange.exchange.settle(0, results))

    def close(self) -> None:
        """Close the gateway and the sandbox."""
        self._closing.set()
        assert self._server_task is not None
        self._loop.run_until_complete(self._server_task)
        self._loop.close()

    async def _open(self) -> None:
        opened = self._loop.create_future()
        self._server_task = self._loop.create_task(self._serve(opened))
        await asyncio.wait((opened, self._server_task), return_when=asyncio.FIRST_COMPLETED)
        if self._server_task.done():
            self._server_task.result()

    async def _serve(self, opened: "asyncio.Future[None]") -> None:
        """Run the sandbox and the gateway's tasks until closed."""
        async with self._sandbox.opened() as server:
            port = urlsplit(server.address).port
            assert port is not None
            endpoint = replace(
                LOCAL,
                root=server.address,
                socket_port=port,
                speed=SPEED,
                answer_seconds=self._answer_seconds,
            )
            keywords = self._parts["run"].keywords["gateway"].keywords
            market = partial(keywords["market"], prophet=endpoint)
            self.gateway = ProphetGateway(
                market=market, exchange=keywords["exchange"], clock=lambda: WallClock(speed=SPEED)
            )
            self.server = server
            self.clock: Clock = self.gateway.clock
            async with self.gateway.connect({}, self._folder):
                self.decode_errors = self.gateway.market.connection.decode_errors
                try:
                    async with asyncio.TaskGroup() as tasks:
                        await self._record(tasks)
                        opened.set_result(None)
                        await self._until_closed()
                except* _ClosedError:
                    pass

    async def _until_closed(self) -> None:
        await self._closing.wait()
        raise _ClosedError

    async def _record(self, tasks: asyncio.TaskGroup) -> None:
        """Record the sandbox, and attach the listener to the gateway."""
        gateway, market = self.gateway, self.gateway.market
        self._info = await market.begin(self._folder, 60, 600, print)
        tasks.create_task(gateway.clock.run())
        tasks.create_task(market.run())
        await market.whole.wait()
        keys = tuple(market.key for market in self._info.markets)
        self.exchange: Exchange = gateway.open(
            OrderContext(self._info, keys, tasks, lambda: None, lambda _: True)
        )
        self._listener = Listener(self.received)
        updates = CatalogueUpdates(self._info, self._parts["markets"])
        gateway.clock.enter(lambda: market.attach(gateway.attach(self._listener), updates))


class _ClosedError(Exception):
    """The harness is closed: ends its tasks."""


class Listener:
    """Keeps the events of a gateway, and passes them on to a desk if there is one."""

    def __init__(self, received: list[Event]) -> None:
        """Append the events to `received`."""
        self.desk: Desk | None = None
        self._received = received

    def take(self, event: Event, at_ns: int) -> None:
        """Record an event."""
        self._received.append(event)
        if self.desk is not None:
            self.desk.take(event, at_ns)

    def act(self, now_ns: int) -> None:
        """Let the desk decide."""
        if self.desk is not None:
            self.desk.act(now_ns)
