"""ProphetX behind the port when things go wrong: nothing is lost, told twice, or placed again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strategies.trading.commands import Intent, PlaceWager
from strategies.trading.events import (
    AccountState,
    Event,
    FeedLost,
    FeedRestored,
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.ids import LineId, MarketKey, WagerRef
from strategies.trading.market import Result
from strategies.trading.money import profit_cents
from strategies.trading.odds import Odds
from tests.contract.moneyline import AWAY, BALANCE_CENTS, GAME, HOME, MONEYLINE, OTHERS
from tests.contract.prophet_hall import ProphetHall

OPENED = [WagerAccepted, WagerOpened]


@pytest.fixture
def hall(tmp_path: Path, compose_settings: Callable[..., Any]) -> Iterator[ProphetHall]:
    """Yield a room on a sandbox, its market open and its account untouched."""
    hall = ProphetHall(tmp_path, compose_settings)
    yield hall
    hall.close()


def wish(ref: str, line_id: LineId = AWAY, odds: int = -104, cents: int = 5_000) -> PlaceWager:
    """Return the request for a wager that rests."""
    return PlaceWager(WagerRef(ref), line_id, Odds(odds), cents, Intent.REST)


def told_of(hall: ProphetHall, ref: str) -> list[type[Event]]:
    """Return the types of what was told of a wager."""
    return [type(event) for event in hall.heard if getattr(event, "ref", None) == ref]


def until(hall: ProphetHall, true: Callable[[], bool], seconds: int = 400) -> None:
    """Let time pass until something is true; fail where it does not come."""
    for _ in range(seconds):
        if true():
            return
        hall.let_pass(1)
    raise AssertionError(hall.heard)


def test_an_update_that_is_told_twice_is_heard_once(hall: ProphetHall) -> None:
    """Doubled messages add no event."""
    hall.strike(kind="doubled_message", path="order", count=10)
    hall.exchange.place([wish("a", HOME, -108, 60_000)])
    until(hall, lambda: WagerMatched in told_of(hall, "a"))
    hall.let_pass(3)
    assert told_of(hall, "a") == [*OPENED, WagerMatched]


def test_fills_that_were_missed_are_told_when_it_is_asked(hall: ProphetHall) -> None:
    """With every private update lost, the account's state is told after all that it counts."""
    hall.strike(kind="lost_message", path="order", count=10)
    hall.exchange.place([wish("a", HOME, -108, 60_000)])
    hall.let_pass(5)
    assert told_of(hall, "a") == [WagerAccepted]
    hall.exchange.ask_state()
    until(hall, lambda: isinstance(hall.heard[-1], AccountState))
    fill = next(event for event in hall.heard if isinstance(event, WagerMatched))
    assert told_of(hall, "a") == [*OPENED, WagerMatched]
    assert (fill.stake_cents, fill.profit_cents) == (OTHERS[1], profit_cents(*reversed(OTHERS)))
    assert hall.heard[-1] == AccountState(BALANCE_CENTS - 60_000, ((WagerRef("a"), 10_000),))


def test_a_cancel_without_its_update_is_told_by_its_answer(hall: ProphetHall) -> None:
    """The answer to a cancel says that the wager is gone, whatever becomes of the update."""
    hall.exchange.place([wish("a")])
    until(hall, lambda: told_of(hall, "a") == OPENED)
    hall.let_pass(4)
    hall.strike(kind="lost_message", path="order", count=10)
    hall.exchange.cancel([WagerRef("a")])
    until(hall, lambda: told_of(hall, "a") == [*OPENED, WagerCancelled])


def test_after_a_gap_everything_is_caught_up_with_before_it_is_over(hall: ProphetHall) -> None:
    """The loss is told at once, then what was missed of our wagers, and last that all is whole."""
    hall.exchange.place([wish("a")])
    until(hall, lambda: told_of(hall, "a") == OPENED)
    hall.let_pass(4)
    hall.strike(kind="lost_message", path="order", count=10)
    (partner,) = hall.server.partners.values()
    hall.there(lambda: hall.server.stage.at_present(partner.cancel_all))
    hall.strike(kind="socket_close")
    until(hall, lambda: any(isinstance(event, FeedRestored) for event in hall.heard))
    kinds = [type(event) for event in hall.heard]
    order = [kinds.index(kind) for kind in (FeedLost, WagerCancelled, FeedRestored)]
    assert order == sorted(order)


def test_a_settled_wager_settles_its_market(hall: ProphetHall) -> None:
    """The result of our wager is told as the market's, with both lines, once."""
    hall.exchange.place([wish("a", HOME, -108, 10_000)])
    until(hall, lambda: WagerMatched in told_of(hall, "a"))
    results = {HOME: Result.WON, AWAY: Result.LOST}
    there = hall.server.stage
    hall.there(lambda: there.at_present(lambda: there.exchange.settle(0, results)))
    until(hall, lambda: any(isinstance(event, MarketSettled) for event in hall.heard))
    hall.let_pass(3)
    (settled,) = (event for event in hall.heard if isinstance(event, MarketSettled))
    assert (settled.market_key, dict(settled.results)) == (MarketKey(GAME, MONEYLINE), results)
