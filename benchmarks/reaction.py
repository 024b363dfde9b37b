"""Measures a trading session from a frame to the request that it causes, for benchmarks/live.py.

Our sandbox replays a tape of which most frames change nothing for a market maker, and some move a
market by a rung, so that its wagers there are replaced. The session is an unmodified `python -m
live trade`, except that it is stamped on the way, all by the session's own clock.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from benchmarks.backtest import Ladderwise, add_pair
from benchmarks.processes import Watched, let_pass, said, started
from live.__main__ import main
from live.prophetx.market_data.recorder import SessionRecorder
from live.prophetx.rest.rate_limit import RateLimiter
from live.prophetx.socket.records import Message, Record
from recordings.journal.session_journal import JournalingListener, SessionJournal
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.events import OfferChanged
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND

# A move makes two requests, to cancel and to place: far below the exchange's limit, so that no
# request waits for the rate limit.
FRAMES_PER_SECOND = 500
MOVES_PER_SECOND = 10
SECONDS = 30
PAIRS = 30

STEPS = (
    "from the socket's thread to the loop",
    "decoded, on the tape, in the journal",
    "decided, risk included",
    "until its task begins",
    "committed",
    "admitted by the rate limit",
    "made a request and written",
)

# Time for the session to start and to place its first quotes.
_LEAD_SECONDS = 10
_SETTLE_NS = 5 * NS_PER_SECOND
# Our sandbox begins a tape half an hour before the first game.
_BEGINS_NS = 10**18 - 1_800 * NS_PER_SECOND
_ORDERS = ("submit_multiple_orders", "cancel_multiple_orders")
_WRITTEN = "http11.send_request_body.complete"
_COMMITS, _EVENTS_PER_COMMIT = 200, 60
_COMMIT_PAUSE_SECONDS = 0.03


# The exchange: python -m sim serve ----------------------------------------------------------------


def write_nervous_tape(folder: Path, seed: int = 1) -> None:
    """Write a tape of moneylines: in every frame one offer changes, or all move by a rung."""
    rng = np.random.default_rng(seed)
    frames = (_LEAD_SECONDS + SECONDS + 5) * FRAMES_PER_SECOND
    apart = FRAMES_PER_SECOND // MOVES_PER_SECOND
    with TapeWriter(
        folder, source="simulated: benchmarks/reaction.py", simulated=True, clocks=Clocks.ONE
    ) as tape:
        pairs = [Ladderwise(tape, add_pair(tape, number)) for number in range(PAIRS)]
        tape.begin_message(_BEGINS_NS, _BEGINS_NS)
        for place, pair in enumerate(pairs):
            tape.market_status(place, MarketStatus.OPEN)
            for depth in range(5):
                pair.change(depth, 50_000, on_first=True)
                pair.change(depth, 50_000, on_first=False)
        for frame in range(1, frames):
            at_ns = _BEGINS_NS + frame * NS_PER_SECOND // FRAMES_PER_SECOND
            tape.begin_message(at_ns, at_ns)
            depth, amount = rng.integers((5, 90_000)).tolist()
            move, is_quiet = divmod(frame, apart)
            if is_quiet:
                pairs[frame % PAIRS].change(depth, amount + 10_000, on_first=bool(amount % 2))
            else:
                pairs[move % PAIRS].drift(amount + 10_000, up=bool(move // PAIRS % 2))


# The session: python -m live trade, with stamps ---------------------------------------------------


@dataclass(slots=True)
class FramePath:
    """The times of a frame's steps, from its arrival to the request that it causes."""

    arrived_ns: int
    updated_ns: int
    asked_ns: int = 0
    decided_ns: int = 0
    commits_ns: int = 0
    committed_ns: int = 0
    admitted_ns: int = 0
    written_ns: int = 0

    def steps_ms(self) -> list[float]:
        """Return how long each step took."""
        stamps = (getattr(self, name) for name in self.__slots__)
        return [(after - before) / 1e6 for before, after in pairwise(stamps)]


@dataclass
class Stamps:
    """Stamps the steps from a frame to the first request that it causes.

    A task inherits the context of the code that starts it: that is how a request knows its frame.
    """

    frames_ns: list[int] = field(default_factory=list)
    requests_ns: list[int] = field(default_factory=list)
    paths: list[FramePath] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Stamp nothing yet."""
        self._path: ContextVar[FramePath | None] = ContextVar("path", default=None)
        self._now_ns: Callable[[], int] = lambda: 0

    def attach(self) -> None:
        """Take stamps from now on."""
        for of, name, stamping in (
            (SessionRecorder, "on_record", self._receiving),
            (JournalingListener, "act", self._deciding),
            (SessionJournal, "commit", self._committing),
            (RateLimiter, "acquire", self._acquiring),
            (httpx.AsyncHTTPTransport, "handle_async_request", self._sending),
        ):
            setattr(of, name, stamping(getattr(of, name)))

    def _receiving(self, plain: Any) -> Any:
        def on_record(recorder: SessionRecorder, record: Record) -> None:
            if not isinstance(record, Message):
                plain(recorder, record)
                return
            self._now_ns = recorder._clock.wall_ns
            self.frames_ns.append(record.received_ns)
            token = self._path.set(FramePath(record.received_ns, self._now_ns()))
            try:
                plain(recorder, record)
            finally:
                self._path.reset(token)

        return on_record

    def _deciding(self, plain: Any) -> Any:
        def act(listener: JournalingListener, now_ns: int) -> None:
            path = self._path.get() or FramePath(0, 0)
            path.asked_ns = path.asked_ns or self._now_ns()
            plain(listener, now_ns)
            path.decided_ns = path.decided_ns or self._now_ns()

        return act

    def _committing(self, plain: Any) -> Any:
        def commit(journal: SessionJournal) -> None:
            path = self._path.get() or FramePath(0, 0)
            path.commits_ns = path.commits_ns or self._now_ns()
            plain(journal)
            path.committed_ns = path.committed_ns or self._now_ns()

        return commit

    def _acquiring(self, plain: Any) -> Any:
        async def acquire(limiter: RateLimiter) -> int:
            path = self._path.get() or FramePath(0, 0)
            acquired_ns: int = await plain(limiter)
            path.admitted_ns = path.admitted_ns or self._now_ns()
            return acquired_ns

        return acquire

    def _sending(self, plain: Any) -> Any:
        async def handle(carrier: httpx.AsyncHTTPTransport, request: httpx.Request) -> Any:
            path = self._path.get()

            async def trace(event: str, _: object) -> None:
                if event == _WRITTEN:
                    self._note_request(path)

            if request.url.path.endswith(_ORDERS):
                request.extensions["trace"] = trace
            return await plain(carrier, request)

        return handle

    def _note_request(self, path: FramePath | None) -> None:
        now_ns = self._now_ns()
        self.requests_ns.append(now_ns)
        if path is not None and not path.written_ns:
            path.written_ns = now_ns
            self.paths.append(path)

    def figures(self) -> dict[str, Any]:
        """Return what was stamped in SECONDS from some time after the first quotes on."""
        first_ns = self.requests_ns[0] + _SETTLE_NS
        within = range(first_ns, first_ns + SECONDS * NS_PER_SECOND)
        return {
            "frames": sum(at_ns in within for at_ns in self.frames_ns),
            "requests": sum(at_ns in within for at_ns in self.requests_ns),
            "steps_ms": [path.steps_ms() for path in self.paths if path.arrived_ns in within],
        }


def be_session(words: list[str]) -> None:
    """Trade until interrupted, and print what was stamped."""
    stamps = Stamps()
    stamps.attach()
    assert main(["trade", *words]) == 0, "the session failed"
    print(json.dumps(stamps.figures()), flush=True)


# The measurement ----------------------------------------------------------------------------------


def react() -> dict[str, Any]:
    """Let a session trade against our sandbox; return what was stamped."""
    with tempfile.TemporaryDirectory() as scratch:
        write_nervous_tape(Path(scratch) / "nervous")
        served = ("-m", "sim", "serve", f"recording.path={scratch}/nervous", "sandbox.port=0")
        with started(*served, folder=scratch) as sandbox:
            port = urlsplit(said(sandbox).split()[1]).port
            words = (
                f"sandbox.port={port}",
                "session.name=benchmark",
                "strategy.quote_refresh_seconds=0",
                "strategy.spread_margin=0.02",
                "risk=open",
            )
            with started("-m", "benchmarks.reaction", *words, folder=scratch) as session:
                measured = _trade(Watched(session))
        return measured | {"commits_ms": commit_alone(Path(scratch))}


def _trade(session: Watched) -> dict[str, Any]:
    let_pass(session.process, _LEAD_SECONDS)
    session.sample()
    let_pass(session.process, SECONDS)
    session.sample()
    session.process.send_signal(signal.SIGINT)
    measured: dict[str, Any] = json.loads(session.process.communicate()[0].splitlines()[-1])
    before, after = session.processor_seconds
    return measured | {"share": (after - before) / SECONDS}


def commit_alone(folder: Path) -> list[float]:
    """Return how long commits of the events between two requests take, in milliseconds."""
    took = []
    event = OfferChanged(LineId("0h"), Odds(-110), 50_000)
    with SessionJournal(folder / "alone.sqlite") as journal:
        journal.begin_run(0)
        for _ in range(_COMMITS):
            for _ in range(_EVENTS_PER_COMMIT):
                journal.market_received(0, event)
            began = perf_counter()
            journal.commit()
            took.append((perf_counter() - began) * 1e3)
            Event().wait(_COMMIT_PAUSE_SECONDS)
    return took


if __name__ == "__main__":
    be_session(sys.argv[1:])
