"""Lines on stderr that never stop the process that writes them, and the signals that end it."""

import asyncio
import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import TextIO

from strategies.trading.model.one_line import one_line

# What a pipe takes at once if it takes anything (POSIX PIPE_BUF, on Linux 4096).
_AT_ONCE_BYTES = 4_000
_STANDARD = (0, 1, 2)


def keep_standard_streams() -> None:
    """Open what the parent closed of stdin, stdout and stderr, on the null device.

    Otherwise the next file that is opened, a journal, would get its number and its lines.
    """
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is used, which is this one.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def write_line(line: str) -> None:
    """Write a line to stderr, or lose it if that is closed, full, or would have to be waited for.

    Nobody may read the pipe, and Ctrl-S may have stopped the terminal.
    """
    try:
        if _takes_more(sys.stderr):
            text = one_line(line).encode()[:_AT_ONCE_BYTES]
            sys.stderr.write(f"{text.decode('utf-8', 'ignore')}\n")
            sys.stderr.flush()
    except (OSError, ValueError):
        return


def _takes_more(stream: TextIO) -> bool:
    """Return whether a line can be written without waiting."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        # One in memory, without a file.
        return True
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))


class TerminalHandler(logging.Handler):
    """Writes warnings as lines on stderr, as `write_line` does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the message of a record."""
        write_line(record.getMessage())


def on_stop_signals(stop: Callable[[], None], stop_at_once: Callable[[], object]) -> None:
    """Call `stop` at Ctrl-C, SIGTERM and SIGHUP, and `stop_at_once` at a Ctrl-C after any of them.

    A terminal that is closed may send SIGHUP twice, a service manager SIGTERM and SIGHUP: only a
    person's Ctrl-C asks for less than a confirmed end. A SIGHUP that nohup ignores stays ignored.
    """
    loop = asyncio.get_running_loop()
    is_stopping = False

    def received(name: signal.Signals) -> None:
        nonlocal is_stopping
        if is_stopping and name == signal.SIGINT:
            stop_at_once()
        is_stopping = True
        stop()

    names = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        names.append(signal.SIGHUP)
    for name in names:
        loop.add_signal_handler(name, received, name)
