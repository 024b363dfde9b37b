"""The code of a strategy outside of this project, kept with every run and session."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conf.compose import changed_code_since, session_from_command_line, session_from_saved
from tests.conftest import Outcome

Sim = Callable[..., Outcome]

STRATEGY = """
from strategies.simple_market_maker import SimpleMarketMaker

class Own(SimpleMarketMaker):
    '''Quotes as its base.'''
"""
OWN = "strategy._target_=own_code.Own"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a strategy outside of the tree, which can be imported."""
    path = tmp_path / "own_code.py"
    path.write_text(STRATEGY, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_code", raising=False)
    return path


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.usefixtures("small_tape")
def test_the_summary_and_the_report_have_the_digest_of_the_own_module(
    sim: Sim, module: Path
) -> None:
    """Two runs of the same settings differ in it where their code does."""
    folder = Path(sim("run", "recording.path=tape", OWN).out[-1])
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["code"] == {"own_code": digest_of(module)}
    assert digest_of(module) in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("small_tape")
def test_a_run_of_our_own_code_alone_has_the_commit_only(sim: Sim) -> None:
    """A strategy of this project is part of its commit."""
    folder = Path(sim("run", "recording.path=tape", "report=off").out[-1])
    assert "code" not in json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_a_session_keeps_the_digest_and_is_replayed_with_it(module: Path, tmp_path: Path) -> None:
    """A changed module is named; the session is built all the same, as its commands decide."""
    session = session_from_command_line([OWN, "session.name=first"], "paper")
    saved = tmp_path / "start-00001.yaml"
    saved.write_text(session.settable().configuration, encoding="utf-8")
    assert changed_code_since(saved) == []
    with module.open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    assert changed_code_since(saved) == ["own_code"]
    assert session_from_saved(saved, "replay") is not None


def test_replay_and_compare_warn_of_changed_code(sim: Sim, module: Path, tmp_path: Path) -> None:
    """One line names the start and the module, before anything is read of the session."""
    session = session_from_command_line([OWN, "session.name=first"], "paper")
    folder = tmp_path / "sessions" / "first"
    folder.mkdir(parents=True)
    saved = folder / "start-00001.yaml"
    saved.write_text(session.settable().configuration, encoding="utf-8")
    with module.open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    for verb in ("replay", "compare"):
        outcome = sim(verb, "sessions/first")
        assert outcome.err[0] == "start 1: the code of own_code is not what the session ran"


@pytest.mark.parametrize("target", ["gone.Own", "gone.ideas.Own"])
def test_code_that_is_gone_is_named_and_how_to_find_it(
    sim: Sim, tmp_path: Path, target: str
) -> None:
    """A replay without the module says which it is, and where Python looks for it."""
    folder = tmp_path / "sessions" / "first"
    folder.mkdir(parents=True)
    module = target.removesuffix(".Own")
    (folder / "start-00001.yaml").write_text(
        f"strategy:\n  _target_: {target}\n  _partial_: true\ncode:\n  {module}: abc\n",
        encoding="utf-8",
    )
    outcome = sim("replay", "sessions/first")
    assert outcome.status == 2
    assert outcome.err[0] == f"start 1: the code of {module} is not what the session ran"
    assert "no module 'gone'; is its folder in PYTHONPATH?" in outcome.err[1]
