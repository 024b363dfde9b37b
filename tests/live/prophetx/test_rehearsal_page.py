"""The page of a rehearsal: it fails wherever the exchange's review would."""

import msgspec
import pytest

from live.prophetx.tools.rehearsal_page import (
    QuotesRow,
    RehearsalFailedError,
    RehearsalFigures,
    page,
    review,
)

GOOD = RehearsalFigures(
    hours=2,
    hours_run=2.0,
    ended_by=None,
    faults=42,
    orders=612,
    accepted=600,
    pulls=3,
    batches={1: 2, 20: 30, 10: 1},
    gaps=6,
    whole=True,
    tokens_renewed=12,
    too_many=3,
    too_many_caused=4,
    fastest_query=("v4/mm/get_balance", 1),
    queries={"v4/mm/get_balance": 120},
    checks={"odds off the ladder": True},
    denials={"position": 4},
    kill_switch_seconds=0.4,
    max_daily_loss_cents=100_000,
    stop_loss_percent=20,
    open_stake_times_cash=0.07,
    unknown=5,
    unresolved=0,
    followed=3,
    markets=[QuotesRow("A at H, total", "two-sided 80.0 % (96.0 min)")],
    two_sided=1,
    differences=[],
)


def test_a_rehearsal_that_meets_every_demand_passes() -> None:
    """Nothing is marked, and every figure is on the page."""
    judged = review(GOOD)
    judged.require_passed()
    *rows, last = judged.lines()
    assert all(line.startswith("ok ") for line in rows)
    assert last == f"{len(rows)} of {len(rows)} demands met"
    text = page("Rehearsal 1", [("seed", "7")], GOOD)
    assert "**passed**" in text
    for part in ("612 placed", "0.40 s", "A at H, total", "- seed: 7", "20 at most"):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "row", "asked"),
    [
        ({"ended_by": "InvariantError: off by a cent"}, "running", "running continuously"),
        ({"faults": 0}, "running", "varied conditions"),
        ({"orders": 499}, "orders", "500 or more"),
        ({"gaps": 0}, "reconnects", "reconnects"),
        ({"whole": False}, "reconnects", "reconnects"),
        ({"batches": {1: 612}}, "batches", "up to 20"),
        ({"batches": {21: 1}}, "batches", "up to 20"),
        ({"tokens_renewed": 0}, "tokens renewed", "refreshed"),
        ({"too_many": 5}, "429", "none by our own"),
        ({"fastest_query": ("v4/mm/get_balance", 2)}, "queries", "at most 1 a second"),
        ({"checks": {"odds off the ladder": False}}, "sanity checks", "sanity checks"),
        ({"checks": {}}, "sanity checks", "sanity checks"),
        ({"kill_switch_seconds": None}, "kill switch", "kill switch"),
        ({"kill_switch_seconds": 10.5}, "kill switch", "within 10 s"),
        ({"max_daily_loss_cents": 0}, "largest loss", "risk.max_daily_loss"),
        ({"open_stake_times_cash": 10.0}, "open stake over cash", "less than 10"),
        ({"unresolved": 1}, "unknown outcomes", "every order resolved"),
        ({"two_sided": 0}, "coverage", "coverage"),
        ({"differences": ["r-1: $1.00 open"]}, "account", "no difference"),
        ({"differences": None}, "account", "no difference"),
    ],
)
def test_each_demand_fails_on_its_own(changes: dict[str, object], row: str, asked: str) -> None:
    """The failed row is marked, with what the review asks for beside it, and only that one."""
    figures = msgspec.structs.replace(GOOD, **changes)
    judged = review(figures)
    (failed,) = [line for line in judged.lines() if line.startswith("FAILED")]
    assert row in failed
    assert asked in failed
    with pytest.raises(RehearsalFailedError, match="1 demand of the review not met"):
        judged.require_passed()
    assert "**FAILED: 1 demand not met**" in page("Rehearsal 1", [], figures)
