"""The trial of pairs of faults at a small size."""

from pathlib import Path

import pytest
from numpy.random import default_rng

from sim.sandbox.requested_faults import FaultKind
from tests.trials.fault_pairs import FAULTS, Case, Moment, Result, cases, run_pairs


def test_every_fault_of_the_sandbox_is_in_a_pair() -> None:
    """No kind of fault is left out, and no pair at any moment."""
    assert {body["kind"] for bodies in FAULTS.values() for body in bodies} == set(FaultKind)
    pairs = len(FAULTS) * (len(FAULTS) - 1) // 2
    drawn = cases(0, default_rng(1))
    assert len({(case.moment, frozenset((case.first, case.second))) for case in drawn}) == 3 * pairs


@pytest.mark.slow  # whole sessions
def test_two_faults_at_once_leave_nothing_open(tmp_path: Path) -> None:
    """A session recovers, or ends with nothing open, with faults of requests and of messages."""
    some = [
        Case(Moment.PLACING, "responses reset", "socket reset"),
        Case(Moment.END, "502 with a page", "messages lost"),
    ]
    shown: list[tuple[Result, list[str]]] = []
    run_pairs(some, tmp_path, lambda result, lines: shown.append((result, list(lines))))
    assert [each for each in shown if each[0].problems] == []
