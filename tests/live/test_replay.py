"""The proof that modes are one: what a session did live, a replay of what it heard does again."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live.journal import SessionJournal
from sim.__main__ import main
from strategies.trading.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.events import WagerMatched
from tests.live.floor import Compose, Floor, Sandbox, accounts

SPEED = 60
GAME = ("+experiment=nba_in_play", "latency=none")
BEGIN = "sandbox.begin_minutes_before_start=8"
COMMANDS = (PlaceWager, CancelWager, CancelAll)

RunMain = Callable[..., Any]


def traded_a_while(here: Any) -> bool:
    """Tell whether many wagers were placed, and some were matched."""
    for account in accounts(here):
        if len(account.live) + len(account.ended) >= 80 and account.counters.fills >= 3:
            return True
    return False


def quotes(here: Any) -> bool:
    """Tell whether wagers rest at the sandbox."""
    return any(len(account.live) >= 4 for account in accounts(here))


@pytest.fixture(scope="module")
def traded(
    sandbox: Sandbox, compose_settings: Compose, tmp_path_factory: pytest.TempPathFactory
) -> Floor:
    """Return a floor on which a session was started twice, live."""
    home = tmp_path_factory.mktemp("live")
    floor = Floor(sandbox, compose_settings, home, SPEED, GAME, BEGIN)
    floor.play("live", traded_a_while, quotes)
    return floor


def test_a_replay_asks_for_what_the_live_session_asked_for(
    traded: Floor, run_main: RunMain, tmp_path: Path
) -> None:
    """Command for command, also where a start knew of matched wagers of the one before it."""
    commands = [traded.kept(*COMMANDS, start=start) for start in (1, 2)]
    assert commands[0] >= 100
    assert commands[1] >= 4
    assert traded.kept(WagerMatched) >= 3
    with SessionJournal(traded.folder / "journal.sqlite") as journal:
        second = journal.seating(2)
    assert second is not None
    assert second.recalled
    outcome = run_main(main, tmp_path, "replay", str(traded.folder))
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out == [
        f"start {start}: all {count} commands agree with the journal"
        for start, count in enumerate(commands, 1)
    ]


def without(table: str, kind: str) -> str:
    """Return the statement that removes the tenth row of a kind from the journal."""
    tenth = f"SELECT place FROM {table} WHERE kind = '{kind}' ORDER BY place LIMIT 1 OFFSET 9"
    return f"DELETE FROM {table} WHERE place = ({tenth})"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (without("entries", "PlaceWager"), "the session asked for PlaceWager(ref='first-1-11'"),
        (without("entries", "WagerOpened"), "of the replay"),
        (without("entries", "TimerFired"), "of the replay"),
        (without("feed", "OfferChanged"), "of the replay"),
        ("UPDATE entries SET now_ns = now_ns + 1 WHERE kind = 'CancelAll'", "CancelAll()"),
    ],
    ids=["no command", "no answer", "no timer", "no offer", "another time"],
)
def test_a_journal_that_tells_otherwise_is_found_out(
    traded: Floor, run_main: RunMain, tmp_path: Path, statement: str, named: str
) -> None:
    """A row that is missing or changed shows as the first difference, in one line, status 1."""
    folder = shutil.copytree(traded.folder, tmp_path / "first")
    database = sqlite3.connect(folder / "journal.sqlite")
    for table in ("entries", "feed"):
        database.execute(f"DROP TRIGGER {table}_stay")
        database.execute(f"DROP TRIGGER {table}_last")
    database.execute(statement)
    database.commit()
    database.close()
    outcome = run_main(main, tmp_path, "replay", str(folder))
    assert (outcome.status, outcome.out, len(outcome.err)) == (1, [], 1), outcome
    assert named in outcome.err[0]


def test_the_desk_is_built_from_what_the_session_kept(
    traded: Floor, run_main: RunMain, tmp_path: Path
) -> None:
    """With another stake in the kept configuration the first wager is another: it is told so."""
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
    """What the simulated exchange told the desk on paper is among the inputs."""
    floor = Floor(sandbox, compose_settings, tmp_path, SPEED, GAME, BEGIN)
    looks = iter(range(50))
    floor.play("paper", lambda _: next(looks, None) is None)
    commands = floor.kept(*COMMANDS)
    assert commands >= 10
    outcome = run_main(main, tmp_path, "replay", str(floor.folder))
    assert outcome.out == [f"start 1: all {commands} commands agree with the journal"]


def test_where_no_session_is_a_replay_says_so(run_main: RunMain, tmp_path: Path) -> None:
    """A folder without a session is named, status 2, and nothing is made there."""
    outcome = run_main(main, tmp_path, "replay", "sessions/none")
    assert (outcome.status, outcome.out) == (2, [])
    assert outcome.err == ["python -m sim replay: sessions/none: there is no session"]
    assert list(tmp_path.iterdir()) == []
