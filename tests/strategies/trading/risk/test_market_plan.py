"""The plan for a market: how much more can be staked before a limit binds."""

from collections.abc import Callable

import pytest

from strategies.trading.model.ids import LineId
from strategies.trading.risk.market_plan import MarketPlan
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]


def plan_of(harness: DeskHarness, line: str = "home") -> MarketPlan:
    """Return a plan for the market of a line, with all its pairs."""
    key = harness.pair(line).market_key
    plan = MarketPlan(harness.desk.exposure, harness.limits, key)
    for pair in harness.catalogue.pairs_by_market[key]:
        plan.include(pair)
    return plan


def most(plan: MarketPlan, line: str, *, reducing: bool = False) -> int:
    """Return how much more may be staked on a line before an exposure limit binds."""
    return plan.most_by_exposure(LineId(line), 10_000_000, reducing=reducing)


@pytest.mark.parametrize(
    "limit", ["max_market_exposure_cents", "max_event_exposure_cents", "max_total_exposure_cents"]
)
def test_an_exposure_limit_leaves_stake_up_to_the_limit(
    make_harness: MakeHarness, limit: str
) -> None:
    """In a flat market the whole limit can be staked on a line, less what is planned there."""
    plan = plan_of(make_harness(**{limit: 1_000}))
    assert most(plan, "home") == 1_000
    plan.add(LineId("home"), 400)
    assert most(plan, "home") == 600


def test_the_other_line_of_a_pair_uses_no_limit(make_harness: MakeHarness) -> None:
    """Only one of two opposite wagers can lose, so a plan on one leaves the other its limit."""
    plan = plan_of(make_harness(max_market_exposure_cents=1_000))
    plan.add(LineId("home"), 1_000)
    assert most(plan, "home") == 0
    assert most(plan, "away") == 1_000


def test_the_points_of_a_market_share_its_limit(make_harness: MakeHarness) -> None:
    """Stake planned at one point is no longer available at another."""
    plan = plan_of(make_harness(max_market_exposure_cents=1_000), "home-3")
    plan.add(LineId("home-3"), 700)
    assert most(plan, "away+4.5") == 300


def test_exposure_elsewhere_counts_against_the_wider_limits(
    make_harness: MakeHarness,
) -> None:
    """Other markets count against the event's limit, other events against the total."""
    harness = make_harness(max_event_exposure_cents=1_000, max_total_exposure_cents=1_100)
    harness.rest("over", 100, 300)
    assert most(plan_of(harness), "home") == 700
    harness.rest("home2", 100, 250)
    assert most(plan_of(harness), "home") == 550
    assert most(plan_of(harness, "home2"), "home2") == 800


def test_what_cannot_lose_together_shares_a_limit(make_harness: MakeHarness) -> None:
    """Home to win and away +4.5 lose at different scores, so each may use the limit of the event.

    Home -3 loses with away to win, and is left what that one leaves.
    """
    harness = make_harness(max_event_exposure_cents=1_000, max_total_exposure_cents=1_000)
    harness.rest("home", 100, 700)
    assert most(plan_of(harness, "away+4.5"), "away+4.5") == 1_000
    assert most(plan_of(harness, "home-3"), "home-3") == 300
    assert most(plan_of(harness, "home2"), "home2") == 300


def test_open_wagers_of_the_market_are_replaced_by_the_plan(make_harness: MakeHarness) -> None:
    """Quotes replace the open wagers of their market, so these use no limit; fills do."""
    harness = make_harness(max_market_exposure_cents=1_000)
    ref = harness.rest("home", 100, 900)
    assert most(plan_of(harness), "home") == 1_000
    harness.fill(ref, 300)
    assert most(plan_of(harness), "home") == 700
    assert most(plan_of(harness), "away") == 1_300


def test_reducing_allows_only_hedges(make_harness: MakeHarness) -> None:
    """When reducing, a flat pair allows nothing, and a position only the line that hedges it."""
    harness = make_harness()
    assert most(plan_of(harness), "home", reducing=True) == 0
    harness.fill_new("home", 150, 1_000)
    assert most(plan_of(harness), "home", reducing=True) == 0
    assert most(plan_of(harness), "away", reducing=True) == 1_000 + 1_500


def test_a_hedge_is_never_blocked(make_harness: MakeHarness) -> None:
    """A position beyond the limit can be hedged until the other outcome is as bad."""
    harness = make_harness(max_market_exposure_cents=500)
    harness.fill_new("home", 100, 2_000)
    assert most(plan_of(harness), "home") == 0
    assert most(plan_of(harness), "away") == 4_000


def test_the_position_limit_is_net_of_what_the_other_line_offsets(
    make_harness: MakeHarness,
) -> None:
    """Matched stake counts less what the other line wins; planned stake counts in full."""
    harness = make_harness(max_position_cents=1_000)
    harness.fill_new("away", 100, 900)
    assert plan_of(harness).most_by_position(LineId("away")) == 100
    harness.fill_new("home", 150, 400)
    plan = plan_of(harness)
    plan.add(LineId("home"), 200)
    assert plan.most_by_position(LineId("home")) == 800
    assert plan.most_by_position(LineId("away")) == 1_000 - (900 - 600)


def test_runs_recorded_before_counted_all_stake_of_a_line(make_harness: MakeHarness) -> None:
    """A replay of such a run counts as it did, or it would send other commands."""
    harness = make_harness(max_position_cents=1_000, nets_positions=False)
    harness.fill_new("home", 100, 300)
    harness.fill_new("away", 100, 900)
    assert plan_of(harness).most_by_position(LineId("home")) == 700
    assert plan_of(harness).most_by_position(LineId("away")) == 100


def test_a_maker_that_is_matched_on_both_sides_is_never_out_of_position(
    make_harness: MakeHarness,
) -> None:
    """Stakes that offset each other leave the whole position limit to either line."""
    harness = make_harness(max_position_cents=1_000)
    for _ in range(5):
        harness.fill_new("home", 100, 900)
        harness.fill_new("away", 100, 900)
    assert plan_of(harness).most_by_position(LineId("home")) == 1_000
    assert plan_of(harness).most_by_position(LineId("away")) == 1_000
