"""Prices from outside the exchange: lines of JSON appended to a file, or sent by POST.

What a line may say is in `reference_line.py`. A price is stamped when it arrives.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from live.decode import unreadable
from live.decode_errors import DecodeErrors
from live.reference.file_tail import FileTail
from live.reference.reference_line import OutsidePrice, read_price
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError, ProtocolError
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.settings import Port

_LOOK_SECONDS = 0.05

HEADER_FILE = "reference.header"
# Lines of posts that wait to be processed.
_WAITING_MAX = 100_000


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    """The sources of prices: a file to which lines are appended, a loopback port, both, or neither.

    Port 0 lets the system choose. Raise SettingError for a folder in place of a file.
    """

    path: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(description="A file to which lines of JSON are appended, as in docs/reference.md."),
    ] = None
    port: Annotated[
        Port | None,
        Meta(description="A port of 127.0.0.1 that takes such lines by POST; 0: any free one."),
    ] = None

    def __post_init__(self) -> None:
        """Raise SettingError for a folder in place of a file."""
        if self.path is not None and Path(self.path).is_dir():
            raise SettingError("path", f"{self.path} is a folder; name a file")


class ReferenceLine(Struct, frozen=True):
    """A line from outside with its raw text and its price, None if it cannot be read."""

    received_ns: int
    raw: bytes
    price: OutsidePrice | None


class ReferenceSource:
    """Reads the prices of one session.

    What the file holds at first is out of date and skipped; a file that replaces it, or is created
    later, is read from its beginning. A line is read once it is complete.
    """

    def __init__(
        self,
        settings: ReferenceSettings,
        clock: WallClock,
        decode_errors: DecodeErrors,
        folder: Path,
    ) -> None:
        """Prepare; lines that cannot be read are counted.

        `folder` is where the header that a POST needs is written.
        """
        self._settings = settings
        self._header_file = folder / HEADER_FILE
        self._clock = clock
        self._decode_errors = decode_errors
        self._arrived: list[ReferenceLine] = []
        self._posted = asyncio.Event()

    async def run(
        self, on_line: Callable[[ReferenceLine], None], notify: Callable[[str], None]
    ) -> None:
        """Pass on every line as it arrives, until cancelled; notify a person of the sources.

        Raise what `on_line` raises, and ConfigError if the port cannot be listened on.
        """
        file = self._opened(notify)
        async with self._listening(notify):
            while True:
                self._posted.clear()
                if file is not None:
                    self._read_file(file)
                arrived, self._arrived = self._arrived, []
                for line in arrived:
                    on_line(line)
                await self._pause()

    def _opened(self, notify: Callable[[str], None]) -> FileTail | None:
        if self._settings.path is None:
            return None
        file = FileTail(Path(self._settings.path))
        try:
            file.skip()
        except OSError as error:
            message = f"reference.path: cannot read {self._settings.path}: {error.strerror}"
            raise ConfigError(message) from None
        missing = "" if file.exists else ", which does not exist yet"
        notify(f"reference prices are read from {self._settings.path}{missing}")
        return file

    @asynccontextmanager
    async def _listening(self, notify: Callable[[str], None]) -> AsyncIterator[None]:
        if self._settings.port is None:
            yield
            return
        from live.reference.reference_http import listening  # noqa: PLC0415 - only where needed

        file = self._header_file
        async with listening(self._settings.port, file, self._on_post) as address:
            notify(f"reference prices are accepted by POST to {address} with the header in {file}")
            yield

    def _read_file(self, file: FileTail) -> None:
        try:
            lines = file.lines()
        except OSError as error:
            why = f"the file cannot be read ({error.strerror})"
            self._decode_errors.note(unreadable("reference", why, str(self._settings.path)))
            return
        self._on_lines(lines)

    def _on_post(self, body: bytes) -> tuple[int, int]:
        """Queue the lines of a request; return how many are prices, and how many are not."""
        if body.count(b"\n") + len(self._arrived) > _WAITING_MAX:
            self._decode_errors.note(unreadable("reference", "too many lines are posted", ""))
            return 0, body.count(b"\n") + 1
        lines = self._on_lines(body.split(b"\n"))
        not_prices = sum(line.price is None for line in lines)
        self._posted.set()
        return len(lines) - not_prices, not_prices

    def _on_lines(self, texts: Iterable[bytes]) -> list[ReferenceLine]:
        """Queue lines that arrive now, and return them; empty ones are ignored."""
        now_ns = self._clock.wall_ns()
        lines = [self._read(now_ns, text) for text in texts if text.strip()]
        self._arrived += lines
        return lines

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._posted.wait()

    def _read(self, now_ns: int, line: bytes) -> ReferenceLine:
        try:
            return ReferenceLine(now_ns, line, read_price(line, now_ns))
        except ProtocolError as error:
            self._decode_errors.note(error)
            return ReferenceLine(now_ns, line, None)
