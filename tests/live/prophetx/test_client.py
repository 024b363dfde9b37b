"""The REST client: what it sends and when, and how it handles every kind of response."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeVar

import httpx
import pytest

from live.decode_errors import DecodeErrors
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.transport import Transport
from live.prophetx.wire.orders import WireCancellation
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import (
    CredentialsError,
    ProtocolError,
    RefusalError,
    UnauthorizedError,
    UnreachableError,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping
from tests.live.endpoints import LOCAL

WAGER = PlaceWager(WagerRef("q-1"), LineId("l" * 32), Odds(-110), 1_050, Intent.REST)
ORDER = {"order_id": "o-1", "external_id": "q-1", "quantity": 10.5, "status": "inactive"}
LIFE_SECONDS = 1_200

Reply = httpx.Response | Exception
T = TypeVar("T")


def ok(data: object = None, **top: object) -> httpx.Response:
    """Return a success."""
    return httpx.Response(200, json={"data": data} | top)


def no(status: int, code: str, **headers: str) -> httpx.Response:
    """Return a refusal."""
    return httpx.Response(status, json={"error": code, "message": "no"}, headers=headers)


@dataclass
class Responses:
    """An exchange that returns scripted responses, and records its requests."""

    clock: WallClock = field(default_factory=WallClock)
    asked: list[httpx.Request] = field(default_factory=list)
    queued: dict[str, list[Reply]] = field(default_factory=dict)
    life_seconds: int = LIFE_SECONDS
    _tokens: Iterator[int] = field(default_factory=count)

    async def response(self, request: httpx.Request) -> httpx.Response:
        """Return the next response queued for a path, or else the default one."""
        self.asked.append(request)
        path = request.url.path.removeprefix("/partner/")
        queue = self.queued.get(path, [])
        response = queue.pop(0) if queue else self.default_response(path)
        if isinstance(response, Exception):
            raise response
        return response

    def default_response(self, path: str) -> httpx.Response:
        """Return new tokens for logins and refreshes, and an empty response otherwise."""
        if path not in ("auth/login", "auth/refresh"):
            return ok({})
        ends = self.clock.wall_ns() // NS_PER_SECOND + self.life_seconds
        token = f"{path.removeprefix('auth/')}-{next(self._tokens)}"
        return ok({"access_token": token, "access_expire_time": ends, "refresh_token": "again"})

    @property
    def paths(self) -> list[str]:
        """Return the requested paths, in order."""
        return [request.url.path.removeprefix("/partner/") for request in self.asked]

    @property
    def tokens(self) -> list[str]:
        """Return the tokens of the requests."""
        return [
            each.headers.get("Authorization", "").removeprefix("Bearer ") for each in self.asked
        ]


@asynccontextmanager
async def opened(responses: Responses, endpoint: Endpoint = LOCAL) -> AsyncIterator[ProphetClient]:
    """Return a client of a scripted exchange."""
    carrier = httpx.MockTransport(responses.response)
    async with Transport(endpoint, responses.clock, carrier) as transport:
        tokens = Tokens(transport, Credentials("access-half", "secret-half"), responses.clock)
        yield ProphetClient(transport, tokens, DecodeErrors())


def asking(
    responses: Responses, ask: Callable[[ProphetClient], Awaitable[T]], endpoint: Endpoint = LOCAL
) -> T:
    """Make a call to a scripted exchange, and return its result; waiting takes no time."""

    async def run(loop: JumpingLoop) -> T:
        responses.clock = WallClock(monotonic_ns=loop.monotonic_ns)
        async with opened(responses, endpoint) as client:
            return await ask(client)

    return run_jumping(run)


# Tokens ----------------------------------------------------------------------------------------


def test_the_first_request_logs_in() -> None:
    """The keys are sent once, as JSON, and all other requests carry the token."""
    responses = Responses()

    async def ask_twice(client: ProphetClient) -> None:
        await client.tournaments()
        await client.tournaments()

    asking(responses, ask_twice)
    assert responses.paths == ["auth/login", "mm/get_tournaments", "mm/get_tournaments"]
    keys = {"access_key": "access-half", "secret_key": "secret-half"}
    assert json.loads(responses.asked[0].content) == keys
    assert responses.tokens == ["", "login-0", "login-0"]


def test_a_token_is_refreshed_at_60_percent_of_its_lifetime() -> None:
    """A token is refreshed at 60 % of its remaining lifetime at receipt, not before."""
    responses = Responses(life_seconds=100)

    async def ask(client: ProphetClient) -> None:
        await client.log_in()
        login_ns = responses.clock.wall_ns()
        for part in (20, 70, 110):
            await responses.clock.sleep_until(login_ns + part * NS_PER_SECOND)
            await client.tournaments()

    asking(responses, ask)
    assert responses.paths == [
        "auth/login",
        "mm/get_tournaments",
        "auth/refresh",
        "mm/get_tournaments",
        "mm/get_tournaments",
    ]
    assert responses.tokens[2] == "login-0"
    assert responses.tokens[4] == "refresh-1"
    assert json.loads(responses.asked[2].content) == {"refresh_token": "again"}


def test_a_refused_token_is_refreshed_then_replaced_by_a_login() -> None:
    """On 401 comes one refresh, then a login, and the request is repeated."""
    responses = Responses(
        queued={"v4/mm/submit_order": [no(401, "unauthorized"), ok({"order": ORDER})]}
    )
    assert asking(responses, lambda client: client.place(WAGER)).number == "o-1"
    assert responses.paths == [
        "auth/login",
        "v4/mm/submit_order",
        "auth/refresh",
        "v4/mm/submit_order",
    ]
    again = Responses(
        queued={"v4/mm/get_balance": [*[no(401, "unauthorized")] * 2, ok({"balance": 1})]}
    )
    assert asking(again, lambda client: client.balance()).balance_cents == 100
    assert again.paths[2::2] == ["auth/refresh", "auth/login"]


def test_a_token_refused_after_a_login_is_an_error() -> None:
    """When even a new login's token is refused, that is a credentials error, not a loop."""
    responses = Responses(queued={"v4/mm/get_balance": [no(401, "unauthorized")] * 9})
    with pytest.raises(CredentialsError, match="get_balance"):
        asking(responses, lambda client: client.balance())
    assert responses.paths.count("v4/mm/get_balance") == 3


def test_a_refused_refresh_becomes_a_login() -> None:
    """A session that has ended is replaced by a new one."""
    responses = Responses(
        queued={
            "v4/mm/get_balance": [no(401, "unauthorized"), ok({"balance": 1})],
            "auth/refresh": [no(401, "unauthorized")],
        }
    )
    asking(responses, lambda client: client.balance())
    assert responses.paths[2:4] == ["auth/refresh", "auth/login"]


@pytest.mark.parametrize(
    "refusals",
    [
        {"auth/refresh": no(401, "unauthorized"), "auth/login": no(401, "unauthorized")},
        {"auth/refresh": no(401, "unauthorized"), "auth/login": no(403, "session_num_exceed")},
        {"mm/get_tournaments": no(401, "unauthorized")},
    ],
)
def test_a_login_that_is_refused_later_is_an_outage(refusals: dict[str, httpx.Response]) -> None:
    """Once accepted, it is tried again after pauses, and used again when it is accepted (row n)."""
    responses = Responses()
    lost: list[str] = []
    states: list[bool] = []

    async def wait(seconds: float) -> None:
        clock = responses.clock
        await clock.sleep_until(clock.wall_ns() + int(seconds * NS_PER_SECOND))

    async def ask(client: ProphetClient) -> int:
        client.on_login_lost(lost.append)
        await client.tournaments()
        responses.queued = {path: [refusal] * 999 for path, refusal in refusals.items()}
        responses.queued.setdefault("mm/get_tournaments", [no(401, "unauthorized")])
        for _ in range(300):
            with pytest.raises(UnauthorizedError):
                await client.tournaments()
            await wait(0.1)
        states.append(client.is_refused)
        requests = len(responses.asked)
        responses.queued.clear()
        await wait(30)
        await client.tournaments()
        states.append(client.is_refused)
        return requests

    assert asking(responses, ask) < 40
    assert states == [True, False]
    assert len(lost) == 1


def test_a_route_that_refuses_new_tokens_costs_few_sessions_and_blocks_no_other() -> None:
    """While the login and another route work, ten minutes of 401 use up no sessions of the key."""
    responses = Responses()

    async def ask(client: ProphetClient) -> None:
        await client.tournaments()
        responses.queued["v4/mm/get_balance"] = [no(401, "unauthorized")] * 9_999
        for _ in range(100):
            with pytest.raises(UnauthorizedError):
                await client.balance()
            await client.tournaments()
            await responses.clock.sleep_until(responses.clock.wall_ns() + 6 * NS_PER_SECOND)
        responses.queued["v4/mm/get_balance"] = [ok({"balance": 1})]
        await responses.clock.sleep_until(responses.clock.wall_ns() + 30 * NS_PER_SECOND)
        await client.balance()

    asking(responses, ask)
    assert 3 < responses.paths.count("auth/login") <= 15
    assert responses.paths.count("v4/mm/get_balance") < 100


@pytest.mark.parametrize(
    ("response", "error", "named"),
    [
        (no(401, "unauthorized"), CredentialsError, "refuses the keys"),
        (no(403, "session_num_exceed"), CredentialsError, "too many sessions"),
        (httpx.Response(404, text="<html>"), RefusalError, "prophet.root"),
        (no(429, "rate_limit_reached"), UnreachableError, "for now"),
        (httpx.Response(502, text="bad gateway"), UnreachableError, "http_502"),
        (httpx.ConnectError("refused"), UnreachableError, "127.0.0.1:8765"),
        (httpx.Response(200, text='{"data": {"access_token": "tok-9"'), ProtocolError, "login"),
        (ok({"access_token": 5, "x": "tok-9"}), ProtocolError, "token"),
    ],
)
def test_a_failed_login_has_its_reason(response: Reply, error: type[Exception], named: str) -> None:
    """Wrong keys, too many sessions, a wrong host, an outage: each is distinct, without keys."""
    responses = Responses(queued={"auth/login": [response]})
    with pytest.raises(error, match=named) as caught:
        asking(responses, lambda client: client.log_in())
    shown = f"{caught.value!r} {getattr(caught.value, 'raw', '')}"
    assert [word for word in ("access-half", "secret-half") if word in shown] == []


def test_tokens_are_not_in_the_error_of_an_unreadable_login() -> None:
    """An unreadable login response is not repeated, as a token may be in it."""
    responses = Responses(queued={"auth/login": [ok({"access_token": ["tok-9"]})]})
    with pytest.raises(ProtocolError) as caught:
        asking(responses, lambda client: client.log_in())
    assert "tok-9" not in f"{caught.value} {caught.value.raw}"


def test_many_requests_at_once_log_in_once() -> None:
    """Ten requests without a token share one login."""
    responses = Responses()

    async def ask(client: ProphetClient) -> None:
        await asyncio.gather(*(client.tournaments() for _ in range(10)))

    asking(responses, ask)
    assert responses.paths.count("auth/login") == 1


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
