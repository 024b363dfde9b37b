"""The log of a run or a session, to which everything goes that its parts log.

Each line has the time of the clock of the session, virtual in a backtest: not that of the machine.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from recordings.logs.log_file import LogFile
from recordings.logs.log_settings import LogSettings
from strategies.trading.model.one_line import one_line
from strategies.trading.model.units import NS_PER_SECOND

_MILLISECOND_NS = 1_000_000
_NOTHING: Mapping[str, Any] = {}
# Of ours, whose warnings need no name.
_PACKAGES = ("conf", "live", "recordings", "sim", "strategies")
# Libraries that log every request or frame.
_LIBRARIES = ("aiohttp", "apprise", "asyncio", "hpack", "httpcore", "httpx", "pysher", "urllib3")


class RunLog(logging.Handler):
    """Writes lines to a file, and prints those that are important enough.

    Used as a context manager it takes all records of the module `logging`, so that a strategy's
    own logger reaches it, and logs the error that ends the context. `notify` prints a line, and
    receives the news that the file cannot be written; `replaced` are kinds of handlers whose work
    it does meanwhile.
    """

    def __init__(
        self,
        path: Path,
        settings: LogSettings,
        now_ns: Callable[[], int],
        notify: Callable[[str], None],
        *,
        goes_on: str = "the session goes on",
        replaced: tuple[type[logging.Handler], ...] = (),
    ) -> None:
        """Open or create the file; one that cannot be written is reported, and stops nothing."""
        super().__init__()
        self._settings = settings
        self._file_level = settings.file_level
        self._console_level = settings.console_level
        self._is_json = settings.format == "json"
        self._now_ns = now_ns
        self._notify = notify
        self._replaced = replaced
        self._file = LogFile(
            path, settings.max_megabytes, settings.keep, self._notify_if_possible, goes_on
        )
        self._before: list[logging.Handler] = []
        self._level_before = logging.WARNING
        self._quietened: list[logging.Logger] = []

    def __enter__(self) -> Self:
        """Begin to take records."""
        root = logging.getLogger()
        self._before = [each for each in root.handlers if isinstance(each, self._replaced)]
        for handler in self._before:
            root.removeHandler(handler)
        root.addHandler(self)
        self._level_before = root.level
        root.setLevel(min(self._file_level, self._console_level))
        loggers = map(logging.getLogger, _LIBRARIES)
        self._quietened = [each for each in loggers if each.level == logging.NOTSET]
        for logger in self._quietened:
            logger.setLevel(logging.WARNING)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Log the error that ended the context, if any, and close the file."""
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level_before)
        for handler in self._before:
            root.addHandler(handler)
        for logger in self._quietened:
            logger.setLevel(logging.NOTSET)
        if error is not None:
            self.write(f"ended by {type(error).__name__}: {error}", logging.ERROR)
        self._file.close()

    def logs(self, level: int) -> bool:
        """Return whether lines of a level go anywhere."""
        return level >= min(self._file_level, self._console_level)

    def print(self, line: str, level: int = logging.INFO) -> None:
        """Print a line for the person who runs the session, whatever its level."""
        self._notify(self._json(level, "", line, _NOTHING) if self._is_json else line)

    def write(self, text: str, level: int = logging.INFO) -> None:
        """Write a line for the person who runs the session to the file, whatever its level."""
        self._append(level, "", text, _NOTHING)

    def event(self, level: int, text: str, fields: Mapping[str, Any]) -> None:
        """Log something that happened; `fields` are its figures, for lines of JSON.

        It is printed only where more than warnings are: the results of a run, and the alerts of a
        session, say what of it matters.
        """
        if level >= self._file_level:
            self._append(level, "", text, fields)
        if level >= self._console_level < logging.WARNING:
            self._notify_if_possible(self._console_line(level, "", text, fields))

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record of `logging`; what cannot be formatted is logged as it was given."""
        try:
            text = record.getMessage()
        except Exception:  # a format that does not fit its values is the author's
            text = f"{record.msg} {record.args}"
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text = f"{text} ({type(error).__name__}: {error})"
        if record.levelno >= self._file_level:
            self._append(record.levelno, record.name, text, _NOTHING)
        if record.levelno >= self._console_level:
            line = self._console_line(record.levelno, record.name, text, _NOTHING)
            self._notify_if_possible(line)

    def _notify_if_possible(self, line: str) -> None:
        with suppress(Exception):
            self._notify(line)

    def _append(self, level: int, name: str, text: str, fields: Mapping[str, Any]) -> None:
        line = f"{self._line(level, name, text, fields)}\n"
        # Records come from any thread.
        self.acquire()
        try:
            self._file.append(line.encode(errors="replace"))
        finally:
            self.release()

    def _line(self, level: int, name: str, text: str, fields: Mapping[str, Any]) -> str:
        if self._is_json:
            return self._json(level, name, text, fields)
        is_named = name and name.partition(".")[0] not in _PACKAGES
        named = f"{name}: {text}" if is_named else text
        return f"{self._time()} {logging.getLevelName(level):<8} {one_line(named)}"

    def _console_line(self, level: int, name: str, text: str, fields: Mapping[str, Any]) -> str:
        if level >= logging.WARNING and name.partition(".")[0] in _PACKAGES and not self._is_json:
            return text
        return self._line(level, name, text, fields)

    def _json(self, level: int, name: str, text: str, fields: Mapping[str, Any]) -> str:
        entry = {
            "time": self._time(),
            "level": logging.getLevelName(level).lower(),
            **({"logger": name} if name else {}),
            "message": text,
            **fields,
        }
        return msgspec.json.encode(entry).decode()

    def _time(self) -> str:
        now_ns = self._now_ns()
        second = datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC)
        return f"{second:%Y-%m-%dT%H:%M:%S}.{now_ns % NS_PER_SECOND // _MILLISECOND_NS:03d}Z"


@contextmanager
def muted() -> Iterator[None]:
    """Let records go nowhere within the context, unless someone else takes them."""
    handler, root = logging.NullHandler(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
