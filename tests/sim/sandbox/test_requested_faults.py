"""Injected faults: each has its documented effect, and the sandbox works afterwards."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any, TypeVar

import aiohttp
import pytest

from sim.sandbox.api_errors import RefusedError
from tests.event_loops import until
from tests.sim.sandbox.running_sandbox import Account, Play, RunningSandbox

T = TypeVar("T")

HOME = "e5957d9c37e2704d02292333ba970a5f"
AWAY = "06b2a7ec50d863031e5093aa257873bd"

WAGER = {"external_id": "q-1", "strike_id": AWAY, "price": -140, "quantity": 10}
SUBMIT = "v4/mm/submit_order"


async def refs(account: Account) -> list[str]:
    """Return the external ids of an account's wagers."""
    _, response = await account.get("v4/mm/get_order_history", **{"from": 1_789_170_000})
    return [order["external_id"] for order in response["data"]["orders"]]


async def seconds_of(awaited: Awaitable[T]) -> tuple[float, T]:
    """Return the seconds that a response took, and the response."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    response = await awaited
    return loop.time() - began, response


def test_a_slow_request_is_executed_late(sandbox: Play) -> None:
    """A slow request is not executed before its time is up."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(kind="slow", path="submit", seconds=0.3)
        placing = asyncio.ensure_future(maker.post(SUBMIT, WAGER))
        await until(lambda: not sandbox_run.server.faults._pending)
        assert await refs(maker) == []
        assert (await placing)[0] == 200
        assert await refs(maker) == ["q-1"]

    sandbox(scenario)


@pytest.mark.slow
def test_a_late_response_is_of_an_executed_request(sandbox: Play) -> None:
    """A client that times out finds that its wager was placed."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(kind="late", path="submit", seconds=5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(maker.post(SUBMIT, WAGER), 0.3)
        assert await refs(maker) == ["q-1"]

    sandbox(scenario)


def test_a_refused_request_is_not_executed(sandbox: Play) -> None:
    """The given number of requests on a path are refused with the code; then it works again."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(
            kind="refused", path="submit", code="order_unable_to_place", count=2
        )
        assert (await maker.get("v4/mm/get_balance"))[0] == 200
        for _ in range(2):
            status, refusal = await maker.post(SUBMIT, WAGER)
            assert (status, refusal["error"]) == (500, "order_unable_to_place")
        assert await refs(maker) == []
        assert (await maker.post(SUBMIT, WAGER))[0] == 200

    sandbox(scenario)


def test_too_many_requests_get_a_retry_time(sandbox: Play) -> None:
    """A request is answered with 429 and how many seconds to wait."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(kind="too_many")
        url = f"{sandbox_run.server.address}/partner/{SUBMIT}"
        headers = {"Authorization": f"Bearer {maker.token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            async with http.post(url, json=WAGER) as response:
                assert response.status == 429
                assert response.headers["Retry-After"] == "1"
            async with http.post(url, json=WAGER) as response:
                assert response.status == 200

    sandbox(scenario)


def test_a_request_executed_twice_gets_the_second_response(sandbox: Play) -> None:
    """The wager is placed, and the response is that its external id was used before."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(kind="twice", path="submit")
        status, refusal = await maker.post(SUBMIT, WAGER)
        assert (status, refusal["error"]) == (400, "order_external_id_existed")
        assert await refs(maker) == ["q-1"]

    sandbox(scenario)


def test_a_reset_request_was_executed(sandbox: Play) -> None:
    """The connection ends without a response, and the wager was placed."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(kind="reset", path="submit")
        with pytest.raises(aiohttp.ClientConnectionError):
            await maker.post(SUBMIT, WAGER)
        assert await refs(maker) == ["q-1"]

    sandbox(scenario)


@pytest.mark.parametrize(("code", "renewed"), [("", 200), ("refresh", 401)])
def test_expired_tokens_are_refused(sandbox: Play, code: str, renewed: int) -> None:
    """Every token so far is refused; a refresh brings a new one unless it has expired too."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        body = {"access_key": "maker", "secret_key": "secret"}
        _, login = await sandbox_run.request("POST", "auth/login", json=body)
        await sandbox_run.inject_fault(kind="expired_token", code=code)
        token = login["data"]["access_token"]
        assert (await sandbox_run.request("GET", "v4/mm/get_balance", token=token))[0] == 401
        refresh = {"refresh_token": login["data"]["refresh_token"]}
        assert (await sandbox_run.request("POST", "auth/refresh", json=refresh))[0] == renewed
        assert (await (await sandbox_run.log_in()).get("v4/mm/get_balance"))[0] == 200

    sandbox(scenario)


def test_a_frozen_socket_is_silent_until_it_thaws(sandbox: Play) -> None:
    """A frozen socket answers no ping of either kind; afterwards it sends what was queued."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        await sandbox_run.inject_fault(kind="frozen_socket", seconds=0.5)
        await client.send("pusher:ping")
        seconds, _ = await seconds_of(client.frame("pusher:pong"))
        assert seconds > 0.3

    sandbox(scenario)


def test_a_reset_socket_ends_without_a_close_frame(sandbox: Play) -> None:
    """The connection is gone without a close; a new one can be opened."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client = await maker.listen()
        await sandbox_run.inject_fault(kind="socket_reset")
        message = await client.ws.receive(5)
        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert client.ws.close_code in {None, 1006}
        await maker.listen()

    sandbox(scenario)


@pytest.mark.parametrize("code", [1000, 4200])
def test_a_socket_is_closed_with_a_code(sandbox: Play, code: int) -> None:
    """The close frame has the requested code."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        await sandbox_run.inject_fault(kind="socket_close", code=str(code))
        message = await client.ws.receive(5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, code)

    sandbox(scenario)


def test_a_garbage_frame_is_sent_as_it_is(sandbox: Play) -> None:
    """The requested text arrives, and the connection stays open."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        await sandbox_run.inject_fault(kind="garbage_frame", text='{"event":')
        assert (await client.ws.receive(5)).data == '{"event":'
        sandbox_run.advance(5)
        await client.frame("health_check")

    sandbox(scenario)


def test_a_page_replaces_a_request_and_a_cut_body_does_not(sandbox: Play) -> None:
    """A page of HTML is of a request that was not executed, a cut body of one that was."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        url = f"{sandbox_run.server.address}/partner/{SUBMIT}"
        headers = {"Authorization": f"Bearer {maker.token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            await sandbox_run.inject_fault(kind="page", path="submit")
            async with http.post(url, json=WAGER) as response:
                assert (response.status, response.content_type) == (502, "text/html")
            assert await refs(maker) == []
            await sandbox_run.inject_fault(kind="cut_body", path="submit")
            async with http.post(url, json=WAGER) as response:
                assert response.status == 200
                with pytest.raises(json.JSONDecodeError):
                    await response.json()
            assert await refs(maker) == ["q-1"]

    sandbox(scenario)


def test_a_late_message_is_overtaken(sandbox: Play) -> None:
    """What is sent after it, here a pong, arrives before it."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        await sandbox_run.inject_fault(kind="late_message", path="private_system", seconds=0.05)
        sandbox_run.advance(5)
        await client.send("pusher:ping")
        await client.frame("pusher:pong")
        assert client.frames == []
        await client.frame("health_check")

    sandbox(scenario)


def test_a_channel_is_refused_and_a_pong_lost(sandbox: Play) -> None:
    """One subscription of a channel gets an error, and one ping no pong."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        await sandbox_run.inject_fault(kind="refused_channel", path="public")
        await sandbox_run.inject_fault(kind="lost_pong")
        for event in ("pusher:subscription_error", "pusher_internal:subscription_succeeded"):
            await client.send("pusher:ping")
            await client.send("pusher:subscribe", channel="public")
            await client.frame(event)
        assert [frame["event"] for frame in client.frames] == ["pusher:pong"]

    sandbox(scenario)


@pytest.mark.parametrize(("kind", "times"), [("lost_message", 0), ("doubled_message", 2)])
def test_a_message_is_lost_or_doubled(sandbox: Play, kind: str, times: int) -> None:
    """One message of the kind named never comes, or comes twice; the next comes once."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        await sandbox_run.inject_fault(kind=kind, path="private_system_signal")
        sandbox_run.advance(5)
        await client.send("pusher:ping")
        await client.frame("pusher:pong")
        assert [frame["event"] for frame in client.frames] == ["health_check"] * times
        client.frames.clear()
        sandbox_run.advance(5)
        await client.frame("health_check")

    sandbox(scenario)


def test_pending_faults_can_be_removed(sandbox: Play) -> None:
    """A pending fault never occurs once faults are cleared."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await sandbox_run.inject_fault(kind="refused", count=100)
        async with aiohttp.ClientSession() as http:
            await http.delete(f"{sandbox_run.server.address}/_sandbox/faults")
        assert (await maker.get("v4/mm/get_balance"))[0] == 200

    sandbox(scenario)


@pytest.mark.parametrize(
    "body", [{}, {"kind": "other"}, {"kind": "slow", "seconds": "x"}, {"kind": "slow", "a": 1}, []]
)
def test_an_invalid_fault_is_refused(sandbox: Play, body: Any) -> None:
    """An invalid fault is answered with 400, and has no effect."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        async with aiohttp.ClientSession() as http:
            url = f"{sandbox_run.server.address}/_sandbox/faults"
            async with http.post(url, json=body) as response:
                assert response.status == 400
        await sandbox_run.log_in()

    sandbox(scenario)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"external_id": "a", "trade_id": "x"}, 400),
        ({"external_id": "a"}, 404),
    ],
)
def test_a_trade_that_cannot_be_broken_is_refused(sandbox: Play, body: Any, status: int) -> None:
    """A wrong body, or a wager that nobody placed, is answered as what it is."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        async with aiohttp.ClientSession() as http:
            url = f"{sandbox_run.server.address}/_sandbox/broken_trades"
            async with http.post(url, json=body) as response:
                assert response.status == status

    sandbox(scenario)


@pytest.mark.parametrize("whole", [{"whole": True}, {}], ids=["void", "broken"])
def test_a_void_wager_is_not_voided_again(sandbox: Play, whole: dict[str, bool]) -> None:
    """However it became void, it is said; its account is paid back once."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        taker = await sandbox_run.log_in("taker")
        order = await taker.place("t-1", HOME, 130, 20)
        sandbox_run.advance(1)
        (account,) = sandbox_run.server.accounts.values()
        sandbox_run.server.break_trade({"external_id": "t-1"} | whole)
        assert (await taker.order(order["order_id"]))["status"] == "void"
        for again in ({"whole": True}, {}):
            with pytest.raises(RefusedError, match="order_is_invalid") as refused:
                sandbox_run.server.break_trade({"external_id": "t-1"} | again)
            assert refused.value.explanation == "wager t-1 is void already"
        assert account.participant.account.matched_cents == 0

    sandbox(scenario)
