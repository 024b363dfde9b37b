"""A configuration folder of the user's own, for the verbs that compose settings themselves."""

from pathlib import Path
from typing import Any

import pytest

from conf.compose import session_from_command_line
from strategies.trading.model.errors import ConfigError

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


@pytest.mark.parametrize("word", ["--config-dir=nowhere", "--config-dir", "--cfg"])
def test_a_missing_folder_or_option_is_refused(word: str) -> None:
    """The error names the option and what is wrong with it."""
    with pytest.raises(ConfigError, match=r"^--c"):
        session_from_command_line([word], "check")
