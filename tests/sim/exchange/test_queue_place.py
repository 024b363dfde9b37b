"""The queue position of our wagers in a recorded offer, and what moves them forward."""

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recordings.tape import Side
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.market import MarketStatus
from tests.sim.small_exchange import ExchangeScenario

MODELS = [Back(), Prorata(), Probable(3), Front()]


# Stake ahead of us ---------------------------------------------------------------------------


def test_stake_that_comes_after_us_is_not_ahead_of_us(scenario: ExchangeScenario) -> None:
    """An increase of an offer after we joined is behind us."""
    scenario.offer(0, "away", 100, 200)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 900)
    scenario.trade(10, "away", 100, 500)
    scenario.run()
    assert scenario.filled_cents("w") == 300


def test_what_is_ahead_never_exceeds_what_is_shown(scenario: ExchangeScenario) -> None:
    """When the offer falls below what was ahead of us, what is ahead falls with it."""
    scenario.offer(0, "away", 100, 1000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 100)
    scenario.trade(1000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 200


def test_an_offer_that_vanishes_and_comes_back_is_behind_us(scenario: ExchangeScenario) -> None:
    """Stake that leaves and returns is behind us."""
    scenario.offer(0, "away", 100, 1000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 0)
    scenario.offer(3, "away", 100, 1000)
    scenario.trade(1000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 300


@pytest.mark.parametrize(
    ("queue", "filled"),
    [(Back(), 150), (Prorata(), 330), (Probable(2), 265), (Front(), 450)],
    ids=str,
)
@pytest.mark.parametrize("quantities", [(0, 0), (1600, 900), (1600, 0), (0, 900)])
def test_a_decrease_without_a_trade_is_cancelled_by_the_queue_model(
    make_scenario: type[ExchangeScenario],
    queue: QueueModel,
    filled: int,
    quantities: tuple[int, int],
) -> None:
    """Without evidence of a trade the queue model decides who cancelled."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 400)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1000, quantity=quantities[0])
    scenario.offer(10, "away", 100, 300, quantity=quantities[1])
    # 700 left of 400 ahead of us and 600 behind.
    scenario.trade(1000, "away", 100, 450)
    scenario.run()
    assert scenario.filled_cents("w") == filled


@pytest.mark.parametrize("queue", MODELS, ids=str)
@pytest.mark.parametrize("print_ms", [9, 10, 11, 509])
def test_a_decrease_and_the_trade_that_caused_it_count_once(
    make_scenario: type[ExchangeScenario], queue: QueueModel, print_ms: float
) -> None:
    """Book and trade can arrive in either order; the stake ahead shrinks once."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200)
    scenario.trade(print_ms, "away", 100, 400)
    scenario.offer(10, "away", 100, 800)
    # 200 are still ahead of us, under any queue model.
    scenario.trade(2000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_trade_reported_too_late_for_a_decrease_does_not_explain_it(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Beyond the pairing time the decrease was a cancel, and the late trade is a second one."""
    scenario = make_scenario(Front(), trade_pairing_ns=500_000_000)
    scenario.offer(0, "away", 100, 600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200)
    scenario.offer(10, "away", 100, 800)
    scenario.trade(511, "away", 100, 400)
    scenario.run()
    # 400 of 600 were cancelled ahead of us, 200 remained.
    assert scenario.filled_cents("w") == 200


def test_a_trade_explains_only_as_much_of_a_decrease_as_it_matched(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The part that a trade does not explain was cancelled, under Front ahead of us."""
    scenario = make_scenario(Front())
    scenario.offer(0, "away", 100, 1000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 2000)
    scenario.offer(10, "away", 100, 1100)
    scenario.trade(20, "away", 100, 300)
    # 300 matched, 600 cancelled: 100 of 1000 are ahead.
    scenario.trade(2000, "away", 100, 250)
    scenario.run()
    assert scenario.filled_cents("w") == 150


def test_a_decrease_before_we_joined_that_a_late_trade_explains_is_not_ahead_twice(
    scenario: ExchangeScenario,
) -> None:
    """A trade reported after we joined took stake that had left the book before."""
    scenario.offer(0, "away", 100, 1000)
    scenario.offer(5, "away", 100, 600)
    scenario.place(10, "w", "home", 100, 1000)
    scenario.trade(20, "away", 100, 400)
    scenario.trade(30, "away", 100, 700)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_trade_before_we_joined_whose_decrease_comes_after_is_not_ahead(
    scenario: ExchangeScenario,
) -> None:
    """Stake traded before we joined but still displayed then leaves the queue ahead of us."""
    scenario.offer(0, "away", 100, 1000)
    scenario.trade(10, "away", 100, 400)
    scenario.place(10, "w", "home", 100, 1000)
    scenario.offer(15, "away", 100, 1500)
    scenario.offer(16, "away", 100, 1100)
    # Of 1000 shown when we joined 400 were gone; 500 came behind us.
    scenario.trade(1000, "away", 100, 700)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_nothing_is_ahead_of_us_without_offers(scenario: ExchangeScenario) -> None:
    """A wager at odds of its own is first in its queue."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(2, "away", 100, 250)
    scenario.run()
    assert scenario.filled_cents("w") == 250


# Falls that are trades ------------------------------------------------------------------------


@pytest.mark.parametrize("queue", MODELS, ids=str)
def test_a_decrease_with_unchanged_quantity_came_off_the_front(
    make_scenario: type[ExchangeScenario], queue: QueueModel
) -> None:
    """No maker cancelled, so those ahead of us were matched, whatever the queue model."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 600, quantity=600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200, quantity=1200)
    scenario.offer(10, "away", 100, 800, quantity=1200)
    scenario.trade(2000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_decrease_with_unchanged_quantity_fills_us_with_what_those_ahead_leave(
    scenario: ExchangeScenario,
) -> None:
    """It counts as a reported taker: those ahead of us first, then us with the rest."""
    scenario.offer(0, "away", 100, 400, quantity=400)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1000, quantity=1000)
    scenario.offer(10, "away", 100, 500, quantity=1000)
    scenario.run()
    assert scenario.fills("w") == [(100, 100, 100)]
    assert scenario.times_of(WagerMatched) == [10]


def test_a_decrease_with_unchanged_quantity_at_shorter_odds_fills_us_first(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Such a taker would have matched our longer odds, even in a book untracked until then."""
    scenario = make_scenario(subscribed=())
    scenario.offer(0, "away", -110, 500, quantity=500)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(10, "away", -110, 300, quantity=500)
    scenario.run()
    assert scenario.fills("w") == [(100, 200, 200)]


@pytest.mark.parametrize("queue", MODELS, ids=str)
@pytest.mark.parametrize("print_ms", [9, 10, 11, 509])
def test_a_decrease_with_unchanged_quantity_and_its_trade_count_once(
    make_scenario: type[ExchangeScenario], queue: QueueModel, print_ms: float
) -> None:
    """Reported before or after its decrease, a trade moves the queue and fills once."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 600, quantity=600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200, quantity=1200)
    scenario.trade(print_ms, "away", 100, 700)
    scenario.offer(10, "away", 100, 500, quantity=1200)
    scenario.trade(2000, "away", 100, 50)
    scenario.run()
    assert [stake for _, stake, _ in scenario.fills("w")] == [100, 50]


@pytest.mark.parametrize("print_ms", [9, 11])
def test_a_trade_of_which_a_decrease_reveals_a_part_counts_in_full(
    scenario: ExchangeScenario, print_ms: float
) -> None:
    """Of a reported trade only the part beyond the decrease is new, and vice versa."""
    scenario.offer(0, "away", 100, 1000, quantity=1000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 2000, quantity=2000)
    scenario.trade(print_ms, "away", 100, 1100)
    scenario.offer(10, "away", 100, 1500, quantity=2000)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_trade_reported_too_late_for_a_decrease_with_unchanged_quantity_counts_separately(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Beyond the pairing time the decrease was a trade of its own."""
    scenario = make_scenario(trade_pairing_ns=500_000_000)
    scenario.offer(0, "away", 100, 600, quantity=600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(10, "away", 100, 300, quantity=600)
    scenario.trade(511, "away", 100, 400)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_decrease_with_unchanged_quantity_before_we_joined_is_not_ahead(
    scenario: ExchangeScenario,
) -> None:
    """A trade reported after we joined took stake that was gone before; nothing moves."""
    scenario.offer(0, "away", 100, 1000, quantity=1000)
    scenario.offer(5, "away", 100, 600, quantity=1000)
    scenario.place(10, "w", "home", 100, 1000)
    scenario.trade(20, "away", 100, 400)
    scenario.trade(30, "away", 100, 700)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_decrease_with_unchanged_quantity_shows_the_taker_of_an_unknown_trade(
    scenario: ExchangeScenario,
) -> None:
    """If the trade has no side, the decrease shows it; the trade still counts as unknown."""
    scenario.offer(0, "away", 100, 300, quantity=300)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 600, quantity=600)
    scenario.trade(10, "away", 100, 400, side=Side.UNKNOWN)
    scenario.offer(10, "away", 100, 200, quantity=600)
    scenario.run()
    assert scenario.fills("w") == [(100, 100, 100)]
    assert scenario.market.trades_of_unknown_taker == 1


def test_a_decrease_with_unchanged_quantity_fills_no_wager_during_a_suspension(
    scenario: ExchangeScenario,
) -> None:
    """A trade during a suspension moves the queue and does not fill us."""
    scenario.offer(0, "away", 100, 300, quantity=300)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 900, quantity=900)
    scenario.market_status(5, MarketStatus.SUSPENDED)
    scenario.offer(6, "away", 100, 500, quantity=900)
    scenario.market_status(9, MarketStatus.OPEN)
    scenario.trade(1000, "away", 100, 50)
    scenario.run()
    assert scenario.fills("w") == [(100, 50, 50)]


# Trades and cancels at one level, in any order. The taker's 1,000 is reported, and its fall has the
# quantity unchanged; a cancel takes 2,000 and its quantity.
_SIZES = {"trade": 1000, "fall": 1000, "cancel": 2000}


@pytest.mark.parametrize("queue", MODELS, ids=str)
@pytest.mark.parametrize(
    "rows", [("cancel", "trade", "fall"), ("trade", "cancel", "fall")], ids=" ".join
)
def test_a_trade_explains_its_own_decrease_before_a_cancel(
    make_scenario: type[ExchangeScenario], queue: QueueModel, rows: tuple[str, ...]
) -> None:
    """The quantity shows which decrease the trade is; it fills once, and moves the queue once."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 200, quantity=200)
    scenario.place(1, "w", "home", 100, 5000)
    scenario.offer(2, "away", 100, 9000, quantity=9000)
    play_level(scenario, [(row, _SIZES[row]) for row in rows], 9000)
    scenario.run()
    assert scenario.filled_cents("w") == 800


@pytest.mark.parametrize("queue", MODELS, ids=str)
def test_in_any_order_of_five_rows_takers_fill_what_they_staked(
    make_scenario: type[ExchangeScenario], queue: QueueModel
) -> None:
    """Each trade and each fall is of one taker, reported in one row or in two."""
    for length in range(1, 6):
        for rows in product(_SIZES, repeat=length):
            scenario = make_scenario(queue)
            scenario.place(1, "w", "home", -105, 100_000)
            scenario.offer(2, "away", 100, 20_000, quantity=20_000)
            play_level(scenario, [(row, _SIZES[row]) for row in rows], 20_000)
            scenario.run()
            takers = max(rows.count("trade"), rows.count("fall"))
            assert sum(cost for _, _, cost in scenario.fills("w")) == 1000 * takers, rows


@given(
    rows=st.lists(st.tuples(st.sampled_from(list(_SIZES)), st.integers(1, 3000)), max_size=8),
    joined_after=st.integers(0, 8),
    queue=st.sampled_from(MODELS),
)
@example(rows=[("trade", 900), ("cancel", 700), ("fall", 900)], joined_after=2, queue=Front())
@settings(max_examples=80, deadline=None)
def test_a_wager_is_filled_by_what_takers_stake_after_it_joined(
    make_scenario: type[ExchangeScenario],
    rows: list[tuple[str, int]],
    joined_after: int,
    queue: QueueModel,
) -> None:
    """Of a trade of which a row came before it joined, the other row fills it by the excess."""
    scenario = make_scenario(queue)
    scenario.offer(2, "away", 100, 40_000, quantity=40_000)
    play_level(scenario, rows, 40_000)
    scenario.place(2 + joined_after + 0.5, "w", "home", -105, 100_000)
    scenario.run()

    def staked(rows: list[tuple[str, int]]) -> int:
        return max(sum(cents for row, cents in rows if row == kind) for kind in ("trade", "fall"))

    filled = sum(cost for _, _, cost in scenario.fills("w"))
    assert filled == staked(rows) - staked(rows[:joined_after])


def play_level(scenario: ExchangeScenario, rows: list[tuple[str, int]], cents: int) -> None:
    """Schedule rows of one offer a millisecond apart, from the third on."""
    quantity = cents
    for ms, (row, size) in enumerate(rows, 3):
        if row == "trade":
            scenario.trade(ms, "away", 100, size)
            continue
        cents -= size
        quantity -= size if row == "cancel" else 0
        scenario.offer(ms, "away", 100, cents, quantity=quantity)
