"""Outside prices and game clocks on a tape: the exchange passes them on, and is not moved."""

from typing import Any

from recordings.tape import PROBABILITY_PARTS, Kind
from strategies.trading.model.events import OfferChanged, ReferencePrice, ScoreChanged
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.odds import Odds

PARTS = round(0.6 * PROBABILITY_PARTS)


def test_an_outside_price_arrives_after_the_feed_delay(
    make_scenario: Any, constant_ms: Any
) -> None:
    """It comes as everything public does, and changes no offer."""
    scenario = make_scenario(delays={"feed": constant_ms(40)})
    scenario.offer(10, "home", 150, 500)
    scenario.row(100, Kind.REFERENCE, line=0, market=0, event=0, state=PARTS)
    scenario.run()
    assert scenario.of(ReferencePrice) == [ReferencePrice(LineId("home"), 0.6)]
    assert scenario.times_of(ReferencePrice) == [140]
    assert scenario.of(OfferChanged) == [OfferChanged(LineId("home"), Odds(150), 500)]


def test_an_outside_price_without_a_subscription_is_not_published(make_scenario: Any) -> None:
    """A desk receives prices of its subscribed markets only."""
    scenario = make_scenario(subscribed=[])
    scenario.row(100, Kind.REFERENCE, line=0, market=0, event=0, state=PARTS)
    scenario.run()
    assert scenario.of(ReferencePrice) == []


def test_a_score_is_published_with_its_clock(make_scenario: Any) -> None:
    """The playing time elapsed comes with the score, and is zero where it was not recorded."""
    scenario = make_scenario()
    scenario.row(10, Kind.SCORE, event=0, text="2-0", state=30_000_000_000)
    scenario.row(20, Kind.SCORE, event=0, text="2-3")
    scenario.run()
    game = EventId("game")
    received = [ScoreChanged(game, 2, 0, 30_000_000_000), ScoreChanged(game, 2, 3, 0)]
    assert scenario.of(ScoreChanged) == received
