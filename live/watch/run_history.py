"""The sessions and the finished runs below a working folder, with what a list shows of each."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from live.session.session_folder import SESSIONS
from recordings.control_address import SOCKET_NAME
from recordings.journal.entries import JOURNAL
from recordings.local_socket import connect

_RUNS, _SUMMARY, _REPORT = "runs", "summary.json", "report.html"
_MOST_RUNS = 200
_CONNECT_SECONDS = 1.0


class ListedSession(Struct, frozen=True):
    """A session: its starts, when its journal was last written (wall time), and whether it runs."""

    name: str
    starts: int
    changed_ns: int
    is_running: bool
    log: list[str]


class _Figures(Struct, frozen=True):
    """The part of a summary that is shown."""

    mode: str
    strategy: str
    recording: str
    simulated: bool
    profit_cents: int
    turnover_cents: int
    wagers_placed: int
    fills: int
    max_drawdown_cents: int


class ListedRun(_Figures, frozen=True, kw_only=True):
    """A finished run with the figures of its summary; `report` is its path below the folder."""

    folder: str
    finished_ns: int
    report: str | None


class RunHistory(Struct, frozen=True):
    """What was found, the newest first; `unreadable` runs are of another version."""

    sessions: list[ListedSession]
    runs: list[ListedRun]
    unreadable: int


def run_history(home: Path) -> RunHistory:
    """Return the sessions and the newest finished runs below a folder."""
    sessions = sorted(_sessions(home), key=lambda each: -each.changed_ns)
    paths = sorted((home / _RUNS).rglob(_SUMMARY), key=_changed_ns, reverse=True)[:_MOST_RUNS]
    runs = []
    for path in paths:
        with suppress(msgspec.MsgspecError, OSError):
            runs.append(_run(home, path))
    return RunHistory(sessions, runs, len(paths) - len(runs))


def report_path(home: Path, name: str) -> Path | None:
    """Return a report of a run or a session below a folder, None if it is none of these."""
    path = (home / name).resolve()
    is_below = any(path.is_relative_to((home / each).resolve()) for each in (_RUNS, SESSIONS))
    return path if is_below and path.name == _REPORT and path.is_file() else None


def _sessions(home: Path) -> Iterator[ListedSession]:
    for path in (home / SESSIONS).glob(f"*/{JOURNAL}"):
        folder = path.parent
        mark = path.with_name(f"{JOURNAL}.mark")
        yield ListedSession(
            folder.name,
            len(list(folder.glob("start-*.yaml"))),
            _changed_ns(mark if mark.exists() else path),
            _is_running(folder),
            _last_lines(folder / "session.log"),
        )


def _is_running(folder: Path) -> bool:
    """Return whether a session listens; one that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_CONNECT_SECONDS)
        try:
            connect(client, folder / SOCKET_NAME)
        except OSError:
            return False
    return True


def _run(home: Path, path: Path) -> ListedRun:
    figures = msgspec.json.decode(path.read_bytes(), type=_Figures)
    report = path.with_name(_REPORT)
    return ListedRun(
        folder=str(path.parent.relative_to(home)),
        finished_ns=_changed_ns(path),
        report=str(report.relative_to(home)) if report.exists() else None,
        **msgspec.structs.asdict(figures),
    )


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _last_lines(path: Path, number: int = 12, longest: int = 16_384) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - longest))
            return file.read().decode("utf-8", "replace").splitlines()[-number:]
    except OSError:
        return []
