"""The skewed market maker: the simple one, with quotes that shift against the inventory."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.skewed_market_maker import SkewedMarketMaker
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.odds import implied_probability, prophetx_ladder
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import PairView, View

See = Callable[..., View]

FIRST, SECOND = "home-4.5", "away+4.5"
FULL_CENTS = 50_000

fairs = st.floats(0.2, 0.8)
distances = st.floats(0.0, 0.09)
touches = st.none() | st.sampled_from(prophetx_ladder().rungs[:-1])
inventories = st.integers(-3 * FULL_CENTS, 3 * FULL_CENTS)
within = st.integers(1 - FULL_CENTS, FULL_CENTS - 1)
# Binary fractions, whose sums are exact, so that no rung hangs on the last bit.
exact_fairs = st.integers(100, 924).map(lambda parts: parts / 1024)
exact_distances = st.integers(0, 90).map(lambda parts: parts / 1024)
exact_inventories = st.integers(-30, 30).map(lambda parts: parts * FULL_CENTS // 16)


def maker(margin: float = 0.02, skew: float = 0.02) -> SkewedMarketMaker:
    """Return a market maker whose skew is full at $500, with stakes of $10."""
    return SkewedMarketMaker(margin, skew, 500, 10, 5)


def long_first(cents: int) -> tuple[int, int]:
    """Return the profit by outcome of `cents` staked on the first line at even odds."""
    return (cents, -cents)


def by_line(quotes: tuple[Quote, ...]) -> dict[str, int]:
    """Return the odds quoted on each line."""
    return {quote.line_id: quote.odds for quote in quotes}


# The shift ------------------------------------------------------------------------------------


@given(fair=st.floats(0.01, 0.99), margin=distances, skew=distances)
def test_without_inventory_it_quotes_like_the_simple_market_maker(
    see: See, fair: float, margin: float, skew: float
) -> None:
    """A flat pair gets exactly the simple market maker's quotes, stakes included."""
    view = see(fair)
    assert maker(margin, skew).quote(view) == SimpleMarketMaker(margin, 10, 5).quote(view)


def test_both_quotes_shift_in_proportion_to_the_inventory(see: See) -> None:
    """Half full of the first line at fair 0.5, both quotes are centred on 0.49."""
    assert by_line(maker().quote(see(0.5))) == {FIRST: 109, SECOND: 109}
    assert by_line(maker().quote(see(0.5, profit_if=long_first(25_000)))) == {
        FIRST: 113,
        SECOND: 105,
    }
    assert by_line(maker().quote(see(0.5, profit_if=long_first(-25_000)))) == {
        FIRST: 105,
        SECOND: 113,
    }


def test_inventory_is_half_the_difference_between_the_outcomes(see: See) -> None:
    """A gain of $300 or a loss of $100 is $200 of inventory; the same gain either way is zero."""
    uneven = maker().quote(see(0.5, profit_if=(30_000, -10_000)))
    assert uneven == maker().quote(see(0.5, profit_if=long_first(20_000)))
    assert uneven != maker().quote(see(0.5))
    assert maker().quote(see(0.5, profit_if=(40_000, 40_000))) == maker().quote(see(0.5))


@given(
    fair=fairs,
    margin=distances,
    skew=distances,
    inventory=st.tuples(within, within).map(sorted),
    first_touch=touches,
    second_touch=touches,
)
def test_more_of_a_line_never_makes_its_quote_shorter(
    see: See,
    fair: float,
    margin: float,
    skew: float,
    inventory: list[int],
    first_touch: int | None,
    second_touch: int | None,
) -> None:
    """With more of the first line its odds never get shorter, the second's never longer."""
    less, more = (
        by_line(
            maker(margin, skew).quote(
                see(fair, first_touch, second_touch, profit_if=long_first(cents))
            )
        )
        for cents in inventory
    )
    assert more[FIRST] >= less[FIRST]
    assert more[SECOND] <= less[SECOND]


@given(
    fair=exact_fairs,
    margin=exact_distances,
    skew=exact_distances,
    cents=exact_inventories,
    first_touch=touches,
    second_touch=touches,
)
def test_the_order_of_the_lines_does_not_matter(
    see: See,
    fair: float,
    margin: float,
    skew: float,
    cents: int,
    first_touch: int | None,
    second_touch: int | None,
) -> None:
    """With the two lines in the other order, the same pair gets the same quotes."""
    seen = (fair, first_touch, second_touch, long_first(cents))
    straight = maker(margin, skew).quote(see(*seen))
    swapped = maker(margin, skew).quote(see(*seen, swapped=True))
    assert by_line(straight) == by_line(swapped)


@given(fair=fairs, margin=distances, skew=distances, cents=inventories)
def test_no_quote_gives_away_more_than_skew_less_margin(
    see: See, fair: float, margin: float, skew: float, cents: int
) -> None:
    """However large the inventory, no quote implies more than fair minus margin plus skew."""
    quotes = by_line(maker(margin, skew).quote(see(fair, profit_if=long_first(cents))))
    for line, odds in quotes.items():
        fair_of_line = fair if line == FIRST else 1.0 - fair
        assert implied_probability(odds) <= fair_of_line - margin + skew + 1e-12


def test_each_pair_has_its_own_inventory(
    market_seen: Callable[..., View], pair_seen: Callable[..., PairView]
) -> None:
    """Inventory at one point shifts no quote at another point of the same market."""
    full = pair_seen(0.5, profit_if=long_first(25_000))
    flat = pair_seen(0.5, line="home-3")
    quotes = by_line(maker().quote(market_seen(full, flat)))
    assert quotes == {FIRST: 113, SECOND: 105, "home-3": 109, "away+3": 109}


# The bounds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "quoted"),
    [
        (FULL_CENTS - 1, {FIRST, SECOND}),
        (FULL_CENTS, {SECOND}),
        (3 * FULL_CENTS, {SECOND}),
        (1 - FULL_CENTS, {FIRST, SECOND}),
        (-FULL_CENTS, {FIRST}),
        (-3 * FULL_CENTS, {FIRST}),
    ],
)
def test_a_full_position_is_not_added_to(see: See, cents: int, quoted: set[str]) -> None:
    """Once the inventory is at its maximum, only the line that reduces it is quoted."""
    quotes = by_line(maker().quote(see(0.5, profit_if=long_first(cents))))
    assert set(quotes) == quoted


def test_beyond_the_full_position_the_skew_is_constant(see: See) -> None:
    """The reducing line has the same quote at one and at three times the maximum inventory."""
    full, beyond = (
        maker().quote(see(0.5, profit_if=long_first(cents)))
        for cents in (FULL_CENTS, 3 * FULL_CENTS)
    )
    assert by_line(full) == by_line(beyond) == {SECOND: 100}


@given(
    fair=fairs,
    skew=st.floats(0.0, 0.4),
    cents=inventories,
    first_touch=touches,
    second_touch=touches,
)
def test_no_quote_crosses_the_touch(
    see: See,
    fair: float,
    skew: float,
    cents: int,
    first_touch: int | None,
    second_touch: int | None,
) -> None:
    """However far it shifts, a quote asks for longer odds than any offer on its line."""
    view = see(fair, first_touch, second_touch, profit_if=long_first(cents))
    touch_of = {FIRST: first_touch, SECOND: second_touch}
    for line, odds in by_line(maker(0.0, skew).quote(view)).items():
        touch = touch_of[line]
        assert touch is None or odds > touch


def test_a_quote_shifted_across_the_touch_rests_one_rung_beyond_it(see: See) -> None:
    """Where the shift would take the offer at +110, the quote rests at +111, the next rung."""
    view = see(0.48, 105, 110, profit_if=long_first(25_000))
    assert by_line(maker(0.0, 0.1).quote(see(0.48, profit_if=long_first(25_000))))[SECOND] == -132
    assert by_line(maker(0.0, 0.1).quote(view)) == {FIRST: 134, SECOND: 111}


def test_a_quote_at_offered_odds_moves_one_rung_beyond(see: See) -> None:
    """A quote at the odds of an offer on its line would match it, so it rests one rung beyond."""
    assert by_line(maker().quote(see(0.5, 109, 100))) == {FIRST: 110, SECOND: 109}


def test_a_line_offered_at_the_longest_odds_is_not_quoted(see: See) -> None:
    """No rung is left beyond an offer at +25000, so that line is not quoted."""
    assert by_line(maker().quote(see(0.5, 25_000, -115))) == {SECOND: 109}


def test_a_pair_without_a_price_is_not_quoted(see: See) -> None:
    """Without a fair price there is no quote, whatever the inventory."""
    assert maker().quote(see(None, 105, -115, profit_if=long_first(25_000))) == ()


# Settings -------------------------------------------------------------------------------------


def test_the_refresh_interval_comes_from_the_settings() -> None:
    """The refresh interval is set in seconds; zero decides on every change."""
    assert SkewedMarketMaker(0.02, 0.02, 500, 10, 0).quote_refresh_ns == 0
    assert SkewedMarketMaker(0.02, 0.02, 500, 10, 2.5).quote_refresh_ns == 5 * NS_PER_SECOND // 2


NO_PROBABILITIES = ("0.1", True, None, -0.01, 0.5, float("nan"))
NO_DOLLARS = ("10", True, None, -1, float("nan"), 0.001)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        *(((value, 0.02, 500, 10, 5), "spread_margin") for value in NO_PROBABILITIES),
        *(((0.02, value, 500, 10, 5), "skew") for value in NO_PROBABILITIES),
        *(((0.02, 0.02, value, 10, 5), "max_position") for value in (*NO_DOLLARS, 0)),
        *(((0.02, 0.02, 500, value, 5), "default_stake") for value in NO_DOLLARS),
        *(((0.02, 0.02, 500, 10, value), "quote_refresh_seconds") for value in ("5", True, -1)),
    ],
)
def test_an_invalid_setting_is_refused_by_name(settings: Any, name: str) -> None:
    """Text, booleans, negatives and NaN are refused, and so is a skew that is full at zero."""
    names = (
        "spread_margin",
        "skew",
        "max_position",
        "default_stake",
        "quote_refresh_seconds",
    )
    values = dict(zip(names, settings, strict=True))
    with pytest.raises(ConfigError, match=rf"^strategy\.{name}: "):
        read_settings("strategy", SkewedMarketMaker, values)
