"""The Python API: recordings and runs as frames, with the results of the command line."""

import gc
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sim
from recordings.reader import open_recording
from recordings.tape import Kind
from sim.notebook.recording_frames import RecordingFrames
from sim.notebook.run_frames import Picture, RunFrames
from sim.notebook.session_frames import SessionFrames
from sim.notebook.study_frames import StudyFrames
from sim.results.run_summary import BacktestSummary
from strategies.at_the_touch import AtTheTouch
from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading import Quote, View
from strategies.trading.model.errors import ConfigError, StrategyError, TapeError
from tests.conftest import FinishedRun, finished_run
from tests.paths import PROJECT

SETTINGS: dict[str, Any] = {"spread_margin": 0.004, "default_stake": 50, "quote_refresh_seconds": 5}


class Own(SimpleMarketMaker):
    """A strategy of a test's own."""


@pytest.fixture(scope="module")
def by_command(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return a run on the shipped game by settings alone."""
    return finished_run(tmp_path_factory.mktemp("run"), "+experiment=nba", "seed=3")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFrames:
    """Return the same run of a class by the API."""
    folder = tmp_path_factory.mktemp("api") / "run"
    return sim.run_backtest("nba", Own, "+experiment=nba", "seed=3", folder=folder, **SETTINGS)


def test_the_functions_are_imported_with_their_first_use() -> None:
    """`import sim` alone takes neither polars nor Hydra; an unknown name is an AttributeError."""
    code = "import sys, sim; print('polars' in sys.modules, 'hydra' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
    with pytest.raises(AttributeError, match="backtests"):
        getattr(sim, "backtests")  # noqa: B009 - mypy knows that it is not there


@pytest.mark.slow
def test_a_class_gives_the_run_that_its_configuration_gives(
    run: RunFrames, by_command: FinishedRun
) -> None:
    """Digest, tables and profits under the other queue models are those of the command line."""
    assert isinstance(run.summary, BacktestSummary)
    assert run.summary.digest == by_command.summary["digest"]
    assert run.summary.profit_cents_front == by_command.summary["profit_cents_front"]
    for name in ("fills", "quotes", "equity"):
        table = pl.read_parquet(run.folder / f"{name}.parquet")
        assert table.equals(by_command.table(name))
    assert run.summary.strategy == "Own"
    assert run.summary.overrides[-1] == "strategy.quote_refresh_seconds=5"
    assert list(run.summary.code) == [__name__]


@pytest.mark.slow
def test_every_table_has_names_and_times(run: RunFrames) -> None:
    """Times are UTC and agree with the nanoseconds; pairs, selections and markets are named."""
    fills = run.fills()
    assert fills.schema["time"] == pl.Datetime("ns", "UTC")
    assert (fills["time"].dt.epoch("ns") == fills["ns"]).all()
    assert set(fills["pair"]) <= {"moneyline", "spread, home +6.5", "total 206.5"}
    assert (fills.filter(pl.col("first"))["selection"].is_in(["home", "over"])).all()
    assert (fills.filter(~pl.col("first"))["selection"].is_in(["away", "under"])).all()
    assert run.wagers().schema["placed"] == pl.Datetime("ns", "UTC")
    assert {"since", "until", "market"} <= set(run.silences().columns)
    assert run.silences()["market"].is_not_null().all()
    for frame in (run.quotes(), run.prices(), run.denials(), run.notes(), run.equity()):
        assert frame.columns[0] == "time"


@pytest.mark.slow
def test_figures_are_shown_and_saved(run: RunFrames, tmp_path: Path) -> None:
    """Each is a frame of a notebook, and a page of its own; the report is drawn once."""
    for draw in (run.plot_equity, run.plot_inventory, run.plot_quotes, run.plot_fill_values):
        picture = draw()
        assert "&lt;svg" in picture._repr_html_()
        page = picture.save(tmp_path / "figure.html").read_text(encoding="utf-8")
        assert page.startswith("<!DOCTYPE html>")
        assert "<svg" in page
    assert "The strategy noted nothing to draw." in run.plot_notes().html
    report = run.report()
    written_ns = report.stat().st_mtime_ns
    assert sim.read_run(run.folder).report().stat().st_mtime_ns == written_ns


def test_a_temporary_run_goes_with_its_result(small_tape: Path) -> None:
    """Its folder is there as long as anything refers to it."""
    result = sim.run_backtest(small_tape, Own, "markets=moneyline", **SETTINGS)
    folder = result.folder
    assert (folder / "summary.json").exists()
    del result
    gc.collect()
    assert not folder.exists()


def test_a_configured_strategy_is_named_and_changed(small_tape: Path) -> None:
    """Its own settings hold but for those that are given; a path may have any characters."""
    odd = small_tape.rename(small_tape.with_name("it's a tape, x=1"))
    result = sim.run_backtest(odd, "at_the_touch", default_stake=20)
    assert result.summary.strategy == AtTheTouch.__name__
    assert result.summary.recording == str(odd)
    assert not result.summary.code


@pytest.mark.parametrize(
    ("strategy", "words", "settings", "message"),
    [
        (Own, (), {**SETTINGS, "margn": 1}, "strategy.margn: no such setting"),
        (Own, (), {**SETTINGS, "spread_margin": 2}, "strategy.spread_margin: 2 is not a prob"),
        (Own, (), {"spread_margin": 0.01}, "strategy.default_stake: missing; give a number of"),
        (Own, ("risk.max_wagers=1",), SETTINGS, "risk.max_wagers: no such setting"),
        (Own, ("--multirun",), SETTINGS, "--multirun: no such option"),
        ("nothing", (), {}, "Could not find 'strategy/nothing'"),
        (object, (), {}, "strategy: object has no method quote"),
        (Own(**SETTINGS), (), {}, "is not a class; give the class, and its settings by name"),
        (Own, ("mode=live",), SETTINGS, "mode=live: the verb chooses the mode"),
        (Own, (7,), SETTINGS, "7: no setting; write it as text, NAME=VALUE"),
    ],
)
def test_wrong_settings_are_raised_in_one_line(
    small_tape: Path, strategy: Any, words: tuple[Any, ...], settings: Any, message: str
) -> None:
    """The error names the setting as on the command line, and nothing is left behind."""
    with pytest.raises(ConfigError) as raised:
        sim.run_backtest(small_tape, strategy, *words, **settings)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_class_or_factory_without_types_takes_any_setting(small_tape: Path) -> None:
    """Where a parameter has no type, nothing is checked, and the strategy is given it as it is."""

    class Untyped:
        quote_refresh_ns = 0

        def __init__(self, levels, least=2):  # type: ignore[no-untyped-def]
            assert (levels, least) == ([1, 2.5], 3)

        def quote(self, _: View) -> tuple[Quote, ...]:
            return ()

    result = sim.run_backtest(small_tape, Untyped, levels=[1, 2.5], least=3)
    assert result.summary.wagers_placed == 0
    factory = partial(Own, spread_margin=0.01, default_stake=20)
    made = sim.run_backtest(small_tape, factory, quote_refresh_seconds=5)
    assert made.summary.strategy == "Own"
    assert list(made.summary.code) == [__name__]


def test_what_a_strategy_raises_leaves_no_folder(small_tape: Path, tmp_path: Path) -> None:
    """A run that fails writes neither table nor summary."""

    class Broken(Own):
        def quote(self, view: object) -> tuple[()]:
            raise ValueError(view)

    with pytest.raises(StrategyError, match=r"Broken\.quote raised ValueError"):
        sim.run_backtest(small_tape, Broken, folder=tmp_path / "run", **SETTINGS)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_recording_has_its_rows_with_names() -> None:
    """As many rows of each kind as the recording has, by arrival; lines and events by name."""
    recording, tape = sim.open_recording("nba"), open_recording("nba")
    rows = recording.rows()
    counts = dict.fromkeys(rows["kind"].unique(), 0)
    for chunk in tape.chunks():
        for kind in chunk.numbers["kind"].tolist():
            counts[Kind(kind).name.lower()] += 1
    assert dict(rows["kind"].value_counts().rows()) == counts
    assert rows["received_ns"].is_sorted()
    trades = recording.rows("trade")
    assert len(trades) == counts["trade"]
    assert trades["received"].dt.epoch("ns").equals(trades["received_ns"].rename("received"))
    assert trades["line"].is_not_null().all()
    assert set(recording.rows("event_status")["status"]) == {"not_started", "live", "ended"}
    assert set(recording.rows("result")["status"]) <= {"won", "lost", "pushed", "voided"}
    assert recording.events()["home"].to_list() == ["Harbor City Herons"]
    assert len(recording.lines()) == len(tape.info.lines)
    assert "3 markets, 14 lines" in repr(recording)


def test_a_kind_or_recording_that_does_not_exist_is_named() -> None:
    """The kinds that there are, are listed."""
    with pytest.raises(ConfigError, match=r"^'trades': no kind of row; there are offer, trade"):
        sim.open_recording("nba").rows("trades")
    with pytest.raises(TapeError, match="no such folder"):
        sim.open_recording("nowhere")


def test_a_folder_without_a_run_or_session_is_named(tmp_path: Path) -> None:
    """Each is one error with the path."""
    with pytest.raises(ConfigError, match=str(tmp_path)):
        sim.read_run(tmp_path)
    with pytest.raises(ConfigError, match=f"^{tmp_path}: there is no session$"):
        sim.read_session(tmp_path)


def test_the_page_names_what_there_is() -> None:
    """Every function and method on the page of the API exists, and every one is on the page."""
    page = (PROJECT / "docs" / "python-api.md").read_text(encoding="utf-8")
    functions, methods = (
        set(re.findall(pattern, page)) for pattern in (r"`sim\.(\w+)\(", r"`(\w+)\(")
    )
    assert functions == set(sim.__all__)
    known = {
        name
        for kind in (RunFrames, RecordingFrames, SessionFrames, StudyFrames, Picture)
        for name in vars(kind)
        if not name.startswith("_")
    }
    assert methods <= known
    assert known - methods == {"starts"}  # a property, named without brackets
    assert "`starts`" in page
