"""Where our wagers stand in the queue of a recorded offer, and what moves them forward."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.tape import Side
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.market import MarketStatus
from tests.sim.small_exchange import ExchangeScenario

MODELS = [Back(), Prorata(), Probable(3), Front()]


# Stake ahead of us ---------------------------------------------------------------------------


def test_stake_that_comes_after_us_is_not_ahead_of_us(scenario: ExchangeScenario) -> None:
    """An offer that grows after we joined grew behind us."""
    scenario.offer(0, "away", 100, 200)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 900)
    scenario.trade(10, "away", 100, 500)
    scenario.run()
    assert scenario.filled_cents("w") == 300


def test_what_is_ahead_never_exceeds_what_is_shown(scenario: ExchangeScenario) -> None:
    """When the offer falls below what was ahead of us, so does what is ahead, whoever left."""
    scenario.offer(0, "away", 100, 1000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 100)
    scenario.trade(1000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 200


def test_an_offer_that_vanishes_and_comes_back_is_behind_us(scenario: ExchangeScenario) -> None:
    """Whoever offers again after leaving has lost his place."""
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
def test_a_fall_without_a_trade_leaves_by_the_queue_model(
    make_scenario: type[ExchangeScenario],
    queue: QueueModel,
    filled: int,
    quantities: tuple[int, int],
) -> None:
    """Who cancelled is an opinion where nothing says that the fall was a trade."""
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
def test_a_fall_and_the_trade_that_caused_it_count_once(
    make_scenario: type[ExchangeScenario], queue: QueueModel, print_ms: float
) -> None:
    """The book and the trade may be told in either order; the stake ahead shrinks once."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200)
    scenario.trade(print_ms, "away", 100, 400)
    scenario.offer(10, "away", 100, 800)
    # 200 are ahead of us still, whatever the model says of cancels.
    scenario.trade(2000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_trade_told_too_late_for_a_fall_does_not_explain_it(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Beyond the pairing time a fall was a cancel, and the late trade takes from the front anew."""
    scenario = make_scenario(Front(), trade_pairing_ns=500_000_000)
    scenario.offer(0, "away", 100, 600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200)
    scenario.offer(10, "away", 100, 800)
    scenario.trade(511, "away", 100, 400)
    scenario.run()
    # 400 of 600 were cancelled ahead of us, 200 remained.
    assert scenario.filled_cents("w") == 200


def test_a_trade_explains_only_as_much_of_a_fall_as_it_matched(
    make_scenario: type[ExchangeScenario],
) -> None:
    """What a trade does not explain of a fall was cancelled, for the hopeful ahead of us."""
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


def test_a_fall_before_we_joined_that_a_late_trade_explains_is_not_ahead_twice(
    scenario: ExchangeScenario,
) -> None:
    """The trade that is told after we joined took stake that had left the book before."""
    scenario.offer(0, "away", 100, 1000)
    scenario.offer(5, "away", 100, 600)
    scenario.place(10, "w", "home", 100, 1000)
    scenario.trade(20, "away", 100, 400)
    scenario.trade(30, "away", 100, 700)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_trade_before_we_joined_whose_fall_is_told_after_is_not_ahead(
    scenario: ExchangeScenario,
) -> None:
    """Stake that was matched before we joined, but was still shown then, is not ahead for long."""
    scenario.offer(0, "away", 100, 1000)
    scenario.trade(10, "away", 100, 400)
    scenario.place(10, "w", "home", 100, 1000)
    scenario.offer(15, "away", 100, 1500)
    scenario.offer(16, "away", 100, 1100)
    # Of 1000 shown when we joined 400 were gone; 500 came behind us.
    scenario.trade(1000, "away", 100, 700)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_nothing_is_ahead_of_us_where_nobody_offers(scenario: ExchangeScenario) -> None:
    """A wager at odds of its own is first in its queue."""
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(2, "away", 100, 250)
    scenario.run()
    assert scenario.filled_cents("w") == 250


# Falls that are trades ------------------------------------------------------------------------


@pytest.mark.parametrize("queue", MODELS, ids=str)
def test_a_fall_with_unchanged_quantity_came_off_the_front(
    make_scenario: type[ExchangeScenario], queue: QueueModel
) -> None:
    """Nobody left, so those ahead of us were matched, whatever the model says of cancels."""
    scenario = make_scenario(queue)
    scenario.offer(0, "away", 100, 600, quantity=600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200, quantity=1200)
    scenario.offer(10, "away", 100, 800, quantity=1200)
    scenario.trade(2000, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_fall_with_unchanged_quantity_fills_us_with_what_those_ahead_leave(
    scenario: ExchangeScenario,
) -> None:
    """It is a taker as good as one that is told: those ahead of us first, and us with the rest."""
    scenario.offer(0, "away", 100, 400, quantity=400)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1000, quantity=1000)
    scenario.offer(10, "away", 100, 500, quantity=1000)
    scenario.run()
    assert scenario.fills("w") == [(100, 100, 100)]
    assert scenario.times_of(WagerMatched) == [10]


def test_a_fall_with_unchanged_quantity_at_shorter_odds_fills_us_first(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Such a taker would have come to our longer odds, also where nobody followed until then."""
    scenario = make_scenario(subscribed=())
    scenario.offer(0, "away", -110, 500, quantity=500)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(10, "away", -110, 300, quantity=500)
    scenario.run()
    assert scenario.fills("w") == [(100, 200, 200)]


@pytest.mark.parametrize("queue", MODELS, ids=str)
@pytest.mark.parametrize("print_ms", [9, 10, 11, 509])
def test_a_fall_with_unchanged_quantity_and_its_trade_count_once(
    make_scenario: type[ExchangeScenario], queue: QueueModel, print_ms: float
) -> None:
    """Told before or after the fall that gives it away, a trade takes and fills once."""
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
def test_a_trade_of_which_a_fall_gives_away_a_part_counts_in_full(
    scenario: ExchangeScenario, print_ms: float
) -> None:
    """Of a trade that is told only what the fall has not told is new, and the other way round."""
    scenario.offer(0, "away", 100, 1000, quantity=1000)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 2000, quantity=2000)
    scenario.trade(print_ms, "away", 100, 1100)
    scenario.offer(10, "away", 100, 1500, quantity=2000)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_trade_told_too_late_for_a_fall_with_unchanged_quantity_counts_anew(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Beyond the pairing time the fall was a trade of its own."""
    scenario = make_scenario(trade_pairing_ns=500_000_000)
    scenario.offer(0, "away", 100, 600, quantity=600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(10, "away", 100, 300, quantity=600)
    scenario.trade(511, "away", 100, 400)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_fall_with_unchanged_quantity_before_we_joined_is_not_ahead(
    scenario: ExchangeScenario,
) -> None:
    """The trade that is told after we joined took stake that was gone before; nothing moves."""
    scenario.offer(0, "away", 100, 1000, quantity=1000)
    scenario.offer(5, "away", 100, 600, quantity=1000)
    scenario.place(10, "w", "home", 100, 1000)
    scenario.trade(20, "away", 100, 400)
    scenario.trade(30, "away", 100, 700)
    scenario.run()
    assert scenario.filled_cents("w") == 100


def test_a_fall_with_unchanged_quantity_tells_the_taker_of_an_unknown_trade(
    scenario: ExchangeScenario,
) -> None:
    """Where the trade does not say who took, the fall does; the trade is counted as unknown."""
    scenario.offer(0, "away", 100, 300, quantity=300)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 600, quantity=600)
    scenario.trade(10, "away", 100, 400, side=Side.UNKNOWN)
    scenario.offer(10, "away", 100, 200, quantity=600)
    scenario.run()
    assert scenario.fills("w") == [(100, 100, 100)]
    assert scenario.market.trades_of_unknown_taker == 1


def test_a_fall_with_unchanged_quantity_fills_nobody_during_a_suspension(
    scenario: ExchangeScenario,
) -> None:
    """What was traded while the market was suspended moved the queue, and did not reach us."""
    scenario.offer(0, "away", 100, 300, quantity=300)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 900, quantity=900)
    scenario.market_status(5, MarketStatus.SUSPENDED)
    scenario.offer(6, "away", 100, 500, quantity=900)
    scenario.market_status(9, MarketStatus.OPEN)
    scenario.trade(1000, "away", 100, 50)
    scenario.run()
    assert scenario.fills("w") == [(100, 50, 50)]


# Order of the models -------------------------------------------------------------------------

Row = tuple[str, int, int, int, int]
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
def test_fills_are_ordered_back_prorata_front(
    make_scenario: type[ExchangeScenario], rows: list[Row], joined_ms: float, odds: int
) -> None:
    """With the same rows and the same wager, the more hopeful never fills less, at any moment."""
    back, prorata, front = (
        fills_of_one_wager(make_scenario(queue), rows, joined_ms, odds)
        for queue in (Back(), Prorata(), Front())
    )
    for ms in {ms for ms, _ in back + prorata + front}:
        assert filled_until(back, ms) <= filled_until(prorata, ms) <= filled_until(front, ms)


@given(rows=_ROWS, joined_ms=st.integers(0, 3000), power=st.floats(0.1, 9))
@settings(max_examples=100, deadline=None)
def test_fills_under_any_model_lie_between_back_and_front(
    make_scenario: type[ExchangeScenario], rows: list[Row], joined_ms: float, power: float
) -> None:
    """Whatever the power, the model of the field fills within the two extreme opinions."""
    back, probable, front = (
        fills_of_one_wager(make_scenario(queue), rows, joined_ms, 100)
        for queue in (Back(), Probable(power), Front())
    )
    for ms in {ms for ms, _ in back + probable + front}:
        assert filled_until(back, ms) <= filled_until(probable, ms) <= filled_until(front, ms)


def fills_of_one_wager(
    scenario: ExchangeScenario, rows: list[Row], joined_ms: float, odds: int
) -> list[tuple[float, int]]:
    """Return when and by how much one wager is filled by the rows."""
    ms = 0
    for kind, after_ms, cents, row_odds, quantity in rows:
        ms += after_ms
        if kind == "offer":
            scenario.offer(ms, "away", row_odds, cents, quantity=quantity)
        elif kind == "trade":
            scenario.trade(ms, "away", row_odds, cents)
        else:
            scenario.offer(ms, "home", row_odds, cents // 10)
    scenario.place(joined_ms + 0.5, "w", "home", odds, 3000)
    scenario.run()
    return [
        (heard.ms, heard.event.stake_cents)
        for heard in scenario.received
        if isinstance(heard.event, WagerMatched)
    ]


def filled_until(fills: list[tuple[float, int]], ms: float) -> int:
    """Return what was filled up to a time, in cents."""
    return sum(stake for at_ms, stake in fills if at_ms <= ms)
