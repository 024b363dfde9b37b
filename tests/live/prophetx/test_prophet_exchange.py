"""ProphetX behind the port when things go wrong: nothing is lost, repeated or placed again."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from live.prophetx.connection import Connection, connected
from live.prophetx.orders.prophet_exchange import AccountSettings, ProphetExchange
from live.wall_clock import WallClock
from sim.exchange.participant import Participant
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    AccountState,
    Event,
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
from tests.event_loops import until as until_in_loop
from tests.fixture_types import Compose
from tests.live.scripted_server import ScriptedServer, serving

OPENED = [WagerAccepted, WagerOpened]


@pytest.fixture
def harness(tmp_path: Path, compose_settings: Compose) -> Iterator[ProphetHarness]:
    """Yield a harness on a sandbox, its market open and its account unused."""
    harness = ProphetHarness(tmp_path, compose_settings)
    yield harness
    harness.close()


def settle(harness: ProphetHarness, results: dict[LineId, Result]) -> None:
    """Let the exchange settle the moneyline."""
    shifted_exchange = harness.server.shifted_exchange
    harness.at_sandbox(
        lambda: shifted_exchange.at_present(lambda: shifted_exchange.exchange.settle(0, results))
    )


def test_a_repeated_update_adds_no_event(harness: ProphetHarness) -> None:
    """Duplicated messages add no event."""
    harness.inject_fault(kind="doubled_message", path="order", count=10)
    harness.exchange.place([wager_request("a", HOME, -108, 60_000)])
    wait_for_update(harness, WagerMatched, "a")
    assert update_types_of(harness, "a") == [*OPENED, WagerMatched]


def test_missed_fills_precede_the_account_state(harness: ProphetHarness) -> None:
    """With every private update lost, the account's state comes after all fills that it counts."""
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
def test_a_cancel_response_replaces_a_lost_update(harness: ProphetHarness) -> None:
    """The response to a cancel ends the wager, even if the update is lost."""
    opened(harness, wager_request("a"))
    harness.inject_fault(kind="lost_message", path="order", count=10)
    harness.exchange.cancel([WagerRef("a")])
    until(harness, lambda: update_types_of(harness, "a") == [*OPENED, WagerCancelled])


@pytest.mark.slow
def test_missed_updates_precede_the_end_of_a_gap(
    harness: ProphetHarness,
) -> None:
    """The loss is emitted at once, then the missed updates of our wagers, and last the return."""
    opened(harness, wager_request("a"))
    harness.inject_fault(kind="lost_message", path="order", count=10)
    (api_account,) = harness.server.accounts.values()
    harness.at_sandbox(lambda: harness.server.shifted_exchange.at_present(api_account.cancel_all))
    harness.inject_fault(kind="socket_close")
    until(harness, lambda: bool(received_of(harness, FeedRestored)))
    kinds = [type(event) for event in harness.received]
    order = [kinds.index(kind) for kind in (FeedLost, WagerCancelled, FeedRestored)]
    assert order == sorted(order)


@pytest.mark.slow
def test_a_settled_wager_settles_its_market(harness: ProphetHarness) -> None:
    """The result of our wager becomes the market's, with both lines, once."""
    harness.exchange.place([wager_request("a", HOME, -108, 10_000)])
    until(harness, lambda: WagerMatched in update_types_of(harness, "a"))
    results = {HOME: Result.WON, AWAY: Result.LOST}
    settle(harness, results)
    until(harness, lambda: bool(received_of(harness, MarketSettled)))
    harness.let_pass(3)
    (settled,) = received_of(harness, MarketSettled)
    assert (settled.market_key, dict(settled.results)) == (MarketKey(GAME, MONEYLINE), results)


@pytest.mark.slow
def test_a_lost_result_is_recovered_with_the_account_state(harness: ProphetHarness) -> None:
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
def test_a_takers_profit_is_its_makers_stake(harness: ProphetHarness) -> None:
    """A maker's 1.15 at -107 are taken with 1.07, which would win 1.14 by its own odds."""
    shifted_exchange = harness.server.shifted_exchange
    other: list[Participant] = []
    maker = PlaceWager(WagerRef("other"), AWAY, Odds(-107), 115, Intent.REST)

    def offer() -> None:
        other.append(shifted_exchange.exchange.open_account("other", BALANCE_CENTS, lambda _: None))
        shifted_exchange.exchange.place(other[0], [maker])

    harness.at_sandbox(lambda: shifted_exchange.at_present(offer))
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
def test_one_account_request_is_open_at_a_time(harness: ProphetHarness) -> None:
    """While the exchange does not answer, another request adds no event."""
    for _ in range(5):
        harness.exchange.ask_state()
    until(harness, lambda: bool(received_of(harness, AccountState)))
    harness.let_pass(10)
    assert len(received_of(harness, AccountState)) == 1


class EndedError(Exception):
    """Ends the tasks of a session."""


def new_exchange(connection: Connection, tasks: asyncio.TaskGroup) -> ProphetExchange:
    """Return the exchange behind a connection, without markets."""
    return ProphetExchange(
        client=connection.client,
        clock=connection.clock,
        catalogue=Catalogue([], [], []),
        tasks=tasks,
        before_sending=lambda: None,
        decode_errors=connection.decode_errors,
        settings=AccountSettings("deferred"),
        is_ours=lambda _: True,
    )


class ListedEvents:
    """A listener that keeps what it receives."""

    def __init__(self) -> None:
        """Start without events."""
        self.events: list[Event] = []

    def take(self, event: Event, _: int) -> None:
        """Keep an event."""
        self.events.append(event)

    def act(self, _: int) -> None:
        """Do nothing."""


def test_an_account_is_read_after_the_one_before_it_arrived() -> None:
    """Asked for at once after a gap and by the desk, two accounts are no two looks at one moment.

    A wager placed while they were read would be missing in both, and the desk would see a drift.
    """
    asked: list[str] = []

    def history(_: Mapping[str, str]) -> dict[str, Any]:
        asked.append("history")
        return {"orders": [], "next_cursor": ""}

    def balance(_: Mapping[str, str]) -> dict[str, Any]:
        asked.append("balance")
        return {"balance": 1}

    async def run() -> list[Event]:
        responses = {"v4/mm/get_order_history": history, "v4/mm/get_balance": balance}
        server, listener = ScriptedServer(responses=responses), ListedEvents()
        async with (
            serving(server),
            connected(server.endpoint, WallClock(speed=200), {}, Path()) as connection,
            asyncio.TaskGroup() as tasks,
        ):
            exchange = new_exchange(connection, tasks)
            exchange.wagers.attach(listener)
            exchange.ask_state()
            await exchange.catch_up()
            await until_in_loop(lambda: len(listener.events) == 2)
        return listener.events

    assert [type(event) for event in run_watching(run())] == [AccountState] * 2
    assert asked == ["history", "history", "balance"] * 2


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
            exchange = new_exchange(connection, tasks)
            tasks.create_task(request(exchange))
            await began.wait()
            tasks.create_task(end())
    except* EndedError:
        pass
    return exchange


def test_requests_of_an_ending_session_are_dropped() -> None:
    """Requests of the desk while the tasks end are no error, and send nothing."""
    server = ScriptedServer()

    async def run() -> ProphetExchange:
        async with (
            serving(server),
            connected(server.endpoint, WallClock(), {}, Path()) as connection,
        ):
            return await end_while_requesting(connection)

    assert run_watching(run()).wagers.pending == []
    # The first request of all would have logged in.
    assert server.logins == 0
