"""The trial of damage at a small size."""

from pathlib import Path

import pytest

from tests.trials.damage import recorded_session, run


@pytest.mark.slow  # a session at a sandbox
def test_a_damaged_file_is_never_read_as_something_else(tmp_path: Path) -> None:
    """Cut or with a flipped bit, each file is read as the whole or refused in one line."""
    lines: list[str] = []
    results = run(recorded_session(tmp_path), 40_000, 1, lines.append)
    assert len(results) >= 5
    assert [result.problems for result in results if result.problems] == [], lines
