"""When, by how much, and at whose odds our wagers are filled by a recorded market.

Most wagers here are at even money, where a stake shows to takers as what it is.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.tape import Side
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    OfferChanged,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.money import profit_cents
from tests.sim.small_exchange import Room


def shown(room: Room, line: str, odds: int) -> int:
    """Return what the desk was last told of an offer."""
    told = [e for e in room.of(OfferChanged) if (e.line_id, e.odds) == (line, odds)]
    return told[-1].amount_cents if told else 0


# Trades --------------------------------------------------------------------------------------


def test_a_trade_fills_us_with_what_those_ahead_leave(room: Room) -> None:
    """A taker at our odds matches the stake ahead of us first, and us with the rest."""
    room.offer(0, "away", 100, 600)
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "away", 100, 500)
    room.trade(20, "away", 100, 300)
    room.run()
    assert room.fills("w") == [(100, 200, 200)]


def test_a_trade_at_shorter_odds_for_the_taker_fills_us_first(room: Room) -> None:
    """We offer the taker longer odds than those he got, so he would have come to us, at ours."""
    room.offer(0, "away", 100, 5000)
    room.offer(0, "away", -110, 5000)
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "away", -110, 400)
    room.run()
    assert room.fills("w") == [(100, 400, 400)]


def test_a_trade_at_longer_odds_for_the_taker_does_not_fill_us(room: Room) -> None:
    """A taker who got longer odds than ours had no reason to come to us."""
    room.place(1, "w", "home", 110, 1000)
    room.trade(10, "away", -105, 10_000)
    room.run()
    assert room.fills("w") == []


def test_the_longest_odds_for_the_taker_go_first_on_one_budget(room: Room) -> None:
    """Of our own wagers the taker takes the longest for him, each at its own odds, once."""
    room.place(1, "long", "home", 110, 1000)
    room.place(2, "short", "home", 105, 1000)
    room.trade(10, "away", -115, 1_500)
    room.run()
    assert room.fills("short") == [(105, 1000, 1050)]
    # 450 of his cents are left; ours win 110 for each 100 staked.
    assert room.fills("long") == [(110, 409, 450)]


def test_of_our_wagers_at_the_same_odds_the_older_goes_first(room: Room) -> None:
    """Two wagers of ours at the same odds share one queue in order of time."""
    room.place(1, "old", "home", 100, 300)
    room.place(2, "young", "home", 100, 300)
    room.trade(10, "away", 100, 400)
    room.run()
    assert room.filled_cents("old") == 300
    assert room.filled_cents("young") == 100


def test_others_between_two_of_our_wagers_take_their_part(room: Room) -> None:
    """Stake of others that came between our two wagers is ahead of the younger one only."""
    room.place(1, "old", "home", 100, 300)
    room.offer(2, "away", 100, 200)
    room.place(3, "young", "home", 100, 300)
    room.trade(10, "away", 100, 600)
    room.run()
    assert room.filled_cents("old") == 300
    assert room.filled_cents("young") == 100


def test_a_trade_told_from_the_makers_side_is_turned_round(room: Room) -> None:
    """A maker's 100 at +150 on home is a taker's 150 at -150 on away."""
    room.place(1, "w", "home", 150, 1000)
    room.trade(10, "home", 150, 100, side=Side.MAKER)
    room.run()
    assert room.fills("w") == [(150, 100, 150)]


def test_a_trade_whose_taker_is_unknown_fills_nobody_and_is_counted(room: Room) -> None:
    """Where the recording does not say who took, nothing is assumed in our favour."""
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "away", 100, 5000, side=Side.UNKNOWN)
    room.run()
    assert room.fills("w") == []
    assert room.market.trades_of_unknown_taker == 1


def test_a_trade_on_our_own_line_does_not_fill_us(room: Room) -> None:
    """A taker on our own line competes with us; he matches the other side."""
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "home", 100, 5000)
    room.run()
    assert room.fills("w") == []


@pytest.mark.parametrize("odds", [-350, -101, 100, 107, 350])
@given(budgets=st.lists(st.integers(1, 900), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_splitting_a_wager_into_fills_does_not_change_its_profit(
    make_room: type[Room], odds: int, budgets: list[int]
) -> None:
    """What the fills win together is the profit of what they staked together."""
    room = make_room()
    room.place(1, "w", "home", odds, 2000)
    for ms, budget in enumerate(budgets, start=2):
        room.trade(ms, "away", -odds if odds != 100 else 100, budget)
    room.run()
    stake = room.filled_cents("w")
    assert sum(profit for _, _, profit in room.fills("w")) == profit_cents(stake, odds)
    assert all(stake > 0 and profit > 0 for _, stake, profit in room.fills("w"))
    assert sum(profit for _, _, profit in room.fills("w")) <= sum(budgets)


# Offers already there, and those that come across ---------------------------------------------


def test_a_wager_takes_what_is_offered_at_its_odds_or_longer_longest_first(room: Room) -> None:
    """An incoming wager gets the odds of those who were there, and rests with what remains."""
    room.offer(0, "home", 110, 300)
    room.offer(0, "home", 105, 300)
    room.offer(0, "home", 100, 300)
    room.place(1, "w", "home", 105, 1000)
    room.run()
    assert room.fills("w") == [(110, 300, 330), (105, 300, 315)]
    assert shown(room, "away", -105) == 420


def test_what_we_took_is_not_sold_to_us_again(room: Room) -> None:
    """A snapshot that repeats itself offers nothing new; only an increase does."""
    room.offer(0, "home", 100, 300)
    room.place(1, "first", "home", 100, 300)
    room.offer(2, "home", 100, 300)
    room.place(3, "second", "home", 100, 500, Intent.TAKE)
    room.offer(4, "home", 100, 400)
    room.run()
    assert room.filled_cents("first") == 300
    assert room.fills("second") == [(100, 100, 100)]


def test_what_we_took_shrinks_with_the_recorded_offer(room: Room) -> None:
    """When the recorded offer falls below what we took, that is forgotten: more is new again."""
    room.offer(0, "home", 100, 300)
    room.place(1, "first", "home", 100, 300)
    room.offer(2, "home", 100, 50)
    room.offer(3, "home", 100, 250)
    room.place(4, "second", "home", 100, 1000, Intent.TAKE)
    room.run()
    assert room.filled_cents("second") == 200


def test_a_fill_that_would_win_nothing_does_not_happen(room: Room) -> None:
    """A stake so small that its profit rounds to nothing is neither taken nor given."""
    room.offer(0, "home", -400, 1)
    room.offer(0, "home", -450, 98)
    room.place(1, "w", "home", -500, 100)
    room.run()
    # Two cents are left, worth 0.4 of a cent at -500: they cannot rest across what they left.
    assert room.fills("w") == [(-450, 98, 22)]
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 2)]
    assert room.us.available_cents == 1_000_000 - 98


def test_the_desk_is_shown_what_is_left_of_an_offer_we_took_from(room: Room) -> None:
    """What we took is gone from the published book, though the recording still shows it."""
    room.offer(0, "home", 100, 300)
    room.place(1, "w", "home", 100, 200)
    room.offer(5, "home", 100, 300)
    room.run()
    assert shown(room, "home", 100) == 100


def test_an_offer_across_our_resting_odds_fills_us_at_ours(room: Room) -> None:
    """Its maker would have matched us as he came, at the odds of whoever was there first."""
    room.place(1, "w", "home", 100, 1000)
    room.offer(10, "home", 120, 300)
    room.run()
    # 300 taken at +120 would win 360: that is his stake, and he takes ours at even money.
    assert room.fills("w") == [(100, 360, 360)]


def test_an_offer_across_us_fills_us_once(room: Room) -> None:
    """The same stake told again is not new; an increase is, by as much as it grew."""
    room.place(1, "w", "home", 100, 1000)
    room.offer(10, "home", 100, 300)
    room.offer(11, "home", 100, 300)
    room.offer(12, "home", 100, 350)
    room.run()
    assert [stake for _, stake, _ in room.fills("w")] == [300, 50]


def test_an_offer_across_us_is_gone_as_far_as_it_filled_us(room: Room) -> None:
    """What filled us cannot be taken once more by another wager of ours."""
    room.place(1, "w", "home", 100, 200)
    room.offer(10, "home", 110, 1000)
    room.place(20, "v", "home", 100, 10_000, Intent.TAKE)
    room.run()
    assert room.filled_cents("w") == 200
    # His 1100 less 200 are worth 818 at +110; the cent that rounds goes against us.
    assert room.fills("v") == [(110, 818, 900)]


def test_an_offer_across_several_of_our_wagers_is_one_budget(room: Room) -> None:
    """The incoming maker takes our shortest odds first, which are the longest for him."""
    room.place(1, "long", "home", 110, 1000)
    room.place(2, "short", "home", 100, 200)
    room.offer(10, "home", 110, 500)
    room.run()
    assert room.fills("short") == [(100, 200, 200)]
    # 550 less 200 of his cents, at +110 for us.
    assert room.fills("long") == [(110, 318, 350)]


def test_an_offer_across_one_of_our_wagers_stops_short_of_the_next(room: Room) -> None:
    """What is left of an offer that crossed one of ours does not reach beyond its own odds."""
    room.place(1, "long", "home", 110, 1000)
    room.place(2, "short", "home", 100, 200)
    room.offer(10, "home", 105, 500)
    room.run()
    assert room.filled_cents("short") == 200
    assert room.fills("long") == []


def test_an_offer_short_of_our_odds_leaves_us_alone(room: Room) -> None:
    """An offer on our line at shorter odds than ours does not cross us."""
    room.place(1, "w", "home", 110, 1000)
    room.offer(10, "home", 105, 5000)
    room.run()
    assert room.fills("w") == []


def test_an_add_only_wager_that_would_match_is_invalid(room: Room) -> None:
    """A wager that may only add to the book is refused at its activation if it would match."""
    room.offer(0, "home", 105, 300)
    room.place(1, "w", "home", 105, 1000, Intent.ADD_ONLY)
    room.place(2, "v", "home", 110, 1000, Intent.ADD_ONLY)
    room.run()
    assert room.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "add_liquidity_only")]
    assert room.of(WagerOpened) == [WagerOpened(WagerRef("v"))]


def test_a_taking_wager_keeps_what_it_got_and_leaves_after_two_seconds(room: Room) -> None:
    """Fill-or-kill keeps what filled; the rest is cancelled two seconds after it opened."""
    room.offer(0, "home", 100, 300)
    room.place(1, "w", "home", 100, 1000, Intent.TAKE)
    room.run()
    assert room.filled_cents("w") == 300
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 700)]
    assert room.times_of(WagerCancelled) == [2001]


# Suspension ----------------------------------------------------------------------------------


def test_nothing_matches_while_the_market_is_suspended(room: Room) -> None:
    """Trades and offers recorded during a suspension change the book and fill nobody."""
    room.place(1, "w", "home", 100, 1000)
    room.market_status(5, MarketStatus.SUSPENDED)
    room.trade(6, "away", 100, 500)
    room.offer(7, "home", 110, 500)
    room.offer(8, "home", 110, 0)
    room.market_status(9, MarketStatus.OPEN)
    room.trade(10, "away", 100, 50)
    room.run()
    assert room.filled_cents("w") == 50


def test_what_came_across_us_during_a_suspension_matches_when_it_ends(room: Room) -> None:
    """An offer across our odds that is there when the market opens again fills us then."""
    room.place(1, "w", "home", 100, 1000)
    room.market_status(5, MarketStatus.SUSPENDED)
    room.offer(7, "home", 100, 400)
    room.market_status(9, MarketStatus.OPEN)
    room.offer(10, "home", 100, 400)
    room.run()
    assert room.fills("w") == [(100, 400, 400)]
    assert room.times_of(WagerMatched) == [9]
