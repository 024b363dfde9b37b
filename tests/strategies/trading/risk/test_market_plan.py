"""The plan for a market: how much more may be staked before a limit binds."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.ids import LineId
from strategies.trading.risk.market_plan import MarketPlan

Room = Any
MakeRoom = Callable[..., Any]


def plan_of(room: Room, line: str = "home") -> MarketPlan:
    """Return a plan for the market of a line, with all its pairs."""
    key = room.pair(line).market_key
    plan = MarketPlan(room.desk.exposure, room.limits, key)
    for pair in room.catalogue.pairs_by_market[key]:
        plan.include(pair)
    return plan


def most(plan: MarketPlan, line: str, *, reducing: bool = False) -> int:
    """Return how much more may be staked on a line before an exposure limit binds."""
    return plan.most_by_exposure(LineId(line), reducing=reducing)


@pytest.mark.parametrize(
    "limit", ["max_market_exposure_cents", "max_event_exposure_cents", "max_total_exposure_cents"]
)
def test_an_exposure_limit_leaves_room_up_to_itself(make_room: MakeRoom, limit: str) -> None:
    """Of a flat market the whole limit may be staked on a line, less what is planned there."""
    plan = plan_of(make_room(**{limit: 1_000}))
    assert most(plan, "home") == 1_000
    plan.add(LineId("home"), 400)
    assert most(plan, "home") == 600


def test_the_other_line_of_a_pair_costs_no_room(make_room: MakeRoom) -> None:
    """Only one of two opposite wagers can lose, so a plan on one leaves the other its room."""
    plan = plan_of(make_room(max_market_exposure_cents=1_000))
    plan.add(LineId("home"), 1_000)
    assert most(plan, "home") == 0
    assert most(plan, "away") == 1_000


def test_the_points_of_a_market_share_its_room(make_room: MakeRoom) -> None:
    """What is planned at one point is no longer there for another."""
    plan = plan_of(make_room(max_market_exposure_cents=1_000), "home-3")
    plan.add(LineId("home-3"), 700)
    assert most(plan, "away+4.5") == 300


def test_other_markets_take_room_of_the_event_and_other_events_of_the_total(
    make_room: MakeRoom,
) -> None:
    """What is open elsewhere is taken off, each where it belongs."""
    room = make_room(max_event_exposure_cents=1_000, max_total_exposure_cents=1_100)
    room.rest("over", 100, 300)
    assert most(plan_of(room), "home") == 700
    room.rest("home2", 100, 250)
    assert most(plan_of(room), "home") == 550
    assert most(plan_of(room, "home2"), "home2") == 800


def test_what_is_open_in_the_market_itself_is_planned_anew(make_room: MakeRoom) -> None:
    """Quotes replace the open wagers of their market, so these take no room; fills do."""
    room = make_room(max_market_exposure_cents=1_000)
    ref = room.rest("home", 100, 900)
    assert most(plan_of(room), "home") == 1_000
    room.fill(ref, 300)
    assert most(plan_of(room), "home") == 700
    assert most(plan_of(room), "away") == 1_300


def test_reducing_leaves_room_only_for_what_can_be_lost_anyway(make_room: MakeRoom) -> None:
    """When reducing, a flat pair has no room, and a position only on the line that hedges it."""
    room = make_room()
    assert most(plan_of(room), "home", reducing=True) == 0
    room.fill_new("home", 150, 1_000)
    assert most(plan_of(room), "home", reducing=True) == 0
    assert most(plan_of(room), "away", reducing=True) == 1_000 + 1_500


def test_a_hedge_is_never_held_back(make_room: MakeRoom) -> None:
    """A position beyond the limit may still be hedged, up to where the other outcome is as bad."""
    room = make_room(max_market_exposure_cents=500)
    room.fill_new("home", 100, 2_000)
    assert most(plan_of(room), "home") == 0
    assert most(plan_of(room), "away") == 4_000


def test_the_position_limit_counts_stakes_matched_and_planned(make_room: MakeRoom) -> None:
    """What was staked on a line counts against its limit, and is not given back by a hedge."""
    room = make_room(max_position_cents=1_000)
    room.fill_new("home", 100, 300)
    room.fill_new("away", 100, 900)
    plan = plan_of(room)
    plan.add(LineId("home"), 200)
    assert plan.most_by_position(LineId("home")) == 500
    assert plan.most_by_position(LineId("away")) == 100
