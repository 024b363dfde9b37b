"""Typical mistakes, from the shell: a one-line error, and never a secret."""

import asyncio
import gzip
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.model.market import EventStatus, Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType
from tests.contract.moneyline import GAME, MONEYLINE, SELECTIONS, START_NS
from tests.event_loops import run_watching, until
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.paths import PROJECT

pytestmark = pytest.mark.slow  # a process for each verb

SECRET = "hunter2-of-the-house"


@dataclass(frozen=True)
class Ended:
    """A process that ended: its status, and all that it printed."""

    status: int
    out: str
    err: str


Environ = dict[str, str]


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


def with_sandbox(
    sandbox: Sandbox,
    scenario: Callable[[LocalSandbox], Awaitable[None]],
    *settings: str,
    speed: float = 20,
) -> None:
    """Play a scenario while a sandbox serves the shipped game."""

    async def serve() -> None:
        async with sandbox(speed, "+experiment=nba", *settings) as here:
            await scenario(here)

    run_watching(serve())


def keys(secret: str) -> Environ:
    """Return a key pair as environment variables."""
    return {"PROPHETX_ACCESS_KEY": "ours-alone", "PROPHETX_SECRET_KEY": secret}


def files_in(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def is_one_line(ended: Ended, verb: str, *named: str) -> None:
    """Assert that one line was printed, which names these, with status 2."""
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    assert ended.err.startswith(f"python -m live {verb}: ")
    assert [name for name in named if name not in ended.err] == []


def test_a_wrong_key_gives_a_one_line_error(sandbox: Sandbox, tmp_path: Path) -> None:
    """Every verb prints that the keys are refused, without them, and leaves no files.

    The first login with a key sets its secret at the sandbox.
    """

    async def scenario(here: LocalSandbox) -> None:
        assert (await run(tmp_path, "status", *here.settings, environ=keys("right"))).status == 0
        for verb in ("check", "status", "cancel-all", "record", "paper", "trade"):
            name = ["session.name=a"] if verb in ("paper", "trade") else []
            ended = await run(tmp_path, verb, *name, *here.settings, environ=keys(SECRET))
            is_one_line(ended, verb, "sandbox_local refuses the keys")
            assert SECRET not in ended.err
        assert files_in(tmp_path) == []

    with_sandbox(sandbox, scenario)


def test_an_unknown_tournament_gives_a_one_line_error(sandbox: Sandbox, tmp_path: Path) -> None:
    """A session or a recording does not begin, and the error lists the tournaments."""

    async def scenario(here: LocalSandbox) -> None:
        words = ["markets.tournaments=[NHL]", *here.settings]
        for verb in ("record", "paper", "trade"):
            name = ["session.name=a"] if verb != "record" else []
            is_one_line(await run(tmp_path, verb, *name, *words), verb, "'NHL'", "NBA")

    with_sandbox(sandbox, scenario)


def test_a_closed_event_gives_a_one_line_error(sandbox: Sandbox, tmp_path: Path) -> None:
    """Where every event has ended the error says that there is nothing to trade."""
    tape = write_ended_game(tmp_path / "tape")

    async def scenario(here: LocalSandbox) -> None:
        for verb in ("paper", "trade"):
            ended = await run(tmp_path, verb, "session.name=a", *here.settings)
            assert (ended.status, ended.out) == (2, ""), ended
            *before, message = ended.err.splitlines()
            assert message.startswith(f"python -m live {verb}: markets: none is on offer, as when")
            assert before == ["socket 1 is up, with 1 events"]
        assert not any(api_account.records for api_account in here.server.accounts.values())

    played = [f"recording.path={tape}", "sandbox.begin_minutes_before_start=0"]
    with_sandbox(sandbox, scenario, *played)


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
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """A session months away from its sandbox is refused, and the error names the setting."""

    async def scenario(here: LocalSandbox) -> None:
        for speed in ("1", "25"):
            words = [*here.settings, f"sandbox.speed={speed}"]
            for verb in ("record", "paper", "trade"):
                name = ["session.name=a"] if verb != "record" else []
                ended = await run(tmp_path, verb, *name, *words)
                is_one_line(ended, verb, f"sandbox.speed: {speed} is not that of sandbox_local")

    with_sandbox(sandbox, scenario)


def test_a_wrong_socket_port_gives_a_one_line_error(sandbox: Sandbox, tmp_path: Path) -> None:
    """If REST answers but the socket's port does not, the last line says so."""

    async def scenario(here: LocalSandbox) -> None:
        elsewhere = [*here.settings, "prophet.socket_port=9"]
        ended = await run(tmp_path, "check", *elsewhere)
        assert (ended.status, ended.err.count("\n")) == (1, 1), ended
        assert "the socket of sandbox_local" in ended.err

    with_sandbox(sandbox, scenario)


@pytest.mark.parametrize("keys_from", ["environment", "file"])
def test_secrets_are_never_printed_or_written(
    sandbox: Sandbox, tmp_path: Path, keys_from: str
) -> None:
    """Neither keys nor tokens nor signatures are printed or written by any verb, even by debug."""
    folder = tmp_path / "work"
    folder.mkdir()
    given = keys(SECRET) if keys_from == "environment" else key_file(tmp_path / "keys.json")

    async def scenario(here: LocalSandbox) -> None:
        banned = [SECRET, "ours-alone", *beginnings(here)]
        command = [*here.settings, "--debug"]
        ended = [
            await run(folder, "check", *command, environ=given),
            await run(folder, "status", *command, environ=given),
            await run(
                folder, "record", *command, condition=has_recorded(folder / "runs"), environ=given
            ),
        ]
        for verb in ("paper", "trade"):
            recorded = has_recorded(folder / "sessions" / verb)
            name = f"session.name={verb}"
            ended.append(await run(folder, verb, name, *command, condition=recorded, environ=given))
        ended.append(await run(folder, "check", *here.settings, environ=keys("wrong")))
        assert [each.status for each in ended] == [0, 0, 0, 0, 0, 2], ended
        assert [word for word in banned for each in ended if word in each.out + each.err] == []
        assert len(files_in(folder)) > 10
        assert [path for path in files_in(folder) if holds(path, banned)] == []

    with_sandbox(sandbox, scenario)


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
