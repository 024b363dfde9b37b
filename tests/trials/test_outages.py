"""The trial of outages at a small size."""

from pathlib import Path

import pytest

from tests.trials.outages import Outage, run_outages


@pytest.mark.slow  # whole sessions and sandboxes in processes of their own
def test_a_session_recovers_from_an_outage(tmp_path: Path) -> None:
    """Once the exchange can be reached again it quotes, its books agree, and it ends empty."""
    lines: list[str] = []
    results = run_outages([(Outage.CUT, 1.0)], 1, tmp_path, lines.append)
    assert [result for result in results if result.problems] == [], lines
