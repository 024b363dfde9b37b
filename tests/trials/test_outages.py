"""The trial of outages at a small size."""

from pathlib import Path

import pytest

from tests.trials.outages import Outage, run_outages


@pytest.mark.slow  # whole sessions and sandboxes in processes of their own
def test_a_session_recovers_from_an_outage_or_ends_with_nothing_open(tmp_path: Path) -> None:
    """Restarted, the exchange has forgotten wagers, which are named; cut off, it has not."""
    lines: list[str] = []
    outages = [(Outage.RESTARTED, 1.0), (Outage.CUT, 1.0)]
    results = run_outages(outages, 1, tmp_path, lines.append)
    assert [result for result in results if result.problems] == [], lines
