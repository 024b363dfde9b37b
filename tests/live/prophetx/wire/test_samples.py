"""The exchange's own payloads, and mangled ones: a typed value or a ProtocolError."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from live.decode import read
from live.prophetx.market_data.tape_rows import last_change_ns, levels_of, offers_of
from live.prophetx.socket.stream import read_change
from live.prophetx.wire.frames import (
    EventChange,
    Frame,
    HealthCheck,
    OrderChange,
    SelectionsChange,
    TradeChange,
)
from live.prophetx.wire.login import ConnectionConfig, LoginResponse, Registration
from live.prophetx.wire.markets import (
    MarketsOfEvents,
    WireEvents,
    WireMarket,
    WireStrike,
    WireTournaments,
    ladder_of,
)
from live.prophetx.wire.orders import (
    BatchPlacedResponse,
    CancelResult,
    PlacedResponse,
    WireBalance,
    WireOrder,
    placement,
)
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds, prophetx_ladder
from tests.live.corruption import framed, mangled_body, mangled_frame, text

Sample = Callable[[str], Any]


def body_of(raw: bytes) -> Any:
    """Return what changed, of a frame as it comes."""
    return read_change(read(Frame, raw, "frame")).body


# Reference data --------------------------------------------------------------------------------


def test_events_and_tournaments_are_read(read_sample: Sample) -> None:
    """Real responses have the teams, the time and the tournament."""
    events = read(WireEvents, text(read_sample("sport_events")["data"]), "events").sport_events
    assert events is not None
    (event,) = events
    home = event.competitor("home")
    assert home is not None
    assert (event.event_id, home.name, event.tournament_name) == (19458, "Carolina Panthers", "NFL")
    assert event.scheduled_ns() == 1_789_318_800 * 10**9
    tournaments = read(WireTournaments, text(read_sample("tournaments")["data"]), "tournaments")
    assert [each.name for each in tournaments.tournaments or ()] == ["NHL"]


def markets_of(read_sample: Sample) -> list[WireMarket]:
    """Return the markets of the real sample."""
    data = text(read_sample("multiple_markets_v4")["data"])
    markets = read(MarketsOfEvents, data, "markets")["19458"] or []
    return [read(WireMarket, bytes(market), "market") for market in markets]


def test_markets_are_read_with_all_their_strikes(read_sample: Sample) -> None:
    """In a real response every strike has two lines, offered or not, and levels in cents."""
    markets = markets_of(read_sample)
    strikes = [strike for market in markets for strike in market.strikes]
    assert len(strikes) > len(markets)
    assert all(len({level.strike_id for level in levels_of(strike)}) == 2 for strike in strikes)
    offered = [offer for strike in strikes for offer in offers_of(levels_of(strike))]
    assert offered
    assert all(value_cents > 0 for _, _, (value_cents, _) in offered)


def test_open_stakes_add_up_to_the_totals_of_the_market(read_sample: Sample) -> None:
    """Staked less filled of the real moneyline is the open stake of its levels (8.1)."""
    moneyline = next(market for market in markets_of(read_sample) if market.id == 219)
    open_cents = sum(
        (
            Decimal(value_cents) * (odds if odds > 0 else 100) / (100 if odds > 0 else -odds)
            for _, odds, (value_cents, _) in offers_of(levels_of(moneyline))
        ),
        Decimal(0),
    )
    assert abs(open_cents - 9_672) <= 2


def test_the_ladder_is_read_bare_or_named(read_sample: Sample) -> None:
    """The ladder is a list, alone or under its name; anything else is refused."""
    rungs = read_sample("price_ladder_v4")["data"]
    assert tuple(sorted(ladder_of(rungs))) == prophetx_ladder().rungs
    assert ladder_of({"ladder": rungs}) == rungs
    for wrong in (None, [], ["+100"], {"odds": rungs}, [100.5]):
        with pytest.raises(ProtocolError, match="ladder"):
            ladder_of(wrong)


# Wagers ----------------------------------------------------------------------------------------


def test_a_placement_is_written_as_the_sample_shows(read_sample: Sample) -> None:
    """Ref, line, odds and stake go out under the exchange's names, an intent as a strategy."""
    line = LineId("06b2a7ec50d863031e5093aa257873bd")
    wager = PlaceWager(WagerRef("q-0001"), line, Odds(-146), 1_000, Intent.REST)
    assert (
        json.loads(msgspec.json.encode(placement(wager)))
        == read_sample("submit_order_v4")["request"]
    )
    add_only = PlaceWager(WagerRef("q-0001"), line, Odds(-146), 1_234, Intent.ADD_ONLY)
    written = json.loads(msgspec.json.encode(placement(add_only)))
    assert (written["order_strategy"], written["quantity"]) == ("ALO", 12.34)
    take = PlaceWager(WagerRef("q-0001"), line, Odds(-146), 5, Intent.TAKE)
    assert json.loads(msgspec.json.encode(placement(take)))["order_strategy"] == "fillOrKill"


def test_responses_to_placements_are_read(read_sample: Sample) -> None:
    """One or a batch: accepted items have ids and cents, refused ones their code."""
    one = read(PlacedResponse, text(read_sample("submit_order_v4")["response"]["data"]), "placed")
    assert one.order.number.endswith("_q-0001")
    assert (one.order.ref, one.order.stake_cents, one.order.open_cents) == ("q-0001", 1_000, 1_000)
    batch = read(
        BatchPlacedResponse,
        text(read_sample("submit_multiple_orders_v4")["response"]["data"]),
        "batch",
    )
    assert [order.ref for order in batch.succeed_orders or ()] == ["q-0002"]
    assert [(item.index, item.error) for item in batch.failed_orders or ()] == [
        (1, "invalid_price")
    ]


def test_responses_to_cancels_are_read(read_sample: Sample) -> None:
    """Each item of a batch has its success or its reason."""
    data = read_sample("cancel_multiple_orders_v4")["response"]["data"]
    first, second = read(list[CancelResult], text(data), "cancelled")
    assert first.success
    assert first.order is not None
    assert not second.success
    assert second.error is not None
    assert second.error.error_code == "order_already_filled"


def test_an_order_has_its_id_under_either_name() -> None:
    """The schema has `order_id`, the exchange's own client reads `id`; both are accepted."""
    assert read(WireOrder, b'{"id": 5}', "order").number == "5"
    assert read(WireOrder, b'{"order_id": "a", "id": "a"}', "order").number == "a"
    with pytest.raises(ProtocolError, match="no id"):
        _ = read(WireOrder, b"{}", "order").number


def test_the_balance_is_read(read_sample: Sample) -> None:
    """The balance is in cents."""
    data = text(read_sample("balance_v4")["data"])
    assert read(WireBalance, data, "balance").balance_cents == 100_000


# Frames ----------------------------------------------------------------------------------------


def test_levels_come_through_the_double_encoding(read_sample: Sample) -> None:
    """A selections message is read as all levels of its strike, in cents."""
    frame = read(Frame, text(read_sample("ws_market_selections")["frame"]), "frame")
    change = read_change(frame)
    assert change.timestamp_ns == 1_789_175_087_634_250_000
    assert isinstance(change.body, SelectionsChange)
    assert (change.body.sport_event_id, change.body.market_id) == (19458, 223)
    levels = levels_of(change.body.info)
    offers = [(odds, amounts) for _, odds, amounts in offers_of(levels)]
    assert offers == [(510, (490, 2_500)), (-630, (15_750, 2_500))]
    assert last_change_ns(change.body.info, levels) == 1_789_175_087_634_241_000


def test_trades_and_private_updates_are_read(read_sample: Sample) -> None:
    """A trade has the maker's side in cents; an update has this fill, all fills, and the rest."""
    trade = body_of(text(read_sample("ws_matched_order")["frame"]))
    assert isinstance(trade, TradeChange)
    assert (trade.info.fill_price, trade.info.filled_cents) == (124, 4_530)
    update = body_of(text(read_sample("ws_order_update")["frame"]))
    assert isinstance(update, OrderChange)
    order = update.info
    assert (order.filled_cents, order.total_filled_cents, order.open_cents) == (300, 300, 700)
    assert order.status == "open"


def test_added_and_removed_events_are_read(read_sample: Sample) -> None:
    """An added event has its status; a removed one its id."""
    for lifecycle in read_sample("ws_sport_event_lifecycle"):
        body = body_of(framed(lifecycle))
        assert isinstance(body, EventChange)
        assert body.id == 1_500_090_150
        assert (body.info is None) == (lifecycle["op"] == "d")


def test_a_health_check_is_read(read_sample: Sample) -> None:
    """A health check is distinguished from everything else."""
    assert isinstance(body_of(text(read_sample("ws_health_check"))), HealthCheck)


def test_the_session_is_read_and_never_shown(read_sample: Sample) -> None:
    """Tokens and signatures are read, and are not in the text of the value."""
    login = read(LoginResponse, text(read_sample("login_response")["data"]), "login")
    assert login.access_token == "<jwt>"
    data = text(read_sample("ws_register_response_v4")["data"])
    registration = read(Registration, data, "registration")
    assert len(registration.authorized_channel or ()) == 4
    assert "jwt" not in repr(login)
    assert "hex" not in repr(registration) + repr(registration.authorized_channel)
    assert read(ConnectionConfig, text(read_sample("connection_config")), "config").cluster == "mt1"


def test_an_unknown_change_is_named() -> None:
    """A change of an unknown kind is a ProtocolError that names it."""
    with pytest.raises(ProtocolError, match="novelty"):
        body_of(framed({"change_type": "novelty", "op": "u"}))


# Mangled ---------------------------------------------------------------------------------------


def amounts_of(body: Any) -> Iterator[object]:
    """Yield every amount and stamp that a consumer would ask for."""
    match body:
        case SelectionsChange(info=WireStrike() as strike):
            yield last_change_ns(strike, levels_of(strike))
            yield from offers_of(levels_of(strike))
        case TradeChange(info=info):
            yield info.filled_cents
        case OrderChange(info=order):
            yield from (order.number, order.stake_cents, order.filled_cents, order.open_cents)
            yield order.total_filled_cents
        case EventChange(info=info) if info is not None:
            yield info.scheduled_ns()


@pytest.mark.parametrize(
    "name", ["ws_market_selections", "ws_matched_order", "ws_order_update", "ws_health_check"]
)
def test_a_mangled_sample_frame_is_a_change_or_a_protocol_error(
    read_sample: Sample, name: str
) -> None:
    """However a frame is damaged, outside or inside, it is read or refused, nothing else."""
    rng = np.random.default_rng(7)
    whole = read_sample(name)
    frame = whole.get("frame", whole)
    inner = json.loads(frame["data"])
    decoded = whole.get("payload_decoded", {})
    counts = {"read": 0, "refused": 0}
    for _ in range(1_500):
        damaged = mangled_frame(framed(inner | {"payload_decoded": decoded}), rng)
        try:
            list(amounts_of(body_of(damaged)))
            counts["read"] += 1
        except ProtocolError:
            counts["refused"] += 1
    assert min(counts.values()) > 100


BODIES = {
    "multiple_markets_v4": MarketsOfEvents,
    "sport_events": WireEvents,
    "tournaments": WireTournaments,
    "balance_v4": WireBalance,
    "login_response": LoginResponse,
    "ws_register_response_v4": Registration,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_mangled_response_is_a_value_or_a_protocol_error(read_sample: Sample, name: str) -> None:
    """However a response is damaged it is read or refused, nothing else."""
    rng = np.random.default_rng(8)
    data = read_sample(name)["data"]
    refused = 0
    for _ in range(500):
        try:
            read(BODIES[name], mangled_body(text(data), rng), name)
        except ProtocolError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    "junk", [b"", b"null", b"[]", b"5", b'"x"', b"{", b"\x00" * 9, b"[" * 5000]
)
def test_junk_is_refused(junk: bytes) -> None:
    """Text that is no frame is a ProtocolError."""
    with pytest.raises(ProtocolError):
        read(Frame, junk, "frame")


@pytest.mark.parametrize("data", [None, 5, [], {}, "", "{}", "null", '{"change_type": 5}'])
def test_a_frame_with_junk_inside_is_refused(data: object) -> None:
    """A frame whose content is no change is a ProtocolError."""
    with pytest.raises(ProtocolError):
        read_change(Frame(event="tournament_1", channel="private-x", data=data))
