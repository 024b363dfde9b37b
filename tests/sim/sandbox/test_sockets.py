"""The sockets: connecting, registering, and the messages on each channel."""

import base64
import hashlib
import hmac
import json

import aiohttp
import pytest

from sim.sandbox.channels import signature, subtype_name
from sim.sandbox.sandbox_settings import SandboxSettings
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from tests.sim.sandbox.running_sandbox import Differences, Play, RowBuilder, RunningSandbox, Sample

HOME, AWAY = "e5957d9c37e2704d02292333ba970a5f", "06b2a7ec50d863031e5093aa257873bd"
TOURNAMENT = "tournament_31"


def test_a_connection_is_greeted_and_its_pings_answered(sandbox: Play) -> None:
    """The greeting has the socket id in its JSON text; a ping gets a pong."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await sandbox_run.connect("protocol=6&client=Pysher")
        assert "." in client.socket_id
        await client.send("pusher:ping")
        assert (await client.frame("pusher:pong"))["data"] == "{}"
        await client.ws.ping()
        await client.ws.send_str("this is no frame")
        assert "frame" in (await client.frame("pusher:error"))["data"]

    sandbox(scenario)


@pytest.mark.parametrize(
    ("key", "query", "code"), [("other", "protocol=7", 4001), ("", "protocol=1", 4007)]
)
def test_a_wrong_application_or_protocol_is_refused(
    sandbox: Play, key: str, query: str, code: int
) -> None:
    """A refused client gets the reason in a frame, and the socket closes with the same code."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        url = f"{sandbox_run.server.address}/app/{key or sandbox_run.server.channels.key}?{query}"
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
            frame = await ws.receive_json(timeout=5)
            assert frame["event"] == "pusher:error"
            assert json.loads(frame["data"])["code"] == code
            assert (await ws.receive(5)).data == code

    sandbox(scenario)


@pytest.mark.slow
def test_an_idle_client_is_pinged(sandbox: Play) -> None:
    """After its activity timeout a silent client gets a ping; its pong keeps the connection."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await sandbox_run.connect()
        for _ in range(2):
            await client.frame("pusher:ping")
            await client.send("pusher:pong")

    sandbox(scenario, settings=SandboxSettings(port=0, activity_timeout_seconds=1))


def test_only_signed_channels_can_be_subscribed_to(sandbox: Play) -> None:
    """A private channel needs the signature of this socket; another's is refused."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client, other = await sandbox_run.connect(), await sandbox_run.connect()
        body = {"socket_id": other.socket_id, "subscriptions": []}
        _, response = await maker.post("v4/mm/websocket", body)
        channel = response["data"]["authorized_channel"][0]
        name = channel["channel_name"]
        await client.send("pusher:subscribe", channel=name, auth=channel["auth"])
        refused = await client.frame("pusher:subscription_error")
        assert (refused["channel"], json.loads(refused["data"])["status"]) == (name, 401)
        await client.send("pusher:subscribe", channel="public", auth="")
        assert (await client.frame("pusher_internal:subscription_succeeded"))["channel"] == "public"
        await other.subscribe(channel)

    sandbox(scenario)


def test_signatures_are_those_of_pusher(sandbox: Play) -> None:
    """A signature is the HMAC-SHA256 of socket and channel, or of socket and user."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client = await sandbox_run.connect()
        _, response = await maker.post("v4/mm/websocket", {"socket_id": client.socket_id})
        key, _, digest = response["data"]["authorized_channel"][1]["auth"].partition(":")
        name = response["data"]["authorized_channel"][1]["channel_name"]
        assert key == sandbox_run.server.channels.key
        assert len(digest) == 64
        user = response["data"]["authenticated"]
        await client.send("pusher:signin", auth=user["auth"], user_data=user["user_data"])
        signed_in = json.loads((await client.frame("pusher:signin_success"))["data"])
        assert json.loads(signed_in["user_data"])["id"] in name
        await client.send("pusher:signin", auth=f"{key}:{digest}", user_data=user["user_data"])
        assert "4009" in (await client.frame("pusher:error"))["data"]

    sandbox(scenario)
    expected = hmac.new(b"secret", b"1.2:private-x", hashlib.sha256).hexdigest()
    assert signature("key", "secret", "1.2:private-x") == f"key:{expected}"


def test_signatures_are_those_of_the_official_library() -> None:
    """For a channel and for a user the official server library computes the same signature."""
    pusher = pytest.importorskip("pusher", reason="the library pusher is not installed")
    client = pusher.Pusher(app_id="1", key="key", secret="secret", cluster="mt1")
    channel = client.authenticate("private-x", "1.2")
    assert channel["auth"] == signature("key", "secret", "1.2:private-x")
    user = client.authenticate_user("1.2", {"id": "7"})
    assert user["auth"] == signature("key", "secret", f"1.2::user::{user['user_data']}")


def test_registering_grants_the_requested_channels(
    sandbox: Play, sample: Sample, differences: Differences
) -> None:
    """The broadcast, private and requested channels are granted; rejections have a reason."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        documented = sample("ws_register_response_v4")
        maker = await sandbox_run.log_in()
        client = await sandbox_run.connect()
        wanted = [
            *documented["data"]["subscriptions"],
            {"type": "event", "ids": ["*", "x"]},
            {"type": "event_subtype", "ids": ["19458"]},
            {"type": "tournament", "ids": ["31"]},
        ]
        body = {"socket_id": client.socket_id, "service": "pusher", "subscriptions": wanted}
        status, response = await maker.post("v4/mm/websocket", body)
        assert status == 200
        assert differences(response, documented) == []
        names = [c["channel_name"] for c in response["data"]["authorized_channel"]]
        theirs = [c["channel_name"] for c in documented["data"]["authorized_channel"]]
        assert [n for n in names if "user=" not in n] == [n for n in theirs if "user=" not in n]
        assert response["data"]["channel_count"] == 2
        reasons = [rejected["reason"] for rejected in response["data"]["rejected"]]
        assert reasons == ["wildcard_not_allowed", "malformed_id", "malformed_id", "unknown_type"]
        bad = await maker.post("v4/mm/websocket", {"socket_id": "here"})
        assert (bad[0], bad[1]["error"]) == (400, "invalid_param")

    sandbox(scenario)


def test_channels_are_counted_by_socket(sandbox: Play) -> None:
    """All channels ever granted to a socket count; a new socket starts at zero."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client, fresh = await sandbox_run.connect(), await sandbox_run.connect()
        for ids, socket, status in (
            (["1", "2"], client, 200),
            (["3"], client, 400),
            (["3"], fresh, 200),
        ):
            wanted = [{"type": "event", "ids": ids}]
            body = {"socket_id": socket.socket_id, "subscriptions": wanted}
            assert (await maker.post("v4/mm/websocket", body))[0] == status

    sandbox(scenario, settings=SandboxSettings(port=0, channel_limit=2))


def test_sub_types_are_spelled_like_channels() -> None:
    """Lower case; space, slash and dash become underscores; other signs are dropped."""
    assert subtype_name("Player Total-Hits/Runs (1st)") == "player_total_hits_runs_1st"


def test_a_health_check_is_sent_every_five_seconds(sandbox: Play, sample: Sample) -> None:
    """Every account's channel gets a health check, as documented."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        sandbox_run.advance(5)
        frame = await client.frame("health_check")
        documented = sample("ws_health_check")
        data, theirs = json.loads(frame["data"]), json.loads(documented["data"])
        assert {**data, "timestamp": 0} == {**theirs, "timestamp": 0}
        assert frame["channel"].startswith("private-service=6-device_type=5-user=")
        sandbox_run.advance(4.9)
        assert not [f for f in client.frames if f["event"] == "health_check"]

    sandbox(scenario)


def test_every_step_of_a_wager_is_sent(
    sandbox: Play, sample: Sample, differences: Differences
) -> None:
    """Opened, matched in part, cancelled: each update goes to its account, and to no other."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, taker = await sandbox_run.log_in("maker"), await sandbox_run.log_in("taker")
        maker_socket, other = await maker.listen(), await taker.listen()
        order = await maker.place("q-1", AWAY, -140, 10)
        sandbox_run.advance(1)
        opened = (await maker_socket.payload("orders"))["info"]
        assert (opened["status"], opened["update_type"]) == ("open", "status")
        await taker.place("t-1", HOME, 140, 36.92)
        sandbox_run.advance(1)
        matched = (await maker_socket.payload("orders"))["info"]
        documented = sample("ws_order_update")["payload_decoded"]
        assert differences({"info": matched}, documented) == []
        assert (matched["filled_quantity"], matched["fill_price"]) == (4.2, -140)
        assert (matched["open_quantity"], matched["matching_status"]) == (5.8, "partially_matched")
        assert matched["update_type"] == "matching"
        await maker.post("v4/mm/cancel_order", {"order_id": order["order_id"]})
        cut = (await maker_socket.payload("orders"))["info"]
        assert (cut["status"], cut["matching_status"]) == ("open", "fully_matched")
        assert (cut["quantity"], cut["total_filled_quantity"], cut["open_quantity"]) == (
            4.2,
            4.2,
            0,
        )
        assert opened["sequence_number"] < matched["sequence_number"] < cut["sequence_number"]
        theirs = [(await other.payload("orders"))["info"]["external_id"] for _ in range(3)]
        assert theirs == ["t-1"] * 3

    sandbox(scenario)


def test_an_unmatched_wager_is_sent_as_cancelled(sandbox: Play) -> None:
    """A wager cancelled before any match has status canceled; a wiped one has status wiped."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client = await maker.listen()
        order = await maker.place("q-1", AWAY, -140, 10)
        sandbox_run.advance(1)
        await maker.post("v4/mm/cancel_order", {"order_id": order["order_id"]})
        states = [(await client.payload("orders"))["info"]["status"] for _ in range(2)]
        assert states == ["open", "canceled"]

    sandbox(scenario)


def test_a_settled_wager_is_sent_with_its_result(sandbox: Play, rows: RowBuilder) -> None:
    """A won wager is settled and then closed; a lost one is closed at once."""
    rows.market_status(10, 0, MarketStatus.CLOSED)
    rows.result(11, HOME, Result.WON)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        await maker.place("won", HOME, 146, 10)
        sandbox_run.advance(1)
        await maker.place("lost", AWAY, -164, 10)
        sandbox_run.advance(1)
        client = await maker.listen()
        sandbox_run.advance(10)
        messages = [(await client.payload("orders"))["info"] for _ in range(3)]
        assert [(t["external_id"], t["status"], t["winning_status"]) for t in messages] == [
            ("won", "settled", "profit"),
            ("won", "closed", "profit"),
            ("lost", "closed", "loss"),
        ]

    sandbox(scenario, rows)


def test_all_offers_of_a_strike_are_sent_on_the_channel_of_the_event(
    sandbox: Play, rows: RowBuilder, sample: Sample, differences: Differences
) -> None:
    """A change of one offer sends all offers of its strike, on the channel of its event only."""
    rows.offer(10, "a94cdd35ab185a88875785090a004c99", 520, 1000, 5200)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        client, outside = await maker.listen("19458"), await maker.listen()
        sandbox_run.advance(10)
        frame = await client.frame(TOURNAMENT)
        documented = sample("ws_market_selections")
        assert frame["channel"] == "private-broadcast-service=6-device_type=5-event=19458"
        data = json.loads(frame["data"])
        assert (data["change_type"], data["op"]) == ("market_selections", "u")
        payload = json.loads(base64.b64decode(data["payload"]))
        assert differences(payload, documented["payload_decoded"]) == []
        home, away = payload["info"]["selections"]
        assert [(level["price"], level["value"]) for level in home] == [(520, 10), (510, 4.9)]
        assert [(level["price"], level["value"]) for level in away] == [(-630, 157.5)]
        await outside.send("pusher:ping")
        await outside.frame("pusher:pong")
        assert [frame["event"] for frame in outside.frames] == ["health_check"]

    sandbox(scenario, rows)


def test_an_empty_side_is_sent_with_a_placeholder(sandbox: Play, rows: RowBuilder) -> None:
    """A side without offers has one level without a price."""
    rows.offer(10, "4cac6e265b152303a5fdada430429d67", -630, 0)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen("19458")
        sandbox_run.advance(10)
        payload = await client.payload(TOURNAMENT, "market_selections")
        ((level,),) = payload["info"]["selections"][1:]
        assert (level["price"], level["quantity"], level["display_price"]) == (None, 0, "")

    sandbox(scenario, rows)


def test_trades_are_sent_from_the_makers_side(
    sandbox: Play, rows: RowBuilder, sample: Sample, differences: Differences
) -> None:
    """A recorded trade of a taker at +146 for 10 is sent as a maker's 14.60 at -146."""
    rows.trade(10, HOME, 146, 1000)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        sandbox_run.advance(10)
        frame = await client.frame(TOURNAMENT)
        data = json.loads(frame["data"])
        assert (data["change_type"], data["op"]) == ("matched_order", "c")
        message = json.loads(base64.b64decode(data["payload"]))
        assert differences(message, sample("ws_matched_order")["payload_decoded"]) == []
        info = message["info"]
        assert (info["strike_id"], info["outcome_id"]) == (AWAY, 5)
        assert (info["price"], info["fill_price"], info["filled_quantity"]) == (-146, -146, 14.6)

    sandbox(scenario, rows)


def test_every_trade_of_an_account_is_broadcast(sandbox: Play) -> None:
    """A trade of an account, with others or the recorded market, is public, once."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, taker = await sandbox_run.log_in("maker"), await sandbox_run.log_in("taker")
        await maker.place("q-1", AWAY, -140, 10)
        sandbox_run.advance(1)
        client = await maker.listen()
        await taker.place("t-1", HOME, 140, 36.92)
        sandbox_run.advance(1)
        messages = [(await client.payload(TOURNAMENT, "matched_order"))["info"] for _ in range(2)]
        assert [(t["price"], t["filled_quantity"]) for t in messages] == [
            (-146, 49.52),
            (-140, 4.2),
        ]
        assert not [frame for frame in client.frames if frame["event"] == TOURNAMENT]

    sandbox(scenario)


def test_statuses_of_events_and_markets_are_sent(
    sandbox: Play, rows: RowBuilder, sample: Sample
) -> None:
    """A start and a suspension are sent on the broadcast channel, with ids and the new status."""
    rows.market_status(10, 0, MarketStatus.SUSPENDED)
    rows.event_status(11, EventStatus.LIVE)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        client = await (await sandbox_run.log_in()).listen()
        sandbox_run.advance(11)
        market = await client.payload(TOURNAMENT, "market")
        assert market["id"] == 19458
        assert (market["info"]["id"], market["info"]["status"]) == (219, "suspended")
        event = await client.payload(TOURNAMENT, "sport_event")
        documented = sample("ws_sport_event_lifecycle")[1]["payload_decoded"]
        assert set(documented) == set(event)
        assert set(documented["info"]) <= set(event["info"])
        assert (event["id"], event["info"]["status"]) == ("19458", "live")

    sandbox(scenario, rows)


def test_a_place_changes_the_book_and_a_cancel_changes_it_back(sandbox: Play) -> None:
    """Over real sockets: place, private update, book with the new level; cancel, book without."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, watcher = await sandbox_run.log_in("maker"), await sandbox_run.log_in("watcher")
        mine, book = await maker.listen(), await watcher.listen("19458")
        order = await maker.place("q-1", AWAY, -140, 10)
        sandbox_run.advance(0.4)
        assert (await mine.payload("orders"))["info"]["status"] == "open"
        shown = (await book.payload(TOURNAMENT, "market_selections"))["info"]["selections"][0]
        assert (shown[1]["price"], shown[1]["value"], shown[1]["quantity"]) == (140, 7.14, 10)
        body = {"order_id": order["order_id"], "external_id": "q-1"}
        assert (await maker.post("v4/mm/cancel_order", body))[0] == 200
        assert (await mine.payload("orders"))["info"]["status"] == "canceled"
        shown = (await book.payload(TOURNAMENT, "market_selections"))["info"]["selections"][0]
        assert [level["price"] for level in shown] == [146, -265]

    sandbox(scenario)
