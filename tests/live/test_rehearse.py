"""`python -m live rehearse` against our own sandbox, faults and all."""

import asyncio
import json
from pathlib import Path

import pytest

from conf.compose import build_session
from live.prophetx.tools.rehearsal_page import Review
from live.prophetx.tools.rehearse import with_name
from live.session.admission.rehearsal_record import find_record
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from tests.event_loops import run_watching
from tests.fixture_types import Compose
from tests.live.local_sandbox import Sandbox

SPEED = 60
# Time passes at speed, and so must what is real time: a late response, and a silent socket.
QUICK = ["prophet.answer_seconds=0.5", "feed.silent_seconds=1", "feed.ping_after_seconds=0.5"]


@pytest.mark.slow
def test_a_rehearsal_measures_what_the_review_asks_for(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """Every fault happens, the kill switch empties the book, and only too few orders fail."""
    game = "+experiment=nba_in_play"
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    lines: list[str] = []

    async def run() -> Review:
        async with sandbox(SPEED, game) as here:
            words = [game, "mode=rehearse", "rehearsal.hours=0.25", *QUICK, *here.settings]
            rehearsal = build_session(compose_settings(*words))
            judged: Review = await rehearsal.run(tmp_path, environ, asyncio.Event(), lines.append)
            assert here.live_wagers == 0
            return judged

    judged = run_watching(run())
    rows = {row.name: row for row in judged.rows}
    failed = {row.name for row in judged.rows if not row.passed}
    # A short rehearsal has too few orders, and may end before the last gap does.
    assert failed <= {"orders", "reconnects"}, judged
    assert rows["running"].measured.endswith("through 21 faults")
    folder = tmp_path / "sessions" / "rehearsal"
    saved = json.loads((folder / "rehearsal.json").read_text(encoding="utf-8"))
    assert saved["passed"] is (not failed)
    assert len(saved["figures"]["markets"]) == 3
    assert "| orders |" in (folder / "rehearsal.md").read_text(encoding="utf-8")
    if failed:
        saved_configuration = (folder / "start-00001.yaml").read_text(encoding="utf-8")
        with pytest.raises(ConfigError, match="none of this configuration has passed"):
            find_record(saved_configuration, WallClock().wall_ns(), environ)


def test_real_money_is_not_rehearsed(compose_settings: Compose) -> None:
    """A rehearsal causes faults, so it is refused wherever money is real or treated as such."""
    for name in ("production", "production_drill"):
        with pytest.raises(ConfigError, match="play money"):
            build_session(compose_settings("mode=rehearse", f"prophet={name}"))


def test_a_rehearsal_trades_with_the_settings_of_trade(compose_settings: Compose) -> None:
    """Every setting of a live session has the same value in the session that is rehearsed."""
    trade, rehearse = (compose_settings(f"mode={name}").run for name in ("live", "rehearse"))
    assert rehearse.gateway == trade.gateway
    settings = {name for name in trade if not name.startswith("_")} - {"gateway"}
    assert settings
    assert {name: rehearse.trade.get(name) for name in settings} == {
        name: trade[name] for name in settings
    }


def test_each_rehearsal_has_a_session_of_its_own(compose_settings: Compose, tmp_path: Path) -> None:
    """What one lost or left open is not judged with the next: it takes another name."""
    assert with_name(["seed=1"], tmp_path) == ["seed=1", "session.name=rehearsal"]
    folder = tmp_path / "sessions" / "rehearsal"
    folder.mkdir(parents=True)
    assert with_name([], tmp_path) == ["session.name=rehearsal-2"]
    assert with_name(["session.name=first"], tmp_path) == ["session.name=first"]
    (folder / "journal.sqlite").touch()
    rehearsal = build_session(compose_settings("mode=rehearse"))
    with pytest.raises(ConfigError, match="has earlier starts"):
        asyncio.run(rehearsal.run(tmp_path, {}, asyncio.Event(), print))
