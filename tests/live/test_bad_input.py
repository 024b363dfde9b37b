"""Typical mistakes at the command line: a one-line error, and never a secret."""

import asyncio
import gzip
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from live.__main__ import main
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.market import EventStatus, Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType
from tests.conftest import Outcome
from tests.contract.moneyline import GAME, MONEYLINE, SELECTIONS, START_NS
from tests.event_loops import run_watching, until
from tests.fixture_types import RunMain
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.paths import PROJECT

pytestmark = pytest.mark.slow  # many verbs, one after the other

SPEED = 20
SECRET = "hunter2-and-more"
# The settings of verbs that need a name. A watchdog would go on after an end that reports nothing,
# for minutes after its sandbox is gone.
NAMED = {
    "paper": ("session.name=a",),
    "trade": ("session.name=a", "run.watchdog_seconds=null"),
}

Environ = dict[str, str]


@dataclass(frozen=True)
class Ended:
    """A process that ended: its status, and all that it printed."""

    status: int
    out: str
    err: str


@contextmanager
def served(sandbox: Sandbox, *settings: str) -> Iterator[LocalSandbox]:
    """Serve the shipped game in another thread: a verb needs the main one, as in its process."""
    opened: Future[tuple[LocalSandbox, Callable[[], object]]] = Future()

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with sandbox(SPEED, "+experiment=nba", *settings) as here:
            opened.set_result((here, partial(loop.call_soon_threadsafe, stop.set)))
            await stop.wait()

    def fail(serving: Future[None]) -> None:
        # A sandbox that cannot be opened is an error, instead of being waited for.
        if not opened.done():
            opened.set_exception(serving.exception())

    with ThreadPoolExecutor(max_workers=1) as pool:
        serving = pool.submit(run_watching, serve())
        serving.add_done_callback(fail)
        here, stop = opened.result()
        try:
            yield here
        finally:
            stop()
            serving.result()


Live = Callable[..., Outcome]


@pytest.fixture
def live(tmp_path: Path, run_main: RunMain) -> Live:
    """Return `python -m live` in this process, in a folder of its own, with keys if given."""

    def run_live(*words: str, environ: Environ | None = None) -> Outcome:
        def entry(given: Sequence[str]) -> int:
            for name in [name for name in os.environ if "PROPHETX" in name]:
                del os.environ[name]
            os.environ.update(environ or {})
            return main(given)

        return run_main(entry, tmp_path, *words)

    return run_live


async def run(
    folder: Path,
    *words: str,
    condition: Callable[[], bool] | None = None,
    environ: Environ | None = None,
) -> Ended:
    """Run `python -m live` in a folder; Ctrl-C ends it once a condition holds."""
    given = {key: value for key, value in os.environ.items() if "PROPHETX" not in key}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "live", *words),
        cwd=folder,
        env=given | {"PYTHONPATH": str(PROJECT)} | (environ or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    if condition is not None:
        # What the process writes follows what the sandbox sends it, which wakes this loop.
        await until(lambda: process.returncode is not None or condition())
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def keys(secret: str) -> Environ:
    """Return a key pair as environment variables."""
    return {"PROPHETX_ACCESS_KEY": "ours-alone", "PROPHETX_SECRET_KEY": secret}


def files_in(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def is_one_line(outcome: Outcome, verb: str, *named: str) -> None:
    """Assert that one line was printed, which names these, with status 2."""
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1), outcome
    assert outcome.err[0].startswith(f"python -m live {verb}: ")
    assert [name for name in named if name not in outcome.err[0]] == []


def test_a_wrong_key_gives_a_one_line_error(sandbox: Sandbox, live: Live, tmp_path: Path) -> None:
    """Every verb prints that the keys are refused, without them, and leaves no files.

    The first login with a key sets its secret at the sandbox.
    """
    with served(sandbox) as here:
        assert live("status", *here.settings, environ=keys("right")).status == 0
        for verb in ("check", "status", "cancel-all", "record", "paper", "trade"):
            outcome = live(verb, *NAMED.get(verb, ()), *here.settings, environ=keys(SECRET))
            is_one_line(outcome, verb, "sandbox_local refuses the keys")
            assert SECRET not in outcome.err[0]
    assert files_in(tmp_path) == []


def test_an_unknown_tournament_gives_a_one_line_error(sandbox: Sandbox, live: Live) -> None:
    """A session or a recording does not begin, and the error lists the tournaments."""
    with served(sandbox) as here:
        words = ["markets.tournaments=[NHL]", *here.settings]
        for verb in ("record", "paper", "trade"):
            is_one_line(live(verb, *NAMED.get(verb, ()), *words), verb, "'NHL'", "NBA")


def test_a_closed_event_gives_a_one_line_error(
    sandbox: Sandbox, live: Live, tmp_path: Path
) -> None:
    """Where every event has ended the error says that there is nothing to trade."""
    tape = write_ended_game(tmp_path / "tape")
    played = [f"recording.path={tape}", "sandbox.begin_minutes_before_start=0"]
    with served(sandbox, *played) as here:
        for verb in ("paper", "trade"):
            outcome = live(verb, *NAMED[verb], *here.settings)
            assert (outcome.status, outcome.out) == (2, []), outcome
            *before, last = outcome.err
            assert last.startswith(f"python -m live {verb}: markets: none is on offer, as when")
            assert before == ["socket 1 is up, with 1 event"]
        assert not any(api_account.records for api_account in here.server.accounts.values())


def write_ended_game(folder: Path) -> Path:
    """Write the contract's market with a game that ended as it began."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        event = tape.add_event(SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", START_NS))
        tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        for line_id, selection in SELECTIONS.items():
            tape.add_line(Line(line_id, GAME, MONEYLINE, selection, 0.0))
        tape.begin_message(START_NS, START_NS)
        tape.event_status(event, EventStatus.ENDED)
    return folder


def test_a_speed_other_than_the_sandboxs_gives_a_one_line_error(
    sandbox: Sandbox, live: Live
) -> None:
    """A session months away from its sandbox is refused, and the error names the setting."""
    with served(sandbox) as here:
        verbs = ("status", "check", "record", "paper", "trade")
        for verb, speed in (*product(verbs, ("1",)), ("trade", "25")):
            words = [*here.settings, f"sandbox.speed={speed}"]
            why = f"sandbox.speed: {speed} is not that of sandbox_local"
            is_one_line(live(verb, *NAMED.get(verb, ()), *words), verb, why)


def test_a_wrong_socket_port_gives_a_one_line_error(sandbox: Sandbox, live: Live) -> None:
    """If REST answers but the socket's port does not, the last line says so."""
    with served(sandbox) as here:
        outcome = live("check", *here.settings, "prophet.socket_port=9")
    assert (outcome.status, len(outcome.err)) == (1, 1), outcome
    assert "the socket of sandbox_local" in outcome.err[0]


def test_secrets_are_never_printed_or_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither keys nor tokens nor signatures are printed or written by any verb, even by debug.

    Tokens are in one file, which only its owner can read.
    """
    folder, state = tmp_path / "work", {"XDG_STATE_HOME": str(tmp_path / "state")}
    folder.mkdir()
    by_environment, by_file = keys(SECRET) | state, key_file(tmp_path / "keys.json") | state

    async def scenario(here: LocalSandbox) -> None:
        tokens = beginnings(here)
        banned = [SECRET, "ours-alone", *tokens]
        command = [*here.settings, "--debug"]
        ended = [
            await run(folder, "check", *command, environ=by_environment),
            await run(folder, "status", *command, environ=by_file),
        ]
        for verb, given in (("record", by_environment), ("paper", by_environment)):
            recorded = has_recorded(folder / ("runs" if verb == "record" else "sessions"))
            name = [] if verb == "record" else [f"session.name={verb}"]
            words = [verb, *name, *command]
            ended.append(await run(folder, *words, condition=recorded, environ=given))
        ended += await traded_through_faults(here, folder, command, by_file)
        rehearsed = ["rehearse", "rehearsal.hours=0.02", *command]
        ended.append(await run(folder, *rehearsed, environ=by_environment))
        ended.append(await run(folder, "cancel-all", *command, environ=by_environment))
        ended.append(await run(folder, "check", *here.settings, environ=keys("wrong") | state))
        assert [each.status for each in ended[:5]] == [0] * 5, ended
        assert ended[-1].status == 2, ended[-1]
        assert [word for word in banned for each in ended if word in each.out + each.err] == []
        assert len(files_in(folder)) > 20
        assert (folder / "sessions" / "trade" / "watchdog.log").exists()
        assert [path for path in files_in(folder) if holds(path, banned)] == []
        kept = files_in(tmp_path / "state")
        assert {path.name for path in kept if holds(path, tokens)} == {"tokens.json"}
        assert [path for path in kept if holds(path, [SECRET, "ours-alone"])] == []
        assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}

    async def serve() -> None:
        async with sandbox(SPEED, "+experiment=nba") as here:
            await scenario(here)

    run_watching(serve(), 240)


# Errors of every kind in which a token, a key or a signature might be repeated.
FAULTS = (
    {"kind": "expired_token", "code": "refresh"},
    {"kind": "garbage_frame", "text": '{"event": "pusher:error", "data": "'},
    {"kind": "refused", "path": "get_balance", "code": "unauthorized"},
    {"kind": "socket_close", "code": "4201"},
    {"kind": "socket_reset"},
)
# What is asked beside the session, after each of them.
BESIDE = (["control", "status"], ["status"], ["control", "nonsense"], ["reconcile"], ["control"])


async def traded_through_faults(
    here: LocalSandbox, folder: Path, command: Sequence[str], environ: Environ
) -> list[Ended]:
    """Trade through faults with its watchdog; return how it and the verbs beside it ended."""
    named = ["session.name=trade", *command]
    is_over = asyncio.Event()
    trading = asyncio.ensure_future(
        run(folder, "trade", *named, condition=is_over.is_set, environ=environ)
    )
    recorded = has_recorded(folder / "sessions" / "trade")
    await until(lambda: trading.done() or recorded())
    beside = []
    for fault, words in zip(FAULTS, BESIDE, strict=True):
        here.server.inject_fault(fault)
        beside.append(await run(folder, words[0], named[0], *words[1:], environ=environ))
    is_over.set()
    return [await trading, *beside]


def key_file(path: Path) -> Environ:
    """Write a key pair to a private file, and return the environment variable for it."""
    path.write_text(json.dumps({"access_key": "ours-alone", "secret_key": SECRET}), "utf-8")
    path.chmod(0o600)
    return {"PROPHETX_USER_INFO": str(path)}


def beginnings(here: LocalSandbox) -> list[str]:
    """Return the common beginnings of the sandbox's tokens and signatures."""
    token = here.server.sessions.login({"access_key": "other", "secret_key": "other"})
    return [token["access_token"].partition(".")[0], f"{here.server.channels.key}:"]


def has_recorded(folder: Path) -> Callable[[], bool]:
    """Return a condition: a recording below a folder holds several messages."""
    return lambda: any(path.stat().st_size > 2_000 for path in folder.rglob("raw-*"))


def holds(path: Path, words: list[str]) -> bool:
    """Return whether a file, decompressed if need be, holds one of the words."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".parquet":
        raw += str(pl.read_parquet(path).to_dicts()).encode()
    return any(word.encode() in raw for word in words)
