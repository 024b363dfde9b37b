"""The states of the markets that a desk follows, and which of them are due."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.events import (
    Event,
    EventPaused,
    EventScheduled,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    ReferencePrice,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.pricing.newest_counts import NEWEST_COUNTS

G1 = EventId("g1")
MONEYLINE = MarketKey(G1, MarketId("219"))
SPREAD = MarketKey(G1, MarketId("223"))
OTHER_GAME = MarketKey(EventId("g2"), MarketId("219"))
HOME = LineId("home")


@pytest.fixture
def market_states(catalogue: Catalogue) -> MarketStates:
    """Return states of the moneylines and the spreads, but not the total."""
    return MarketStates(catalogue, (MONEYLINE, SPREAD, OTHER_GAME), NEWEST_COUNTS, eager=False)


def due(market_states: MarketStates, *, urgent_only: bool) -> list[MarketKey]:
    """Return the keys of the markets that are due."""
    markets = market_states.pop_urgent() if urgent_only else market_states.pop_due()
    return [market.key for market in markets]


def test_a_changed_offer_waits_for_the_refresh(market_states: MarketStates) -> None:
    """A changed offer makes its market due at the next refresh, and only once."""
    for cents in (100, 200):
        market_states.apply(OfferChanged(HOME, Odds(110), cents), 5)
    assert due(market_states, urgent_only=True) == []
    assert due(market_states, urgent_only=False) == [MONEYLINE]
    assert due(market_states, urgent_only=False) == []


def test_eager_states_make_a_changed_touch_urgent(catalogue: Catalogue) -> None:
    """With `eager`, an offer at the touch is urgent, and one behind it is not."""
    market_states = MarketStates(catalogue, (MONEYLINE,), NEWEST_COUNTS, eager=True)
    first = next(iter(market_states.books.values())).first
    market_states.apply(OfferChanged(HOME, Odds(110), 100), 5)
    assert due(market_states, urgent_only=True) == [MONEYLINE]
    assert first.touch() == (110, 100)
    first.mark_touch()
    market_states.apply(OfferChanged(HOME, Odds(105), 100), 5)
    assert due(market_states, urgent_only=True) == []
    market_states.apply(OfferChanged(HOME, Odds(110), 0), 5)
    assert due(market_states, urgent_only=True) == [MONEYLINE]


def test_markets_are_due_in_order_of_change(market_states: MarketStates) -> None:
    """The market that changed first comes first, which makes a run repeatable."""
    for line in ("home2", "home-3", "home", "home-4.5"):
        market_states.apply(OfferChanged(LineId(line), Odds(110), 100), 5)
    assert due(market_states, urgent_only=False) == [OTHER_GAME, SPREAD, MONEYLINE]


def test_an_urgent_change_leaves_the_others_for_the_refresh(market_states: MarketStates) -> None:
    """An urgent decision on one market leaves the others for their refresh."""
    market_states.apply(OfferChanged(HOME, Odds(110), 100), 5)
    market_states.apply(MarketStatusChanged(SPREAD, MarketStatus.OPEN), 5)
    assert due(market_states, urgent_only=True) == [SPREAD]
    assert due(market_states, urgent_only=False) == [MONEYLINE]


@pytest.mark.parametrize(
    "event",
    [
        EventScheduled(G1, 9),
        EventStatusChanged(G1, EventStatus.LIVE),
        ScoreChanged(G1, 1, 2),
        EventPaused(G1, True),
    ],
)
def test_an_update_of_an_event_makes_its_markets_urgent(
    market_states: MarketStates, event: Event
) -> None:
    """Schedule, status, score and pause concern every market of the event, and no other."""
    market_states.apply(event, 5)
    assert due(market_states, urgent_only=True) == [MONEYLINE, SPREAD]


@pytest.mark.parametrize("event", [FeedLost(), FeedRestored()])
def test_losing_and_restoring_the_feed_makes_every_market_urgent(
    market_states: MarketStates, event: Event
) -> None:
    """A lost or restored feed concerns every market."""
    market_states.apply(event, 5)
    assert market_states.feed_lost == isinstance(event, FeedLost)
    assert due(market_states, urgent_only=True) == [MONEYLINE, SPREAD, OTHER_GAME]


def test_a_market_without_a_status_is_suspended(market_states: MarketStates) -> None:
    """Until its status arrives a market counts as suspended."""
    assert {market.status for market in market_states.markets.values()} == {MarketStatus.SUSPENDED}
    market_states.apply(MarketStatusChanged(MONEYLINE, MarketStatus.OPEN), 5)
    assert market_states.markets[MONEYLINE].status is MarketStatus.OPEN
    assert market_states.markets[SPREAD].status is MarketStatus.SUSPENDED


@pytest.mark.parametrize(
    ("event", "fresh"),
    [
        (OfferChanged(HOME, Odds(110), 100), True),
        (TradeSeen(HOME, Odds(110), 100), True),
        (MarketStatusChanged(MONEYLINE, MarketStatus.OPEN), True),
        (ScoreChanged(G1, 1, 2), True),
        (EventPaused(G1, True), False),
        (ReferencePrice(HOME, 0.6), False),
    ],
)
def test_only_market_data_makes_an_event_fresh(
    market_states: MarketStates, event: Event, fresh: bool
) -> None:
    """Every event from the exchange's feed makes it fresh; other events do not."""
    market_states.apply(event, 77)
    assert market_states.events[G1].updated_ns == (77 if fresh else 0)
    assert market_states.events[OTHER_GAME.event_id].updated_ns == 0


@pytest.mark.parametrize(
    "event",
    [
        OfferChanged(LineId("over"), Odds(110), 100),
        TradeSeen(LineId("over"), Odds(110), 100),
        MarketStatusChanged(MarketKey(G1, MarketId("225")), MarketStatus.OPEN),
        ScoreChanged(EventId("g3"), 1, 2),
        ReferencePrice(LineId("over"), 0.6),
    ],
)
def test_updates_of_other_markets_are_ignored(market_states: MarketStates, event: Event) -> None:
    """Updates of markets that the session does not follow change nothing."""
    market_states.apply(event, 5)
    assert due(market_states, urgent_only=False) == []
    assert market_states.events[G1].updated_ns == 0


def test_received_values_are_kept(market_states: MarketStates) -> None:
    """Score, clock, status, start, schedule and pause are kept for the next decision."""
    market_states.apply(EventStatusChanged(G1, EventStatus.LIVE), 4)
    market_states.apply(ScoreChanged(G1, 55, 60, 1_440), 5)
    market_states.apply(EventStatusChanged(G1, EventStatus.LIVE), 6)
    market_states.apply(EventScheduled(G1, 9), 5)
    market_states.apply(EventPaused(G1, True), 5)
    state = market_states.events[G1]
    received = (state.score, state.status, state.scheduled_ns, state.paused)
    assert received == ((55, 60), EventStatus.LIVE, 9, True)
    assert (state.clock_ns, state.live_since_ns) == (1_440, 4)


def test_the_newest_reference_price_is_kept(market_states: MarketStates) -> None:
    """A reference price counts for both lines of its pair, and a later one replaces it."""
    pair = market_states.catalogue.pair_of(HOME).pair_id
    market_states.apply(ReferencePrice(HOME, 0.6), 5)
    assert market_states.events[G1].references == {pair: (0.6, 5)}
    market_states.apply(ReferencePrice(LineId("away"), 0.3), 7)
    assert market_states.events[G1].references == {pair: (0.7, 7)}


@pytest.mark.parametrize("eager", [False, True])
def test_a_reference_price_makes_its_market_due(catalogue: Catalogue, eager: bool) -> None:
    """It is urgent with `eager`, and otherwise due at the next refresh."""
    market_states = MarketStates(catalogue, (MONEYLINE, SPREAD), NEWEST_COUNTS, eager=eager)
    market_states.apply(ReferencePrice(HOME, 0.6), 5)
    assert due(market_states, urgent_only=True) == ([MONEYLINE] if eager else [])
    assert due(market_states, urgent_only=False) == ([] if eager else [MONEYLINE])


def test_our_open_wager_is_subtracted_from_the_book(make_harness: Callable[..., Any]) -> None:
    """Our wager appears as an offer on the opposite line, and is subtracted there while open."""
    harness = make_harness()
    second = harness.desk.market_states.books[harness.pair().pair_id].second
    ref = harness.register("home", 110, 1_000)
    harness.offer("away", -115, 500)
    harness.offer("away", -110, 1_100)
    assert second.touch() == (-115, 500)
    harness.open_pending()
    assert second.touch() == (-115, 500)
    harness.fill(ref, 400)
    assert second.touch() == (-115, 500)
    harness.offer("away", -110, 660)
    assert second.touch() == (-115, 500)
    harness.offer("away", -110, 700)
    assert second.touch() == (-110, 40)


def point_of(key: MarketKey, name: str, point: float) -> tuple[Line, Line]:
    """Return the two lines of a point, named by its side."""
    sides = ((Selection.HOME, point), (Selection.AWAY, 0.0 - point))
    home, away = (Line(LineId(f"{name}-{side}"), *key, side, at) for side, at in sides)
    return home, away


@pytest.fixture
def own_market_states() -> MarketStates:
    """Return the states of one spread at one point, with a catalogue of their own."""
    game = SportEvent(G1, "A at H", "H", "A", "NBA", "basketball", 9)
    spread = Market(G1, SPREAD.market_id, MarketType.SPREAD, "Spread")
    return MarketStates(
        Catalogue([game], [spread], point_of(SPREAD, "old", -4.5)),
        (SPREAD,),
        NEWEST_COUNTS,
        eager=False,
    )


def test_a_new_point_joins_its_followed_market(own_market_states: MarketStates) -> None:
    """Its books follow the existing ones, which keep their contents, and its market is due."""
    own_market_states.apply(MarketStatusChanged(SPREAD, MarketStatus.OPEN), 5)
    own_market_states.apply(OfferChanged(LineId("old-home"), Odds(110), 100), 5)
    own_market_states.pop_due()
    own_market_states.apply(MarketsAdded((), (), point_of(SPREAD, "new", -3.5), ()), 6)
    assert due(own_market_states, urgent_only=False) == [SPREAD]
    own_market_states.apply(OfferChanged(LineId("new-away"), Odds(-105), 700), 7)
    market = own_market_states.markets[SPREAD]
    assert market.status is MarketStatus.OPEN
    assert market.line_ids == ("old-home", "old-away", "new-home", "new-away")
    old, new = market.books
    assert (old.first.touch(), new.second.touch()) == ((110, 100), (-105, 700))


def test_a_new_market_is_followed_if_it_is_listed(own_market_states: MarketStates) -> None:
    """A followed market of a known game has the game's state; one not listed is ignored."""
    own_market_states.apply(EventPaused(G1, True), 5)
    other_game = SportEvent(OTHER_GAME.event_id, "C at B", "B", "C", "NBA", "basketball", 9)
    markets = tuple(
        Market(*key, MarketType.MONEYLINE, "Moneyline") for key in (MONEYLINE, OTHER_GAME)
    )
    lines = (*point_of(MONEYLINE, "new", 0.0), *point_of(OTHER_GAME, "other", 0.0))
    own_market_states.apply(MarketsAdded((other_game,), markets, lines, (MONEYLINE,)), 6)
    own_market_states.pop_due()
    for line_id in ("other-home", "new-home"):
        own_market_states.apply(OfferChanged(LineId(line_id), Odds(110), 100), 7)
    own_market_states.apply(MarketStatusChanged(OTHER_GAME, MarketStatus.OPEN), 7)
    assert due(own_market_states, urgent_only=False) == [MONEYLINE]
    assert list(own_market_states.markets) == [SPREAD, MONEYLINE]
    assert own_market_states.markets[MONEYLINE].event.paused
    assert own_market_states.markets[MONEYLINE].status is MarketStatus.SUSPENDED
    assert list(own_market_states.events) == [G1]
