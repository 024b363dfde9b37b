"""Strategies at a whole desk: what becomes of their quotes once the book shows them."""

from typing import Any

import pytest

from strategies.at_the_touch import AtTheTouch
from strategies.skewed_market_maker import SkewedMarketMaker
from strategies.trading.model.odds import opposite

Room = Any

OTHERS = {("home", 105): 20_000, ("home", 100): 30_000, ("away", -115): 20_000}


def quote_with(room: Room, idea: Any) -> None:
    """Let an idea quote the moneyline, where others offer +105 and +100 against -115 and -125."""
    room.strategy.quote = idea.quote
    for (line, odds), cents in OTHERS.items():
        room.offer(line, odds, cents)
    room.offer("away", -125, 30_000)
    room.refresh()


def settle_in(room: Room) -> None:
    """Let what was asked come about: cancels, openings, and the offers that takers see of us."""
    room.confirm_cancels()
    room.open_up()
    for (line, odds), cents in OTHERS.items():
        room.offer(line, odds, cents + ours(room, line, odds))
    room.refresh()


def ours(room: Room, line: str, odds: int) -> int:
    """Return what of an offer is ours, as the exchange would show it."""
    return sum(
        wager.offered_cents()
        for wager in room.desk.wagers.live()
        if room.catalogue.opposite(wager.line_id).line_id == line and wager.odds == opposite(odds)
    )


def odds_resting(room: Room) -> dict[str, int]:
    """Return the odds at which we rest, by line."""
    return {line: odds for line, odds, _ in room.resting()}


@pytest.fixture
def joined(room: Room) -> Room:
    """Return a room where the touch was joined on both lines, and takers see it."""
    quote_with(room, AtTheTouch(0, 50, 5))
    settle_in(room)
    assert odds_resting(room) == {"home": 115, "away": -105}
    room.exchange.forget()
    return room


def test_its_own_offers_do_not_move_the_touch_that_it_joins(joined: Room) -> None:
    """Beside others it stays where it is: the book that shows our wagers asks for nothing new."""
    for _ in range(3):
        settle_in(joined)
    assert joined.exchange.batches == []


def test_left_alone_at_the_touch_it_falls_back_to_the_others(joined: Room) -> None:
    """When the maker beside us leaves, we do not stay for our own offer but join the next."""
    joined.offer("away", -115, ours(joined, "away", -115))
    joined.refresh()
    joined.confirm_cancels()
    joined.offer("away", -115, 0)
    joined.refresh()
    joined.open_up()
    assert odds_resting(joined) == {"home": 125, "away": -105}


def test_it_follows_a_maker_who_offers_more(joined: Room) -> None:
    """When another maker offers takers longer odds than ours, we move beside him."""
    joined.offer("away", -112, 10_000)
    joined.refresh()
    joined.confirm_cancels()
    joined.refresh()
    assert odds_resting(joined) == {"home": 112, "away": -105}


def test_with_nobody_else_in_the_book_nothing_of_ours_stays(joined: Room) -> None:
    """When every other maker on a line has left, there is no price and all is withdrawn."""
    joined.offer("away", -125, 0)
    joined.offer("away", -115, ours(joined, "away", -115))
    joined.refresh()
    joined.confirm_cancels()
    joined.offer("away", -115, 0)
    joined.refresh()
    assert joined.resting() == []


def test_a_fill_shifts_both_quotes_of_the_skewed_market_maker(room: Room) -> None:
    """Matched on home, it asks for more there, and for less on away: takers are drawn to away."""
    quote_with(room, SkewedMarketMaker(0.01, 0.02, 100, 50, 5))
    settle_in(room)
    before = odds_resting(room)
    (home,) = room.desk.wagers.live_on("home")
    room.fill(home.ref, 4_000)
    room.refresh()
    room.confirm_cancels()
    room.refresh()
    after = odds_resting(room)
    assert after["home"] > before["home"]
    assert after["away"] < before["away"]


def test_a_full_position_leaves_only_the_quote_that_reduces_it(room: Room) -> None:
    """Once matched up to its most, the skewed market maker withdraws from the line it is full of.

    $50 at even odds and longer are more than $50 of inventory, the most that is allowed here.
    """
    quote_with(room, SkewedMarketMaker(0.01, 0.02, 50, 50, 5))
    settle_in(room)
    room.fill_new("home", 110, 5_000)
    room.refresh()
    room.confirm_cancels()
    room.refresh()
    assert list(odds_resting(room)) == ["away"]
