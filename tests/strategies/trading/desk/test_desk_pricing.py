"""A desk whose prices depend on the score, the clock or an outside reference."""

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
from strategies.trading.model.ids import EventId, LineId, PairId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import Odds
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from strategies.trading.pricing.in_game import InGame
from strategies.trading.pricing.reference import Reference
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]
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


def harness_with_pricing(
    make_harness: MakeHarness, pricing: Any, refresh_ns: int = 5 * SECOND_NS
) -> DeskHarness:
    """Return a desk with a pricing, whose strategy quotes every pair that has a price."""
    return make_harness(
        pricing=pricing,
        refresh_ns=refresh_ns,
        make_strategy=QuotesFair,
        in_play=True,
        stop_before_start_ns=0,
    )


@pytest.mark.parametrize("refresh_ns", [0, 5 * SECOND_NS])
def test_a_stale_reference_pulls_its_quotes(make_harness: MakeHarness, refresh_ns: int) -> None:
    """When the outside source falls silent its quote is cancelled, even without other events."""
    harness = harness_with_pricing(make_harness, Reference(30), refresh_ns)
    harness.on_event(ReferencePrice(LineId("home"), 0.6))
    harness.refresh()
    harness.open_pending()
    assert harness.resting() == [("home", 110, 1_000)]
    harness.clock.advance(20 * SECOND_NS)
    assert harness.exchange.cancels == []
    harness.clock.advance(16 * SECOND_NS)
    # The scripted exchange does not answer, so the cancel is sent again.
    assert len(set(harness.exchange.cancels)) == 1
    harness.confirm_cancels()
    assert harness.resting() == []


def test_a_fresh_reference_keeps_its_quotes(make_harness: MakeHarness) -> None:
    """A reference repeated in time leaves the wager in its queue position."""
    harness = harness_with_pricing(make_harness, Reference(30))
    for _ in range(6):
        harness.on_event(ReferencePrice(LineId("away"), 0.4))
        harness.clock.advance(20 * SECOND_NS)
        harness.open_pending()
    assert [place.line_id for place in harness.exchange.places] == ["home"]
    assert harness.exchange.cancels == []
    assert fair_now(harness, harness.pair().pair_id) == 0.6


def test_offers_do_not_replace_a_missing_reference(make_harness: MakeHarness) -> None:
    """Without an outside price nothing is quoted, however good the book."""
    harness = harness_with_pricing(make_harness, Reference(30))
    for line in ("home", "away"):
        harness.offer(line, -105, 10_000)
    harness.refresh()
    assert harness.exchange.places == []
    assert fair_now(harness, harness.pair().pair_id) is None


@pytest.mark.parametrize("pricing", [Reference(30), InGame(0.2)])
def test_an_offer_behind_the_touch_triggers_no_decision(
    make_harness: MakeHarness, pricing: Any
) -> None:
    """With a refresh of zero, offers behind the touch trigger no decision under any pricing."""
    harness = harness_with_pricing(make_harness, pricing, refresh_ns=0)
    harness.on_event(EventStatusChanged(G1, EventStatus.LIVE))
    harness.offer("home", 110, 1_000)
    decisions = harness.desk.decisions
    harness.offer("home", 105, 1_000)
    assert harness.desk.decisions == decisions
    harness.offer("home", 120, 1_000)
    assert harness.desk.decisions == decisions + 1


@pytest.mark.parametrize("age", [0, -1, "30", None, True, float("nan"), float("inf")])
def test_an_invalid_age_is_refused(age: Any) -> None:
    """The maximum age is a positive, finite number of seconds."""
    with pytest.raises(ConfigError, match=r"pricing\.max_age_seconds"):
        read_settings("pricing", Reference, {"max_age_seconds": age})


def fair_now(harness: DeskHarness, pair_id: PairId) -> Any:
    """Return the fair probability of a pair's first line now."""
    return harness.desk.market_fair(pair_id, harness.clock.now_ns())


def tip_off(harness: DeskHarness) -> None:
    """Offer the moneyline around 60 %, refresh, clear the offers, and start play."""
    for line, odds in (("home", -155), ("away", 145)):
        harness.offer(line, odds, 10_000)
    harness.refresh()
    for line, odds in (("home", -155), ("away", 145)):
        harness.on_event(OfferChanged(LineId(line), Odds(odds), 0))
    harness.on_event(EventStatusChanged(G1, EventStatus.LIVE))


def test_the_last_pregame_price_is_used_in_play(make_harness: MakeHarness) -> None:
    """The book may be wiped at the start; moneyline and spread follow score and clock."""
    harness = harness_with_pricing(make_harness, InGame(0.2))
    home = harness.pair().pair_id
    tip_off(harness)
    assert fair_now(harness, home) is None
    harness.on_event(ScoreChanged(G1, 0, 0))
    before = 0.5 + (155 / 255 - 100 / 245) / 2
    assert fair_now(harness, home) == pytest.approx(before, abs=1e-3)
    harness.on_event(ScoreChanged(G1, 70, 50, 24 * 60 * SECOND_NS))
    assert fair_now(harness, home) in harness.strategy.fairs[-4:]
    assert fair_now(harness, home) > 0.9
    assert 0.5 < fair_now(harness, harness.pair("home-4.5").pair_id) < fair_now(harness, home)


def test_an_estimated_clock_is_updated_without_events(make_harness: MakeHarness) -> None:
    """A lead gains value as time passes, and the strategy is shown it at each refresh."""
    harness = harness_with_pricing(make_harness, InGame(0.2))
    tip_off(harness)
    harness.on_event(ScoreChanged(G1, 8, 2))
    harness.strategy.fairs.clear()
    harness.clock.advance(30 * SECOND_NS)
    seen = [fair for fair in harness.strategy.fairs if fair is not None]
    assert len(set(seen)) >= 5


def test_positions_are_marked_at_the_outside_price(make_harness: MakeHarness) -> None:
    """Open profit is valued at the outside price, not at the book."""
    harness = harness_with_pricing(make_harness, Reference(30))
    harness.fill_new("home", 100, 1_000)
    harness.on_event(ReferencePrice(LineId("home"), 0.75))
    harness.refresh()
    assert harness.desk.ledger.marked_cents == 500
