"""Views made by hand, as a test of a strategy makes them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from strategies.trading import (
    ConfigError,
    FixedViewSource,
    MarketView,
    Note,
    Odds,
    OwnWager,
    PairView,
    View,
)
from strategies.trading.model.event_state import EventState, ReceivedReference
from strategies.trading.ports.view import UNLIMITED_CENTS


def test_a_view_made_by_hand_needs_no_source(
    market_seen: Callable[..., View], pair_seen: Callable[..., PairView]
) -> None:
    """Without one nothing is known of a game, nothing is open, and nothing limits a stake."""
    view, pair = market_seen(), pair_seen(0.5)
    assert (view.clock_ns, view.live_since_ns, view.other_markets) == (None, None, ())
    assert view.scheduled_ns == view.event.scheduled_ns
    assert (pair.own_wagers, pair.trades, pair.reference) == ((), (), None)
    assert (pair.first_age_ns, pair.second_age_ns) == (None, None)
    assert pair.first_headroom_cents == pair.second_headroom_cents == UNLIMITED_CENTS


def test_a_view_made_by_hand_shows_what_its_source_is_given(
    market_seen: Callable[..., View], pair_seen: Callable[..., PairView]
) -> None:
    """A test states the game, the wagers, the limit and the other markets that it needs."""
    bare = market_seen(pair_seen(0.5))
    line_id, pair_id = bare.pairs[0].pair.second.line_id, bare.pairs[0].pair.pair_id
    game = EventState(bare.event)
    game.clock_ns, game.live_since_ns, game.scheduled_ns = 7, 8, 9
    game.references[pair_id] = ReceivedReference(0.4, 5)
    wager = OwnWager(line_id, Odds(110), 500, 400, 3, resting=True)
    other = MarketView(bare.market, bare.market_status, ())
    source = FixedViewSource(game, (wager,), 1_000, (other,))
    pair = replace(bare.pairs[0], source=source)
    view = replace(bare, pairs=(pair,), source=source)
    assert (view.clock_ns, view.live_since_ns, view.scheduled_ns) == (7, 8, 9)
    assert view.other_markets == (other,)
    assert pair.own_wagers == (wager,)
    assert pair.reference == (0.4, 5)
    assert (pair.first_headroom_cents, pair.second_headroom_cents) == (1_000, 1_000)


def test_notes_of_a_view_made_by_hand_can_be_read(
    market_seen: Callable[..., View], pair_seen: Callable[..., Any]
) -> None:
    """A test of a strategy gives the view a source, and reads what was noted from it."""
    source = FixedViewSource()
    view = replace(market_seen(replace(pair_seen(0.5), source=source)), source=source)
    view.note(games=2)
    view.pairs[0].note(fair=0.48, skew=np.float64(-0.5))
    key, pair_id = view.market.key, view.pairs[0].pair.pair_id
    assert source.notes == [
        Note(key, None, "games", 2.0),
        Note(key, pair_id, "fair", 0.48),
        Note(key, pair_id, "skew", -0.5),
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fair": 1.0}, "note(fair=1.0): write a probability between 0 and 1"),
        ({"fair": float("nan")}, "note(fair=nan): write a probability between 0 and 1"),
        ({"skew": "0.5"}, "note(skew='0.5'): write a number"),
        ({"skew": None}, "note(skew=None): write a number"),
    ],
)
def test_what_is_no_number_cannot_be_noted(
    pair_seen: Callable[..., Any], values: dict[str, Any], message: str
) -> None:
    """The error names the note and its value, and nothing is kept."""
    source = FixedViewSource()
    with pytest.raises(ConfigError) as raised:
        replace(pair_seen(0.5), source=source).note(**values)
    assert str(raised.value) == message
    assert source.notes == []


def test_a_fair_price_of_a_whole_market_is_refused(market_seen: Callable[..., View]) -> None:
    """A fair price is a pair's."""
    with pytest.raises(ConfigError, match="a fair price is of a pair"):
        market_seen().note(fair=0.5)
