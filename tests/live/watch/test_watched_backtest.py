"""A backtest that is watched while it runs."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_session
from live.session.control.control_socket import ask_session
from live.session.control.snapshot_client import read_event, read_session
from sim.results.summary_file import SUMMARY_FILE
from strategies.trading.model.errors import ConfigError
from tests.conftest import composed

pytestmark = pytest.mark.slow


def show_nothing(_label: str, _rows: int, _rows_total: int) -> None:
    """Show no progress."""


def digest_of(folder: Path, *words: str) -> Any:
    """Run a backtest in a folder, and return the digest of its commands."""
    folder.mkdir()
    build_session(composed("+experiment=nba_in_play", *words)).run(folder, show_nothing)
    return json.loads((folder / SUMMARY_FILE).read_text(encoding="utf-8"))["digest"]


def test_a_backtest_can_be_watched_and_comes_out_the_same(tmp_path: Path) -> None:
    """It shows its money and books, refuses words, and its commands are those of a plain run."""
    folder = tmp_path / "watched"
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(digest_of, folder, "watch=on")
        while (view := read_session(folder)) is None or not view.desk.open_wagers:
            assert not running.done(), running.result()
        (event,) = view.events
        detail = read_event(folder, event.event_id)
        assert detail is not None
        assert any(pair.first.offers for market in detail.markets for pair in market.pairs)
        assert (view.feed, view.placing, view.counts) == (None, None, None)
        with pytest.raises(ConfigError, match="no event '99'"):
            read_event(folder, "99")
        with pytest.raises(ConfigError, match="can only be watched"):
            ask_session(folder, ["halt"])
        watched = running.result()
    assert read_session(folder) is None
    assert watched == digest_of(tmp_path / "plain")
