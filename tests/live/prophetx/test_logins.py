"""The logins of the REST client: when it asks for tokens, renews them, and gives up."""

import asyncio
import json

import httpx
import pytest

from live.prophetx.rest.client import ProphetClient
from strategies.trading.model.errors import (
    CredentialsError,
    ProtocolError,
    RefusalError,
    UnauthorizedError,
    UnreachableError,
)
from strategies.trading.model.units import NS_PER_SECOND
from tests.live.prophetx.scripted_responses import (
    ORDER,
    WAGER,
    Reply,
    Responses,
    asking,
    no,
    ok,
)


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


@pytest.mark.parametrize("life_seconds", [600, 1_200, 3_600])
def test_a_token_is_refreshed_at_ten_minutes_at_the_latest(life_seconds: int) -> None:
    """Whatever its life, a request after ten minutes is sent with another token."""
    responses = Responses(life_seconds=life_seconds)

    async def ask(client: ProphetClient) -> None:
        await client.log_in()
        await responses.clock.sleep_until(responses.clock.wall_ns() + 601 * NS_PER_SECOND)
        await client.tournaments()

    asking(responses, ask)
    assert responses.paths == ["auth/login", "auth/refresh", "mm/get_tournaments"]


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
