"""ProphetX behind the port when things go wrong: nothing is lost, told twice, or placed again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from live.prophetx.connection import Connection, connected
from live.prophetx.orders.prophet_exchange import AccountSettings, ProphetExchange
from live.wall_clock import WallClock
from sim.exchange.participant import Participant
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
from strategies.trading.model.market import Catalogue, Result
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds
from tests.contract.exchange_harness import (
    account,
    opened,
    received_of,
    until,
    update_types_of,
    wager_request,
    wait_for_update,
)
from tests.contract.moneyline import AWAY, BALANCE_CENTS, GAME, HOME, MONEYLINE, OTHERS
from tests.contract.prophet_harness import ProphetHarness
from tests.event_loops import run_watching
from tests.fixture_types import Compose
from tests.live.socket_peer import Peer, serving

OPENED = [WagerAccepted, WagerOpened]


@pytest.fixture
def harness(tmp_path: Path, compose_settings: Compose) -> Iterator[ProphetHarness]:
    """Yield a room on a sandbox, its market open and its account untouched."""
    harness = ProphetHarness(tmp_path, compose_settings)
    yield harness
    harness.close()


def settle(harness: ProphetHarness, results: dict[LineId, Result]) -> None:
    """Let the exchange settle the moneyline."""
    stage = harness.server.shifted_exchange
    harness.at_sandbox(lambda: stage.at_present(lambda: stage.exchange.settle(0, results)))


def test_an_update_that_is_told_twice_is_heard_once(harness: ProphetHarness) -> None:
    """Doubled messages add no event."""
    harness.inject_fault(kind="doubled_message", path="order", count=10)
    harness.exchange.place([wager_request("a", HOME, -108, 60_000)])
    wait_for_update(harness, WagerMatched, "a")
    assert update_types_of(harness, "a") == [*OPENED, WagerMatched]


def test_fills_that_were_missed_are_told_when_it_is_asked(harness: ProphetHarness) -> None:
    """With every private update lost, the account's state is told after all that it counts."""
    harness.inject_fault(kind="lost_message", path="order", count=10)
    harness.exchange.place([wager_request("a", HOME, -108, 60_000)])
    wait_for_update(harness, WagerAccepted, "a")
    assert update_types_of(harness, "a") == [WagerAccepted]
    state = account(harness)
    (fill,) = received_of(harness, WagerMatched)
    assert update_types_of(harness, "a") == [*OPENED, WagerMatched]
    assert (fill.stake_cents, fill.profit_cents) == (OTHERS[1], profit_cents(*reversed(OTHERS)))
    assert state == AccountState(BALANCE_CENTS - 60_000, ((WagerRef("a"), 10_000),))
    assert harness.received.index(fill) < harness.received.index(state)


@pytest.mark.slow
def test_a_cancel_without_its_update_is_told_by_its_answer(harness: ProphetHarness) -> None:
    """The answer to a cancel says that the wager is gone, whatever becomes of the update."""
    opened(harness, wager_request("a"))
    harness.inject_fault(kind="lost_message", path="order", count=10)
    harness.exchange.cancel([WagerRef("a")])
    until(harness, lambda: update_types_of(harness, "a") == [*OPENED, WagerCancelled])


@pytest.mark.slow
def test_after_a_gap_everything_is_caught_up_with_before_it_is_over(
    harness: ProphetHarness,
) -> None:
    """The loss is told at once, then what was missed of our wagers, and last that all is whole."""
    opened(harness, wager_request("a"))
    harness.inject_fault(kind="lost_message", path="order", count=10)
    (partner,) = harness.server.accounts.values()
    harness.at_sandbox(lambda: harness.server.shifted_exchange.at_present(partner.cancel_all))
    harness.inject_fault(kind="socket_close")
    until(harness, lambda: bool(received_of(harness, FeedRestored)))
    kinds = [type(event) for event in harness.received]
    order = [kinds.index(kind) for kind in (FeedLost, WagerCancelled, FeedRestored)]
    assert order == sorted(order)


@pytest.mark.slow
def test_a_settled_wager_settles_its_market(harness: ProphetHarness) -> None:
    """The result of our wager is told as the market's, with both lines, once."""
    harness.exchange.place([wager_request("a", HOME, -108, 10_000)])
    until(harness, lambda: WagerMatched in update_types_of(harness, "a"))
    results = {HOME: Result.WON, AWAY: Result.LOST}
    settle(harness, results)
    until(harness, lambda: bool(received_of(harness, MarketSettled)))
    harness.let_pass(3)
    (settled,) = received_of(harness, MarketSettled)
    assert (settled.market_key, dict(settled.results)) == (MarketKey(GAME, MONEYLINE), results)


@pytest.mark.slow
def test_a_result_whose_message_was_lost_is_told_when_it_is_asked(harness: ProphetHarness) -> None:
    """The account's state comes after the settlement that it counts, so the books agree."""
    harness.exchange.place([wager_request("a", HOME, -108, 10_000)])
    until(harness, lambda: WagerMatched in update_types_of(harness, "a"))
    harness.inject_fault(kind="lost_message", path="order", count=10)
    settle(harness, {HOME: Result.WON, AWAY: Result.LOST})
    harness.let_pass(5)
    assert received_of(harness, MarketSettled) == []
    state = account(harness)
    (settled,) = received_of(harness, MarketSettled)
    assert settled.market_key == MarketKey(GAME, MONEYLINE)
    assert harness.received.index(settled) < harness.received.index(state)


@pytest.mark.slow
def test_what_a_taker_wins_is_told_as_its_maker_staked_it(harness: ProphetHarness) -> None:
    """A maker's 1.15 at -107 are taken with 1.07, which would win 1.14 if reckoned."""
    stage = harness.server.shifted_exchange
    other: list[Participant] = []
    maker = PlaceWager(WagerRef("other"), AWAY, Odds(-107), 115, Intent.REST)

    def offer() -> None:
        other.append(stage.exchange.open_account("other", BALANCE_CENTS, lambda _: None))
        stage.exchange.place(other[0], [maker])

    harness.at_sandbox(lambda: stage.at_present(offer))
    until(harness, lambda: 107 in [offer.odds for offer in received_of(harness, OfferChanged)])
    taker = PlaceWager(WagerRef("a"), HOME, Odds(107), 1_000, Intent.TAKE)
    harness.exchange.place([taker])
    until(harness, lambda: ProfitCorrected in update_types_of(harness, "a"))
    harness.let_pass(20)
    (fill,) = received_of(harness, WagerMatched)
    assert (fill.stake_cents, fill.profit_cents) == (107, 114)
    (correction,) = received_of(harness, ProfitCorrected)
    assert correction.change_cents == 1


@pytest.mark.slow
def test_one_account_is_asked_for_at_a_time(harness: ProphetHarness) -> None:
    """While the exchange does not answer, asking again adds nothing to be told."""
    for _ in range(5):
        harness.exchange.ask_state()
    until(harness, lambda: bool(received_of(harness, AccountState)))
    harness.let_pass(10)
    assert len(received_of(harness, AccountState)) == 1


class EndedError(Exception):
    """Ends the tasks of a session."""


async def end_while_requesting(connection: Connection) -> ProphetExchange:
    """End a session's tasks, one of which sends every kind of request as it ends."""
    began = asyncio.Event()

    async def request(exchange: ProphetExchange) -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            exchange.place([wager_request("a"), wager_request("b")])
            exchange.place([wager_request("c")])
            exchange.cancel([WagerRef("a"), WagerRef("unknown")])
            exchange.cancel_all()
            exchange.ask_state()

    async def end() -> None:
        raise EndedError

    try:
        async with asyncio.TaskGroup() as tasks:
            exchange = ProphetExchange(
                client=connection.client,
                clock=connection.clock,
                catalogue=Catalogue([], [], []),
                tasks=tasks,
                before_sending=lambda: None,
                decode_errors=connection.decode_errors,
                settings=AccountSettings("deferred"),
            )
            tasks.create_task(request(exchange))
            await began.wait()
            tasks.create_task(end())
    except* EndedError:
        pass
    return exchange


def test_requests_of_a_session_that_is_ending_are_dropped() -> None:
    """What still reaches the desk while the tasks end is no error, and sends nothing."""
    peer = Peer()

    async def run() -> ProphetExchange:
        async with serving(peer), connected(peer.site, WallClock(), {}, Path()) as connection:
            return await end_while_requesting(connection)

    assert run_watching(run()).wagers.pending == []
    # The first request of all would have logged in.
    assert peer.logins == 0
