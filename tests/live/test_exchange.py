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
    ProfitCorrected,
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


def settle(hall: ProphetHall, results: dict[LineId, Result]) -> None:
    """Let the exchange settle the moneyline."""
    stage = hall.server.stage
    hall.there(lambda: stage.at_present(lambda: stage.exchange.settle(0, results)))


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
    settle(hall, results)
    until(hall, lambda: any(isinstance(event, MarketSettled) for event in hall.heard))
    hall.let_pass(3)
    (settled,) = (event for event in hall.heard if isinstance(event, MarketSettled))
    assert (settled.market_key, dict(settled.results)) == (MarketKey(GAME, MONEYLINE), results)


def test_a_result_whose_message_was_lost_is_told_when_it_is_asked(hall: ProphetHall) -> None:
    """The account's state comes after the settlement that it counts, so the books agree."""
    hall.exchange.place([wish("a", HOME, -108, 10_000)])
    until(hall, lambda: WagerMatched in told_of(hall, "a"))
    hall.strike(kind="lost_message", path="order", count=10)
    settle(hall, {HOME: Result.WON, AWAY: Result.LOST})
    hall.let_pass(5)
    assert not any(isinstance(event, MarketSettled) for event in hall.heard)
    hall.exchange.ask_state()
    until(hall, lambda: isinstance(hall.heard[-1], AccountState))
    settlements = [event for event in hall.heard if isinstance(event, MarketSettled)]
    assert [event.market_key for event in settlements] == [MarketKey(GAME, MONEYLINE)]


def test_what_a_taker_wins_is_told_as_its_maker_staked_it(hall: ProphetHall) -> None:
    """A maker's 1.15 at -107 are taken with 1.07, which would win 1.14 if reckoned."""
    stage = hall.server.stage
    other: list[Any] = []
    maker = PlaceWager(WagerRef("other"), AWAY, Odds(-107), 115, Intent.REST)

    def offer() -> None:
        other.append(stage.exchange.open_account("other", BALANCE_CENTS, lambda _: None))
        stage.exchange.place(other[0], [maker])

    hall.there(lambda: stage.at_present(offer))
    hall.let_pass(3)
    taker = PlaceWager(WagerRef("a"), HOME, Odds(107), 1_000, Intent.TAKE)
    hall.exchange.place([taker])
    until(hall, lambda: ProfitCorrected in told_of(hall, "a"))
    hall.let_pass(20)
    fills = [event for event in hall.heard if isinstance(event, WagerMatched)]
    assert [(fill.stake_cents, fill.profit_cents) for fill in fills] == [(107, 114)]
    corrections = [event for event in hall.heard if isinstance(event, ProfitCorrected)]
    assert [correction.change_cents for correction in corrections] == [1]


def test_one_account_is_asked_for_at_a_time(hall: ProphetHall) -> None:
    """While the exchange does not answer, asking again adds nothing to be told."""
    for _ in range(5):
        hall.exchange.ask_state()
    until(hall, lambda: isinstance(hall.heard[-1], AccountState))
    hall.let_pass(10)
    assert sum(isinstance(event, AccountState) for event in hall.heard) == 1
