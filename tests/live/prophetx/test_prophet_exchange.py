"""ProphetX behind the port when things go wrong: nothing is lost, told twice, or placed again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    AccountState,
    FeedLost,
    FeedRestored,
    MarketSettled,
    OfferChanged,
    ProfitCorrected,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import LineId, MarketKey, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds
from tests.contract.exchange_harness import (
    account,
    await_word,
    heard_of,
    opened,
    types_said_of,
    until,
    wish,
)
from tests.contract.moneyline import AWAY, BALANCE_CENTS, GAME, HOME, MONEYLINE, OTHERS
from tests.contract.prophet_harness import ProphetHarness

OPENED = [WagerAccepted, WagerOpened]


@pytest.fixture
def hall(tmp_path: Path, compose_settings: Callable[..., Any]) -> Iterator[ProphetHarness]:
    """Yield a room on a sandbox, its market open and its account untouched."""
    hall = ProphetHarness(tmp_path, compose_settings)
    yield hall
    hall.close()


def settle(hall: ProphetHarness, results: dict[LineId, Result]) -> None:
    """Let the exchange settle the moneyline."""
    stage = hall.server.shifted_exchange
    hall.there(lambda: stage.at_present(lambda: stage.exchange.settle(0, results)))


def test_an_update_that_is_told_twice_is_heard_once(hall: ProphetHarness) -> None:
    """Doubled messages add no event."""
    hall.strike(kind="doubled_message", path="order", count=10)
    hall.exchange.place([wish("a", HOME, -108, 60_000)])
    await_word(hall, WagerMatched, "a")
    assert types_said_of(hall, "a") == [*OPENED, WagerMatched]


def test_fills_that_were_missed_are_told_when_it_is_asked(hall: ProphetHarness) -> None:
    """With every private update lost, the account's state is told after all that it counts."""
    hall.strike(kind="lost_message", path="order", count=10)
    hall.exchange.place([wish("a", HOME, -108, 60_000)])
    await_word(hall, WagerAccepted, "a")
    assert types_said_of(hall, "a") == [WagerAccepted]
    state = account(hall)
    (fill,) = heard_of(hall, WagerMatched)
    assert types_said_of(hall, "a") == [*OPENED, WagerMatched]
    assert (fill.stake_cents, fill.profit_cents) == (OTHERS[1], profit_cents(*reversed(OTHERS)))
    assert state == AccountState(BALANCE_CENTS - 60_000, ((WagerRef("a"), 10_000),))
    assert hall.heard.index(fill) < hall.heard.index(state)


def test_a_cancel_without_its_update_is_told_by_its_answer(hall: ProphetHarness) -> None:
    """The answer to a cancel says that the wager is gone, whatever becomes of the update."""
    opened(hall, wish("a"))
    hall.strike(kind="lost_message", path="order", count=10)
    hall.exchange.cancel([WagerRef("a")])
    until(hall, lambda: types_said_of(hall, "a") == [*OPENED, WagerCancelled])


def test_after_a_gap_everything_is_caught_up_with_before_it_is_over(hall: ProphetHarness) -> None:
    """The loss is told at once, then what was missed of our wagers, and last that all is whole."""
    opened(hall, wish("a"))
    hall.strike(kind="lost_message", path="order", count=10)
    (partner,) = hall.server.accounts.values()
    hall.there(lambda: hall.server.shifted_exchange.at_present(partner.cancel_all))
    hall.strike(kind="socket_close")
    until(hall, lambda: bool(heard_of(hall, FeedRestored)))
    kinds = [type(event) for event in hall.heard]
    order = [kinds.index(kind) for kind in (FeedLost, WagerCancelled, FeedRestored)]
    assert order == sorted(order)


def test_a_settled_wager_settles_its_market(hall: ProphetHarness) -> None:
    """The result of our wager is told as the market's, with both lines, once."""
    hall.exchange.place([wish("a", HOME, -108, 10_000)])
    until(hall, lambda: WagerMatched in types_said_of(hall, "a"))
    results = {HOME: Result.WON, AWAY: Result.LOST}
    settle(hall, results)
    until(hall, lambda: bool(heard_of(hall, MarketSettled)))
    hall.let_pass(3)
    (settled,) = heard_of(hall, MarketSettled)
    assert (settled.market_key, dict(settled.results)) == (MarketKey(GAME, MONEYLINE), results)


def test_a_result_whose_message_was_lost_is_told_when_it_is_asked(hall: ProphetHarness) -> None:
    """The account's state comes after the settlement that it counts, so the books agree."""
    hall.exchange.place([wish("a", HOME, -108, 10_000)])
    until(hall, lambda: WagerMatched in types_said_of(hall, "a"))
    hall.strike(kind="lost_message", path="order", count=10)
    settle(hall, {HOME: Result.WON, AWAY: Result.LOST})
    hall.let_pass(5)
    assert heard_of(hall, MarketSettled) == []
    state = account(hall)
    (settled,) = heard_of(hall, MarketSettled)
    assert settled.market_key == MarketKey(GAME, MONEYLINE)
    assert hall.heard.index(settled) < hall.heard.index(state)


def test_what_a_taker_wins_is_told_as_its_maker_staked_it(hall: ProphetHarness) -> None:
    """A maker's 1.15 at -107 are taken with 1.07, which would win 1.14 if reckoned."""
    stage = hall.server.shifted_exchange
    other: list[Any] = []
    maker = PlaceWager(WagerRef("other"), AWAY, Odds(-107), 115, Intent.REST)

    def offer() -> None:
        other.append(stage.exchange.open_account("other", BALANCE_CENTS, lambda _: None))
        stage.exchange.place(other[0], [maker])

    hall.there(lambda: stage.at_present(offer))
    until(hall, lambda: 107 in [offer.odds for offer in heard_of(hall, OfferChanged)])
    taker = PlaceWager(WagerRef("a"), HOME, Odds(107), 1_000, Intent.TAKE)
    hall.exchange.place([taker])
    until(hall, lambda: ProfitCorrected in types_said_of(hall, "a"))
    hall.let_pass(20)
    (fill,) = heard_of(hall, WagerMatched)
    assert (fill.stake_cents, fill.profit_cents) == (107, 114)
    (correction,) = heard_of(hall, ProfitCorrected)
    assert correction.change_cents == 1


def test_one_account_is_asked_for_at_a_time(hall: ProphetHarness) -> None:
    """While the exchange does not answer, asking again adds nothing to be told."""
    for _ in range(5):
        hall.exchange.ask_state()
    until(hall, lambda: bool(heard_of(hall, AccountState)))
    hall.let_pass(10)
    assert len(heard_of(hall, AccountState)) == 1
