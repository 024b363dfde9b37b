"""Placing and cancelling over REST: responses, codes, batches, mass cancels."""

from typing import Any

import pytest

from strategies.trading.model.market import EventStatus, MarketStatus
from tests.sim.sandbox.running_sandbox import Differences, Play, RowBuilder, RunningSandbox, Sample

HOME, AWAY = "e5957d9c37e2704d02292333ba970a5f", "06b2a7ec50d863031e5093aa257873bd"
UNDER = "609761c9e7633ccc034187ea7808f552"
OF_THE_SAMPLE = {"external_id": "q-0001", "strike_id": AWAY, "price": -146, "quantity": 10}


def wager(**other: Any) -> dict[str, Any]:
    """Return a request that is in order, except for the given fields."""
    return {**OF_THE_SAMPLE, "price": -120, **other}


def test_a_placed_wager_is_answered_as_documented(sandbox: Play, sample: Sample) -> None:
    """The response has the documented fields with their values, and the id under both names."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        status, response = await (await sandbox_run.log_in()).post(
            "v4/mm/submit_order", OF_THE_SAMPLE
        )
        expected = sample("submit_order_v4")["response"]
        order, documented = response["data"]["order"], expected["data"]["order"]
        assert status == 200
        assert response["data"]["success"] is True
        assert order["id"] == order["order_id"]
        for name, value in documented.items():
            if name not in {"order_id", "user_id"}:
                assert order[name] == value, name

    sandbox(scenario)


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"external_id": "no spaces"}, 400, "invalid_external_id"),
        ({"external_id": "x" * 101}, 400, "invalid_external_id"),
        ({"external_id": 7}, 400, "invalid_external_id"),
        ({"strike_id": "0" * 32}, 400, "invalid_strike_id"),
        ({"price": -147}, 400, "invalid_price"),
        ({"price": "-146"}, 400, "invalid_price"),
        ({"price": True}, 400, "invalid_price"),
        ({"quantity": 0}, 400, "invalid_quantity"),
        ({"quantity": 1.005}, 400, "invalid_quantity"),
        ({"quantity": "10"}, 400, "invalid_quantity"),
        ({"quantity": None}, 400, "invalid_quantity"),
        ({"quantity": 100_000_001}, 400, "order_quantity_exceeds_max"),
        ({"quantity": 10_001}, 403, "insufficient_amount"),
        ({"order_strategy": "GTC"}, 400, "invalid_param"),
    ],
)
def test_an_invalid_wager_gets_its_code(
    sandbox: Play, other: dict[str, Any], status: int, code: str
) -> None:
    """Each invalid request has the exchange's code and HTTP status."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        answered, refusal = await (await sandbox_run.log_in()).post(
            "v4/mm/submit_order", wager(**other)
        )
        assert (answered, refusal["error"]) == (status, code)
        assert refusal["message"]

    sandbox(scenario)


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"price": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(sandbox: Play, body: bytes) -> None:
    """Any other body is refused, and the sandbox goes on."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        path = "v4/mm/submit_order"
        status, refusal = await sandbox_run.request("POST", path, token=maker.token, data=body)
        assert (status, refusal["error"]) == (400, "invalid_request")
        assert await maker.place("q-1", AWAY, -120, 10)

    sandbox(scenario)


def test_a_stake_below_the_least_is_refused_in_the_exchanges_own_words(sandbox: Play) -> None:
    """The body is, but for its order, that of 15 of 15 real responses."""
    observed = {
        "error": "invalid_request",
        "message": "your wager stake is below the minimum allowed",
    }

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        small = wager(quantity=0.99)
        assert await maker.post("v4/mm/submit_order", small) == (400, observed)
        batch = {"data": [wager(external_id="q-2"), small]}
        status, response = await maker.post("v4/mm/submit_multiple_orders", batch)
        (failed,) = response["data"]["failed_orders"]
        assert status == 200
        assert {"index": 1, "request": small, **observed} == failed
        assert len(response["data"]["succeed_orders"]) == 1

    sandbox(scenario)


def test_an_external_id_is_used_once(sandbox: Play) -> None:
    """A repeat is refused, and the first wager is kept."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        order = await maker.place("q-1", AWAY, -120, 10)
        status, refusal = await maker.post("v4/mm/submit_order", wager(external_id="q-1"))
        assert (status, refusal["error"]) == (400, "order_external_id_existed")
        sandbox_run.advance(1)
        assert (await maker.order(order["order_id"]))["status"] == "open"

    sandbox(scenario)


def test_no_account_matches_itself(sandbox: Play) -> None:
    """A wager that would match one of the same account is refused; the other one stays open."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await maker.place("q-1", AWAY, -146, 10)
        sandbox_run.advance(1)
        body = wager(external_id="q-2", strike_id=HOME, price=146)
        status, refusal = await maker.post("v4/mm/submit_order", body)
        assert (status, refusal["error"]) == (400, "self_match")

    sandbox(scenario)


def test_a_batch_is_not_atomic(sandbox: Play, sample: Sample, differences: Differences) -> None:
    """Valid wagers are placed; invalid ones come back with their index, request and code."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        documented = sample("submit_multiple_orders_v4")
        maker = await sandbox_run.log_in()
        path, body = "v4/mm/submit_multiple_orders", documented["request"]
        body["data"].append("nonsense")
        status, response = await maker.post(path, body)
        assert status == 200
        assert differences(response, documented["response"]) == []
        assert [o["external_id"] for o in response["data"]["succeed_orders"]] == ["q-0002"]
        first, second = response["data"]["failed_orders"]
        assert (first["index"], first["error"]) == (1, "invalid_price")
        assert first["request"] == documented["request"]["data"][1]
        assert (second["index"], second["error"]) == (2, "invalid_request")

    sandbox(scenario)


def test_a_batch_of_which_every_item_is_refused_is_answered_item_by_item(sandbox: Play) -> None:
    """One that is backed off refuses no other, though its code is that of too many requests."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await maker.place("q-0", AWAY, -120, 10)
        items = [
            wager(external_id="q-1", price=-147),
            wager(external_id="q-2"),
            wager(external_id="q-3", quantity=11),
        ]
        for sent, codes in (
            (items, ["invalid_price", "rate_limit_reached", "insufficient_amount"]),
            (items[1:2], ["rate_limit_reached"]),
        ):
            status, response = await maker.post("v4/mm/submit_multiple_orders", {"data": sent})
            assert (status, response["data"]["succeed_orders"]) == (200, [])
            assert [item["error"] for item in response["data"]["failed_orders"]] == codes

    sandbox(scenario, starting_balance_cents=1000, open_stake_multiple=1, back_off_multiple=1)


def test_a_batch_has_at_most_twenty_items(sandbox: Play) -> None:
    """With one wager more, placed or cancelled, the whole request is refused."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        items = [wager(external_id=f"q-{n}") for n in range(21)]
        for path in ("submit_multiple_orders", "cancel_multiple_orders"):
            status, refusal = await maker.post(f"v4/mm/{path}", {"data": items})
            assert (status, refusal["error"]) == (400, "order_limit_exceeded")
        _, history = await maker.get("v4/mm/get_order_history", **{"from": 0, "to": 1})
        assert history["data"]["orders"] == []

    sandbox(scenario)


def test_an_early_cancel_gets_a_retry_code(sandbox: Play) -> None:
    """A pending wager is refused with 409, one that just opened with 425."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        order = await maker.place("q-1", AWAY, -120, 10)
        body = {"order_id": order["order_id"], "external_id": "q-1"}
        status, refusal = await maker.post("v4/mm/cancel_order", body)
        assert (status, refusal["error"]) == (409, "order_is_placing")
        sandbox_run.advance(0.1)
        status, refusal = await maker.post("v4/mm/cancel_order", body)
        assert (status, refusal["error"]) == (425, "order_opened_retry")
        sandbox_run.advance(0.3)
        assert await maker.post("v4/mm/cancel_order", body) == (200, {"data": {"success": True}})
        status, refusal = await maker.post("v4/mm/cancel_order", body)
        assert (status, refusal["error"]) == (400, "order_already_cancelled")

    sandbox(scenario)


def test_a_cancel_of_a_wrong_id_is_refused(sandbox: Play) -> None:
    """An unknown id, another account's, and an id with a wrong external id have their own codes."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, taker = await sandbox_run.log_in("maker"), await sandbox_run.log_in("taker")
        order_id = (await maker.place("q-1", AWAY, -120, 10))["order_id"]
        for account, body, status, code in (
            (maker, {}, 400, "invalid_order_id"),
            (maker, {"order_id": "nobody"}, 404, "data_not_found"),
            (taker, {"order_id": order_id}, 500, "order_not_belongs_to_user"),
            (maker, {"order_id": order_id, "external_id": "q-2"}, 400,
             "order_not_matching_external_id"),
        ):  # fmt: skip
            answered, refusal = await account.post("v4/mm/cancel_order", body)
            assert (answered, refusal["error"]) == (status, code)

    sandbox(scenario)


def test_a_batch_of_cancels_answers_each_in_order(
    sandbox: Play, sample: Sample, differences: Differences
) -> None:
    """A repeated wager and an unknown one are refused item by item, not for the request."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        order_id = (await maker.place("q-1", AWAY, -120, 10))["order_id"]
        sandbox_run.advance(1)
        item = {"order_id": order_id, "external_id": "q-1"}
        body = {"data": [item, {"order_id": "nobody", "external_id": "x"}, item]}
        status, response = await maker.post("v4/mm/cancel_multiple_orders", body)
        assert status == 200
        documented = sample("cancel_multiple_orders_v4")["response"]["data"]
        assert differences(response["data"][0], documented[0]) == []
        assert differences(response["data"][1], documented[1]) == []
        assert [item["statusCode"] for item in response["data"]] == [200, 404, 400]
        assert response["data"][0]["order"]["status"] == "canceled"
        assert response["data"][2]["error"]["error_code"] == "order_already_cancelled"

    sandbox(scenario)


@pytest.mark.parametrize(
    ("path", "body", "left"),
    [
        ("cancel_all_orders", {}, []),
        ("cancel_all_orders", None, []),
        ("cancel_orders_by_event", {"event_id": 19458}, []),
        ("cancel_orders_by_market", {"event_id": "19458", "market_id": 219}, ["q-3"]),
        ("cancel_orders_by_market", {"event_id": 19458, "market_id": 219, "strike_id": HOME},
         ["q-1", "q-3"]),
    ],
)  # fmt: skip
def test_a_mass_cancel_covers_its_scope(
    sandbox: Play, path: str, body: Any, left: list[str]
) -> None:
    """All, one event's, one market's or one strike's wagers go; a second mass cancel finds none."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        placed = (("q-1", AWAY, -120), ("q-2", HOME, 160), ("q-3", UNDER, 120))
        ids = {
            ref: (await maker.place(ref, strike_id, price, 5))["order_id"]
            for ref, strike_id, price in placed
        }
        sandbox_run.advance(1)
        status, response = await maker.post(f"v4/mm/{path}", body)
        assert (status, response) == (200, {"data": {"success": True}})
        sandbox_run.advance(1)
        states = {ref: (await maker.order(order_id))["status"] for ref, order_id in ids.items()}
        assert [ref for ref, state in states.items() if state == "open"] == left
        if not left:
            status, refusal = await maker.post(f"v4/mm/{path}", body)
            assert (status, refusal["error"]) == (404, "no_cancellable_orders")

    sandbox(scenario)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_event_id"),
        ({"event_id": 7, "market_id": 219}, 404, "sport_event_not_found"),
        ({"event_id": 19458, "market_id": 7}, 400, "invalid_market_id"),
        ({"event_id": 19458, "market_id": 219, "strike_id": UNDER}, 400, "invalid_strike_id"),
    ],
)
def test_a_mass_cancel_of_an_unknown_scope_is_refused(
    sandbox: Play, body: dict[str, Any], status: int, code: str
) -> None:
    """A mass cancel of an unknown event, market or strike cancels nothing."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        answered, refusal = await maker.post("v4/mm/cancel_orders_by_market", body)
        assert (answered, refusal["error"]) == (status, code)

    sandbox(scenario)


def test_a_suspended_market_accepts_no_wagers(sandbox: Play, rows: RowBuilder) -> None:
    """While a market is suspended placing is refused, and resting wagers can be cancelled."""
    rows.market_status(10, 0, MarketStatus.SUSPENDED)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        order = await maker.place("q-1", AWAY, -120, 10)
        sandbox_run.advance(10)
        _, response = await maker.get("v4/mm/get_markets", event_id=19458)
        assert response["data"]["markets"][0]["status"] == "suspended"
        status, refusal = await maker.post("v4/mm/submit_order", wager(external_id="q-2"))
        assert (status, refusal["error"]) == (400, "event_not_available")
        assert (await maker.post("v4/mm/cancel_order", {"order_id": order["order_id"]}))[0] == 200

    sandbox(scenario, rows)


def test_a_wager_is_delayed_in_play(sandbox: Play, rows: RowBuilder) -> None:
    """Once the game has started resting wagers are wiped, and a new one opens after the delay."""
    rows.event_status(10, EventStatus.LIVE)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        before = await maker.place("q-1", AWAY, -120, 10)
        sandbox_run.advance(10)
        assert (await maker.order(before["order_id"]))["status"] == "wiped"
        after = await maker.place("q-2", AWAY, -120, 10)
        sandbox_run.advance(5)
        assert (await maker.order(after["order_id"]))["status"] == "inactive"
        sandbox_run.advance(0.1)
        assert (await maker.order(after["order_id"]))["status"] == "open"

    sandbox(scenario, rows)


def test_requests_are_limited_by_the_second(sandbox: Play) -> None:
    """The fifty-first request within a second is refused with 429 and a retry time."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        for _ in range(49):
            assert (await maker.get("v4/mm/get_balance"))[0] == 200
        await maker.place("q-1", AWAY, -120, 10)
        for response in (
            await maker.post("v4/mm/submit_order", wager(external_id="q-2")),
            await maker.post("v4/mm/cancel_all_orders", {}),
            await maker.get("v4/mm/get_balance"),
        ):
            assert (response[0], response[1]["error"]) == (429, "rate_limit_reached")
        sandbox_run.advance(1)
        assert (await maker.get("v4/mm/get_balance"))[0] == 200

    sandbox(scenario)
