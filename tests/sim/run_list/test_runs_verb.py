"""The verb `runs`: what is listed of real runs and studies, filtered, compared and queried."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_sim, write_small_tape

WORDS = ("recording.path=tape", "markets=moneyline", "latency=none", "report=off")

Sim = Callable[..., Any]


def run(folder: Path, *words: str) -> Path:
    """Run a backtest on the small tape, and return its folder."""
    outcome = run_sim(folder, "run", *WORDS, *words)
    assert outcome.status == 0, outcome.err
    return Path(outcome.out[-1])


@pytest.fixture(scope="module")
def finished_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the folders of two runs that differ in a setting, for copies to be made of."""
    folder = tmp_path_factory.mktemp("finished")
    write_small_tape(folder / "tape")
    return [run(folder, f"strategy.spread_margin={margin}") for margin in ("0", "0.03")]


@pytest.fixture
def two_runs(finished_runs: list[Path], tmp_path: Path) -> list[Path]:
    """Return the folders of two such runs, below the folder that `sim` works in."""
    return [
        shutil.copytree(run, tmp_path / "runs" / run.parent.name / run.name)
        for run in finished_runs
    ]


def test_runs_are_listed_with_their_figures(sim: Sim, two_runs: list[Path]) -> None:
    """A line for each run, the newest last, with profit, fills, folder and what was set."""
    outcome = sim("runs")
    assert outcome.status == 0
    head, first, second = outcome.out
    assert head.split()[:2] == ["finished", "profit"]
    for line, folder in zip((first, second), two_runs, strict=True):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        profit = summary["profit_cents"]
        shown = f"{'-' if profit < 0 else ''}${abs(profit) / 100:,.2f}"
        assert line.split()[3] == shown
        assert line.split()[5] == str(summary["fills"])
        assert folder.name in line
        assert "SimpleMarketMaker" in line
    assert "strategy.spread_margin=0.03" in second
    assert all("tape (simulated)" in line for line in sim("runs").out[1:3])


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (["strategy.spread_margin=0.03"], 1),
        (["strategy=simplemarket", "recording=tape"], 2),
        (["strategy=skewed"], 0),
        (["recording=nba"], 0),
        (["since=2020-01-01"], 2),
        (["until=2020-01-01"], 0),
        (["mode=backtest", "strategy.spread_margin=0"], 1),
    ],
)
def test_words_leave_runs_out(
    sim: Sim, two_runs: list[Path], words: list[str], listed: int
) -> None:
    """Every word must agree."""
    lines = sim("runs", *words).out
    assert sum("SimpleMarketMaker" in line for line in lines) == listed
    if not listed:
        assert lines == ["no finished run or study was found"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "nonsense: no filter; write one of mode, strategy"),
        (["profit=3"], "profit=3: no filter"),
        (["since=yesterday"], "since=yesterday: not a date, such as 2026-11-01"),
        (["compare", "a"], "compare: name two folders"),
        (["compare", "a", "b"], "a/summary.json: cannot be reported on"),
        (["--sql", "selec"], "--sql: Parser Error"),
    ],
)
def test_wrong_words_are_one_line(sim: Sim, words: list[str], message: str) -> None:
    """The message names the word and what is right."""
    outcome = sim("runs", *words)
    assert outcome.status == 2
    assert outcome.out == []
    assert message in outcome.err[0]


def test_damaged_and_older_folders_are_counted(
    sim: Sim, tmp_path: Path, two_runs: list[Path]
) -> None:
    """They are left out, and everything else is listed."""
    (two_runs[0] / "summary.json").write_text("{", encoding="utf-8")
    older = tmp_path / "runs" / "older"
    older.mkdir()
    (older / "summary.json").write_text('{"mode": "backtest", "profit_cents": 3}', encoding="utf-8")
    study = tmp_path / "studies" / "broken"
    study.mkdir(parents=True)
    (study / "study.sqlite").write_bytes(b"no database, of some length" * 100)
    outcome = sim("runs")
    assert outcome.status == 0
    assert sum("SimpleMarketMaker" in line for line in outcome.out) == 1
    assert outcome.out[-1] == "3 folders could not be read: damaged, or of another version"


def test_two_runs_side_by_side(sim: Sim, two_runs: list[Path]) -> None:
    """Figures with their difference, and of the settings only those that differ."""
    lines = sim("runs", "compare", *map(str, two_runs)).out
    rows = {line.split("  ")[0].strip(): line.split() for line in lines[1:-1]}
    summaries = [
        json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in two_runs
    ]
    fills = [summary["fills"] for summary in summaries]
    assert rows["fills"] == ["fills", str(fills[0]), str(fills[1]), f"{fills[1] - fills[0]:+}"]
    assert rows["strategy.spread_margin"][1:] == ["0", "0.03"]
    assert fills[0] > 0
    assert [name for name in rows if "." in name] == ["strategy.spread_margin"]
    assert "recording" not in rows


def test_two_studies_side_by_side(sim: Sim, small_tape: Path) -> None:
    """Arms of both are compared by their games, and those of one alone are named."""
    words = [word for word in WORDS if word != "report=off"]
    for name, margins in (("a", "0,0.01"), ("b", "0,0.03")):
        outcome = sim("study", name, *words, f"strategy.spread_margin={margins}", "sensitivity=off")
        assert outcome.status == 0, outcome.err
    listed = sim("runs").out
    assert [line.split()[3:7] for line in listed[1:]] == [["2", "1", "2", "0"]] * 2
    lines = sim("runs", "compare", "studies/a", "studies/b").out
    rows = [line.split() for line in lines]
    assert ["strategy.spread_margin=0:", "games", "1", "1", "+0"] in rows
    assert ["arm", "strategy.spread_margin=0.01", "yes", "no"] in rows
    assert ["arm", "strategy.spread_margin=0.03", "no", "yes"] in rows
    refused = sim("runs", "compare", "studies/a", "runs")
    assert refused.status == 2
    assert "a study and a run cannot be compared" in refused.err[0]
    counted = sim("runs", "--sql", "select study, count(*), sum(fills) > 0 from trials group by 1")
    assert sorted(counted.out[1:]) == ["a      2             True", "b      2             True"]


def test_runs_are_queried(sim: Sim, two_runs: list[Path]) -> None:
    """A query has a row for each run, with money in cents."""
    query = "select folder, profit_cents, fills, queue from runs order by finished"
    lines = sim("runs", "--sql", query).out
    assert lines[0].split() == ["folder", "profit_cents", "fills", "queue"]
    for line, folder in zip(lines[1:], two_runs, strict=True):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert line.split()[0].endswith(folder.name)
        assert line.split()[1:] == [
            str(summary["profit_cents"]), str(summary["fills"]), summary["models"]["queue"]
        ]  # fmt: skip


def test_a_query_without_duckdb_names_the_remedy(sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that has it is named."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    outcome = sim("runs", "--sql", "select 1")
    assert outcome.status == 2
    assert outcome.err == [
        "python -m sim runs: --sql: duckdb is missing; install it with "
        "pip install 'prophet-sim[sql]'"
    ]


def test_a_page_is_written_on_two_runs(sim: Sim, two_runs: list[Path]) -> None:
    """It says what differs, game by game, and that one game decides nothing."""
    outcome = sim("runs", "compare", *map(str, two_runs))
    page = Path(outcome.out[-1])
    assert page.parent == two_runs[1].resolve()
    text = page.read_text(encoding="utf-8")
    assert "1 common game cannot show which run is better." in text
    assert "strategy.spread_margin" in text
    assert '<figure id="profits">' in text
    same = Path(sim("runs", "compare", str(two_runs[0]), str(two_runs[0])).out[-1])
    assert "The runs sent the same commands." in same.read_text(encoding="utf-8")
