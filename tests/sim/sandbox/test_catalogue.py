"""What can be traded: tournaments, events, markets, offers and ladder, in the exchange's format."""

from typing import Any

import pytest

from recordings.tape import Clocks, Kind, TapeInfo
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import prophetx_ladder
from tests.sim.sandbox.running_sandbox import Differences, Play, RowBuilder, RunningSandbox, Sample


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("mm/get_tournaments", "tournaments"),
        ("mm/get_sport_events?tournament_id=31", "sport_events"),
        ("v4/mm/get_balance", "balance_v4"),
        ("websocket/connection-config", "connection_config"),
    ],
)
def test_responses_have_the_fields_of_the_exchange(
    sandbox: Play, sample: Sample, differences: Differences, path: str, name: str
) -> None:
    """Every field of a recorded or documented response is present, with its kind."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        status, response = await (await sandbox_run.log_in()).get(path)
        assert status == 200
        assert differences(response, sample(name)) == []

    sandbox(scenario)


def without_times(selections: Any) -> Any:
    """Return selections without times and team numbers, which differ between exchanges."""
    dropped = {"updated_at", "competitor_id"}
    return [
        [{n: v for n, v in level.items() if n not in dropped} for level in outcome]
        for outcome in selections
    ]


def test_offers_are_shown_as_the_exchange_showed_them(
    sandbox: Play, sample: Sample, differences: Differences
) -> None:
    """With the offers of a real book, the selections are those of the real response."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        real = {m["id"]: m for m in sample("multiple_markets_v4")["data"]["19458"]}
        _, response = await (await sandbox_run.log_in()).get("v4/mm/get_markets", event_id=19458)
        ours = {market["id"]: market for market in response["data"]["markets"]}
        assert list(ours) == [219, 223, 225]
        for number in (219, 223):
            assert differences(ours[number], real[number]) == []
        moneyline = without_times(ours[219]["selections"])
        assert moneyline == without_times(real[219]["selections"])
        for number, theirs in ((223, real[223]), (225, real[68])):
            (mine,) = ours[number]["market_strikes"]
            (same,) = (s for s in theirs["market_strikes"] if s["name"] == mine["name"])
            assert without_times(mine["selections"]) == without_times(same["selections"])
            assert mine["favourite"]

    sandbox(scenario)


def test_total_quantity_less_filled_quantity_is_open(sandbox: Play) -> None:
    """Over both outcomes, the totals of a market equal the open stake behind all levels."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, taker = await sandbox_run.log_in("maker"), await sandbox_run.log_in("taker")
        await maker.place("q-1", "06b2a7ec50d863031e5093aa257873bd", -140, 10)
        sandbox_run.advance(1)
        await taker.place("t-1", "e5957d9c37e2704d02292333ba970a5f", 130, 40)
        sandbox_run.advance(1)
        _, response = await maker.get("v4/mm/get_markets", event_id=19458)
        market = response["data"]["markets"][0]
        behind = sum(
            level["value"] * (level["price"] / 100 if level["price"] > 0 else -100 / level["price"])
            for outcome in market["selections"]
            for level in outcome
            if level["price"]
        )
        assert market["total_filled_quantity"] == 8.51
        assert market["total_quantity"] - 8.51 == pytest.approx(behind, abs=0.02)

    sandbox(scenario)


def test_the_ladder_is_served_under_all_paths(sandbox: Play, sample: Sample) -> None:
    """The 555 prices are bare numbers, under the v4 and legacy paths."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        for path in ("v4/mm/get_price_ladder", "v4/mm/get_odds_ladder", "mm/get_odds_ladder"):
            assert await maker.get(path) == (200, sample("price_ladder_v4"))

    sandbox(scenario)


def test_a_strike_can_be_looked_up(sandbox: Play) -> None:
    """A strike id returns its event, market and type; an unknown one is refused."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        spread = "a94cdd35ab185a88875785090a004c99"
        _, response = await maker.get("v4/mm/get_strikes", strike_ids=spread)
        assert response["data"] == [
            {
                "event_id": 19458,
                "market_id": 223,
                "strike_id": spread,
                "type": "spread",
                "sub_type": "spread",
            }
        ]
        status, refusal = await maker.get("v4/mm/get_strikes", strike_ids="0" * 32)
        assert (status, refusal["error"]) == (400, "strike_id_invalid")

    sandbox(scenario)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("v4/mm/get_markets?event_id=1", 404, "sport_event_not_found"),
        ("v4/mm/get_markets?event_id=x", 400, "invalid_event_id"),
        ("v4/mm/get_markets", 400, "invalid_event_id"),
        ("v4/mm/get_multiple_markets", 400, "market_event_limit_exceeded"),
        (f"v4/mm/get_multiple_markets?event_ids={','.join(['1'] * 51)}", 400,
         "market_event_limit_exceeded"),
        ("mm/get_sport_events", 400, "invalid_param"),
        ("mm/get_players/7", 404, "data_not_found"),
        ("v4/mm/submit_orders", 404, "data_not_found"),
    ],
)  # fmt: skip
def test_invalid_requests_get_their_codes(sandbox: Play, path: str, status: int, code: str) -> None:
    """Each invalid query is answered with its code and status."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        answered, refusal = await (await sandbox_run.log_in()).get(path)
        assert (answered, refusal["error"]) == (status, code)

    sandbox(scenario)


def test_empty_lists_are_null(sandbox: Play, rows: RowBuilder) -> None:
    """As at the exchange, no events, and the markets of an ended event, are null."""
    rows.event_status(10, EventStatus.ENDED)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        _, response = await maker.get("mm/get_sport_events", tournament_id=1)
        assert response["data"]["sport_events"] is None
        sandbox_run.advance(10)
        _, response = await maker.get("v4/mm/get_multiple_markets", event_ids="19458")
        assert response["data"] == {"19458": None}

    sandbox(scenario, rows)


def test_other_recordings_get_ids_of_the_exchanges_kind() -> None:
    """Text ids of a recording become numbers and strikes of 32 digits, always the same."""
    from sim.sandbox.wire_ids import WireIds  # noqa: PLC0415

    info = TapeInfo("test", False, Clocks.ONE, prophetx_ladder())
    event = EventId("1.2008:game")
    info.events.append(SportEvent(event, "B at A", "A", "B", "Cup", "Golf", 0))
    for market_id in ("1.1", "1.2"):
        info.markets.append(Market(event, MarketId(market_id), MarketType.TOTAL, "Total"))
        for selection in (Selection.OVER, Selection.UNDER):
            line_id = LineId(f"{market_id}:{selection}")
            info.lines.append(Line(line_id, event, MarketId(market_id), selection, 2.5))
    names, again = WireIds(info), WireIds(info)
    numbers = list(names.market_ids.values())
    assert numbers[0] == 225
    assert len(set(numbers)) == 2
    assert names.event(names.event_ids[event]) == info.events[0]
    assert names.strike_ids == again.strike_ids
    assert all(len(strike_id) == 32 for strike_id in names.strike_ids.values())
    assert [names.line(strike_id) for strike_id in names.strike_ids.values()] == info.lines


def test_a_market_is_listed_once_it_has_a_status(sandbox: Play, rows: RowBuilder) -> None:
    """A market is not listed before its first status in the recording."""
    opened = [row for row in rows.rows if row[3] == Kind.MARKET_STATUS and row[5] == 1]
    rows.rows = [row for row in rows.rows if row not in opened]
    rows.market_status(10, 1, MarketStatus.SUSPENDED)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        shown = []
        for _ in range(2):
            _, response = await maker.get("v4/mm/get_markets", event_id=19458)
            shown.append([(m["id"], m["status"]) for m in response["data"]["markets"]])
            sandbox_run.advance(10)
        there = [(219, "active"), (225, "active")]
        assert shown == [there, [there[0], (223, "suspended"), there[1]]]

    sandbox(scenario, rows)
