"""When, by how much, and at whose odds our wagers are filled by a recorded market.

Most wagers here are at even money, where a stake shows to takers as what it is.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.tape import Side
from sim.exchange.queue import Back, Front, Probable, Prorata
from strategies.trading.commands import Intent
from strategies.trading.events import (
    OfferChanged,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.ids import WagerRef
from strategies.trading.market import MarketStatus
from strategies.trading.money import profit_cents

MODELS = [Back(), Prorata(), Probable(3), Front()]


def shown(room, line, odds):
    """Return what the desk was last told of an offer."""
    told = [e for e in room.of(OfferChanged) if (e.line_id, e.odds) == (line, odds)]
    return told[-1].amount_cents if told else 0


# Trades --------------------------------------------------------------------------------------


def test_a_trade_fills_us_with_what_those_ahead_leave(room):
    """A taker at our odds matches the stake ahead of us first, and us with the rest."""
    room.offer(0, "away", 100, 600)
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "away", 100, 500)
    room.trade(20, "away", 100, 300)
    room.run()
    assert room.fills("w") == [(100, 200, 200)]


def test_a_trade_at_shorter_odds_for_the_taker_fills_us_first(room):
    """We offer the taker longer odds than those he got, so he would have come to us, at ours."""
    room.offer(0, "away", 100, 5000)
    room.offer(0, "away", -110, 5000)
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "away", -110, 400)
    room.run()
    assert room.fills("w") == [(100, 400, 400)]


def test_a_trade_at_longer_odds_for_the_taker_does_not_fill_us(room):
    """A taker who got longer odds than ours had no reason to come to us."""
    room.place(1, "w", "home", 110, 1000)
    room.trade(10, "away", -105, 10_000)
    room.run()
    assert room.fills("w") == []


def test_the_longest_odds_for_the_taker_go_first_on_one_budget(room):
    """Of our own wagers the taker takes the longest for him, each at its own odds, once."""
    room.place(1, "long", "home", 110, 1000)
    room.place(2, "short", "home", 105, 1000)
    room.trade(10, "away", -115, 1_500)
    room.run()
    assert room.fills("short") == [(105, 1000, 1050)]
    # 450 of his cents are left; ours win 110 for each 100 staked.
    assert room.fills("long") == [(110, 409, 450)]


def test_of_our_wagers_at_the_same_odds_the_older_goes_first(room):
    """Two wagers of ours at the same odds share one queue in order of time."""
    room.place(1, "old", "home", 100, 300)
    room.place(2, "young", "home", 100, 300)
    room.trade(10, "away", 100, 400)
    room.run()
    assert room.filled_cents("old") == 300
    assert room.filled_cents("young") == 100


def test_others_between_two_of_our_wagers_take_their_part(room):
    """Stake of others that came between our two wagers is ahead of the younger one only."""
    room.place(1, "old", "home", 100, 300)
    room.offer(2, "away", 100, 200)
    room.place(3, "young", "home", 100, 300)
    room.trade(10, "away", 100, 600)
    room.run()
    assert room.filled_cents("old") == 300
    assert room.filled_cents("young") == 100


def test_a_trade_told_from_the_makers_side_is_turned_round(room):
    """A maker's 100 at +150 on home is a taker's 150 at -150 on away."""
    room.place(1, "w", "home", 150, 1000)
    room.trade(10, "home", 150, 100, side=Side.MAKER)
    room.run()
    assert room.fills("w") == [(150, 100, 150)]


def test_a_trade_whose_taker_is_unknown_fills_nobody_and_is_counted(room):
    """Where the recording does not say who took, nothing is assumed in our favour."""
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "away", 100, 5000, side=Side.UNKNOWN)
    room.run()
    assert room.fills("w") == []
    assert room.exchange.market.trades_of_unknown_taker == 1


def test_a_trade_on_our_own_line_does_not_fill_us(room):
    """A taker on our own line competes with us; he matches the other side."""
    room.place(1, "w", "home", 100, 1000)
    room.trade(10, "home", 100, 5000)
    room.run()
    assert room.fills("w") == []


@pytest.mark.parametrize("odds", [-350, -101, 100, 107, 350])
@given(budgets=st.lists(st.integers(1, 900), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_splitting_a_wager_into_fills_does_not_change_its_profit(make_room, odds, budgets):
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


# Stake ahead of us ---------------------------------------------------------------------------


def test_stake_that_comes_after_us_is_not_ahead_of_us(room):
    """An offer that grows after we joined grew behind us."""
    room.offer(0, "away", 100, 200)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 900)
    room.trade(10, "away", 100, 500)
    room.run()
    assert room.filled_cents("w") == 300


def test_what_is_ahead_never_exceeds_what_is_shown(room):
    """When the offer falls below what was ahead of us, so does what is ahead, whoever left."""
    room.offer(0, "away", 100, 1000)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 100)
    room.trade(1000, "away", 100, 300)
    room.run()
    assert room.filled_cents("w") == 200


def test_an_offer_that_vanishes_and_comes_back_is_behind_us(room):
    """Whoever offers again after leaving has lost his place."""
    room.offer(0, "away", 100, 1000)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 0)
    room.offer(3, "away", 100, 1000)
    room.trade(1000, "away", 100, 300)
    room.run()
    assert room.filled_cents("w") == 300


@pytest.mark.parametrize(
    ("queue", "filled"),
    [(Back(), 150), (Prorata(), 330), (Probable(2), 265), (Front(), 450)],
    ids=str,
)
@pytest.mark.parametrize("quantities", [(0, 0), (1600, 900), (1600, 0), (0, 900)])
def test_a_fall_without_a_trade_leaves_by_the_queue_model(make_room, queue, filled, quantities):
    """Who cancelled is an opinion where nothing says that the fall was a trade."""
    room = make_room(queue)
    room.offer(0, "away", 100, 400)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 1000, quantity=quantities[0])
    room.offer(10, "away", 100, 300, quantity=quantities[1])
    # 700 left of 400 ahead of us and 600 behind.
    room.trade(1000, "away", 100, 450)
    room.run()
    assert room.filled_cents("w") == filled


@pytest.mark.parametrize("queue", MODELS, ids=str)
@pytest.mark.parametrize("print_ms", [9, 10, 11, 509])
def test_a_fall_and_the_trade_that_caused_it_count_once(make_room, queue, print_ms):
    """The book and the trade may be told in either order; the stake ahead shrinks once."""
    room = make_room(queue)
    room.offer(0, "away", 100, 600)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 1200)
    room.trade(print_ms, "away", 100, 400)
    room.offer(10, "away", 100, 800)
    # 200 are ahead of us still, whatever the model says of cancels.
    room.trade(2000, "away", 100, 300)
    room.run()
    assert room.filled_cents("w") == 100


def test_a_trade_told_too_late_for_a_fall_does_not_explain_it(make_room):
    """Beyond the pairing time a fall was a cancel, and the late trade takes from the front anew."""
    room = make_room(Front(), trade_pairing_ns=500_000_000)
    room.offer(0, "away", 100, 600)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 1200)
    room.offer(10, "away", 100, 800)
    room.trade(511, "away", 100, 400)
    room.run()
    # 400 of 600 were cancelled ahead of us, 200 remained.
    assert room.filled_cents("w") == 200


def test_a_trade_explains_only_as_much_of_a_fall_as_it_matched(make_room):
    """What a trade does not explain of a fall was cancelled, for the hopeful ahead of us."""
    room = make_room(Front())
    room.offer(0, "away", 100, 1000)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 2000)
    room.offer(10, "away", 100, 1100)
    room.trade(20, "away", 100, 300)
    # 300 matched, 600 cancelled: 100 of 1000 are ahead.
    room.trade(2000, "away", 100, 250)
    room.run()
    assert room.filled_cents("w") == 150


def test_a_fall_before_we_joined_that_a_late_trade_explains_is_not_ahead_twice(room):
    """The trade that is told after we joined took stake that had left the book before."""
    room.offer(0, "away", 100, 1000)
    room.offer(5, "away", 100, 600)
    room.place(10, "w", "home", 100, 1000)
    room.trade(20, "away", 100, 400)
    room.trade(30, "away", 100, 700)
    room.run()
    assert room.filled_cents("w") == 100


def test_a_trade_before_we_joined_whose_fall_is_told_after_is_not_ahead(room):
    """Stake that was matched before we joined, but was still shown then, is not ahead for long."""
    room.offer(0, "away", 100, 1000)
    room.trade(10, "away", 100, 400)
    room.place(10, "w", "home", 100, 1000)
    room.offer(15, "away", 100, 1500)
    room.offer(16, "away", 100, 1100)
    # Of 1000 shown when we joined 400 were gone; 500 came behind us.
    room.trade(1000, "away", 100, 700)
    room.run()
    assert room.filled_cents("w") == 100


def test_nothing_is_ahead_of_us_where_nobody_offers(room):
    """A wager at odds of its own is first in its queue."""
    room.place(1, "w", "home", 100, 1000)
    room.trade(2, "away", 100, 250)
    room.run()
    assert room.filled_cents("w") == 250


# Falls that are trades ------------------------------------------------------------------------


@pytest.mark.parametrize("queue", MODELS, ids=str)
def test_a_fall_with_unchanged_quantity_came_off_the_front(make_room, queue):
    """Nobody left, so those ahead of us were matched, whatever the model says of cancels."""
    room = make_room(queue)
    room.offer(0, "away", 100, 600, quantity=600)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 1200, quantity=1200)
    room.offer(10, "away", 100, 800, quantity=1200)
    room.trade(2000, "away", 100, 300)
    room.run()
    assert room.filled_cents("w") == 100


def test_a_fall_with_unchanged_quantity_fills_us_with_what_those_ahead_leave(room):
    """It is a taker as good as one that is told: those ahead of us first, and us with the rest."""
    room.offer(0, "away", 100, 400, quantity=400)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 1000, quantity=1000)
    room.offer(10, "away", 100, 500, quantity=1000)
    room.run()
    assert room.fills("w") == [(100, 100, 100)]
    assert room.times_of(WagerMatched) == [10]


def test_a_fall_with_unchanged_quantity_at_shorter_odds_fills_us_first(make_room):
    """Such a taker would have come to our longer odds, also where nobody followed until then."""
    room = make_room(subscribed=())
    room.offer(0, "away", -110, 500, quantity=500)
    room.place(1, "w", "home", 100, 1000)
    room.offer(10, "away", -110, 300, quantity=500)
    room.run()
    assert room.fills("w") == [(100, 200, 200)]


@pytest.mark.parametrize("queue", MODELS, ids=str)
@pytest.mark.parametrize("print_ms", [9, 10, 11, 509])
def test_a_fall_with_unchanged_quantity_and_its_trade_count_once(make_room, queue, print_ms):
    """Told before or after the fall that gives it away, a trade takes and fills once."""
    room = make_room(queue)
    room.offer(0, "away", 100, 600, quantity=600)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 1200, quantity=1200)
    room.trade(print_ms, "away", 100, 700)
    room.offer(10, "away", 100, 500, quantity=1200)
    room.trade(2000, "away", 100, 50)
    room.run()
    assert [stake for _, stake, _ in room.fills("w")] == [100, 50]


@pytest.mark.parametrize("print_ms", [9, 11])
def test_a_trade_of_which_a_fall_gives_away_a_part_counts_in_full(room, print_ms):
    """Of a trade that is told only what the fall has not told is new, and the other way round."""
    room.offer(0, "away", 100, 1000, quantity=1000)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 2000, quantity=2000)
    room.trade(print_ms, "away", 100, 1100)
    room.offer(10, "away", 100, 1500, quantity=2000)
    room.run()
    assert room.filled_cents("w") == 100


def test_a_trade_told_too_late_for_a_fall_with_unchanged_quantity_counts_anew(make_room):
    """Beyond the pairing time the fall was a trade of its own."""
    room = make_room(trade_pairing_ns=500_000_000)
    room.offer(0, "away", 100, 600, quantity=600)
    room.place(1, "w", "home", 100, 1000)
    room.offer(10, "away", 100, 300, quantity=600)
    room.trade(511, "away", 100, 400)
    room.run()
    assert room.filled_cents("w") == 100


def test_a_fall_with_unchanged_quantity_before_we_joined_is_not_ahead(room):
    """The trade that is told after we joined took stake that was gone before; nothing moves."""
    room.offer(0, "away", 100, 1000, quantity=1000)
    room.offer(5, "away", 100, 600, quantity=1000)
    room.place(10, "w", "home", 100, 1000)
    room.trade(20, "away", 100, 400)
    room.trade(30, "away", 100, 700)
    room.run()
    assert room.filled_cents("w") == 100


def test_a_fall_with_unchanged_quantity_tells_the_taker_of_an_unknown_trade(room):
    """Where the trade does not say who took, the fall does; the trade is counted as unknown."""
    room.offer(0, "away", 100, 300, quantity=300)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 600, quantity=600)
    room.trade(10, "away", 100, 400, side=Side.UNKNOWN)
    room.offer(10, "away", 100, 200, quantity=600)
    room.run()
    assert room.fills("w") == [(100, 100, 100)]
    assert room.exchange.market.trades_of_unknown_taker == 1


def test_a_fall_with_unchanged_quantity_fills_nobody_during_a_suspension(room):
    """What was traded while the market was suspended moved the queue, and did not reach us."""
    room.offer(0, "away", 100, 300, quantity=300)
    room.place(1, "w", "home", 100, 1000)
    room.offer(2, "away", 100, 900, quantity=900)
    room.market_status(5, MarketStatus.SUSPENDED)
    room.offer(6, "away", 100, 500, quantity=900)
    room.market_status(9, MarketStatus.OPEN)
    room.trade(1000, "away", 100, 50)
    room.run()
    assert room.fills("w") == [(100, 50, 50)]


# Offers already there, and those that come across ---------------------------------------------


def test_a_wager_takes_what_is_offered_at_its_odds_or_longer_longest_first(room):
    """An incoming wager gets the odds of those who were there, and rests with what remains."""
    room.offer(0, "home", 110, 300)
    room.offer(0, "home", 105, 300)
    room.offer(0, "home", 100, 300)
    room.place(1, "w", "home", 105, 1000)
    room.run()
    assert room.fills("w") == [(110, 300, 330), (105, 300, 315)]
    assert shown(room, "away", -105) == 420


def test_what_we_took_is_not_sold_to_us_again(room):
    """A snapshot that repeats itself offers nothing new; only an increase does."""
    room.offer(0, "home", 100, 300)
    room.place(1, "first", "home", 100, 300)
    room.offer(2, "home", 100, 300)
    room.place(3, "second", "home", 100, 500, Intent.TAKE)
    room.offer(4, "home", 100, 400)
    room.run()
    assert room.filled_cents("first") == 300
    assert room.fills("second") == [(100, 100, 100)]


def test_what_we_took_shrinks_with_the_recorded_offer(room):
    """When the recorded offer falls below what we took, that is forgotten: more is new again."""
    room.offer(0, "home", 100, 300)
    room.place(1, "first", "home", 100, 300)
    room.offer(2, "home", 100, 50)
    room.offer(3, "home", 100, 250)
    room.place(4, "second", "home", 100, 1000, Intent.TAKE)
    room.run()
    assert room.filled_cents("second") == 200


def test_a_fill_that_would_win_nothing_does_not_happen(room):
    """A stake so small that its profit rounds to nothing is neither taken nor given."""
    room.offer(0, "home", -400, 1)
    room.offer(0, "home", -450, 98)
    room.place(1, "w", "home", -500, 100)
    # Two cents are left, worth 0.4 of a cent at -500.
    room.trade(2, "away", 500, 100)
    room.run()
    assert room.fills("w") == [(-450, 98, 22)]
    assert room.exchange.balance_cents == 1_000_000 - 100


def test_the_desk_is_shown_what_is_left_of_an_offer_we_took_from(room):
    """What we took is gone from the published book, though the recording still shows it."""
    room.offer(0, "home", 100, 300)
    room.place(1, "w", "home", 100, 200)
    room.offer(5, "home", 100, 300)
    room.run()
    assert shown(room, "home", 100) == 100


def test_an_offer_across_our_resting_odds_fills_us_at_ours(room):
    """Its maker would have matched us as he came, at the odds of whoever was there first."""
    room.place(1, "w", "home", 100, 1000)
    room.offer(10, "home", 120, 300)
    room.run()
    # 300 taken at +120 would win 360: that is his stake, and he takes ours at even money.
    assert room.fills("w") == [(100, 360, 360)]


def test_an_offer_across_us_fills_us_once(room):
    """The same stake told again is not new; an increase is, by as much as it grew."""
    room.place(1, "w", "home", 100, 1000)
    room.offer(10, "home", 100, 300)
    room.offer(11, "home", 100, 300)
    room.offer(12, "home", 100, 350)
    room.run()
    assert [stake for _, stake, _ in room.fills("w")] == [300, 50]


def test_an_offer_across_us_is_gone_as_far_as_it_filled_us(room):
    """What filled us cannot be taken once more by another wager of ours."""
    room.place(1, "w", "home", 100, 200)
    room.offer(10, "home", 110, 1000)
    room.place(20, "v", "home", 100, 10_000, Intent.TAKE)
    room.run()
    assert room.filled_cents("w") == 200
    # His 1100 less 200 are worth 818 at +110; the cent that rounds goes against us.
    assert room.fills("v") == [(110, 818, 900)]


def test_an_offer_across_several_of_our_wagers_is_one_budget(room):
    """The incoming maker takes our shortest odds first, which are the longest for him."""
    room.place(1, "long", "home", 110, 1000)
    room.place(2, "short", "home", 100, 200)
    room.offer(10, "home", 110, 500)
    room.run()
    assert room.fills("short") == [(100, 200, 200)]
    # 550 less 200 of his cents, at +110 for us.
    assert room.fills("long") == [(110, 318, 350)]


def test_an_offer_across_one_of_our_wagers_stops_short_of_the_next(room):
    """What is left of an offer that crossed one of ours does not reach beyond its own odds."""
    room.place(1, "long", "home", 110, 1000)
    room.place(2, "short", "home", 100, 200)
    room.offer(10, "home", 105, 500)
    room.run()
    assert room.filled_cents("short") == 200
    assert room.fills("long") == []


def test_an_offer_short_of_our_odds_leaves_us_alone(room):
    """An offer on our line at shorter odds than ours does not cross us."""
    room.place(1, "w", "home", 110, 1000)
    room.offer(10, "home", 105, 5000)
    room.run()
    assert room.fills("w") == []


def test_an_add_only_wager_that_would_match_is_invalid(room):
    """A wager that may only add to the book is refused at its activation if it would match."""
    room.offer(0, "home", 105, 300)
    room.place(1, "w", "home", 105, 1000, Intent.ADD_ONLY)
    room.place(2, "v", "home", 110, 1000, Intent.ADD_ONLY)
    room.run()
    assert room.of(WagerInvalid) == [WagerInvalid(WagerRef("w"), "add_liquidity_only")]
    assert room.of(WagerOpened) == [WagerOpened(WagerRef("v"))]


def test_a_taking_wager_keeps_what_it_got_and_leaves_after_two_seconds(room):
    """Fill-or-kill keeps what filled; the rest is cancelled two seconds after it opened."""
    room.offer(0, "home", 100, 300)
    room.place(1, "w", "home", 100, 1000, Intent.TAKE)
    room.run()
    assert room.filled_cents("w") == 300
    assert room.of(WagerCancelled) == [WagerCancelled(WagerRef("w"), 700)]
    assert room.times_of(WagerCancelled) == [2001]


# Suspension ----------------------------------------------------------------------------------


def test_nothing_matches_while_the_market_is_suspended(room):
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


def test_what_came_across_us_during_a_suspension_matches_when_it_ends(room):
    """An offer across our odds that is there when the market opens again fills us then."""
    room.place(1, "w", "home", 100, 1000)
    room.market_status(5, MarketStatus.SUSPENDED)
    room.offer(7, "home", 100, 400)
    room.market_status(9, MarketStatus.OPEN)
    room.offer(10, "home", 100, 400)
    room.run()
    assert room.fills("w") == [(100, 400, 400)]
    assert room.times_of(WagerMatched) == [9]


# Order of the models -------------------------------------------------------------------------

_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "offer", "trade", "across"]),
        st.integers(0, 400),
        st.integers(0, 12).map(lambda hundreds: hundreds * 100 + 7),
        st.sampled_from([-110, 100, 110]),
        st.sampled_from([0, 1500, 2500]),
    ),
    max_size=40,
)


@given(rows=_ROWS, joined_ms=st.integers(0, 3000), odds=st.sampled_from([-110, 100, 110]))
@settings(max_examples=100, deadline=None)
def test_fills_are_ordered_back_prorata_front(make_room, rows, joined_ms, odds):
    """With the same rows and the same wager, the more hopeful never fills less, at any moment."""
    back, prorata, front = (
        fills_of_one_wager(make_room(queue), rows, joined_ms, odds)
        for queue in (Back(), Prorata(), Front())
    )
    for ms in {ms for ms, _ in back + prorata + front}:
        assert filled_until(back, ms) <= filled_until(prorata, ms) <= filled_until(front, ms)


@given(rows=_ROWS, joined_ms=st.integers(0, 3000), power=st.floats(0.1, 9))
@settings(max_examples=100, deadline=None)
def test_fills_under_any_model_lie_between_back_and_front(make_room, rows, joined_ms, power):
    """Whatever the power, the model of the field fills within the two extreme opinions."""
    back, probable, front = (
        fills_of_one_wager(make_room(queue), rows, joined_ms, 100)
        for queue in (Back(), Probable(power), Front())
    )
    for ms in {ms for ms, _ in back + probable + front}:
        assert filled_until(back, ms) <= filled_until(probable, ms) <= filled_until(front, ms)


def fills_of_one_wager(room, rows, joined_ms, odds):
    """Return when and by how much one wager is filled by the rows."""
    ms = 0
    for kind, after_ms, cents, row_odds, quantity in rows:
        ms += after_ms
        if kind == "offer":
            room.offer(ms, "away", row_odds, cents, quantity=quantity)
        elif kind == "trade":
            room.trade(ms, "away", row_odds, cents)
        else:
            room.offer(ms, "home", row_odds, cents // 10)
    room.place(joined_ms + 0.5, "w", "home", odds, 3000)
    room.run()
    return [
        (heard.ms, heard.event.stake_cents)
        for heard in room.heard
        if isinstance(heard.event, WagerMatched)
    ]


def filled_until(fills, ms):
    """Return what was filled up to a time, in cents."""
    return sum(stake for at_ms, stake in fills if at_ms <= ms)
