"""The documents for those who change the project: everything that they name exists."""

import re

import pytest

from recordings.reader import open_recording
from tests.paths import PROJECT

DOCUMENTS = (
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *(f"docs/{p.name}" for p in (PROJECT / "docs").glob("*.md")),
)
LINE_ID = re.compile(r"\b[0-9a-f]{32}\b")
TOPS = ("benchmarks/", "conf/", "docs/", "live/", "recordings/", "sim/", "strategies/", "tests/")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_reference_and_path_in_a_document_exists(document: str) -> None:
    """Each file linked to, and each path of the project in backticks, exists."""
    folder = (PROJECT / document).parent
    text = (PROJECT / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (folder / target).exists()] == []
    named = [name for name in re.findall(r"`([\w./]+)`", text) if name.startswith(TOPS)]
    named = [name for name in named if "my_idea" not in name]
    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_every_line_id_in_a_document_is_of_a_shipped_recording() -> None:
    """An example with the id of a line can be tried on a shipped game as it stands."""
    known = {
        line.line_id
        for sport in ("nba", "nfl", "mlb", "nhl")
        for line in open_recording(sport).info.lines
    }
    named = {
        line_id
        for document in ("README.md", *DOCUMENTS)
        for line_id in LINE_ID.findall((PROJECT / document).read_text(encoding="utf-8"))
    }
    assert named
    assert named <= known


def test_the_architecture_names_every_folder_of_code() -> None:
    """A newcomer finds every folder of code on the page, by its path or by its name."""
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {
        path.parent.relative_to(PROJECT)
        for top in ("strategies", "recordings", "sim", "live")
        for path in (PROJECT / top).rglob("__init__.py")
    }
    unnamed = [str(path) for path in sorted(packages) if f"{path.name}/" not in text]
    assert unnamed == []


def test_the_unit_for_systemd_leaves_the_watchdog_and_the_end_alone() -> None:
    """systemd kills the main process only, and waits longer than a session tries to cancel."""
    text = (PROJECT / "docs" / "going-live.md").read_text(encoding="utf-8")
    unit = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    assert (unit["KillMode"], unit["RestartPreventExitStatus"]) == ("process", "2")
    session = PROJECT / "conf" / "mode" / "run" / "trading_session.yaml"
    closing = re.search(r"closing_seconds: (\d+)", session.read_text(encoding="utf-8"))
    assert closing is not None
    assert int(unit["TimeoutStopSec"]) > int(closing[1])
