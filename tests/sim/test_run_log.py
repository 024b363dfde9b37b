"""The log of a backtest: what a strategy logs and what happens to its wagers, in virtual time."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conf.compose import build_session
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from tests.conftest import START_NS, Outcome, composed, write_small_tape

MINE = logging.getLogger("my_idea")


class LoggingStrategy:
    """Quotes one side, and logs what it does by a logger of its own."""

    quote_refresh_ns = 60_000_000_000

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Log a decision at each level, and quote."""
        MINE.debug("details")
        MINE.info("decides on %s", view.market.name)
        MINE.warning("odd\nbook")
        return tuple(Quote(each.pair.second.line_id, Odds(-103), 1_030) for each in view.pairs)


@pytest.fixture
def run(tmp_path: Path, small_tape: Path) -> Callable[..., list[str]]:
    """Return the function that runs a backtest of the strategy and returns its log."""

    def logged(*words: str) -> list[str]:
        config = composed(f"recording.path={small_tape}", "markets=moneyline", *words)
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        build_session(config, strategy=LoggingStrategy).run(folder, lambda *_: None, beside=False)
        log = folder / "run.log"
        return log.read_text(encoding="utf-8").splitlines() if log.is_file() else []

    return logged


def test_a_strategys_own_logger_reaches_the_log_in_virtual_time(
    run: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each decision once, though three passes were made, and stamped by the clock of the run.

    A line break is none; below the level nothing is kept; warnings are printed too.
    """
    lines = run()
    decisions = [line for line in lines if line.endswith(" INFO     my_idea: decides on Moneyline")]
    assert decisions
    assert len({line.split()[0] for line in decisions}) == len(decisions)
    begin = datetime.fromtimestamp(START_NS // NS_PER_SECOND, UTC)
    assert decisions[0].startswith(f"{begin:%Y-%m-%dT%H:}")
    assert sum(line.endswith(" WARNING  my_idea: odd book") for line in lines) == len(decisions)
    assert not [line for line in lines if "details" in line]
    printed = capsys.readouterr().err.splitlines()
    assert [line for line in printed if not line.endswith("WARNING  my_idea: odd book")] == []
    assert len(printed) == len(decisions)


def test_two_runs_have_the_same_log(run: Callable[..., list[str]], tmp_path: Path) -> None:
    """Nothing of the machine's clock is in it."""
    first = run()
    (tmp_path / "run" / "run.log").unlink()
    assert run() == first


def test_every_fill_is_logged_and_its_figures_are_in_lines_of_json(
    run: Callable[..., list[str]], tmp_path: Path
) -> None:
    """As many as the summary counts; at -vv commands and denials, too."""
    entries = [json.loads(line) for line in run("log.format=json", "log.level=debug")]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    fills = [entry for entry in entries if entry.get("event") == "fill"]
    assert len(fills) == summary["fills"] > 0
    assert sum(entry["stake_cents"] for entry in fills) == summary["turnover_cents"]
    assert {entry["level"] for entry in fills} == {"info"}
    placed = [entry for entry in entries if entry.get("event") == "place"]
    assert len(placed) == summary["wagers_placed"]
    assert {entry["message"] for entry in entries if entry.get("logger") == "my_idea"} == {
        "decides on Moneyline", "details", "odd\nbook",
    }  # fmt: skip


def test_a_halt_is_an_error_with_its_reason(run: Callable[..., list[str]]) -> None:
    """A loss limit of a cent is reached at the first fill; the end of a run is no halt."""
    lines = run("log.level=error", "risk.max_daily_loss=0.01")
    assert [line for line in lines if " ERROR " not in line] == []
    assert [line for line in lines if "halted: max_daily_loss: " in line]
    assert run("log.level=error")[len(lines) :] == []


def test_a_log_that_cannot_be_written_stops_no_run(
    run: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of that name is in its way: one line says so, and the run has its results."""
    (tmp_path / "run" / "run.log").mkdir(parents=True)
    run("log.console=error")
    (printed,) = capsys.readouterr().err.splitlines()
    assert "run.log: cannot be written (Is a directory)" in printed
    assert printed.endswith("; the run goes on")
    assert (tmp_path / "run" / "summary.json").is_file()


def test_verbosity_is_of_the_terminal(
    sim: Callable[..., Outcome], small_tape: Path, tmp_path: Path
) -> None:
    """Without -v a run prints no fill; with it each; its folder has the log either way."""
    words = ("run", "recording.path=tape", "markets=moneyline", "report=off")
    plain, verbose = sim(*words), sim(*words, "-v")
    assert (plain.status, verbose.status) == (0, 0)
    for outcome, printed in ((plain, False), (verbose, True)):
        log = (Path(outcome.out[-1]) / "run.log").read_text(encoding="utf-8").splitlines()
        fills = [line for line in log if " fill: " in line]
        assert fills
        assert bool(set(fills) & set(outcome.err)) is printed


def test_games_apart_share_a_log(
    sim: Callable[..., Outcome], small_tape: Path, tmp_path: Path
) -> None:
    """The fills of both, one game after the other."""
    write_small_tape(tmp_path / "other")
    words = ("run", "recording.path=[tape,other]", "games=apart", "markets=moneyline", "report=off")
    outcome = sim(*words)
    assert outcome.status == 0, outcome.err
    folder = Path(outcome.out[-1])
    log = (folder / "run.log").read_text(encoding="utf-8").splitlines()
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert sum(" fill: " in line for line in log) == summary["fills"] > 0
    ends = [line for line in log if line.endswith("halted: stopped")]
    assert len(ends) == 2
