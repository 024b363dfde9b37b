"""What a person sees of the bridge in the terminal."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from live.prophetx.connection import Connection, connected
from live.prophetx.orders.open_wagers import cancel_everything, open_wagers, wager_text
from live.prophetx.tools.account_tools import AccountTools
from strategies.trading.model.errors import ExchangeError
from strategies.trading.model.money import dollars_text

if TYPE_CHECKING:
    # A look at the exchange is quick: it does not load what records and trades.
    from live.prophetx.tools.reconcile import Reconciliation
    from live.prophetx.tools.record import Recording
    from live.session.session import Session


def present_check(operator: AccountTools) -> None:
    """Print one finding after another; what is wrong comes out as an error."""

    async def check(connection: Connection) -> None:
        async for name, finding in operator.check(connection, os.environ):
            print(f"{name:<12}{finding}", flush=True)

    asyncio.run(_with_connection(operator, check))


def present_status(operator: AccountTools) -> None:
    """Print the balance and every open wager."""

    async def tell(connection: Connection) -> None:
        balance = await connection.client.balance()
        wagers = await open_wagers(connection)
        print(f"balance     {dollars_text(balance.balance_cents)}")
        print(f"open wagers {len(wagers)}")
        for wager in wagers:
            print(f"            {wager_text(wager)}")

    asyncio.run(_with_connection(operator, tell))


def present_cancel_all(operator: AccountTools) -> None:
    """Cancel everything, and say that nothing is open; raise ExchangeError if something is."""

    async def cancel(connection: Connection) -> None:
        still_open = await cancel_everything(connection)
        if still_open:
            message = f"{len(still_open)} wagers are still open: {wager_text(still_open[0])} ..."
            raise ExchangeError(message)
        print(f"nothing is open at {operator.site.name}")

    asyncio.run(_with_connection(operator, cancel))


def present_reconcile(reconciliation: "Reconciliation") -> None:
    """Print the stakes of a session's journal beside the exchange's, and where they differ.

    Raise DifferenceError if they do.
    """
    wagers = reconciliation.journaled(Path.cwd())

    async def tell(connection: Connection) -> None:
        compared = await reconciliation.compare(wagers, connection)
        for line in compared.lines():
            print(line)
        compared.require_agreement()
        print(f"the journal and {reconciliation.site.name} agree")

    asyncio.run(_with_connection(reconciliation, tell))


def present_recording(session: "Recording", folder: Path) -> float:
    """Record until Ctrl-C or the end of the process is asked for; return the number of rows."""
    recorded = asyncio.run(_recorded(session, folder))
    return float(recorded)


def present_session(session: "Session") -> None:
    """Trade until Ctrl-C, then cancel everything and say so; a second Ctrl-C stops hard."""
    asyncio.run(_traded(session))


async def _traded(session: "Session") -> None:
    stop = asyncio.Event()
    trading = asyncio.ensure_future(session.run(Path.cwd(), os.environ, stop, _told_on_stderr))

    def interrupt() -> None:
        if stop.is_set():
            trading.cancel()
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, interrupt)
    try:
        await trading
    except asyncio.CancelledError:
        message = "stopped hard: wagers may be open; see python -m live cancel-all"
        raise ExchangeError(message) from None


async def _recorded(session: "Recording", folder: Path) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with connected(session.site, session.clock, os.environ, Path.cwd()) as connection:
        recorded = await session.run(folder, connection, stop, _told_on_stderr)
    print(f"{recorded.rows} rows of {recorded.events} events")
    print(f"{recorded.gaps} gaps, {recorded.decode_errors} messages that could not be read")
    print(folder.resolve())
    return recorded.rows


async def _with_connection(
    operator: "AccountTools | Reconciliation", verb: Callable[[Connection], Awaitable[None]]
) -> None:
    async with connected(operator.site, operator.clock, os.environ, Path.cwd()) as connection:
        await verb(connection)


def _told_on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
