"""A trial: hostile frames on the socket of a session that trades at our own sandbox.

All go through a real socket. The session must go on: place further wagers afterwards, book their
fills, end with nothing open, agree with the exchange to the cent, and replay. Run it as

    python -m tests.trials.hostile_frames --size 30000 --seed 1
"""

import asyncio
import io
import json
import re
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from aiohttp import WSMsgType
from numpy.random import Generator, default_rng

from conf.compose import build_session
from recordings.journal.journal_reader import JournalReader
from sim.__main__ import main as sim_main
from strategies.trading.model.events import WagerMatched
from tests.conftest import composed
from tests.event_loops import run_watching, until
from tests.live.corruption import framed, garbled, mangled, mangled_frame, text
from tests.live.local_sandbox import LocalSandbox, serve_sandbox
from tests.live.sandbox_messages import captured_messages, frames_of
from tests.trials.hostile import HostileError, Tally, run_script

SPEED = 20
GAME = ("+experiment=nba_in_play", "latency=none")
# How many are sent before the session gets a turn.
_BURST, _TURNS = 50, 10
# The longest that the loop of the session may be busy with one burst.
_BUSY_SECONDS = 5.0
_UNREADABLE = re.compile(r" (\d+) unreadable")
_LONG = 3_900_000
_NAMES = (
    "",
    "pusher",
    "pusher:",
    "\x00",
    "private-x",
    "tournament_132",
    "a" * 2_000,
    "\u202e",
    "5",
)
_PROTOCOL = (
    {"event": "pusher:ping", "data": []},
    {"event": "pusher:pong", "data": {}},
    {"event": "pusher:connection_established", "data": '{"socket_id": "9.9"}'},
    {"event": "pusher:connection_established", "data": "[" * 5_000},
    {"event": "pusher_internal:subscription_succeeded", "channel": "private-elsewhere"},
    {"event": "pusher:error", "data": {"code": None, "message": "\x1b[2J"}},
    {"event": "pusher:error", "data": {"code": 10**30, "message": 5}},
    {"event": "pusher:error", "data": "null"},
    {"event": "pusher:unknown"},
)


class FrameMaker:
    """Makes hostile frames of valid ones, and of what is open."""

    def __init__(self, frames: list[bytes], chance: Generator) -> None:
        """Draw by chance."""
        self._frames = frames
        self._order = json.loads(next(each for each in frames if b'"order' in each))
        self._chance = chance

    def frame(self, refs: list[str]) -> bytes:
        """Return a hostile frame; some name one of the wagers with these references."""
        chance, kind = self._chance, self._chance.random()
        if kind < 0.4:
            return mangled_frame(self._one(), chance)
        if kind < 0.5:
            return garbled(self._one(), chance)
        if kind < 0.65 and refs:
            return self._lie(refs[int(chance.integers(len(refs)))])
        if kind < 0.75:
            return text(_PROTOCOL[int(chance.integers(len(_PROTOCOL)))])
        if kind < 0.85:
            return self._misnamed()
        if kind < 0.9:
            return self._unknown_market()
        if kind < 0.95:
            return chance.bytes(int(chance.integers(0, 2_000)))
        return self._bomb()

    def _one(self) -> bytes:
        return self._frames[int(self._chance.integers(len(self._frames)))]

    def _misnamed(self) -> bytes:
        names = [_NAMES[int(at)] for at in self._chance.integers(len(_NAMES), size=2)]
        return text(json.loads(self._one()) | {"event": names[0], "channel": names[1]})

    def _lie(self, ref: str) -> bytes:
        """Return a private update on a wager that its stake, line or number contradicts."""
        lies: list[dict[str, Any]] = [
            {"filled_quantity": 10**9, "total_filled_quantity": 10**9},
            {"filled_quantity": -5},
            {"quantity": "NaN"},
            {"status": "cancelled"},
            {"order_id": None, "id": None},
            {"winning_status": "won"},
        ]
        lie = lies[int(self._chance.integers(len(lies)))]
        info: Any = {"external_id": ref, "order_id": "none-of-ours", "strike_id": "0" * 32} | lie
        if self._chance.random() < 0.3:
            info = mangled(info, self._chance)
            if isinstance(info, dict):
                info["strike_id"] = "0" * 32
        frame = json.loads(framed({"change_type": "order", "payload_decoded": {"info": info}}))
        return text(frame | {"channel": self._order["channel"]})

    def _unknown_market(self) -> bytes:
        event = int(self._chance.choice([9, -1, 2**62]))
        info = {
            "id": int(self._chance.integers(10**9)),
            "sport_event_id": event,
            "status": "active",
        }
        return framed({"change_type": "market", "op": "c", "payload_decoded": {"info": info}})

    def _bomb(self) -> bytes:
        depth = int(self._chance.integers(1, 100_000))
        match int(self._chance.integers(5)):
            case 0:
                return b'{"event": "x", "data": ' + b"[" * depth
            case 1:
                return text({"event": "x", "channel": "y", "data": "[" * depth})
            case 2:
                return text(
                    {"event": "x", "data": {"change_type": "order", "payload": "A" * depth}}
                )
            case 3:
                return text({"event": "x", "data": 10 ** (depth // 25)})
            case _:
                # One in a hundred is as long as a message may be.
                length = _LONG if self._chance.random() < 0.01 else depth
                return b'{"event": "' + b"x" * length + b'"}'


class HostileSession:
    """A session at a sandbox that sends it hostile frames among its own."""

    def __init__(self, here: LocalSandbox, home: Path, tally: Tally) -> None:
        """Keep the session in a folder."""
        self._here = here
        self._home = home
        self._tally = tally
        self.lines: list[str] = []

    async def run(self, size: int, maker: FrameMaker) -> None:
        """Trade, receive this many hostile frames, trade further, and end."""
        words = [*GAME, "mode=live", "session.name=frames", "run.report_seconds=1"]
        session = build_session(composed(*words, *self._here.settings))
        stop = asyncio.Event()
        environ = {"XDG_STATE_HOME": str(self._home / "state")}
        running = session.run(self._home, environ, stop, self.lines.append)
        trading = asyncio.ensure_future(running)
        await self._traded(trading, 4)
        with self._tally.measured("frames"):
            for begin in range(0, size, _BURST):
                number = min(_BURST, size - begin)
                await self._send([maker.frame(self._refs()) for _ in range(number)])
                # The thread that reads and the session take their turns.
                for _ in range(_TURNS):
                    await asyncio.to_thread(self._refs)
                require(not trading.done(), f"the session ended: {self.lines[-3:]}")
        await self._traded(trading, 4)
        stop.set()
        await trading
        self._check_end()

    async def _traded(self, trading: "asyncio.Future[None]", further: int) -> None:
        """Wait until further wagers were placed, on a whole feed."""
        placed = self._placed()
        self._here.server.inject_fault({"kind": "socket_close", "code": "4200"})
        await until(lambda: trading.done() or self._placed() >= placed + further)
        require(not trading.done(), f"the session ended: {self.lines[-3:]}")

    async def _send(self, frames: list[bytes]) -> None:
        began = perf_counter()
        sockets = self._here.server.hub._sockets
        sent = 0
        for frame in frames:
            if not sockets:
                # The session is about to open another.
                await until(lambda: sockets)
                began = perf_counter()
            for socket in list(sockets.values()):
                writer = socket._ws._writer
                if writer is not None and not writer._closing:
                    with suppress(ConnectionError):
                        await writer.send_frame(frame, WSMsgType.TEXT)
                        sent += 1
        seconds = perf_counter() - began
        require(seconds < _BUSY_SECONDS, f"a burst took {seconds:.1f} s")
        self._tally.slowest["frames"] = max(seconds, self._tally.slowest.get("frames", 0.0))
        self._tally.count("frames", "sent", sent)

    def _refs(self) -> list[str]:
        return [str(ref) for participant in self._here.participants for ref in participant.live]

    def _placed(self) -> int:
        return sum(len(each.live) + len(each.ended) for each in self._here.participants)

    def _check_end(self) -> None:
        require(self.lines[-1].startswith("nothing is open at"), f"it ended with {self.lines[-1]}")
        require(self._here.live_wagers == 0, "wagers are open at the sandbox")
        folder = self._home / "sessions" / "frames"
        with JournalReader(folder / "journal.sqlite") as journal:
            fills = [e.payload for e in journal.entries() if isinstance(e.payload, WagerMatched)]
        theirs = sum(each.counters.fills for each in self._here.participants)
        require(len(fills) == theirs, f"{len(fills)} fills in the journal, {theirs} at the sandbox")
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            status = sim_main(["replay", str(folder)])
        require(status == 0, f"the replay: {printed.getvalue()}")
        unreadable = max(int(each[1]) for each in map(_UNREADABLE.search, self.lines) if each)
        self._tally.note(f"session: {unreadable} messages that could not be read")
        downs = [line for line in self.lines if line.startswith("socket ") and "down" in line]
        reasons = Counter(line.partition(": ")[2] for line in downs)
        self._tally.note(f"session: sockets that ended: {dict(reasons)}")
        replayed = printed.getvalue().splitlines()[0]
        self._tally.note(f"session: {len(fills)} fills, as at the sandbox; replay {replayed}")


def require(holds: bool, why: str) -> None:
    """Raise HostileError if something does not hold."""
    if not holds:
        raise HostileError(why)


def run_trial(size: int, seed: int, tally: Tally) -> None:
    """Send this many hostile frames to one session."""
    maker = FrameMaker(frames_of(captured_messages(serve_sandbox)), default_rng(seed))

    async def scenario(home: Path) -> None:
        async with serve_sandbox(SPEED, *GAME) as here:
            await HostileSession(here, home, tally).run(size, maker)

    with tempfile.TemporaryDirectory(prefix="frames-") as folder:
        run_watching(scenario(Path(folder)), 120 + size / 100)


if __name__ == "__main__":
    sys.exit(run_script("hostile_frames", run_trial, sys.argv[1:]))
