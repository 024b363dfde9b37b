"""The command line: what it explains, what it refuses, and what files a run leaves."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from sim.__main__ import VERBS, main
from sim.backtest import Backtest
from strategies.trading.model.errors import ConfigError, TapeError
from tests.paths import PROJECT

HYDRA_FILES = ("config.yaml", "overrides.yaml")
RUN_FILES = {"summary.json", "report.html", "wagers.parquet", "fills.parquet", "equity.parquet"}

Sim = Callable[..., Any]

# The settings, and the part that the message must name.
REFUSED_WORDS = {
    "an unknown experiment": ("+experiment=nobody", "experiment/nobody"),
    "an experiment without its plus": ("experiment=nba", "+experiment=nba"),
    "an unknown choice": ("latency=slow", "latency/slow"),
    "a missing recording": ("recording.path=nowhere", "nowhere"),
    "a mode that is not there": ("mode=someday", "the verb chooses the mode"),
    "a mode of another verb": ("mode=live", "python -m live trade"),
    "a mode in disguise": ("+mode=live", "mode"),
    "what is no setting": ("nonsense", "nonsense"),
    "a flag that is not there": ("--no-such-flag", "--no-such-flag"),
}

# Refused where the session is built, whatever verb asked for it.
REFUSED_VALUES = {
    "a key that nobody takes": ("+risk.max_stake=1", "max_stake"),
    "a top key that nobody takes": ("+spread_margin=0.01", "spread_margin"),
    "a key of a model": ("+queue.depth=1", "depth"),
    "a key of a delay": ("+latency.entry.mean=1", "mean"),
    "a key beside the recording": ("+recording.name=nba", "name"),
    "a limit as text": ("risk.max_total_exposure=lots", "risk.max_total_exposure"),
    "a limit as quoted number": ("risk.max_total_exposure='12'", "risk.max_total_exposure"),
    "a negative limit": ("risk.max_stake_per_wager=-1", "risk.max_stake_per_wager"),
    "a limit that is no number": ("risk.max_daily_loss=nan", "risk.max_daily_loss"),
    "a limit without bounds": ("risk.max_event_exposure=inf", "risk.max_event_exposure"),
    "a third decimal": ("risk.max_market_exposure=1.005", "risk.max_market_exposure"),
    "a limit that is nothing": ("risk.max_position_size=null", "risk.max_position_size"),
    "a limit that is a list": ("risk.max_concurrent_wagers=[1]", "risk.max_concurrent_wagers"),
    "a flag as number": ("risk.in_play=1", "risk.in_play"),
    "a margin out of range": ("strategy.spread_margin=0.5", "strategy.spread_margin"),
    "a stake as text": ("strategy.default_stake=ten", "strategy.default_stake"),
    "a balance as text": ("starting_balance=much", "starting_balance"),
    "a negative delay": ("latency.entry.ms=-5", "latency.entry.ms"),
    "measured delays without a table": ("latency=measured", "latency.path"),
    "a percent above all": ("fees.rate_percent=101", "fees.rate_percent"),
    "an unknown kind of market": ("markets.types=[futures]", "futures"),
    "an unknown tournament": ("markets.tournaments=[Nowhere League]", "Nowhere League"),
    "a session name that cannot be sent": ("session.name='a b'", "session.name"),
    "a seed that is no number": ("seed=x", "seed"),
    "a negative seed": ("seed=-1", "seed"),
}


def left_in(folder: Path) -> list[Path]:
    """Return the files below a folder, and the folders of runs; an empty `runs` is no trace."""
    return sorted(path for path in folder.rglob("*") if path.is_file() or path.name == ".hydra")


def refused(outcome: Any, verb: str, *named: str) -> None:
    """Assert one line of error, that names these, with status 2 and no traceback."""
    assert outcome.status == 2
    assert outcome.out == []
    assert len(outcome.err) == 1, outcome.err
    assert outcome.err[0].startswith(f"python -m sim {verb}: ")
    assert [name for name in named if name not in outcome.err[0]] == []


# Help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_names_every_verb(sim: Sim, words: tuple[str, ...]) -> None:
    """Without arguments, or with --help, every verb and the exit statuses are printed."""
    outcome = sim(*words)
    assert (outcome.status, outcome.err) == (0, [])
    printed = "\n".join(outcome.out)
    assert [verb for verb in VERBS if f"\n  {verb} " not in printed] == []
    assert "--debug" in printed


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(sim: Sim, verb: str) -> None:
    """Help on a verb shows its usage, does nothing else, and succeeds."""
    outcome = sim(verb, "--help")
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out[0].startswith(f"usage: python -m sim {verb}")
    assert len(outcome.out) > 3


def test_help_on_run_lists_every_choice(sim: Sim) -> None:
    """Help on `run` lists every group with its choices, including the experiments."""
    printed = sim("run", "--help").out
    for group in ("experiment", "latency", "queue", "risk", "markets", "pricing", "strategy"):
        names = sorted(path.stem for path in (PROJECT / "conf" / group).glob("*.yaml"))
        assert [line.split() for line in printed if line.split()[:1] == [group]] == [
            [group, *(f"{name}," for name in names[:-1]), names[-1]]
        ]


def test_an_unknown_verb_is_refused_with_the_known_ones(sim: Sim) -> None:
    """An unknown verb gets one line that lists the known ones."""
    outcome = sim("frobnicate")
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert [name for name in ("frobnicate", *VERBS) if name not in outcome.err[0]] == []


# Settings ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("word", "named"), REFUSED_WORDS.values(), ids=REFUSED_WORDS.keys())
def test_a_wrong_word_is_refused_in_one_line(
    sim: Sim, tmp_path: Path, word: str, named: str
) -> None:
    """A word that no setting fits gets one line naming it, status 2, and leaves no files."""
    refused(sim("run", word), "run", named)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("word", "named"), REFUSED_VALUES.values(), ids=REFUSED_VALUES.keys())
def test_a_wrong_setting_is_refused_in_one_line(
    build_backtest: Callable[..., Backtest], word: str, named: str
) -> None:
    """An invalid setting gets one line naming it."""
    with pytest.raises(ConfigError) as refusal:
        build_backtest(word)
    assert named in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_refused_run_leaves_no_folder(sim: Sim, tmp_path: Path) -> None:
    """After the refusal of a setting, in one line, not even an empty run folder is left."""
    refused(sim("run", "risk.max_total_exposure=-1"), "run", "risk.max_total_exposure")
    assert list(tmp_path.glob("runs/*")) == []


def test_a_failed_run_keeps_existing_files(sim: Sim, tmp_path: Path) -> None:
    """A run that fails in a folder with other files removes none of them."""
    theirs = tmp_path / "thesis" / "chapter.txt"
    theirs.parent.mkdir()
    theirs.write_text("years of work", encoding="utf-8")
    outcome = sim("run", "hydra.run.dir=thesis", "risk.max_total_exposure=-1")
    assert outcome.status == 2
    assert theirs.exists()


def test_debug_prints_the_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --debug, anywhere on the command line, an error is raised with its traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sim"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(TapeError, match="nowhere"):
        main(["validate", "nowhere", "--debug"])
    with pytest.raises(ConfigError, match=r"risk\.max_daily_loss"):
        main(["--debug", "run", "risk.max_daily_loss=-1"])


# Running -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_writes_a_complete_folder_and_prints_its_path_last(
    sim: Sim, run_in: Callable[..., Any], tmp_path: Path, small_tape: Path
) -> None:
    """Relative paths start at the current folder; `report` writes the same report again."""
    outcome = sim("run", "recording.path=tape")
    assert outcome.status == 0, outcome.err
    folder = Path(outcome.out[-1])
    assert folder.is_absolute()
    assert folder.is_relative_to(tmp_path / "runs" / "backtest")
    assert set(os.listdir(folder)) >= RUN_FILES
    assert [path for path in left_in(folder) if path.name.endswith(".part")] == []
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["wagers_placed"] > 0
    # The composed configuration and the words of the command line are beside the results.
    kept = {name: (folder / ".hydra" / name).read_text("utf-8") for name in HYDRA_FILES}
    assert kept["overrides.yaml"] == "- recording.path=tape\n"
    assert "spread_margin" in kept["config.yaml"]
    absolute = run_in(tmp_path, f"recording.path={small_tape}")
    assert absolute.summary["digest"] == summary["digest"]
    drawn = (folder / "report.html").read_text(encoding="utf-8")
    (folder / "report.html").unlink()
    outcome = sim("report", str(folder))
    assert (outcome.status, outcome.out[-1]) == (0, str(folder / "report.html"))
    assert (folder / "report.html").read_text(encoding="utf-8") == drawn


def test_a_run_that_fails_has_status_1(sim: Sim, tmp_path: Path, small_tape: Path) -> None:
    """A valid run that fails on the way ends with status 1 and one line."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    outcome = sim("run", "recording.path=tape", "hydra.run.dir=file/run")
    assert (outcome.status, outcome.out, len(outcome.err)) == (1, [], 1)


def test_settings_can_be_shown_without_a_run(sim: Sim, tmp_path: Path) -> None:
    """`--cfg job` prints every setting and runs nothing."""
    outcome = sim("run", "+experiment=nba", "--cfg", "job")
    assert outcome.status == 0, outcome.err
    assert "spread_margin:" in "\n".join(outcome.out)
    assert left_in(tmp_path) == []


@pytest.mark.usefixtures("small_tape")
def test_a_run_keeps_its_configuration_whether_or_not_settings_of_hydra_are_given(
    sim: Sim,
) -> None:
    """A run without them is composed once; its folder holds the same files of Hydra."""
    kept = []
    for words in ((), ("hydra.verbose=false",)):
        folder = Path(sim("run", "recording.path=tape", *words).out[-1]) / ".hydra"
        config, theirs = (
            yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
            for name in ("config", "hydra")
        )
        settings = theirs["hydra"]
        assert (folder / "overrides.yaml").read_text(encoding="utf-8") == "- recording.path=tape\n"
        assert settings["overrides"]["hydra"][-1] == "hydra.mode=RUN"
        del settings["overrides"]["hydra"], settings["runtime"]["output_dir"]
        kept.append((config, theirs))
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_a_sweep_runs_every_combination(sim: Sim, tmp_path: Path, small_tape: Path) -> None:
    """`--multirun` makes one run for each value, as in the help."""
    outcome = sim("run", "recording.path=tape", "--multirun", "seed=1,2")
    assert outcome.status == 0, outcome.err
    seeds = [
        json.loads(path.read_text(encoding="utf-8"))["seed"]
        for path in sorted(tmp_path.glob("runs/sweeps/**/summary.json"))
    ]
    assert seeds == [1, 2]


# As a process --------------------------------------------------------------------------------


def sim_process(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m sim` as a process of its own, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "sim", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_process_ends_with_the_status_and_one_line(tmp_path: Path) -> None:
    """The exit status reaches the shell, and without --debug there is one line."""
    wrong = sim_process(tmp_path, "run", "recording.path=nowhere")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert len(wrong.stderr.splitlines()) == 1


def test_the_shipped_recording_is_found_from_any_folder(tmp_path: Path) -> None:
    """`python -m sim validate nba` works outside the project and without a local recording."""
    done = sim_process(tmp_path, "validate", "nba")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "valid"
