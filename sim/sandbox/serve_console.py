"""The terminal output of the sandbox: its addresses, its source and its events."""

import asyncio
import signal
from collections.abc import Iterator

from conf.command_line import print_line
from sim.sandbox.routes import PREFIX
from sim.sandbox.sandbox import Sandbox
from sim.sandbox.serializers import iso
from sim.sandbox.server import Server
from strategies.trading.model.money import dollars_text


def present_sandbox(session: Sandbox) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    asyncio.run(_serve(session))


async def _serve(session: Sandbox) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    async with session.opened() as server:
        for line in _lines(session, server):
            print_line(line)
        await server.wait(ended)
    print_line("ended")


def _lines(session: Sandbox, server: Server) -> Iterator[str]:
    shifted_exchange = server.shifted_exchange
    simulated = " (simulated)" if shifted_exchange.info.simulated else ""
    balance = dollars_text(shifted_exchange.exchange.settings.starting_balance_cents)
    yield f"address  {server.address}{PREFIX}"
    yield f"sockets  {server.address.replace('http', 'ws', 1)}/app/{server.channels.key}"
    yield f"keys     any access key with any secret: an account of its own, with {balance}"
    yield f"plays    {session.feed_name}{simulated} at speed {session.settings.speed:g}"
    yield f"clock    {iso(shifted_exchange.clock.now_ns())}"
    for event in shifted_exchange.info.events:
        yield f"event    {event.name}, starts {iso(event.scheduled_ns)}"
    if session.watch_folder is not None:
        yield f"watch    python -m live watch --web --folder {session.watch_folder}"
    for limit in session.limits:
        yield f"limit    {limit}"
    for note in shifted_exchange.info.notes:
        yield f"note     {note}"
    yield "Ctrl-C ends it"
