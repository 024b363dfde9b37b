"""The REST client: what it sends and when, and how it handles every kind of response."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.transport import Transport
from live.prophetx.wire.orders import WireCancellation
from live.wall_clock import WallClock
from strategies.trading.model.errors import (
    ProtocolError,
    RefusalError,
    UnreachableError,
)
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping
from tests.live.endpoints import LOCAL
from tests.live.prophetx.scripted_responses import (
    ORDER,
    WAGER,
    Reply,
    Responses,
    asking,
    no,
    ok,
)

# Outcomes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("gone"),
        httpx.ConnectError("refused"),
        no(500, "order_unable_to_place"),
        no(500, "internal_error"),
        httpx.Response(503, text="busy"),
    ],
)
def test_a_placement_without_a_response_is_not_sent_again(response: Reply) -> None:
    """Where the outcome of a placement is unknown the error says so; it was sent exactly once."""
    responses = Responses(queued={"v4/mm/submit_order": [response]})
    with pytest.raises(UnreachableError):
        asking(responses, lambda client: client.place(WAGER))
    assert responses.paths.count("v4/mm/submit_order") == 1


def test_a_late_response_counts_as_none() -> None:
    """A response that takes longer than the timeout is an error, even if it trickles."""

    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return ok({})

    async def run(loop: JumpingLoop) -> None:
        endpoint = replace(LOCAL, answer_seconds=5)
        clock = WallClock(monotonic_ns=loop.monotonic_ns)
        async with Transport(endpoint, clock, httpx.MockTransport(slow)) as transport:
            await transport.ask("POST", "v4/mm/submit_order")

    with pytest.raises(UnreachableError, match="no response within 5 s"):
        run_jumping(run)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "invalid_price"), (403, "insufficient_amount"), (429, "too_many_delayed_requests"),
     (425, "order_opened_retry"), (500, "opened_retry"), (500, "order_not_belongs_to_user")],
)  # fmt: skip
def test_a_refusal_keeps_its_code(status: int, code: str) -> None:
    """A refusal carries the exchange's code, and is not retried."""
    responses = Responses(queued={"v4/mm/submit_order": [no(status, code)]})
    with pytest.raises(RefusalError) as caught:
        asking(responses, lambda client: client.place(WAGER))
    assert caught.value.code == code
    assert responses.paths.count("v4/mm/submit_order") == 1


def test_a_refusal_has_the_words_of_the_exchange() -> None:
    """A stake below the least, as the exchange answered it: a definite refusal, with its reason."""
    body = (
        b'{"error":"invalid_request","message":"your wager stake is below the minimum allowed"}\n'
    )
    responses = Responses(queued={"v4/mm/submit_order": [httpx.Response(400, content=body)]})
    with pytest.raises(RefusalError, match="your wager stake is below the minimum") as caught:
        asking(responses, lambda client: client.place(WAGER))
    assert caught.value.code == "invalid_request"


def test_a_read_is_retried() -> None:
    """A read without a response, or to a busy exchange, is repeated and succeeds."""
    responses = Responses(
        queued={
            "mm/get_tournaments": [
                httpx.ReadTimeout("late"),
                no(429, "rate_limit_reached", **{"Retry-After": "0.2"}),
                ok({"tournaments": None}),
            ]
        }
    )

    async def ask(client: ProphetClient) -> float:
        assert await client.tournaments() == []
        return asyncio.get_running_loop().time()

    # Once a second, as every query.
    assert asking(responses, ask) == pytest.approx(2)


def test_retry_after_delays_every_request() -> None:
    """While the exchange asks to wait, no other request is sent either."""
    responses = Responses(
        queued={"v4/mm/get_balance": [no(429, "rate_limit_reached", **{"Retry-After": "2.5"})]}
    )

    async def ask(client: ProphetClient) -> float:
        await client.log_in()
        with pytest.raises(ProtocolError):
            await client.balance()
        return asyncio.get_running_loop().time()

    assert asking(responses, ask) == pytest.approx(2.5)


@pytest.mark.parametrize("header", ["nan", "soon", "1"])
def test_a_retry_after_that_is_no_number_is_a_second(header: str) -> None:
    """NaN among them, which Python reads as a number."""
    responses = Responses(
        queued={"v4/mm/get_balance": [no(429, "rate_limit_reached", **{"Retry-After": header})]}
    )

    async def ask(client: ProphetClient) -> float:
        await client.log_in()
        with pytest.raises(ProtocolError):
            await client.balance()
        return asyncio.get_running_loop().time()

    assert asking(responses, ask) == pytest.approx(1)


def test_each_query_route_is_asked_once_a_second() -> None:
    """Another route waits for none, further pages and changes neither; ids do not make a route."""
    page = ok({"orders": [], "next_cursor": "more"})
    responses = Responses(queued={"v4/mm/get_order_history": [page]})
    times: list[float] = []

    async def ask(client: ProphetClient) -> None:
        time = asyncio.get_running_loop().time
        await client.history(**{"from": 1, "to": 2})
        await client.tournaments()
        await client.cancel_all()
        await client.cancel_all()
        times.append(time())
        for number in ("1", "2"):
            await client.order(number)
            times.append(time())
        await client.history(**{"from": 1, "to": 2})
        times.append(time())
        assert client.counts.queries["v4/mm/get_order_history"] == 2
        assert client.counts.fastest_query[1] == 1

    asking(responses, ask)
    assert times == pytest.approx([0, 0, 1, 1])


def test_what_the_review_asks_for_is_counted() -> None:
    """Batches by size, 429s, and tokens that replaced another."""
    responses = Responses(
        queued={
            "v4/mm/submit_multiple_orders": [
                no(401, "unauthorized"),
                no(429, "rate_limit_reached", **{"Retry-After": "0"}),
                ok({"succeed_orders": [], "failed_orders": []}),
            ]
        }
    )

    async def ask(client: ProphetClient) -> None:
        with pytest.raises(RefusalError):
            await client.place_batch([WAGER])
        await client.place_batch([WAGER, WAGER])
        client.forget_token()
        await client.cancel_all()
        counts = client.counts
        assert counts.batches == {1: 1, 2: 1}
        assert counts.too_many == 1
        assert counts.tokens_renewed == 2

    asking(responses, ask)


def test_a_redirect_is_not_followed() -> None:
    """A host that redirects is refused: the keys are not sent elsewhere."""
    elsewhere = httpx.Response(302, headers={"Location": "https://elsewhere.example/login"})
    responses = Responses(queued={"auth/login": [elsewhere]})
    with pytest.raises(RefusalError, match="http_302"):
        asking(responses, lambda client: client.log_in())
    assert len(responses.asked) == 1


def test_the_rate_limit_holds() -> None:
    """Of many simultaneous requests no more than the limit fall into any second, in order."""
    responses = Responses()
    times: list[int] = []

    async def ask(client: ProphetClient) -> None:
        await client.log_in()

        async def one(number: int) -> None:
            await client.order(str(number))
            times.append(responses.clock.wall_ns())

        await asyncio.gather(*(one(number) for number in range(60)))

    asking(responses, ask, replace(LOCAL, speed=1, requests_per_second=40))
    orders = [path.rpartition("/")[2] for path in responses.paths[1:]]
    assert orders == [str(number) for number in range(60)]
    assert all(times[at + 40] - times[at] >= NS_PER_SECOND for at in range(20))


# Requests --------------------------------------------------------------------------------------


def test_every_request_has_the_documented_form() -> None:
    """Each method calls its v4 endpoint with the documented body or query."""
    responses = Responses(
        queued={
            "v4/mm/submit_multiple_orders": [
                ok({"succeed_orders": [ORDER], "failed_orders": None})
            ],
            "v4/mm/cancel_multiple_orders": [ok([{"success": True}])],
            "v4/mm/get_price_ladder": [ok([100, 110])],
            "v4/mm/get_order/o-1": [ok(ORDER)],
        }
    )
    both = WireCancellation(order_id="o-1", external_id="q-1")

    async def ask(client: ProphetClient) -> None:
        assert (await client.place_batch([WAGER])).failed_orders is None
        assert (await client.cancel_batch([both]))[0].success
        await client.cancel(both)
        assert await client.cancel_all()
        await client.cancel_event(7)
        await client.cancel_market(7, 219)
        assert await client.ladder() == [100, 110]
        assert (await client.order("o-1")).ref == "q-1"
        await client.events(132)
        assert await client.markets([7, 8]) == {7: [], 8: []}
        await client.register("1.2", [7])

    asking(responses, ask)
    sent = {
        request.url.path.removeprefix("/partner/"): json.loads(request.content)
        for request in responses.asked[1:]
        if request.content
    }
    item = {"external_id": "q-1", "strike_id": "l" * 32, "price": -110, "quantity": 10.5}
    ids = {"order_id": "o-1", "external_id": "q-1"}
    assert sent == {
        "v4/mm/submit_multiple_orders": {"data": [item]},
        "v4/mm/cancel_multiple_orders": {"data": [ids]},
        "v4/mm/cancel_order": ids,
        "v4/mm/cancel_all_orders": {},
        "v4/mm/cancel_orders_by_event": {"event_id": 7},
        "v4/mm/cancel_orders_by_market": {"event_id": 7, "market_id": 219},
        "v4/mm/websocket": {
            "socket_id": "1.2",
            "service": "pusher",
            "subscriptions": [{"type": "event", "ids": ["7"]}],
        },
    }
    queries = {request.url.path: dict(request.url.params) for request in responses.asked}
    assert queries["/partner/mm/get_sport_events"] == {"tournament_id": "132"}
    assert queries["/partner/v4/mm/get_multiple_markets"] == {"event_ids": "7,8"}


def test_nothing_to_cancel_is_no_error() -> None:
    """A mass cancel that finds nothing open returns so; any other refusal is an error."""
    path = "v4/mm/cancel_all_orders"
    responses = Responses(queued={path: [no(404, "no_cancellable_orders"), no(403, "suspended")]})

    async def ask(client: ProphetClient) -> None:
        assert not await client.cancel_all()
        with pytest.raises(RefusalError, match="suspended"):
            await client.cancel_all()

    asking(responses, ask)


def test_a_history_is_read_to_its_end() -> None:
    """Pages are followed by their cursor to the last."""
    path = "v4/mm/get_order_history"
    responses = Responses(
        queued={path: [ok({"orders": [ORDER], "next_cursor": "c-2"}), ok({"orders": None})]}
    )
    orders = asking(responses, lambda client: client.history(to=2, status="open"))
    assert [order.ref for order in orders] == ["q-1"]
    assert [dict(each.url.params) for each in responses.asked[1:]] == [
        {"to": "2", "status": "open", "limit": "100"},
        {"to": "2", "status": "open", "limit": "100", "next_cursor": "c-2"},
    ]


def test_a_history_of_a_hundred_thousand_wagers_is_read() -> None:
    """A maker may place more in a week than a thousand pages hold."""
    path = "v4/mm/get_order_history"
    pages = [{"orders": [ORDER], "next_cursor": str(number)} for number in range(1_100)]
    responses = Responses(queued={path: [ok(page) for page in (*pages, {"orders": [ORDER]})]})
    assert len(asking(responses, lambda client: client.history(to=2))) == 1_101


def test_a_history_that_begins_again_is_refused() -> None:
    """A cursor that was given before would be followed for ever."""
    path = "v4/mm/get_order_history"
    pages = [{"orders": [ORDER], "next_cursor": cursor} for cursor in ("a", "b", "a")]
    responses = Responses(queued={path: [ok(page) for page in pages]})
    with pytest.raises(ProtocolError, match="get_order_history: no end after 3 pages"):
        asking(responses, lambda client: client.history(to=2))
    assert responses.paths.count(path) == 3


def test_the_fills_of_wagers_are_read() -> None:
    """Fills come with their amounts in cents."""
    detail = {"order_id": "o-1", "fill_price": -110, "filled_quantity": "3.5"}
    path = "v4/mm/get_order_matched_detail"
    responses = Responses(queued={path: [ok({"matching_details": [detail], "next_cursor": ""})]})
    (match,) = asking(responses, lambda client: client.matches(["o-1"]))
    assert (match.fill_price, match.filled_cents) == (-110, 350)


def test_an_unreadable_market_is_skipped(
    read_sample: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """An unreadable market is left out, counted, and logged once with its text."""
    markets = read_sample("multiple_markets_v4")["data"]["19458"]
    broken = {"id": "two hundred", "name": "the broken one"}
    response = ok({"19458": [broken, *markets, broken], "7": None})
    responses = Responses(queued={"v4/mm/get_multiple_markets": [response]})
    found = asking(responses, lambda client: client.markets([19458, 7]))
    assert len(found[19458]) == len(markets)
    assert found[7] == []
    assert len([record for record in caplog.messages if "the broken one" in record]) == 1
