"""The hall of ProphetX: a room on our own sandbox, in one loop, faster than the wall."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hydra.utils import instantiate

from conf.compose import build_session
from live.prophetx.connection import chosen_tournaments, connected
from live.prophetx.market_data.capture import CaptureSettings
from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.market_data.session_capture import SessionCapture
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import GatewayContext
from live.wall_clock import WallClock
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.events import Event
from tests.contract.exchange_harness import RETRY_WINDOW_SECONDS, desk_of
from tests.contract.moneyline import write_moneyline
from tests.live.endpoints import LOCAL

# How fast the sandbox's time passes, and how much of it there is, before the taker's minute, in
# which to open a room: seconds of a busy machine.
SPEED, PREPARING_SECONDS = 25, 60


class ProphetHarness:
    """ProphetX's protocols, spoken with our own sandbox in the same loop, faster than the wall."""

    def __init__(
        self,
        folder: Path,
        compose_settings: Callable[..., Any],
        *settings: str,
        answer_seconds: float = LOCAL.answer_seconds,
    ) -> None:
        """Serve the market, and open a room there.

        The room is that of a live session with these settings; what is not answered in so many
        seconds of the wall is not answered.
        """
        self._answer_seconds = answer_seconds
        self.heard: list[Event] = []
        path = write_moneyline(folder / "tape", PREPARING_SECONDS)
        words = [
            f"recording.path={path}",
            "latency=lognormal",
            "sandbox.port=0",
            f"sandbox.speed={SPEED}",
            "sandbox.begin_minutes_before_start=120",
            # Answers take longer on its clock than on the real one's.
            f"exchange.settings.retry_window_seconds={RETRY_WINDOW_SECONDS}",
        ]
        self._sandbox = build_session(compose_settings("mode=serve", *words))
        self._parts = instantiate(compose_settings("mode=live", *settings), _convert_="all")
        self._folder = folder / "taped"
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._hosting: asyncio.Task[None] | None = None
        self._loop.run_until_complete(self._open())

    def let_pass(self, seconds: float) -> None:
        """Let the loop run for as long."""
        self._loop.run_until_complete(asyncio.sleep(seconds / SPEED))

    def seat(self, assemble: Callable[..., Any]) -> Any:
        """Assemble a desk with the standard settings, and start it."""
        desk = desk_of(self, assemble, self._parts, self._info)
        self._listener.desk = desk
        self.clock.enter(desk.start)
        return desk

    def there(self, do: Callable[[], Any]) -> None:
        """Do something at the sandbox, in its loop."""

        async def done() -> None:
            do()

        self._loop.run_until_complete(done())

    def strike(self, **fault: Any) -> None:
        """Let something go wrong at the sandbox."""
        self.there(lambda: self.server.inject_fault(fault))

    def close(self) -> None:
        """Close the room and the sandbox."""
        self._closing.set()
        assert self._hosting is not None
        self._loop.run_until_complete(self._hosting)
        self._loop.close()

    async def _open(self) -> None:
        opened = self._loop.create_future()
        self._hosting = self._loop.create_task(self._host(opened))
        await asyncio.wait((opened, self._hosting), return_when=asyncio.FIRST_COMPLETED)
        if self._hosting.done():
            self._hosting.result()

    async def _host(self, opened: "asyncio.Future[None]") -> None:
        """Serve, and keep the room's tasks, until it is closed."""
        async with self._sandbox.opened() as server:
            port = urlsplit(server.address).port
            assert port is not None
            site = replace(
                LOCAL,
                root=server.address,
                socket_port=port,
                speed=SPEED,
                answer_seconds=self._answer_seconds,
            )
            room = self._parts["run"].keywords["room"](clock=lambda: WallClock(speed=SPEED))
            self.clock, self.server, self.room = room.clock, server, room
            async with connected(site, room.clock, {}, self._folder) as connection:
                self.decode_errors = connection.decode_errors
                try:
                    async with asyncio.TaskGroup() as tasks:
                        await self._tape(tasks, room, connection)
                        opened.set_result(None)
                        await self._until_closed()
                except* _ClosedError:
                    pass

    async def _until_closed(self) -> None:
        await self._closing.wait()
        raise _ClosedError

    async def _tape(self, tasks: asyncio.TaskGroup, room: Any, connection: Any) -> None:
        """Let the room hear the sandbox, and whoever listens hear the room."""
        clocks, raw = Clocks.TWO, RawLog(self._folder)
        writer = TapeWriter(self._folder, source="test", simulated=True, clocks=clocks)
        markets = self._parts["markets"]
        settings = CaptureSettings(
            self._parts["feed"], markets, self._parts["reference"], 0, 60, 600
        )
        tournaments = await chosen_tournaments(connection.client, markets)
        taping = SessionCapture(settings, connection, room, tournaments, writer, raw, print)
        tasks.create_task(room.clock.run())
        tasks.create_task(taping.run(asyncio.Event()))
        await taping.whole.wait()
        self._info = writer.info
        keys = tuple(market.key for market in self._info.markets)
        self.exchange = room.open(GatewayContext(connection, self._info, keys, tasks, lambda: None))
        self._listener = Listener(self.heard)
        growth = CatalogueUpdates(self._info, markets)
        taping.seat(self._listener, growth)  # type: ignore[arg-type]


class _ClosedError(Exception):
    """The hall is closed: ends its tasks."""


class Listener:
    """Hears what a room tells: keeps it, and passes it on to a desk if there is one."""

    def __init__(self, heard: list[Event]) -> None:
        """Keep what is heard."""
        self.desk: Any = None
        self._heard = heard

    def begin(self) -> None:
        """Begin nothing."""

    def take(self, event: Event, at_ns: int) -> None:
        """Keep an event."""
        self._heard.append(event)
        if self.desk is not None:
            self.desk.take(event, at_ns)

    def act(self, now_ns: int) -> None:
        """Let the desk decide."""
        if self.desk is not None:
            self.desk.act(now_ns)
