"""Strategies on a whole desk, with a book that shows their wagers."""

from typing import Any

import pytest

from strategies.at_the_touch import AtTheTouch
from strategies.skewed_market_maker import SkewedMarketMaker
from strategies.trading.model.ids import LineId
from strategies.trading.model.odds import opposite
from tests.strategies.trading.conftest import DeskHarness

OTHERS = {("home", 105): 20_000, ("home", 100): 30_000, ("away", -115): 20_000}


def quote_with(harness: DeskHarness, strategy: Any) -> None:
    """Let a strategy quote a moneyline with offers of +105 and +100 against -115 and -125."""
    harness.strategy.quote = strategy.quote
    for (line, odds), cents in OTHERS.items():
        harness.offer(line, odds, cents)
    harness.offer("away", -125, 30_000)
    harness.refresh()


def show_our_wagers(harness: DeskHarness) -> None:
    """Confirm cancels, open wagers, and show our wagers in the book."""
    harness.confirm_cancels()
    harness.open_pending()
    for (line, odds), cents in OTHERS.items():
        harness.offer(line, odds, cents + ours(harness, line, odds))
    harness.refresh()


def ours(harness: DeskHarness, line: str, odds: int) -> int:
    """Return our part of an offer, as the exchange would show it."""
    return sum(
        wager.offered_cents()
        for wager in harness.desk.wagers.live()
        if harness.catalogue.opposite(wager.line_id).line_id == line
        and wager.odds == opposite(odds)
    )


def odds_resting(harness: DeskHarness) -> dict[str, int]:
    """Return the odds at which we rest, by line."""
    return {line: odds for line, odds, _ in harness.resting()}


@pytest.fixture
def joined(harness: DeskHarness) -> DeskHarness:
    """Return a desk that joined the touch on both lines, with its wagers in the book."""
    quote_with(harness, AtTheTouch(0, 50, 5))
    show_our_wagers(harness)
    assert odds_resting(harness) == {"home": 115, "away": -105}
    harness.exchange.forget()
    return harness


def test_its_own_offers_do_not_move_the_touch(joined: DeskHarness) -> None:
    """Beside others it stays where it is: the book that shows our wagers triggers nothing new."""
    for _ in range(3):
        show_our_wagers(joined)
    assert joined.exchange.batches == []


def test_left_alone_at_the_touch_it_joins_the_next_level(joined: DeskHarness) -> None:
    """When the maker beside us leaves, we do not stay at our own offer but join the next one."""
    joined.offer("away", -115, ours(joined, "away", -115))
    joined.refresh()
    joined.confirm_cancels()
    joined.offer("away", -115, 0)
    joined.refresh()
    joined.open_pending()
    assert odds_resting(joined) == {"home": 125, "away": -105}


def test_it_follows_a_maker_with_longer_odds(joined: DeskHarness) -> None:
    """When another maker offers takers longer odds than ours, we move beside that maker."""
    joined.offer("away", -112, 10_000)
    joined.refresh()
    joined.confirm_cancels()
    joined.refresh()
    assert odds_resting(joined) == {"home": 112, "away": -105}


def test_without_other_makers_it_cancels_everything(joined: DeskHarness) -> None:
    """When every other maker on a line has left, there is no price and all is cancelled."""
    joined.offer("away", -125, 0)
    joined.offer("away", -115, ours(joined, "away", -115))
    joined.refresh()
    joined.confirm_cancels()
    joined.offer("away", -115, 0)
    joined.refresh()
    assert joined.resting() == []


def test_a_fill_shifts_both_quotes_of_the_skewed_market_maker(harness: DeskHarness) -> None:
    """After a fill on home, its odds there are longer and those on away shorter."""
    quote_with(harness, SkewedMarketMaker(0.01, 0.02, 100, 50, 5))
    show_our_wagers(harness)
    before = odds_resting(harness)
    (home,) = harness.desk.wagers.live_on(LineId("home"))
    harness.fill(home.ref, 4_000)
    harness.refresh()
    harness.confirm_cancels()
    harness.refresh()
    after = odds_resting(harness)
    assert after["home"] > before["home"]
    assert after["away"] < before["away"]


def test_a_full_position_leaves_only_the_quote_that_reduces_it(harness: DeskHarness) -> None:
    """At its maximum position, the skewed market maker cancels its quote on that line.

    $50 at even odds and longer is more than $50 of inventory, the maximum here.
    """
    quote_with(harness, SkewedMarketMaker(0.01, 0.02, 50, 50, 5))
    show_our_wagers(harness)
    harness.fill_new("home", 110, 5_000)
    harness.refresh()
    harness.confirm_cancels()
    harness.refresh()
    assert list(odds_resting(harness)) == ["away"]
