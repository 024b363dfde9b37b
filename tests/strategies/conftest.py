"""A market as a strategy sees it, with offers, fair prices and positions set by the test."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from strategies.trading.model.book import Book
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, prophetx_ladder
from strategies.trading.model.position import Position
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


def pair_seen(
    fair: float | None,
    first_touch: int | None = None,
    second_touch: int | None = None,
    profit_if: tuple[int, int] = (0, 0),
    line: str = "home-4.5",
    swapped: bool = False,
) -> PairView:
    """Return a view of the pair of a line, with $100 of others at the given touches.

    With `swapped`, the same market is shown with the two lines in the other order.
    """
    pair = CATALOGUE.pair_of(LineId(line))
    touches = [first_touch, second_touch]
    if swapped:
        pair = replace(pair, first=pair.second, second=pair.first)
        touches.reverse()
        profit_if = profit_if[::-1]
        fair = None if fair is None else 1.0 - fair
    book, position = Book(pair), Position(pair)
    for offers, touch in zip((book.first, book.second), touches, strict=True):
        if touch is not None:
            offers.put(Odds(touch), 10_000, 0)
    position.profit_if = list(profit_if)
    return PairView(book, fair, position)


def market_seen(*pairs: PairView) -> View:
    """Return a view of an open spread market before the game with these pairs."""
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


@pytest.fixture(scope="session", name="pair_seen")
def _pair_seen() -> Callable[..., PairView]:
    """Return the function that builds a view of a pair."""
    return pair_seen


@pytest.fixture(scope="session")
def see() -> Callable[..., View]:
    """Return a function that builds a view of a one-pair market; arguments as for `pair_seen`."""
    return lambda *args, **kwargs: market_seen(pair_seen(*args, **kwargs))


@pytest.fixture(scope="session", name="market_seen")
def _market_seen() -> Callable[..., View]:
    """Return the function that builds a view of a market."""
    return market_seen
