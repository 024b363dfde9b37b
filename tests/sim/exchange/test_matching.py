"""When, by how much, and at whose odds our wagers are filled by a recorded market.

Most wagers here are at even money, where a stake is displayed to takers unchanged.
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
from tests.sim.small_exchange import ExchangeScenario


def shown(scenario: ExchangeScenario, line: str, odds: int) -> int:
    """Return the last published amount of an offer."""
    received = [e for e in scenario.of(OfferChanged) if (e.line_id, e.odds) == (line, odds)]
    return received[-1].amount_cents if received else 0


# Trades --------------------------------------------------------------------------------------


def test_a_trade_fills_us_with_what_those_ahead_leave(scenario: ExchangeScenario) -> None:
    """A taker at our odds matches the stake ahead of us first, then us with the rest."""
    scenario.offer(0, "away", 100, 600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(10, "away", 100, 500)
    scenario.trade(20, "away", 100, 300)
    scenario.run()
    assert scenario.fills("w") == [(100, 200, 200)]


def test_a_trade_at_shorter_odds_for_the_taker_fills_us_first(scenario: ExchangeScenario) -> None:
    """We offer longer odds than the taker got, so the taker would have matched us, at ours."""
    scenario.offer(0, "away", 100, 5000)
    scenario.offer(0, "away", -110, 5000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(10, "away", -110, 400)
    scenario.run()
    assert scenario.fills("w") == [(100, 400, 400)]


def test_a_trade_at_longer_odds_for_the_taker_does_not_fill_us(scenario: ExchangeScenario) -> None:
    """A taker who got longer odds than ours had no reason to come to us."""
    scenario.place(1, "w", "home", 110, 1000)
    scenario.trade(10, "away", -105, 10_000)
    scenario.run()
    assert scenario.fills("w") == []


def test_the_longest_odds_for_the_taker_go_first_on_one_budget(scenario: ExchangeScenario) -> None:
    """A taker matches our wagers from the longest odds on, each at its own odds, once."""
    scenario.place(1, "long", "home", 110, 1000)
    scenario.place(2, "short", "home", 105, 1000)
    scenario.trade(10, "away", -115, 1_500)
    scenario.run()
    assert scenario.fills("short") == [(105, 1000, 1050)]
    # 450 of the taker's cents are left; ours win 110 for each 100 staked.
    assert scenario.fills("long") == [(110, 409, 450)]


def test_of_our_wagers_at_the_same_odds_the_older_goes_first(scenario: ExchangeScenario) -> None:
    """Two wagers of ours at the same odds share one queue in order of time."""
    scenario.place(1, "old", "home", 100, 300)
    scenario.place(2, "young", "home", 100, 300)
    scenario.trade(10, "away", 100, 400)
    scenario.run()
    assert scenario.filled_cents("old") == 300
    assert scenario.filled_cents("young") == 100


def test_others_between_two_of_our_wagers_take_their_part(scenario: ExchangeScenario) -> None:
    """Others' stake added between our two wagers is ahead of the later one only."""
    scenario.place(1, "old", "home", 100, 300)
    scenario.offer(2, "away", 100, 200)
    scenario.place(3, "young", "home", 100, 300)
    scenario.trade(10, "away", 100, 600)
    scenario.run()
    assert scenario.filled_cents("old") == 300
    assert scenario.filled_cents("young") == 100


def test_a_trade_recorded_from_the_makers_side_is_inverted(scenario: ExchangeScenario) -> None:
    """A maker's 100 at +150 on home is a taker's 150 at -150 on away."""
    scenario.place(1, "w", "home", 150, 1000)
    scenario.trade(10, "home", 150, 100, side=Side.MAKER)
    scenario.run()
    assert scenario.fills("w") == [(150, 100, 150)]


def test_a_trade_of_unknown_taker_fills_no_wager_and_is_counted(
    scenario: ExchangeScenario,
) -> None:
    """Without a recorded taker nothing is assumed in our favour."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(10, "away", 100, 5000, side=Side.UNKNOWN)
    scenario.run()
    assert scenario.fills("w") == []
    assert scenario.market.trades_of_unknown_taker == 1


def test_a_trade_on_our_own_line_does_not_fill_us(scenario: ExchangeScenario) -> None:
    """A taker on our own line competes with us and matches the other side."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(10, "home", 100, 5000)
    scenario.run()
    assert scenario.fills("w") == []


@pytest.mark.parametrize("odds", [-350, -101, 100, 107, 350])
@given(budgets=st.lists(st.integers(1, 900), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_splitting_a_wager_into_fills_does_not_change_its_profit(
    make_scenario: type[ExchangeScenario], odds: int, budgets: list[int]
) -> None:
    """What the fills win together is the profit of what they staked together."""
    scenario = make_scenario()
    scenario.place(1, "w", "home", odds, 2000)
    for ms, budget in enumerate(budgets, start=2):
        scenario.trade(ms, "away", -odds if odds != 100 else 100, budget)
    scenario.run()
    stake = scenario.filled_cents("w")
    assert sum(profit for _, _, profit in scenario.fills("w")) == profit_cents(stake, odds)
    assert all(stake > 0 and profit > 0 for _, stake, profit in scenario.fills("w"))
    assert sum(profit for _, _, profit in scenario.fills("w")) <= sum(budgets)


# Offers already there, and those that come across ---------------------------------------------


def test_a_wager_takes_what_is_offered_at_its_odds_or_longer_longest_first(
    scenario: ExchangeScenario,
) -> None:
    """An incoming wager gets the odds of those who were there, and rests with what remains."""
    scenario.offer(0, "home", 110, 300)
    scenario.offer(0, "home", 105, 300)
    scenario.offer(0, "home", 100, 300)
    scenario.place(1, "w", "home", 105, 1000)
    scenario.run()
    assert scenario.fills("w") == [(110, 300, 330), (105, 300, 315)]
    assert shown(scenario, "away", -105) == 420


def test_stake_we_took_is_not_offered_again(scenario: ExchangeScenario) -> None:
    """A snapshot that repeats an offer adds no stake; only an increase does."""
    scenario.offer(0, "home", 100, 300)
    scenario.place(1, "first", "home", 100, 300)
    scenario.offer(2, "home", 100, 300)
    scenario.place(3, "second", "home", 100, 500, Intent.TAKE)
    scenario.offer(4, "home", 100, 400)
    scenario.run()
    assert scenario.filled_cents("first") == 300
    assert scenario.fills("second") == [(100, 100, 100)]


def test_our_debit_shrinks_with_the_recorded_offer(scenario: ExchangeScenario) -> None:
    """When the recorded offer falls below our debit, the debit shrinks: an increase is new."""
    scenario.offer(0, "home", 100, 300)
    scenario.place(1, "first", "home", 100, 300)
    scenario.offer(2, "home", 100, 50)
    scenario.offer(3, "home", 100, 250)
    scenario.place(4, "second", "home", 100, 1000, Intent.TAKE)
    scenario.run()
    assert scenario.filled_cents("second") == 200


def test_a_fill_that_would_win_nothing_does_not_happen(scenario: ExchangeScenario) -> None:
    """A stake whose profit rounds to zero is not matched."""
    scenario.offer(0, "home", -400, 1)
    scenario.offer(0, "home", -450, 98)
    scenario.place(1, "w", "home", -500, 100)
    scenario.run()
    # Two cents are left, worth 0.4 of a cent at -500: they cannot rest across what they left.
    assert scenario.fills("w") == [(-450, 98, 22)]
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 2)]
    assert scenario.us.available_cents == 1_000_000 - 98


def test_the_desk_is_shown_what_is_left_of_an_offer_we_took_from(
    scenario: ExchangeScenario,
) -> None:
    """What we took is gone from the published book, though the recording still shows it."""
    scenario.offer(0, "home", 100, 300)
    scenario.place(1, "w", "home", 100, 200)
    scenario.offer(5, "home", 100, 300)
    scenario.run()
    assert shown(scenario, "home", 100) == 100


def test_an_offer_across_our_resting_odds_fills_us_at_ours(scenario: ExchangeScenario) -> None:
    """Its maker would have matched us on arrival, at our odds."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(10, "home", 120, 300)
    scenario.run()
    # 300 taken at +120 would win 360: the maker's stake, which takes ours at even money.
    assert scenario.fills("w") == [(100, 360, 360)]


def test_an_offer_across_us_fills_us_once(scenario: ExchangeScenario) -> None:
    """The same amount repeated is not new stake; only an increase is."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(10, "home", 100, 300)
    scenario.offer(11, "home", 100, 300)
    scenario.offer(12, "home", 100, 350)
    scenario.run()
    assert [stake for _, stake, _ in scenario.fills("w")] == [300, 50]


def test_an_offer_across_us_is_gone_as_far_as_it_filled_us(scenario: ExchangeScenario) -> None:
    """The part that filled us cannot be matched again by another wager of ours."""
    scenario.place(1, "w", "home", 100, 200)
    scenario.offer(10, "home", 110, 1000)
    scenario.place(20, "v", "home", 100, 10_000, Intent.TAKE)
    scenario.run()
    assert scenario.filled_cents("w") == 200
    # The maker's 1100 less 200 are displayed as 818 at +110.
    assert scenario.fills("v") == [(110, 818, 900)]


def test_the_makers_of_an_offer_across_us_stake_what_its_takers_could_win(
    scenario: ExchangeScenario,
) -> None:
    """It is rounded half up: 10 taken at +105 would win 10.5, so 11 are staked against us."""
    scenario.place(1, "w", "home", 100, 200)
    scenario.offer(10, "home", 105, 10)
    scenario.run()
    assert scenario.fills("w") == [(100, 11, 11)]
    assert shown(scenario, "home", 105) == 0


def test_an_offer_across_several_of_our_wagers_is_one_budget(scenario: ExchangeScenario) -> None:
    """The new maker matches our shortest odds first, which pay it the most."""
    scenario.place(1, "long", "home", 110, 1000)
    scenario.place(2, "short", "home", 100, 200)
    scenario.offer(10, "home", 110, 500)
    scenario.run()
    assert scenario.fills("short") == [(100, 200, 200)]
    # 550 less 200 of the maker's cents, at +110 for us.
    assert scenario.fills("long") == [(110, 318, 350)]


def test_an_offer_across_one_of_our_wagers_stops_short_of_the_next(
    scenario: ExchangeScenario,
) -> None:
    """What is left of an offer that crossed one of ours does not reach beyond its own odds."""
    scenario.place(1, "long", "home", 110, 1000)
    scenario.place(2, "short", "home", 100, 200)
    scenario.offer(10, "home", 105, 500)
    scenario.run()
    assert scenario.filled_cents("short") == 200
    assert scenario.fills("long") == []


def test_an_offer_short_of_our_odds_leaves_us_alone(scenario: ExchangeScenario) -> None:
    """An offer on our line at shorter odds than ours does not cross us."""
    scenario.place(1, "w", "home", 110, 1000)
    scenario.offer(10, "home", 105, 5000)
    scenario.run()
    assert scenario.fills("w") == []


def test_an_add_only_wager_that_would_match_is_invalid(scenario: ExchangeScenario) -> None:
    """A wager that may only add to the book is refused at its activation if it would match."""
    scenario.offer(0, "home", 105, 300)
    scenario.place(1, "w", "home", 105, 1000, Intent.ADD_ONLY)
    scenario.place(2, "v", "home", 110, 1000, Intent.ADD_ONLY)
    scenario.run()
    assert scenario.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "add_liquidity_only")]
    assert scenario.of(WagerOpened) == [WagerOpened(WagerRef("v"))]


def test_a_taking_wager_keeps_what_it_got_and_leaves_after_two_seconds(
    scenario: ExchangeScenario,
) -> None:
    """Fill-or-kill keeps what filled; the rest is cancelled two seconds after it opened."""
    scenario.offer(0, "home", 100, 300)
    scenario.place(1, "w", "home", 100, 1000, Intent.TAKE)
    scenario.run()
    assert scenario.filled_cents("w") == 300
    assert scenario.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 700)]
    assert scenario.times_of(WagerCancelled) == [2001]


# Suspension ----------------------------------------------------------------------------------


def test_nothing_matches_while_the_market_is_suspended(scenario: ExchangeScenario) -> None:
    """Trades and offers recorded during a suspension change the book and fill no wager."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.market_status(5, MarketStatus.SUSPENDED)
    scenario.trade(6, "away", 100, 500)
    scenario.offer(7, "home", 110, 500)
    scenario.offer(8, "home", 110, 0)
    scenario.market_status(9, MarketStatus.OPEN)
    scenario.trade(10, "away", 100, 50)
    scenario.run()
    assert scenario.filled_cents("w") == 50


def test_an_offer_across_us_after_a_suspension_fills_us(
    scenario: ExchangeScenario,
) -> None:
    """An offer across our odds that is present when the market reopens fills us then."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.market_status(5, MarketStatus.SUSPENDED)
    scenario.offer(7, "home", 100, 400)
    scenario.market_status(9, MarketStatus.OPEN)
    scenario.offer(10, "home", 100, 400)
    scenario.run()
    assert scenario.fills("w") == [(100, 400, 400)]
    assert scenario.times_of(WagerMatched) == [9]
