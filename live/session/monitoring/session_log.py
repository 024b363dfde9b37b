"""The log file of a session: the lines of the terminal, kept for later."""

import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from live.session.gateway import Notify
from recordings.writing import make_private_file, write_error, writing
from strategies.trading.model.one_line import one_line
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock

_MILLISECOND_NS = 1_000_000


class SessionLog(logging.Handler):
    """Appends lines to a file, each with its time in UTC by the session's clock.

    `notify` receives the news that the file cannot be written. Used as a context manager, which
    also logs the warnings of the package, and the error that ends the session.
    """

    def __init__(self, path: Path, clock: Clock, notify: Notify) -> None:
        """Open or create the file; raise WriteError if that fails."""
        super().__init__()
        self._path = path
        self._clock = clock
        self._notify = notify
        self._failing = False
        make_private_file(path)
        with writing(path):
            # Unbuffered: a line is in the file at once, and none is kept to fail again later.
            self._file = path.open("ab", buffering=0)

    def __enter__(self) -> Self:
        """Begin to log warnings."""
        logging.getLogger("live").addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Log the error that ended the session, if any, and close the file."""
        logging.getLogger("live").removeHandler(self)
        if error is not None:
            self.write(f"ended by {type(error).__name__}: {error}")
        with suppress(OSError):
            self._file.close()

    def write(self, text: str) -> None:
        """Append a text, as one line.

        Where the disk does not take it, that is reported once and the line is lost: a session must
        be able to cancel its wagers with a full disk.
        """
        now_ns = self._clock.now_ns()
        second = datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC)
        millisecond = now_ns % NS_PER_SECOND // _MILLISECOND_NS
        stamped = f"{second:%Y-%m-%dT%H:%M:%S}.{millisecond:03d}Z {one_line(text)}\n"
        try:
            self._file.write(stamped.encode())
        except OSError as error:
            if not self._failing:
                self._notify(f"{write_error(self._path, error)}; the session goes on")
            self._failing = True

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record of `logging`."""
        self.write(record.getMessage())
