"""The log file of a session: the lines of the terminal, kept for later."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock

_MILLISECOND_NS = 1_000_000


class SessionLog(logging.Handler):
    """Appends lines to a file, each with its time in UTC by the session's clock.

    Used as a context manager, which also logs the warnings of the package, and the error that ends
    the session.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open or create the file."""
        super().__init__()
        self._clock = clock
        self._file = path.open("a", encoding="utf-8", buffering=1)

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
        self._file.close()

    def write(self, text: str) -> None:
        """Append a text, as one line."""
        now_ns = self._clock.now_ns()
        second = datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC)
        millisecond = now_ns % NS_PER_SECOND // _MILLISECOND_NS
        line = " ".join(text.splitlines())
        self._file.write(f"{second:%Y-%m-%dT%H:%M:%S}.{millisecond:03d}Z {line}\n")

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record of `logging`."""
        self.write(record.getMessage())
