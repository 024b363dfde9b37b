"""docs/own-data.md: its examples run exactly as they are written."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape
from recordings.validator import validate
from tests.paths import PROJECT

PAGE = (PROJECT / "docs" / "own-data.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
(CONSOLE,) = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(PRINTED,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files of the page."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_example_of_a_mapping_runs_as_it_is_written(
    folder: Path, sim: Callable[..., Any]
) -> None:
    """Every command of the page succeeds, and the first prints what the page says."""
    commands = [line.removeprefix("python -m sim ").split() for line in CONSOLE.splitlines()]
    outcomes = [sim(*words) for words in commands]
    assert [outcome.status for outcome in outcomes] == [0] * 3
    assert outcomes[0].out[:-1] == PRINTED.splitlines()
    summary = validate(Tape(folder / "bos-nyk"))
    assert summary.pairs == 2
    assert summary.rows_by_kind == {
        "offer": 6,
        "trade": 1,
        "market_status": 3,
        "event_status": 2,
        "schedule": 1,
        "score": 1,
        "result": 2,
        "reference": 1,
    }
    assert summary.info.unreported == ()


def test_the_example_in_python_runs_as_it_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script of the page writes a valid recording."""
    monkeypatch.chdir(folder)
    exec(compile(FILES["write_recording.py"], "write_recording.py", "exec"), {})
    summary = validate(Tape(folder / "by-hand"))
    assert summary.rows_by_kind["trade"] == 1
    assert summary.info.notes == ["Collected by hand."]
