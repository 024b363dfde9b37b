"""The terminal output of the verbs of `python -m live`."""

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from conf.command_line import print_line
from live.prophetx.connection import Connection, balance_at_login, connected
from live.prophetx.market_data.offered_catalogue import offered_catalogue
from live.prophetx.orders.open_wagers import ProphetOpenWagers
from live.prophetx.orders.order_history import OrderHistory, wager_text
from live.prophetx.tools.account_tools import AccountTools
from live.session.closing.closing import Closing
from live.terminal import on_stop_signals, write_line
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import AlertError, ExchangeError
from strategies.trading.model.money import dollars_text

if TYPE_CHECKING:
    # The account tools start fast: they do not import what records and trades.
    from live.prophetx.tools.reconcile import Reconciliation
    from live.prophetx.tools.record import Recording
    from live.prophetx.tools.rehearse import Rehearsal
    from live.session.alerts.alert_test import AlertTest
    from live.session.session import Session

T = TypeVar("T")
Stoppable = Callable[[Path, Mapping[str, str], asyncio.Event, Callable[[str], None]], Awaitable[T]]


def present_check(tools: AccountTools) -> None:
    """Print one finding after another; raise the error of the first check that fails."""

    async def check(connection: Connection) -> None:
        async for name, finding in tools.check(connection, os.environ, Path.cwd()):
            print_line(f"{name:<12}{finding}")

    asyncio.run(_with_connection(tools, check))


def present_status(tools: AccountTools) -> None:
    """Print the balance and every open wager."""

    async def show(connection: Connection) -> None:
        balance = await balance_at_login(connection)
        wagers = await OrderHistory(connection.client).open()
        print_line(f"balance     {dollars_text(balance.balance_cents)}")
        if balance.matched_cents:
            matched = dollars_text(balance.matched_cents)
            print_line(f"matched     {matched} without a result")
        print_line(f"open wagers {len(wagers)}")
        catalogue = await offered_catalogue(connection.client, wagers)
        for wager in wagers:
            print_line(f"            {wager_text(wager, catalogue)}")

    asyncio.run(_with_connection(tools, show))


def present_cancel_all(tools: AccountTools) -> None:
    """Cancel everything, and confirm that nothing is open; raise ExchangeError if something is.

    Raise CredentialsError if the keys are refused. A clock that is not the exchange's is no reason
    to refuse: what is open is asked for by the exchange's own time.
    """

    async def cancel(connection: Connection) -> None:
        # Keys that are refused stay so; an exchange that cannot be reached is asked again.
        with suppress(ExchangeError):
            await connection.client.log_in()
        wagers = ProphetOpenWagers(connection.client, connection.endpoint)
        closing = Closing(wagers, write_line, tools.closing_seconds, remedy="run it again")
        await closing.run()
        print_line(f"nothing is open at {tools.endpoint.name}")

    asyncio.run(_with_connection(tools, cancel))


def present_reconcile(reconciliation: "Reconciliation") -> None:
    """Print the stakes of a session's journal and of the exchange, and where they differ.

    Raise AccountDifferenceError if they do.
    """
    wagers = reconciliation.journaled(Path.cwd())
    if reconciliation.note:
        print_line(reconciliation.note)

    async def show(connection: Connection) -> None:
        compared = await reconciliation.compare(wagers, connection)
        for line in compared.lines():
            print_line(line)
        compared.require_agreement()
        print_line(f"the journal and {reconciliation.endpoint.name} agree")

    asyncio.run(_with_connection(reconciliation, show))


def present_alert_test(test: "AlertTest") -> None:
    """Send the test message; raise AlertError if a receiver did not take it."""
    results = asyncio.run(test.run())
    failed = [name for name, problem in results if problem]
    for name, problem in results:
        print_line(f"{name}: {problem or 'sent'}")
    if failed:
        message = f"{len(failed)} of {counted(len(results), 'receiver')} did not take the message"
        raise AlertError(message)


def present_recording(session: "Recording", folder: Path) -> float:
    """Record until Ctrl-C, SIGTERM or SIGHUP; return the number of rows."""
    return float(asyncio.run(_record(session, folder)))


def present_session(read: Callable[[], "Session"], words: Sequence[str]) -> None:
    """Trade until a stop signal, then cancel everything; a second Ctrl-C stops at once.

    `read` composes the session of the words, again when an operator asks for it. An error before
    it could look at its account is raised with a line on what an earlier start left open. The
    profit of a start that traded follows, taken apart.
    """
    session = None
    traded: list[int] = []
    try:
        session = read()
        run = partial(
            session.run,
            reread=lambda: read().settable(),
            on_started=lambda start: traded.append(start.number),
            ask=_ask_at_terminal,
        )
        asyncio.run(_stoppable(run))
    except Exception:
        if session is None or not session.is_started:
            _write_left_open(words)
        raise
    for number in traded:
        _present_result(session.folder(Path.cwd()), number)


def _present_result(folder: Path, number: int) -> None:
    """Print the profit of a start by its replay, or how to replay it where nobody is watching.

    All wagers are closed by now. The replay is a process of its own: neither its failure nor a
    Ctrl-C that ends it changes how the session ended.
    """
    replay = ["-m", "sim", "replay", os.path.relpath(folder), "--start", str(number)]
    how = f"python {shlex.join(replay)}"
    if not sys.stderr.isatty():
        write_line(f"{how} prints the profit taken apart, and writes its report")
        return
    write_line("replaying the start for its result; Ctrl-C ends that, and changes nothing else")
    try:
        done = subprocess.run([sys.executable, *replay], check=False)
    except KeyboardInterrupt:
        write_line("")
    else:
        if done.returncode == 0:
            return
    write_line(f"no result; {how} prints it")


def _write_left_open(words: Sequence[str]) -> None:
    from live.session.control.left_open import left_open_lines  # noqa: PLC0415 - only after a failure

    for line in left_open_lines(words, Path.cwd()):
        write_line(line)


def present_rehearsal(rehearsal: "Rehearsal") -> None:
    """Rehearse, and print what was judged; raise RehearsalFailedError if it did not pass."""
    review = asyncio.run(_stoppable(rehearsal.run))
    for line in review.lines():
        print_line(line)
    review.require_passed()


async def _stoppable(run: "Stoppable[T]") -> T:
    """Run a session until the first signal; a second one stops it at once."""
    stop = asyncio.Event()
    trading = asyncio.ensure_future(run(Path.cwd(), os.environ, stop, write_line))

    on_stop_signals(stop.set, trading.cancel)
    try:
        return await trading
    except asyncio.CancelledError:
        message = "stopped at once: wagers may be open; run python -m live cancel-all"
        raise ExchangeError(message) from None


async def _record(session: "Recording", folder: Path) -> int:
    stop = asyncio.Event()
    on_stop_signals(stop.set, stop.set)
    async with connected(session.endpoint, session.clock, os.environ, Path.cwd()) as connection:
        summary = await session.run(folder, connection, stop, write_line)
    print_line(f"{counted(summary.rows, 'row')} of {counted(summary.events, 'event')}")
    unread = counted(summary.decode_errors, "message")
    print_line(f"{counted(summary.gaps, 'gap')}, {unread} that could not be read")
    print_line(str(folder.resolve()))
    return summary.rows


async def _with_connection(
    tools: "AccountTools | Reconciliation", verb: Callable[[Connection], Awaitable[None]]
) -> None:
    async with connected(tools.endpoint, tools.clock, os.environ, Path.cwd()) as connection:
        await verb(connection)


async def _ask_at_terminal(question: str) -> str | None:
    """Return the line that the person at the terminal types, None if nobody is there."""
    if not sys.stdin.isatty():
        return None
    print(question, end="", file=sys.stderr, flush=True)
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    # Not in a thread: that could not be stopped while it waits.
    loop.add_reader(sys.stdin.fileno(), typed.set)
    try:
        await typed.wait()
        line = sys.stdin.readline()
    except asyncio.CancelledError:
        # After a Ctrl-C the cursor is still behind the question.
        write_line("")
        raise
    finally:
        loop.remove_reader(sys.stdin.fileno())
    if not line:
        write_line("")
    return line or None
