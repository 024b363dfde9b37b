"""The legacy API version: its routes and names, as the exchange's example client uses them."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from sim.sandbox.api_versions import new_names, old_names
from tests.sim.sandbox.running_sandbox import Play, RunningSandbox, Sample

HOME, AWAY = "e5957d9c37e2704d02292333ba970a5f", "06b2a7ec50d863031e5093aa257873bd"


def wager(ref: str, **other: Any) -> dict[str, Any]:
    """Return a request with the legacy names."""
    return {"external_id": ref, "line_id": AWAY, "odds": -140, "stake": 10.0, **other}


def test_the_example_clients_requests_work(sandbox: Play) -> None:
    """Seeding, placing, batches and cancels with the legacy names, as that client sends them."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        _, balance = await maker.get("mm/get_balance")
        assert balance["data"]["unmatched_wager_balance"] == 0
        _, events = await maker.get("mm/get_sport_events", tournament_id=31)
        ids = ",".join(str(event["event_id"]) for event in events["data"]["sport_events"])
        _, markets = await maker.get("mm/get_multiple_markets", event_ids=ids)
        moneyline = markets["data"]["19458"][0]
        level = moneyline["selections"][0][0]
        assert (level["line_id"], level["odds"], level["stake"]) == (HOME, 146, 116.71)
        assert "strike_id" not in level
        spread = markets["data"]["19458"][1]["market_lines"][0]
        assert spread["line"] == -10.5
        status, placed = await maker.post("mm/place_wager", wager("q-1"))
        mine = placed["data"]["wager"]
        assert status == 200
        assert (mine["id"], mine["unmatched_stake"]) == (mine["wager_id"], 10)
        batch = {"data": [wager("q-2"), wager("q-3", odds=-147)]}
        _, several = await maker.post("mm/place_multiple_wagers", batch)
        assert [w["external_id"] for w in several["data"]["succeed_wagers"]] == ["q-2"]
        (failed,) = several["data"]["failed_wagers"]
        assert (failed["error"], failed["request"]) == ("wager_invalid_odds", batch["data"][1])
        sandbox_run.advance(1)
        one = {"wager_id": mine["id"], "external_id": "q-1"}
        assert (await maker.post("mm/cancel_wager", one))[0] == 200
        _, cancelled = await maker.post("mm/cancel_multiple_wagers", {"data": [one, one]})
        codes = [item["error"]["error_code"] for item in cancelled["data"]]
        assert codes == ["wager_already_cancelled"] * 2
        assert (await maker.post("mm/cancel_all_wagers"))[0] == 200
        sandbox_run.advance(1)
        _, found = await maker.get("v2/mm/get_wager_histories", limit=1000)
        assert [w["status"] for w in found["data"]["wagers"]] == ["canceled"] * 2
        _, paged = await maker.get("mm/get_wager_histories", limit=1, offset=1)
        assert [w["external_id"] for w in paged["data"]["wagers"]] == ["q-1"]

    sandbox(scenario)


def test_a_header_requests_the_new_names(sandbox: Play) -> None:
    """X-CFTC-Terminology is honoured on v2 routes, and not on those without a version."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        headers = {"X-CFTC-Terminology": "true"}
        for path, name in (
            ("v2/mm/get_wager_histories?from=1789170000", "orders"),
            ("mm/get_wager_histories", "wagers"),
        ):
            _, response = await sandbox_run.request("GET", path, token=maker.token, headers=headers)
            assert response["data"][name] == []

    sandbox(scenario)


def test_registering_with_the_legacy_form_works(
    sandbox: Play, sample: Sample, differences: Callable[..., list[str]]
) -> None:
    """A form with and without a channel, tournaments in a header: two channels, signed."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client = await sandbox_run.connect("protocol=6")
        headers = {"header-subscriptions": '[{"type":"tournament","ids":[]}]'}
        more: dict[str, Any] = {"token": maker.token, "headers": headers}
        form = {"socket_id": client.socket_id}
        status, response = await sandbox_run.request("POST", "mm/pusher", data=form, **more)
        assert status == 200
        assert differences(response, sample("ws_register_response_legacy")) == []
        shared, private = response["data"]["authorized_channel"]
        assert "broadcast" in shared["channel_name"]
        assert "broadcast" not in private["channel_name"]
        assert private["binding_events"][0]["name"] == "wagers"
        for channel in (shared, private):
            named = form | {"channel_name": channel["channel_name"]}
            _, one = await sandbox_run.request("POST", "mm/pusher", data=named, **more)
            assert one["auth"] == channel["auth"]
        other = form | {"channel_name": "private-service=3-device_type=5-user=other"}
        assert (await sandbox_run.request("POST", "mm/pusher", data=other, **more))[0] == 401
        body = {**form, "subscriptions": [{"type": "tournament", "ids": [7]}]}
        _, narrowed = await maker.post("mm/websocket", body)
        bound = narrowed["data"]["authorized_channel"][0]["binding_events"]
        assert [event["name"] for event in bound] == ["general"]

    sandbox(scenario)


def test_messages_have_the_legacy_names(sandbox: Play) -> None:
    """On the legacy channels a wager, a trade and the offers have their legacy names."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, taker = await sandbox_run.log_in("maker"), await sandbox_run.log_in("taker")
        client = await sandbox_run.connect("protocol=6")
        _, response = await maker.post("mm/pusher", {"socket_id": client.socket_id})
        await client.subscribe(*response["data"]["authorized_channel"])
        await maker.post("mm/place_wager", wager("q-1"))
        sandbox_run.advance(1)
        frame = await client.frame("wagers")
        data = json.loads(frame["data"])
        assert data["change_type"] == "wager"
        info = json.loads(base64.b64decode(data["payload"]))["info"]
        assert (info["odds"], info["stake"], info["unmatched_stake"]) == (-140, 10, 10)
        offers = await client.payload("tournament_31", "market_selections")
        assert offers["info"]["selections"][0][1]["odds"] == 140
        await taker.place("t-1", HOME, 140, 33.92)
        sandbox_run.advance(1)
        trade = await client.payload("tournament_31", "matched_bet")
        assert (trade["info"]["matched_odds"], trade["info"]["line_id"]) == (-146, AWAY)

    sandbox(scenario)


@pytest.mark.parametrize(
    ("name", "part"), [("submit_order_v4", "request"), ("submit_multiple_orders_v4", "request")]
)
def test_the_table_of_names_goes_both_ways(sample: Sample, name: str, part: str) -> None:
    """A request renamed to the legacy version and back is the same."""
    request = sample(name)[part]
    assert old_names(request) != request
    assert new_names(old_names(request)) == request
