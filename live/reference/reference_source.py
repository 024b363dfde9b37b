"""Fair prices from outside the exchange: lines of JSON from a file that grows, or from a POST.

A line is `{"line_id": ..., "probability": ...}`; `strike_id`, the exchange's own word for a line,
is as good, and whatever else a line holds is passed over. A price is stamped when it arrives.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from live.prophetx.wire.decode import Shape, read, unreadable
from live.prophetx.wire.decode_errors import DecodeErrors
from live.reference.file_tail import FileTail
from live.wall_clock import WallClock
from recordings.tape import PROBABILITY_PARTS
from strategies.trading.model.errors import ConfigError, ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId

_LOOK_SECONDS = 0.05
_LEAST = 1 / PROBABILITY_PARTS


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    """Where prices come from: a file that is appended to, a port of loopback, both, or neither.

    Port 0 lets the system choose. Raise ConfigError, naming the setting, for what cannot be.
    """

    path: str | None = None
    port: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can be no file, or no port."""
        if self.path is not None and (not self.path or Path(self.path).is_dir()):
            message = f"reference.path: {self.path!r} is no file"
            raise ConfigError(message)
        port = self.port
        if port is not None and (type(port) is not int or not 0 <= port <= 65_535):
            message = f"reference.port: {port!r} is not a port, 0 to 65535"
            raise ConfigError(message)


class ReferenceLine(Struct, frozen=True):
    """A line from outside as it came, with its price; there is none where it cannot be read."""

    received_ns: int
    raw: bytes
    price: ReferencePrice | None


class ReferenceSource:
    """Hears the prices of one session.

    What stood in the file before is old and not heard; a file that is put in its place, or made
    only later, is heard whole. A last line waits until it is ended.
    """

    def __init__(
        self, settings: ReferenceSettings, clock: WallClock, decode_errors: DecodeErrors
    ) -> None:
        """Hear nothing yet; lines that cannot be read will count as trouble."""
        self._settings = settings
        self._clock = clock
        self._decode_errors = decode_errors
        self._arrived: list[ReferenceLine] = []
        self._news = asyncio.Event()

    async def run(self, hear: Callable[[ReferenceLine], None], tell: Callable[[str], None]) -> None:
        """Let every line be heard as it arrives, until cancelled; tell where prices are awaited.

        What `hear` raises comes out. Raise ConfigError where the port cannot be listened on.
        """
        file = self._opened(tell)
        async with self._listening(tell):
            while True:
                self._news.clear()
                if file is not None:
                    self._look(file)
                arrived, self._arrived = self._arrived, []
                for told in arrived:
                    hear(told)
                await self._pause()

    def _opened(self, tell: Callable[[str], None]) -> FileTail | None:
        if self._settings.path is None:
            return None
        file = FileTail(Path(self._settings.path))
        try:
            file.skip()
        except OSError as error:
            message = f"reference.path: cannot read {self._settings.path}: {error.strerror}"
            raise ConfigError(message) from None
        awaited = "" if file.is_there else ", which is not there yet"
        tell(f"reference prices are read from {self._settings.path}{awaited}")
        return file

    @asynccontextmanager
    async def _listening(self, tell: Callable[[str], None]) -> AsyncIterator[None]:
        if self._settings.port is None:
            yield
            return
        from live.reference.reference_http import open_door  # noqa: PLC0415 - a server only where wanted

        async with open_door(self._settings.port, self._take_posted) as address:
            tell(f"reference prices are taken by POST to {address}")
            yield

    def _look(self, file: FileTail) -> None:
        try:
            lines = file.lines()
        except OSError as error:
            why = f"the file cannot be read ({error.strerror})"
            self._decode_errors.note(unreadable("reference", why, str(self._settings.path)))
            return
        self._take(lines)

    def _take_posted(self, body: bytes) -> tuple[int, int]:
        """Take the lines of a post; return how many are prices, and how many are not."""
        told = self._take(body.split(b"\n"))
        unreadable = sum(line.price is None for line in told)
        self._news.set()
        return len(told) - unreadable, unreadable

    def _take(self, lines: Iterable[bytes]) -> list[ReferenceLine]:
        """Take lines that arrive now; empty ones say nothing."""
        now_ns = self._clock.wall_ns()
        told = [self._read(now_ns, line) for line in lines if line.strip()]
        self._arrived += told
        return told

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._news.wait()

    def _read(self, now_ns: int, line: bytes) -> ReferenceLine:
        try:
            return ReferenceLine(now_ns, line, read_price(line))
        except ProtocolError as error:
            self._decode_errors.note(error)
            return ReferenceLine(now_ns, line, None)


class _PriceShape(Shape, frozen=True):
    probability: Annotated[float, Meta(ge=_LEAST, le=1 - _LEAST)]
    line_id: str | None = None
    strike_id: str | None = None


def read_price(line: bytes) -> ReferencePrice:
    """Return the price that a line says; raise ProtocolError if it says none."""
    shape = read(_PriceShape, line, "reference")
    names = {shape.line_id, shape.strike_id} - {None, ""}
    if len(names) != 1:
        raise unreadable("reference", "needs one line_id or strike_id", line)
    return ReferencePrice(LineId(str(names.pop())), shape.probability)
