"""The log of a session: what people are told on the terminal, kept for the next day."""

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

    Used as a context manager; meanwhile it keeps what the package warns of too, and the error that
    ends the session.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open the file, or make it."""
        super().__init__()
        self._clock = clock
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def __enter__(self) -> Self:
        """Begin to keep what is warned of."""
        logging.getLogger("live").addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say what ended the session, unless it came to its end, and close the file."""
        logging.getLogger("live").removeHandler(self)
        if error is not None:
            self.write(f"ended by {type(error).__name__}: {error}")
        self._file.close()

    def write(self, told: str) -> None:
        """Append what was told, as one line."""
        now_ns = self._clock.now_ns()
        second = datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC)
        millisecond = now_ns % NS_PER_SECOND // _MILLISECOND_NS
        line = " ".join(told.splitlines())
        self._file.write(f"{second:%Y-%m-%dT%H:%M:%S}.{millisecond:03d}Z {line}\n")

    def emit(self, record: logging.LogRecord) -> None:
        """Append a warning."""
        self.write(record.getMessage())
