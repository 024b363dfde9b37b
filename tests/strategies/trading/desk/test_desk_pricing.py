"""A desk on prices that rest on more than offers: the score, the clock, an outside reference."""

from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import (
    EventStatusChanged,
    OfferChanged,
    ReferencePrice,
    ScoreChanged,
)
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import Odds
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote, View
from strategies.trading.pricing.in_game import InGame
from strategies.trading.pricing.reference import Reference

MakeRoom = Callable[..., Any]
Room = Any
G1 = EventId("g1")
SECOND_NS = NS_PER_SECOND


class QuotesFair:
    """A strategy that quotes the first line of every pair with a price, at +110."""

    def __init__(self, quote_refresh_ns: int) -> None:
        """Start with no price seen."""
        self.quote_refresh_ns = quote_refresh_ns
        self.fairs: list[float | None] = []

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return a quote on each first line that has a price."""
        priced = [pair for pair in view.pairs if pair.fair is not None]
        self.fairs += [pair.fair for pair in view.pairs]
        return tuple(Quote(pair.pair.first.line_id, Odds(110), 1_000) for pair in priced)


def room_on(make_room: MakeRoom, pricing: Any, refresh_ns: int = 5 * SECOND_NS) -> Room:
    """Return a desk on a pricing, whose strategy quotes every pair that has a price."""
    return make_room(
        pricing=pricing,
        refresh_ns=refresh_ns,
        make_strategy=QuotesFair,
        in_play=True,
        stop_before_start_ns=0,
    )


@pytest.mark.parametrize("refresh_ns", [0, 5 * SECOND_NS])
def test_a_reference_that_grows_old_pulls_its_quotes(make_room: MakeRoom, refresh_ns: int) -> None:
    """When the outside source goes silent its quote is cancelled, though nothing else is heard."""
    room = room_on(make_room, Reference(30), refresh_ns)
    room.hear(ReferencePrice(LineId("home"), 0.6))
    room.refresh()
    room.open_up()
    assert room.resting() == [("home", 110, 1_000)]
    room.clock.advance(20 * SECOND_NS)
    assert room.exchange.cancels == []
    room.clock.advance(16 * SECOND_NS)
    # The exchange here says nothing, so the cancel is asked for again.
    assert len(set(room.exchange.cancels)) == 1
    room.confirm_cancels()
    assert room.resting() == []


def test_a_source_that_goes_on_keeps_its_quotes(make_room: MakeRoom) -> None:
    """A reference heard again in time leaves the wager where it is, in its queue."""
    room = room_on(make_room, Reference(30))
    for _ in range(6):
        room.hear(ReferencePrice(LineId("away"), 0.4))
        room.clock.advance(20 * SECOND_NS)
        room.open_up()
    assert [place.line_id for place in room.exchange.places] == ["home"]
    assert room.exchange.cancels == []
    assert room.desk.fair_of(room.pair().pair_id) == 0.6


def test_offers_are_no_price_where_a_reference_is_asked_for(make_room: MakeRoom) -> None:
    """Without an outside price nothing is quoted, however good the book."""
    room = room_on(make_room, Reference(30))
    for line in ("home", "away"):
        room.offer(line, -105, 10_000)
    room.refresh()
    assert room.exchange.places == []
    assert room.desk.fair_of(room.pair().pair_id) is None


@pytest.mark.parametrize("pricing", [Reference(30), InGame(0.2)])
def test_an_offer_behind_the_touch_asks_for_no_decision(make_room: MakeRoom, pricing: Any) -> None:
    """Whatever a price rests on, a strategy that wants every change is spared those behind."""
    room = room_on(make_room, pricing, refresh_ns=0)
    room.hear(EventStatusChanged(G1, EventStatus.LIVE))
    room.offer("home", 110, 1_000)
    decisions = room.desk.decisions
    room.offer("home", 105, 1_000)
    assert room.desk.decisions == decisions
    room.offer("home", 120, 1_000)
    assert room.desk.decisions == decisions + 1


@pytest.mark.parametrize("age", [0, -1, "30", None, True, float("nan"), float("inf")])
def test_an_age_that_means_nothing_is_refused(age: Any) -> None:
    """A price may be some seconds old: zero would never quote, and the rest is no age."""
    with pytest.raises(ConfigError, match=r"pricing\.max_age_seconds"):
        read_settings("pricing", Reference, {"max_age_seconds": age})


def tip_off(room: Room) -> None:
    """Let the moneyline be offered around 60 %, refreshed, wiped, and play be started."""
    for line, odds in (("home", -155), ("away", 145)):
        room.offer(line, odds, 10_000)
    room.refresh()
    for line, odds in (("home", -155), ("away", 145)):
        room.hear(OfferChanged(LineId(line), Odds(odds), 0))
    room.hear(EventStatusChanged(G1, EventStatus.LIVE))


def test_the_last_price_before_the_game_prices_it_in_play(make_room: MakeRoom) -> None:
    """The book may be wiped at the start: moneyline and spread follow score and clock from then."""
    room = room_on(make_room, InGame(0.2))
    home = room.pair().pair_id
    tip_off(room)
    assert room.desk.fair_of(home) is None
    room.hear(ScoreChanged(G1, 0, 0))
    before = 0.5 + (155 / 255 - 100 / 245) / 2
    assert room.desk.fair_of(home) == pytest.approx(before, abs=1e-3)
    room.hear(ScoreChanged(G1, 70, 50, 24 * 60 * SECOND_NS))
    assert room.desk.fair_of(home) in room.strategy.fairs[-4:]
    assert room.desk.fair_of(home) > 0.9
    assert 0.5 < room.desk.fair_of(room.pair("home-4.5").pair_id) < room.desk.fair_of(home)


def test_an_estimated_clock_is_looked_at_again_when_nothing_is_heard(make_room: MakeRoom) -> None:
    """A lead is worth more as time goes by, and the strategy is shown so at each refresh."""
    room = room_on(make_room, InGame(0.2))
    tip_off(room)
    room.hear(ScoreChanged(G1, 8, 2))
    room.strategy.fairs.clear()
    room.clock.advance(30 * SECOND_NS)
    seen = [fair for fair in room.strategy.fairs if fair is not None]
    assert len(set(seen)) >= 5


def test_positions_are_marked_at_the_price_that_is_traded_on(make_room: MakeRoom) -> None:
    """Profit that is open is valued at the outside price, not at the book."""
    room = room_on(make_room, Reference(30))
    room.fill_new("home", 100, 1_000)
    room.hear(ReferencePrice(LineId("home"), 0.75))
    room.refresh()
    assert room.desk.ledger.marked_cents == 500
