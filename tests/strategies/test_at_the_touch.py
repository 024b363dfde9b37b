"""The baseline strategy: at the touch, beside the best competing maker, on every selection."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.at_the_touch import AtTheTouch
from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.odds import (
    Odds,
    crosses,
    implied_probability,
    opposite,
    prophetx_ladder,
)
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import PairView, View

See = Callable[..., View]

FIRST, SECOND = "home-4.5", "away+4.5"
OTHER = {FIRST: SECOND, SECOND: FIRST}

touches = st.none() | st.sampled_from(prophetx_ladder().rungs)
# Binary fractions, of which one less one is exact.
fairs = st.integers(1, 1023).map(lambda parts: parts / 1024)
edges = st.floats(0.0, 0.2)


def joiner(min_edge: float = 0.0) -> AtTheTouch:
    """Return the strategy with stakes of $10."""
    return AtTheTouch(min_edge, 10, 5)


def by_line(quotes: tuple[Quote, ...]) -> dict[str, int]:
    """Return the odds quoted on each line."""
    return {quote.line_id: quote.odds for quote in quotes}


def test_it_rests_beside_the_best_maker_on_either_line(see: See) -> None:
    """Takers find +105 on home and -115 on away: we back home at +115 and away at -105."""
    quotes = joiner().quote(see(0.4765, 105, -115))
    placed = [(quote.line_id, quote.odds, quote.stake_cents, quote.intent) for quote in quotes]
    assert placed == [
        (FIRST, 115, 1_000, Intent.ADD_ONLY),
        (SECOND, -105, 1_000, Intent.ADD_ONLY),
    ]


def test_even_money_is_joined_at_even_money(see: See) -> None:
    """The offer at +100 is joined at +100, which is its own opposite."""
    assert by_line(joiner().quote(see(0.488, 100, -110))) == {FIRST: 110, SECOND: 100}


@given(fair=fairs, min_edge=edges, first_touch=touches, second_touch=touches)
def test_every_quote_is_an_offer_exactly_at_the_touch(
    see: See, fair: float, min_edge: float, first_touch: int | None, second_touch: int | None
) -> None:
    """To takers each quote shows at the best odds that others offer them: no longer, no shorter."""
    touch_of = {FIRST: first_touch, SECOND: second_touch}
    for quote in joiner(min_edge).quote(see(fair, first_touch, second_touch)):
        assert opposite(quote.odds) == touch_of[OTHER[quote.line_id]]


@given(fair=fairs, first_touch=touches, second_touch=touches)
def test_no_quote_crosses_the_touch(
    see: See, fair: float, first_touch: int | None, second_touch: int | None
) -> None:
    """No quote would match an offer on its own line, or our own quote on the other line."""
    touch_of = {FIRST: first_touch, SECOND: second_touch}
    quotes = by_line(joiner().quote(see(fair, first_touch, second_touch)))
    for line, odds in quotes.items():
        touch = touch_of[line]
        assert touch is None or odds > touch
    assert len(quotes) < 2 or not crosses(quotes[FIRST], quotes[SECOND])


@given(fair=fairs, min_edge=edges, first_touch=touches, second_touch=touches)
def test_it_joins_exactly_where_the_edge_is_large_enough(
    see: See, fair: float, min_edge: float, first_touch: int | None, second_touch: int | None
) -> None:
    """Only the lines with at least the minimum edge are quoted."""
    view = see(fair, first_touch, second_touch)
    quotes = by_line(joiner(min_edge).quote(view))
    fair_of = {FIRST: fair, SECOND: 1.0 - fair}
    for line, odds in by_line(joiner().quote(view)).items():
        edge = fair_of[line] - implied_probability(odds)
        assert (line in quotes) == (edge >= min_edge)
    assert all(fair_of[line] >= implied_probability(odds) for line, odds in quotes.items())


def test_too_small_an_edge_is_not_quoted(see: See) -> None:
    """At fair 0.48, +115 has an edge of 1.5 % and -105 of 0.8 %; the minimum is 1 %."""
    assert by_line(joiner(0.01).quote(see(0.48, 105, -115))) == {FIRST: 115}
    assert by_line(joiner(0.02).quote(see(0.48, 105, -115))) == {}


def test_exactly_the_minimum_edge_is_enough(see: See) -> None:
    """At fair 0.375, +300 has an edge of 12.5 %: it is joined at that minimum."""
    assert by_line(joiner(0.125).quote(see(0.375, 105, -300))) == {FIRST: 300}
    assert by_line(joiner(0.126).quote(see(0.375, 105, -300))) == {}


@given(fair=fairs, min_edge=edges, first_touch=touches, second_touch=touches)
def test_the_order_of_the_lines_does_not_matter(
    see: See, fair: float, min_edge: float, first_touch: int | None, second_touch: int | None
) -> None:
    """With the two lines in the other order, the same pair gets the same quotes."""
    straight = joiner(min_edge).quote(see(fair, first_touch, second_touch))
    swapped = joiner(min_edge).quote(see(fair, first_touch, second_touch, swapped=True))
    assert by_line(straight) == by_line(swapped)


# Nobody to join -------------------------------------------------------------------------------


def test_a_line_without_offers_is_not_joined(see: See) -> None:
    """With offers on home alone, only away is quoted, beside the makers who show on home."""
    assert by_line(joiner().quote(see(0.45, 105, None))) == {SECOND: -105}
    assert by_line(joiner().quote(see(0.45, None, None))) == {}


def test_an_offer_that_is_all_ours_is_not_joined(
    pair_seen: Callable[..., PairView], market_seen: Callable[..., View]
) -> None:
    """An offer that is all ours is not joined; once others add to it, it is."""
    pair = pair_seen(0.48, 105, -115)
    pair.book.second.put(Odds(-115), 0, 0)
    pair.book.second.expect_own(Odds(-115), 10_000)
    pair.book.second.put(Odds(-115), 10_000, 0)
    assert by_line(joiner().quote(market_seen(pair))) == {SECOND: -105}
    pair.book.second.put(Odds(-120), 5_000, 0)
    assert by_line(joiner().quote(market_seen(pair))) == {FIRST: 120, SECOND: -105}
    pair.book.second.put(Odds(-115), 10_100, 0)
    assert by_line(joiner().quote(market_seen(pair))) == {FIRST: 115, SECOND: -105}


@pytest.mark.parametrize("second_touch", [-105, 100, 110])
def test_a_locked_or_crossed_book_is_not_joined(see: See, second_touch: int) -> None:
    """Where two offers lock or cross, joining one would take the other, so neither is joined."""
    assert joiner().quote(see(0.5, 105, second_touch)) == ()


def test_a_pair_without_a_price_is_not_quoted(see: See) -> None:
    """Without a fair price there is no known edge, and no quote."""
    assert joiner().quote(see(None, 105, -115)) == ()


# Settings -------------------------------------------------------------------------------------


def test_the_refresh_interval_comes_from_the_settings() -> None:
    """The refresh interval is set in seconds; zero decides on every change."""
    assert AtTheTouch(0, 10, 0).quote_refresh_ns == 0
    assert AtTheTouch(0, 10, 2.5).quote_refresh_ns == 5 * NS_PER_SECOND // 2


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        *(((value, 10, 5), "min_edge") for value in ("0.1", True, None, -0.01, 0.5, float("nan"))),
        *(((0, value, 5), "default_stake") for value in ("10", True, -1, float("nan"), 0.001)),
        *(((0, 10, value), "quote_refresh_seconds") for value in ("5", True, -1, float("nan"))),
    ],
)
def test_an_invalid_setting_is_refused_by_name(settings: Any, name: str) -> None:
    """Text, booleans, negatives and NaN are refused, and the error names the setting."""
    names = ("min_edge", "default_stake", "quote_refresh_seconds")
    values = dict(zip(names, settings, strict=True))
    with pytest.raises(ConfigError, match=rf"^strategy\.{name}: "):
        read_settings("strategy", AtTheTouch, values)
