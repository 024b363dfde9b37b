"""What is finished is kept: a run without its report, and the finished runs of a sweep."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.tape_columns import tape_columns
from tests.conftest import Outcome, write_small_tape
from tests.full_disks import files_limited_to
from tests.paths import PROJECT

Sim = Callable[..., Outcome]

RUN = ("run", "recording.path=tape", "markets=moneyline")


def error_of(outcome: Outcome) -> str:
    """Return the one line of error beside the progress, and what stops no run."""
    lines = [each for each in outcome.err if not each.endswith("the run goes on")]
    (line,) = (each for each in lines if "━" not in each)
    return line


@pytest.mark.slow
def test_a_finished_run_is_kept_though_its_report_cannot_be_drawn(
    sim: Sim, small_tape: Path
) -> None:
    """Status 1, and one line that says why, and how to draw it: that command then does."""
    tape_columns(Tape(small_tape))  # kept beside the recording, whatever becomes of the run
    with files_limited_to(20_000):
        outcome = sim(*RUN, "hydra.run.dir=out")
    assert outcome.status == 1
    assert "settled profit, net of commission" in "\n".join(outcome.out)
    message = error_of(outcome)
    assert "the run is finished, but its report could not be drawn: " in message
    assert "report.html: cannot be written (File too large)" in message
    command = message.partition("; when that is mended, draw it with python -m sim ")[2].split()
    out = small_tape.parent / "out"
    assert (out / "fills.parquet").exists()
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["mode"] == "backtest"
    assert sim(*command).status == 0
    assert (out / "report.html").exists()


def test_a_run_whose_tables_cannot_be_written_leaves_nothing(sim: Sim, tmp_path: Path) -> None:
    """It never finished: its folder goes with it."""
    tape_columns(Tape(write_small_tape(tmp_path / "tape", minutes=600)))
    with files_limited_to(6_000):
        outcome = sim(*RUN)
    assert (outcome.status, outcome.out) == (1, [])
    assert ".parquet: cannot be written (File too large)" in error_of(outcome)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "tape"]
    assert list((tmp_path / "runs").rglob("*.parquet")) == []


@pytest.mark.usefixtures("small_tape")
def test_a_run_without_a_report_says_how_to_draw_it(sim: Sim) -> None:
    """`report=off` draws none, and its last lines say so; a value that is neither is refused."""
    outcome = sim(*RUN, "report=off", "hydra.run.dir=out")
    assert outcome.status == 0
    folder = Path(outcome.out[-1])
    assert outcome.out[-2] == f"no report.html (report=off); python -m sim report {folder} draws it"
    assert not (folder / "report.html").exists()
    assert (folder / "summary.json").exists()
    refused = sim(*RUN, "report=no")
    assert refused.status == 2
    assert refused.err == ["python -m sim run: report: 'no' is not one of on, off or true or false"]


@pytest.mark.usefixtures("small_tape")
def test_an_older_run_in_the_folder_is_no_result_of_one_that_fails(
    sim: Sim, tmp_path: Path
) -> None:
    """A folder that is used again keeps what it had, and nothing of the run that failed."""
    assert sim(*RUN, "report=off", "hydra.run.dir=out").status == 0
    before = sorted(path.name for path in (tmp_path / "out").glob("[a-z]*"))
    assert "summary.json" in before
    assert sim(*RUN, "report=off", "hydra.run.dir=out", "clock=wall").status == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == before


@pytest.mark.slow
def test_ctrl_c_in_a_sweep_says_which_runs_are_kept(tmp_path: Path, small_tape: Path) -> None:
    """The runs that had finished stay whole, the interrupted one leaves nothing; status 130."""
    seeds = ",".join(map(str, range(40)))
    words = [*RUN, "report=off", "hydra.sweep.dir=sweep", "--multirun", f"seed={seeds}"]
    with subprocess.Popen(
        [sys.executable, "-m", "sim", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.rstrip().endswith("/sweep/1"):
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    text = errors.splitlines()[-1]
    finished = sorted((tmp_path / "sweep").glob("*/summary.json"), key=lambda p: int(p.parent.name))
    names = [path.parent.name for path in finished]
    assert names[:2] == ["0", "1"]
    assert text.endswith(
        f"kept {len(names)} finished runs in {tmp_path / 'sweep'}: {', '.join(names)}"
    )
    assert sorted(each.name for each in (tmp_path / "sweep").iterdir() if each.is_dir()) == sorted(
        names
    )


@pytest.mark.usefixtures("small_tape")
def test_a_run_is_titled_by_what_was_given_for_it(sim: Sim) -> None:
    """Its overrides stand in the title on the console, in the summary and in the report."""
    outcome = sim(*RUN, "strategy.spread_margin=0.01")
    assert outcome.out[0].endswith(
        ", queue model prorata, recording.path=tape, markets=moneyline, strategy.spread_margin=0.01"
    )
    folder = Path(outcome.out[-1])
    report = (folder / "report.html").read_text(encoding="utf-8")
    given = "recording.path=tape, markets=moneyline, strategy.spread_margin=0.01"
    assert f"SimpleMarketMaker, {given}</title>" in report
    assert f"<p>Settings: {given}</p>" in report


@pytest.mark.usefixtures("small_tape")
def test_a_run_of_a_sweep_is_titled_by_what_differs(sim: Sim) -> None:
    """The settings that all have are left out; a sweep of another setting than the seed is fine."""
    margins = "strategy.spread_margin=0.005,0.01"
    outcome = sim(*RUN, "report=off", "hydra.sweep.dir=sweep", "--multirun", margins)
    titles = [line for line in outcome.out if line.startswith("SimpleMarketMaker on ")]
    assert [title.partition("queue model prorata, ")[2] for title in titles] == [
        "strategy.spread_margin=0.005",
        "strategy.spread_margin=0.01",
    ]
    summary = json.loads((Path(outcome.out[-1]) / "summary.json").read_text(encoding="utf-8"))
    assert summary["overrides"] == ["strategy.spread_margin=0.01"]
    assert not [line for line in outcome.out if "no sample" in line]


@pytest.mark.usefixtures("small_tape")
def test_a_sweep_of_seeds_on_one_recording_says_that_it_is_no_sample(sim: Sim) -> None:
    """The sentence is printed once, after the last run."""
    outcome = sim(*RUN, "report=off", "hydra.sweep.dir=sweep", "--multirun", "seed=1,2")
    assert outcome.status == 0
    assert [line for line in outcome.out if "no sample" in line] == [outcome.out[-1]]
    assert outcome.out[-1] == (
        "note: on one recording a seed changes only latencies and faults; runs that differ by it "
        "are no sample of games"
    )


@pytest.mark.usefixtures("small_tape")
@pytest.mark.parametrize(
    "queue",
    ["back", *(pytest.param(name, marks=pytest.mark.slow) for name in ("front", "prorata"))],
)
def test_the_chosen_queue_model_stands_once_among_the_profits(sim: Sim, queue: str) -> None:
    """The chosen one is the settled profit; only the other extremes follow, also in the report."""
    outcome = sim(*RUN, f"queue={queue}")
    rows = [line for line in outcome.out if "under queue model" in line]
    others = [name for name in ("front", "back") if name != queue]
    assert [row.split("under queue model ")[1].split()[0] for row in rows] == others
    report = (Path(outcome.out[-1]) / "report.html").read_text(encoding="utf-8")
    assert report.count(f">{queue} (chosen") == 1
    assert report.count(f">{queue} (") == 1
