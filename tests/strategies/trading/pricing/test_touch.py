"""Fair prices from the book: what both ways guarantee, and when there is no price."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strategies.trading.model.book import Book
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import LineId
from strategies.trading.model.odds import Odds, implied_probability, opposite, prophetx_ladder
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.pricing.touch import Consensus, Power, Pricing

WAYS = pytest.mark.parametrize("way", [Consensus, Power])
rungs = st.sampled_from(prophetx_ladder().rungs)
# Best offers on two lines, the second 0 to 40 rungs shorter than the first's opposite.
touches = st.tuples(rungs, st.integers(0, 40)).map(
    lambda drawn: (drawn[0], prophetx_ladder().step(opposite(drawn[0]), -drawn[1]))
)
Touch = tuple[Odds, Odds]


def book_of(catalogue: Catalogue, first: int | None, second: int | None) -> Book:
    """Return a book with these best offers on its two lines."""
    book = Book(catalogue.pair_of(LineId("home")))
    if first is not None:
        book.first.put(Odds(first), 1_000, 0)
    if second is not None:
        book.second.put(Odds(second), 1_000, 0)
    return book


def price_of(pricing: Pricing, book: Book, catalogue: Catalogue) -> float | None:
    """Return the price of a pair of an event with no updates but offers."""
    event = EventState(catalogue.events[book.pair.first.event_id])
    return pricing.fair(book, event, 0)


def overround(first: int, second: int) -> float:
    """Return the overround of two best offers."""
    return implied_probability(first) + implied_probability(second) - 1.0


@WAYS
@given(touch=touches)
def test_the_prices_of_the_two_lines_sum_to_one(
    catalogue: Catalogue, way: type[Consensus | Power], touch: Touch
) -> None:
    """Whichever line comes first, its price and that of the other sum to one."""
    first, second = touch
    assume(0.0 <= overround(first, second) <= 0.3)
    pricing: Pricing = way(0.3)
    price = price_of(pricing, book_of(catalogue, first, second), catalogue)
    other = price_of(pricing, book_of(catalogue, second, first), catalogue)
    assert price is not None
    assert other is not None
    assert price + other == pytest.approx(1.0, abs=1e-9)


@WAYS
@given(touch=touches)
def test_a_fair_price_lies_inside_the_touch(
    catalogue: Catalogue, way: type[Consensus | Power], touch: Touch
) -> None:
    """No line is fair at more than a taker pays: taking at the touch has no edge."""
    first, second = touch
    assume(0.0 <= overround(first, second) <= 0.3)
    price = price_of(way(0.3), book_of(catalogue, first, second), catalogue)
    assert price is not None
    assert price <= implied_probability(first) + 1e-9
    assert 1.0 - price <= implied_probability(second) + 1e-9


@WAYS
@given(odds=rungs)
def test_a_book_without_vig_is_priced_at_its_odds(
    catalogue: Catalogue, way: type[Consensus | Power], odds: Odds
) -> None:
    """Where opposite odds are offered the fair probability is the implied one, on every rung."""
    price = price_of(way(0.1), book_of(catalogue, odds, opposite(odds)), catalogue)
    assert price == pytest.approx(implied_probability(odds), abs=1e-9)


def test_the_same_odds_on_both_lines_give_exactly_one_half(catalogue: Catalogue) -> None:
    """At -110 on both lines the price is exactly one half: an ulp would move a quote by a rung."""
    assert price_of(Consensus(0.1), book_of(catalogue, -110, -110), catalogue) == 0.5


def test_consensus_is_the_middle_of_the_touch(catalogue: Catalogue) -> None:
    """Offers at -150 (0.6) and +130 (0.4348) have their middle at 0.5826."""
    price = price_of(Consensus(0.1), book_of(catalogue, -150, 130), catalogue)
    assert price == pytest.approx((0.6 + 1 - 100 / 230) / 2)


def test_power_takes_more_from_the_long_shot(catalogue: Catalogue) -> None:
    """The long shot carries the larger share of the vig."""
    book = book_of(catalogue, -1000, 600)
    middle, power = (price_of(way(0.2), book, catalogue) for way in (Consensus, Power))
    assert middle is not None
    assert power is not None
    assert power > middle
    longer = 1 - power
    scale = implied_probability(600) / implied_probability(-1000)
    assert longer / power < scale


@WAYS
@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (None, None, "empty"),
        (-110, None, "one-sided"),
        (None, -110, "one-sided"),
        (110, 110, "crossed"),
        (-200, -200, "too wide"),
    ],
)
def test_an_uninformative_book_has_no_price(
    catalogue: Catalogue,
    way: type[Consensus | Power],
    first: int | None,
    second: int | None,
    why: str,
) -> None:
    """An empty, one-sided, crossed or too wide book has no fair price."""
    assert price_of(way(0.2), book_of(catalogue, first, second), catalogue) is None, why


@WAYS
@pytest.mark.parametrize("setting", ["0.1", True, None, -0.1, 0, 1, float("nan")])
def test_an_invalid_overround_is_refused(way: type[Consensus | Power], setting: float) -> None:
    """Text, booleans, and numbers outside 0 to 1 are refused, and the error names the setting."""
    with pytest.raises(ConfigError, match=r"pricing\.max_overround"):
        read_settings("pricing", way, {"max_overround": setting})
