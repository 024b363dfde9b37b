"""A configuration folder of the user's own, for the verbs that compose settings themselves."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from conf.compose import session_from_command_line
from live.__main__ import main as live_main
from sim.__main__ import main as sim_main
from strategies.trading.model.errors import ConfigError
from tests.conftest import run_command, run_sim

EXPERIMENT = "# @package _global_\nrisk:\n  max_concurrent_wagers: 7\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an experiment of the user's own."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("joined", [True, False])
def test_a_users_own_experiment_is_found_by_the_live_verbs(folder: Path, joined: bool) -> None:
    """An experiment that was backtested with --config-dir is found in both spellings."""
    words = [f"--config-dir={folder}"] if joined else ["--config-dir", str(folder)]
    session: Any = session_from_command_line([*words, "+experiment=mine"], "check")
    assert session.limits.max_concurrent_wagers == 7


@pytest.mark.parametrize(
    ("main", "verb"),
    [
        *((sim_main, verb) for verb in ("run", "serve")),
        *(
            (live_main, verb)
            for verb in (
                "paper", "trade", "rehearse", "record", "check", "status", "cancel-all", "reconcile"
            )
        ),
    ],
)  # fmt: skip
def test_every_verb_shows_its_settings_with_a_users_own(
    folder: Path, main: Callable[[Sequence[str]], int], verb: str
) -> None:
    """`--cfg job` prints them with what a folder of the user's own changes, and runs nothing."""
    words = ("--config-dir", str(folder), "--cfg", "job", "+experiment=mine", "session.name=first")
    outcome = run_command(main, folder, verb, *words)
    assert (outcome.status, outcome.err) == (0, [])
    shown = yaml.safe_load("\n".join(outcome.out))
    assert shown["risk"]["max_concurrent_wagers"] == 7
    modes = {"run": "backtest", "trade": "live", "status": "check", "cancel-all": "check"}
    assert shown["mode_name"] == modes.get(verb, verb)
    assert [path.name for path in folder.iterdir()] == ["experiment"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--cfg", "all"), "--cfg: write --cfg job"),
        (("--cfg",), "--cfg: write --cfg job"),
        (("--cfg=job", "risk.max_wagers=1"), "risk.max_wagers: no such setting"),
        (("--cfg=job", "mode=live"), "mode=live: the verb chooses the mode"),
        (("--cfg=job", "--config-dir=nowhere"), "--config-dir: 'nowhere' is no folder"),
        (("--multirun",), "--multirun: no such option; there are --config-dir DIR and --cfg job"),
    ],
)
def test_wrong_options_of_a_session_are_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    """The option or setting is named, with what may be written."""
    outcome = run_command(live_main, tmp_path, "paper", "session.name=first", *words)
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert message in outcome.err[0]


def test_the_state_of_a_session_may_be_asked_with_the_folder_of_its_settings(
    folder: Path,
) -> None:
    """A running session has its settings: the option changes nothing, and is no error."""
    words = ("status", "session.name=first", "--config-dir", str(folder))
    outcome = run_command(live_main, folder, *words)
    assert (outcome.status, outcome.err) == (
        2,
        ["python -m live status: sessions/first: there is no session"],
    )


@pytest.mark.parametrize("word", ["--config-dir=nowhere", "--config-dir", "--resolve"])
def test_a_missing_folder_or_option_is_refused(word: str) -> None:
    """The error names the option and what is wrong with it."""
    with pytest.raises(ConfigError, match=f"^{word.partition('=')[0]}: "):
        session_from_command_line([word], "check")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spread: [1\n", "mine.yaml"),
        ("", "strategy: {} names no class; write _target_: package.module.Class"),
    ],
)
def test_a_file_of_ones_own_that_says_nothing_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    """YAML that cannot be read names its file, and one without a class says what to write."""
    (tmp_path / "conf" / "strategy").mkdir(parents=True)
    (tmp_path / "conf" / "strategy" / "mine.yaml").write_text(text, encoding="utf-8")
    outcome = run_sim(tmp_path, "run", "--config-dir", "conf", "strategy=mine")
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert message in outcome.err[0]


def test_a_word_that_is_no_setting_is_named(tmp_path: Path) -> None:
    """A word without a value is refused with how settings are written, without Hydra's grammar."""
    outcome = run_sim(tmp_path, "run", "extra")
    assert (outcome.status, outcome.err) == (
        2,
        ["python -m sim run: extra: no setting; write NAME=VALUE"],
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--cfg",), "--cfg: write --cfg job or hydra or all"),
        (("--cfg", "jobs"), "--cfg: write --cfg job or hydra or all"),
        (("--config-dir",), "--config-dir: write --config-dir VALUE"),
        (("--cfg=job", "--multirun"), "--cfg: shows one run; leave out --multirun"),
    ],
)
def test_an_option_without_its_value_is_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    """The option is named with what it takes, in place of a usage text."""
    outcome = run_sim(tmp_path, "run", *words)
    assert (outcome.status, outcome.out, outcome.err) == (2, [], [f"python -m sim run: {message}"])
