"""The modes are the same code: a replay of a live session's inputs gives the same commands."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_journal import SessionJournal
from recordings.parquet import read_columns
from recordings.tape import SEGMENT_GLOB
from sim.__main__ import main
from strategies.trading.model.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.events import WagerMatched
from tests.conftest import Outcome
from tests.fixture_types import Compose, RunMain
from tests.full_disks import files_limited_to
from tests.live.live_session import OFTEN, SessionStarts, quotes
from tests.live.local_sandbox import LocalSandbox, Sandbox

pytestmark = pytest.mark.slow  # sessions on the clock, replayed

SPEED = 60
GAME = ("+experiment=nba_in_play", "latency=none")
BEGIN = "sandbox.begin_minutes_before_start=8"
COMMANDS = (PlaceWager, CancelWager, CancelAll)


def traded_a_while(here: LocalSandbox) -> bool:
    """Return whether many wagers were placed, and some were matched."""
    return here.has_traded(wagers=80, fills=3)


@pytest.fixture(scope="module")
def traded(
    sandbox: Sandbox, compose_settings: Compose, tmp_path_factory: pytest.TempPathFactory
) -> SessionStarts:
    """Return a session that was started twice, live."""
    home = tmp_path_factory.mktemp("live")
    starts = SessionStarts(sandbox, compose_settings, home, SPEED, GAME, BEGIN)
    starts.play("live", traded_a_while, quotes)
    return starts


@pytest.fixture(scope="module")
def replayed(
    traded: SessionStarts, run_main: RunMain, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """Return what replaying that session printed; its reports are in the session's folder."""
    return run_main(main, tmp_path_factory.mktemp("replayed"), "replay", str(traded.folder))


def test_a_replay_gives_the_commands_of_the_live_session(
    traded: SessionStarts, replayed: Outcome
) -> None:
    """Command for command, also where a start took over matched wagers of the previous one."""
    commands = [len(traded.kept(*COMMANDS, start=start)) for start in (1, 2)]
    assert commands[0] >= 100
    assert commands[1] >= 4
    assert len(traded.kept(WagerMatched)) >= 3
    with JournalReader(traded.folder / "journal.sqlite") as journal:
        second = journal.run_context(2)
    assert second is not None
    assert second.earlier_refs
    assert (replayed.status, replayed.err) == (0, [])
    first, profit, *between = replayed.out
    assert first == f"start 1: {counted(commands[0], 'command')}, as in the journal"
    assert " = edge " in profit
    folder = str(traded.folder / "start-00001")
    then = f"start 2: {commands[1]} commands, as in the journal"
    assert between[between.index(folder) + 1] == then
    assert replayed.out[-1] == str(traded.folder / "start-00002")


def test_a_live_start_writes_a_report(
    traded: SessionStarts, replayed: Outcome, run_main: RunMain, tmp_path: Path
) -> None:
    """The run folder has the journal's counts and its mode, and its report can be written again."""
    assert replayed.status == 0
    folder = traded.folder / "start-00001"
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    placed = traded.kept(PlaceWager)
    fills = traded.kept(WagerMatched)
    assert (summary["wagers_placed"], summary["fills"]) == (len(placed), len(fills))
    assert (summary["mode"], summary["session"], summary["start"]) == ("live", "first", 1)
    assert (summary["real_money"], summary["exchange"]) == (False, "sandbox_local")
    wagers = read_columns(folder / "wagers.parquet")
    assert sorted(wagers["placed_ns"]) == [entry.now_ns for entry in placed]
    answered = zip(wagers["placed_ns"], wagers["answered_ns"], strict=True)
    assert all(response is None or response >= asked for asked, response in answered)
    assert run_main(main, tmp_path, "report", str(folder)).status == 0
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "live session first, start 1" in report
    assert "The wagers were placed at sandbox_local, with play money." in report
    assert "What the queue model decides" not in report


def test_a_start_reports_only_its_own_wagers(traded: SessionStarts, replayed: Outcome) -> None:
    """Wagers taken over by the second start are in its positions, and in none of its counts."""
    assert replayed.status == 0
    folder = traded.folder / "start-00002"
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    fills = read_columns(folder / "fills.parquet")
    assert summary["wagers_placed"] == len(traded.kept(PlaceWager, start=2))
    assert summary["turnover_cents"] == sum(fills["stake_cents"])
    assert summary["open_positions"]


def without(table: str, kind: str) -> str:
    """Return the statement that removes the tenth row of a kind from the journal."""
    tenth = f"SELECT place FROM {table} WHERE kind = '{kind}' ORDER BY place LIMIT 1 OFFSET 9"
    return f"DELETE FROM {table} WHERE place = ({tenth})"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (without("entries", "PlaceWager"), "the replay sent {tenth_wager}"),
        (without("entries", "WagerOpened"), "the replay"),
        (without("entries", "TimerFired"), "the replay"),
        (without("feed", "OfferChanged"), "the replay"),
        ("UPDATE entries SET now_ns = now_ns + 1 WHERE kind = 'CancelAll'", "CancelAll()"),
    ],
    ids=["no command", "no response", "no timer", "no offer", "another time"],
)
def test_a_changed_journal_is_detected(
    traded: SessionStarts, run_main: RunMain, tmp_path: Path, statement: str, named: str
) -> None:
    """A missing or changed row is the first difference, in one line, status 1."""
    tenth_wager = traded.kept(PlaceWager)[9].payload
    folder = shutil.copytree(traded.folder, tmp_path / "first")
    database = sqlite3.connect(folder / "journal.sqlite")
    for table in ("entries", "feed"):
        database.execute(f"DROP TRIGGER {table}_stay")
        database.execute(f"DROP TRIGGER {table}_last")
    database.execute(statement)
    for table in ("entries", "feed"):
        # As in a journal of an earlier version, without checksums: only the replay can see it.
        columns = "start, input_seq, now_ns, kind, body"
        database.execute(f"CREATE TEMP TABLE old AS SELECT {columns} FROM {table} ORDER BY place")
        database.execute(f"DELETE FROM {table}")
        database.execute(f"INSERT INTO {table} ({columns}) SELECT * FROM old")
        database.execute("DROP TABLE old")
    database.commit()
    database.close()
    (folder / "journal.sqlite.mark").unlink()
    outcome = run_main(main, tmp_path, "replay", str(folder))
    assert (outcome.status, outcome.out, len(outcome.err)) == (1, [], 1), outcome
    assert named.format(tenth_wager=tenth_wager) in outcome.err[0]
    assert not (folder / "start-00001").exists()


def test_the_desk_is_built_from_the_saved_configuration(
    traded: SessionStarts, run_main: RunMain, tmp_path: Path
) -> None:
    """With another stake in the saved configuration the first wager differs, and is reported."""
    folder = shutil.copytree(traded.folder, tmp_path / "first")
    saved = folder / "start-00001.yaml"
    text = saved.read_text(encoding="utf-8")
    assert "default_stake: 50\n" in text
    saved.write_text(text.replace("default_stake: 50\n", "default_stake: 40\n"), encoding="utf-8")
    outcome = run_main(main, tmp_path, "replay", str(folder))
    assert outcome.status == 1
    assert "after 0 that agree" in outcome.err[0]
    assert "stake_cents=4000" in outcome.err[0]


def test_a_paper_session_is_replayed_too(
    sandbox: Sandbox, compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """The events of the simulated exchange are among the inputs."""
    starts = SessionStarts(sandbox, compose_settings, tmp_path, SPEED, GAME, BEGIN)
    starts.play("paper", lambda _: starts.placed >= 20, settings=[OFTEN])
    commands = len(starts.kept(*COMMANDS))
    assert commands >= 10
    outcome = run_main(main, tmp_path, "replay", str(starts.folder))
    folder = starts.folder / "start-00001"
    agreed = f"start 1: {commands} commands, as in the journal"
    assert (outcome.out[0], outcome.out[-1]) == (agreed, str(folder))
    assert " = edge " in outcome.out[1]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "paper session first, start 1" in report
    assert "The wagers were simulated; the exchange never received them." in report


def test_a_replay_sees_what_the_strategy_saw(
    sandbox: Sandbox, compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """A strategy whose stakes depend on all that a view has sends the same commands again."""
    starts = SessionStarts(sandbox, compose_settings, tmp_path, SPEED, GAME, BEGIN)
    settings = [OFTEN, "strategy._target_=tests.sim.view_strategies.Listener"]
    starts.play("paper", lambda _: starts.placed >= 60, settings=settings)
    commands = len(starts.kept(*COMMANDS))
    assert len({entry.payload.stake_cents for entry in starts.kept(PlaceWager)}) > 10
    outcome = run_main(main, tmp_path, "replay", str(starts.folder))
    assert outcome.out[0] == f"start 1: {commands} commands, as in the journal"


def test_the_dictionaries_are_on_disk_while_a_start_trades(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """A killed start can be replayed, however long its segments: it needs no end."""
    starts = SessionStarts(sandbox, compose_settings, tmp_path, SPEED, GAME, BEGIN)
    starts.play(
        "paper",
        lambda _: any(starts.folder.glob(f"tape-00001/{SEGMENT_GLOB}")),
        settings=["run.segment_seconds=3600"],
    )


def test_a_start_without_a_desk_has_no_report(
    traded: SessionStarts, run_main: RunMain, tmp_path: Path
) -> None:
    """A start that ended before its desk was assembled is skipped with one line."""
    folder = tmp_path / "early"
    folder.mkdir()
    shutil.copy(traded.folder / "start-00001.yaml", folder)
    with SessionJournal(folder / "journal.sqlite") as journal:
        journal.begin_run(1)
    outcome = run_main(main, tmp_path, "replay", str(folder))
    assert outcome.out == ["start 1: it was over before its desk began"]
    assert not (folder / "start-00001").exists()


def test_a_replayed_start_is_kept_though_its_report_cannot_be_drawn(
    traded: SessionStarts, replayed: Outcome, run_main: RunMain, tmp_path: Path
) -> None:
    """The error names the report and how to draw it; every start has its tables and summary."""
    assert replayed.status == 0
    whole = traded.folder / "start-00001"
    sizes = {path.name: path.stat().st_size for path in whole.iterdir() if path.is_file()}
    report_size = sizes.pop("report.html")
    folder = shutil.copytree(traded.folder, tmp_path / "first")
    with files_limited_to((max(sizes.values()) + report_size) // 2):
        outcome = run_main(main, tmp_path, "replay", str(folder))
    assert (outcome.status, len(outcome.err)) == (1, 1)
    assert f"python -m sim report {folder / 'start-00001'}" in outcome.err[0]
    first, second = (
        {path.name for path in (folder / start).iterdir() if path.is_file()}
        for start in ("start-00001", "start-00002")
    )
    assert first == {*sizes}
    assert second - {"report.html"} == first  # that of the second start may be small enough


def test_replay_refuses_a_folder_without_a_session(run_main: RunMain, tmp_path: Path) -> None:
    """The folder is named, status 2, and nothing is created."""
    outcome = run_main(main, tmp_path, "replay", "sessions/none")
    assert (outcome.status, outcome.out) == (2, [])
    assert outcome.err == ["python -m sim replay: sessions/none: there is no session"]
    assert list(tmp_path.iterdir()) == []
