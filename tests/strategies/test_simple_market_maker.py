"""The simple market maker: a margin away from fair, on every selection that has a price."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading.model.book import Book
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, crosses, implied_probability, prophetx_ladder
from strategies.trading.model.position import Position
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.view import PairView, View

GAME, SPREAD = EventId("g"), MarketId("223")
EVENT = SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)
MARKET = Market(GAME, SPREAD, MarketType.SPREAD, "Spread")
CATALOGUE = Catalogue(
    [EVENT],
    [MARKET],
    [
        Line(LineId(f"{selection.value}{point:+g}"), GAME, SPREAD, selection, point)
        for home_point in (-4.5, -3.0)
        for selection, point in ((Selection.HOME, home_point), (Selection.AWAY, -home_point))
    ],
)

margins = st.floats(0.0, 0.2)
fairs = st.floats(0.01, 0.99)
touches = st.none() | st.sampled_from(prophetx_ladder().rungs)


def view_of(*fairs: float | None) -> View:
    """Return a view of a spread market with these fair prices of its pairs."""
    pairs = tuple(
        PairView(Book(pair), fair, Position(pair))
        for pair, fair in zip(CATALOGUE.pairs_by_market[MARKET.key], fairs, strict=False)
    )
    return View(
        now_ns=0,
        event=EVENT,
        event_status=EventStatus.NOT_STARTED,
        score=None,
        market=MARKET,
        market_status=MarketStatus.OPEN,
        pairs=pairs,
        positions=(),
        ladder=prophetx_ladder(),
    )


def test_every_selection_is_quoted_a_margin_away_from_fair() -> None:
    """At fair 0.6 and 2 % the quotes are the first rungs that imply at most 0.58 and 0.38."""
    quotes = SimpleMarketMaker(0.02, 12.5, 5).quote(view_of(0.6, 0.5))
    placed = [(quote.line_id, quote.odds, quote.stake_cents) for quote in quotes]
    assert placed == [
        ("home-4.5", -138, 1_250),
        ("away+4.5", 164, 1_250),
        ("home-3", 109, 1_250),
        ("away+3", 109, 1_250),
    ]
    assert {quote.intent for quote in quotes} == {Intent.ADD_ONLY}


@given(fair=st.floats(0.01, 0.99), margin=margins)
def test_every_quote_keeps_the_whole_margin(fair: float, margin: float) -> None:
    """Each quote's edge is at least the margin, and one rung shorter would have less."""
    ladder = prophetx_ladder()
    for quote in SimpleMarketMaker(margin, 10, 5).quote(view_of(fair)):
        fair_of_line = fair if quote.line_id == "home-4.5" else 1.0 - fair
        assert implied_probability(quote.odds) <= fair_of_line - margin
        shorter = ladder.step(quote.odds, -1)
        if shorter != quote.odds:
            assert implied_probability(shorter) > fair_of_line - margin


@given(fair=st.floats(0.05, 0.95), margin=st.floats(0.001, 0.04))
def test_its_two_quotes_never_cross(fair: float, margin: float) -> None:
    """With a margin, the quotes on the two lines of a pair do not cross each other."""
    first, second = SimpleMarketMaker(margin, 10, 5).quote(view_of(fair))
    assert not crosses(first.odds, second.odds)


def test_a_pair_without_a_price_is_not_quoted() -> None:
    """A pair without a fair price gets no quote, and other pairs are still quoted."""
    quotes = SimpleMarketMaker(0.02, 10, 5).quote(view_of(None, 0.5))
    assert [quote.line_id for quote in quotes] == ["home-3", "away+3"]


def test_a_long_shot_within_the_margin_is_not_quoted() -> None:
    """A selection whose fair probability is within the margin is not quoted."""
    quotes = SimpleMarketMaker(0.02, 10, 5).quote(view_of(0.015))
    assert [quote.line_id for quote in quotes] == ["away+4.5"]


@given(fair=fairs, first=touches, second=touches, margin=margins)
def test_case_19_no_quote_takes_an_offer(
    fair: float, first: Odds | None, second: Odds | None, margin: float
) -> None:
    """Where others offer more than the fair odds, a quote rests one rung beyond the best offer."""
    ladder, view = prophetx_ladder(), view_of(fair)
    for offers, touch in zip(
        (view.pairs[0].book.first, view.pairs[0].book.second), (first, second), strict=True
    ):
        if touch is not None:
            offers.put(touch, 10_000, 0)
    for quote in SimpleMarketMaker(margin, 10, 5).quote(view):
        is_first = quote.line_id == "home-4.5"
        touch, fair_of_line = (first, fair) if is_first else (second, 1.0 - fair)
        unhindered = ladder.shortest_implying_at_most(fair_of_line - margin)
        assert touch is None or quote.odds > touch
        assert quote.odds in (unhindered, touch and ladder.step(touch, 1))


def test_case_19_above_the_longest_offer_nothing_is_quoted() -> None:
    """No rung is beyond the longest odds of the ladder."""
    view = view_of(0.5)
    view.pairs[0].book.first.put(Odds(25_000), 100, 0)
    quotes = SimpleMarketMaker(0.02, 10, 5).quote(view)
    assert [quote.line_id for quote in quotes] == ["away+4.5"]


def test_a_refresh_of_zero_decides_on_every_change() -> None:
    """The refresh interval is set in seconds, fractions included, and zero is allowed."""
    assert SimpleMarketMaker(0.02, 10, 0).quote_refresh_ns == 0
    assert SimpleMarketMaker(0.02, 10, 2.5).quote_refresh_ns == 5 * NS_PER_SECOND // 2


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        *(((value, 10, 5), "spread_margin") for value in ("0.1", True, -0.01, 0.5, float("nan"))),
        *(((0.02, value, 5), "default_stake") for value in ("10", True, -1, float("nan"), 0.001)),
        *(
            ((0.02, 10, value), "quote_refresh_seconds")
            for value in ("5", True, -1, float("nan"), None)
        ),
    ],
)
def test_an_invalid_setting_is_refused_by_name(settings: Any, name: str) -> None:
    """Text, booleans, negatives and NaN are refused, and the error names the setting."""
    names = ("spread_margin", "default_stake", "quote_refresh_seconds")
    values = dict(zip(names, settings, strict=True))
    with pytest.raises(ConfigError, match=rf"^strategy\.{name}: "):
        read_settings("strategy", SimpleMarketMaker, values)
