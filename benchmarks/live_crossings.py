"""The files that frames and responses pass through in a live session: for benchmarks/crossings.py.

A session trades at our own sandbox in this process. A way is counted from where a frame of levels
leaves the socket, or the response to an order leaves the transport, until the desk is asked to
decide.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from hydra import compose, initialize_config_dir

from benchmarks.crossings import Crossings
from conf.compose import CONFIG_FOLDER, build_session
from live.prophetx.rest import transport
from live.prophetx.socket.stream import _Epoch
from recordings.journal.session_journal import JournalingListener

# Fast enough to see many frames, and slow enough that a busy machine keeps up: a timer that is late
# is called, and counted, on the way of the next frame.
_SPEED, _SECONDS = 8, 40
_GAME = "+experiment=nba_in_play"


class LiveCrossings:
    """Counts the ways of frames and of responses through one session."""

    def __init__(self) -> None:
        """Count from now on, in every session of this process."""
        self.frames: list[Crossings] = []
        self.responses: list[Crossings] = []
        self._open: Crossings | None = None
        self._counted: list[Crossings] = []
        for owner, name, counting in (
            (_Epoch, "_on_message", self._on_message),
            (transport, "Reply", self._on_reply),
            (JournalingListener, "act", self._on_act),
        ):
            setattr(owner, name, counting(getattr(owner, name)))

    def _on_message(self, plain: Any) -> Callable[..., None]:
        def on_message(epoch: _Epoch, received_ns: int, raw: bytes) -> None:
            if b"market_selections" in raw:
                self._begin(self.frames)
            try:
                plain(epoch, received_ns, raw)
            finally:
                self._end()

        return on_message

    def _on_reply(self, plain: Any) -> Callable[..., Any]:
        def reply(status: int, body: bytes) -> Any:
            made = plain(status, body)
            if b"order" in body[:100]:
                self._begin(self.responses)
                # What does not reach the desk in this turn of the loop is not counted.
                asyncio.get_running_loop().call_soon(self._end)
            return made

        return reply

    def _on_act(self, plain: Any) -> Callable[..., None]:
        def act(listener: JournalingListener, now_ns: int) -> None:
            if self._open is not None:
                self._counted.append(self._open)
            self._end()
            plain(listener, now_ns)

        return act

    def _begin(self, counted: list[Crossings]) -> None:
        self._end()
        self._open, self._counted = Crossings(), counted
        self._open.__enter__()

    def _end(self) -> None:
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None


async def _trade(home: Path) -> None:
    async with _built("mode=serve", "sandbox.port=0").opened() as server:
        port = urlsplit(server.address).port
        session = _built("mode=live", "session.name=crossings", f"sandbox.port={port}")
        stop, lines = asyncio.Event(), list[str]()
        trading = asyncio.ensure_future(session.run(home, {}, stop, lines.append))
        await asyncio.wait((trading,), timeout=_SECONDS)
        stop.set()
        await trading


def _built(*settings: str) -> Any:
    words = [
        *(_GAME, f"sandbox.speed={_SPEED}", "sandbox.begin_minutes_before_start=8"),
        *("strategy.quote_refresh_seconds=0", *settings),
    ]
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        return build_session(compose("config", words))


def print_live_crossings() -> None:
    """Trade for a while, and print the median way of a frame and of a response."""
    counted = LiveCrossings()
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(_trade(Path(home)))
    for name, ways in (("frame", counted.frames), ("response", counted.responses)):
        files = median(len(way.files) for way in ways)
        changes = median(way.changes for way in ways)
        print(f"{name}: {files:g} files, {changes:g} changes (median of {len(ways)})")
