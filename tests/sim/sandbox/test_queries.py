"""An account's balance, wagers, fills and transactions, and their sums."""

from typing import Any

import pytest

from sim.exchange.exchange_settings import BalanceMode
from sim.sandbox.serializers import Json
from sim.sandbox.wager_records import WagerRecord
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.market import MarketStatus, Result
from tests.sim.sandbox.running_sandbox import Account, Play, RowBuilder, RunningSandbox

HOME, AWAY = "e5957d9c37e2704d02292333ba970a5f", "06b2a7ec50d863031e5093aa257873bd"
PATH = "v4/mm/get_order_history"


async def history(account: Account, **query: Any) -> Any:
    """Return the wagers of the last hours as the history lists them."""
    status, response = await account.get(PATH, **({"from": 1_789_170_000} | query))
    assert status == 200, response
    return response["data"]


def test_the_balance_follows_the_wagers(sandbox: Play) -> None:
    """Open and matched stakes are reported beside the balance, which includes both."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker, taker = await sandbox_run.log_in("maker"), await sandbox_run.log_in("taker")
        await maker.place("q-1", AWAY, -140, 10)
        sandbox_run.advance(1)
        await taker.place("t-1", HOME, 140, 3)
        sandbox_run.advance(1)
        _, response = await maker.get("v4/mm/get_balance")
        balance = response["data"]
        assert balance["balance"] == 10_000
        assert balance["matched_order_balance"] + balance["unmatched_order_balance"] == 10

    sandbox(scenario)


def test_with_immediate_deduction_the_balance_is_what_is_left(sandbox: Play) -> None:
    """With immediate deduction placing lowers the balance, and a cancel returns the stake."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        order = await maker.place("q-1", AWAY, -120, 10)
        sandbox_run.advance(1)
        assert (await maker.get("v4/mm/get_balance"))[1]["data"]["balance"] == 9_990
        await maker.post("v4/mm/cancel_order", {"order_id": order["order_id"]})
        assert (await maker.get("v4/mm/get_balance"))[1]["data"]["balance"] == 10_000
        _, response = await maker.get("v4/mm/get_transactions")
        rows = [(row["type"], row["amount"]) for row in response["data"]["transactions"]]
        assert rows == [("CANCEL", 10), ("TRADE", -10), ("DEPOSIT", 10_000)]

    sandbox(scenario, balance_mode=BalanceMode.IMMEDIATE)


def test_a_page_of_a_long_history_costs_no_more_than_its_rows(
    sandbox: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wagers that are not on the page are not rendered, whatever is asked for."""
    rendered: list[str] = []
    render = WagerRecord.order_json

    def counting(record: WagerRecord, wire_ids: WireIds) -> Json:
        rendered.append(record.request.ref)
        return render(record, wire_ids)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        for number in range(5):
            await maker.place(f"q-{number}", AWAY, -120, 1)
        monkeypatch.setattr(WagerRecord, "order_json", counting)
        await history(maker, limit=2, matching_status="unmatched")
        assert rendered == ["q-4", "q-3"]

    sandbox(scenario)


def test_the_history_pages_from_the_newest(sandbox: Play) -> None:
    """Pages follow one another by cursor, and new wagers do not shift them."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        for number in range(5):
            await maker.place(f"q-{number}", AWAY, -120, 1)
        first = await history(maker, limit=2)
        await maker.place("q-5", AWAY, -120, 1)
        second = await history(maker, limit=2, next_cursor=first["next_cursor"])
        third = await history(maker, limit=2, next_cursor=second["next_cursor"])
        refs = [
            [order["external_id"] for order in page["orders"]] for page in (first, second, third)
        ]
        assert refs == [["q-4", "q-3"], ["q-2", "q-1"], ["q-0"]]
        assert third["next_cursor"] == ""

    sandbox(scenario)


def test_the_history_is_of_a_range_and_may_be_filtered(sandbox: Play) -> None:
    """Ranges of creation or update, and filters by event, market and states, choose the rows."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        maker = await sandbox_run.log_in()
        first = await maker.place("q-1", AWAY, -120, 1)
        sandbox_run.advance(100)
        await maker.place("q-2", AWAY, -120, 1)
        sandbox_run.advance(1)
        now = sandbox_run.clock.now_ns() // 10**9
        assert [o["external_id"] for o in (await history(maker, to=now - 50))["orders"]] == ["q-1"]
        await maker.post("v4/mm/cancel_order", {"order_id": first["order_id"]})
        changed = await history(maker, updated_at_from=now - 50)
        assert [o["external_id"] for o in changed["orders"]] == ["q-2", "q-1"]
        for query, refs in (
            ({"status": "canceled"}, ["q-1"]),
            ({"matching_status": "fully_matched"}, []),
            ({"event_id": 19458, "market_id": 219}, ["q-2", "q-1"]),
            ({"market_id": 223}, []),
        ):
            found = await history(maker, **query)
            assert [o["external_id"] for o in found["orders"]] == refs
        row = (await history(maker, status="canceled"))["orders"][0]
        assert row["created_at"] < row["updated_at"]
        assert row["settled_at"] is None

    sandbox(scenario)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "missing_date_range"),
        ({"from": "x"}, "invalid_from"),
        ({"to": "x"}, "invalid_to"),
        ({"updated_at_from": "x"}, "invalid_updated_at_from"),
        ({"updated_at_to": "x"}, "invalid_updated_at_to"),
        ({"from": 10, "to": 9}, "from_date_greater_than_to_date"),
        ({"from": 0, "to": 7 * 86_400 + 1}, "invalid_from_to_range"),
        ({"updated_at_from": 0, "updated_at_to": 2 * 86_400 + 1}, "invalid_updated_at_range"),
        ({"from": 0, "to": 1, "limit": 101}, "invalid_param"),
        ({"from": 0, "to": 1, "limit": 0}, "invalid_param"),
        ({"from": 0, "to": 1, "next_cursor": "x"}, "invalid_cursor"),
    ],
)
def test_an_invalid_range_gets_its_code(sandbox: Play, query: dict[str, Any], code: str) -> None:
    """Each error in a range or a page has the exchange's code."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        status, refusal = await (await sandbox_run.log_in()).get(PATH, **query)
        assert (status, refusal["error"]) == (400, code)

    sandbox(scenario)


def test_fills_are_listed_by_wager_and_for_all(sandbox: Play) -> None:
    """A taker's fills, at better prices than requested, are in both lists with stake and profit."""

    async def scenario(sandbox_run: RunningSandbox) -> None:
        taker = await sandbox_run.log_in("taker")
        order = await taker.place("t-1", HOME, 130, 20)
        sandbox_run.advance(1)
        order_id = order["order_id"]
        _, detail = await taker.get("v4/mm/get_order_matched_detail", order_ids=order_id)
        (fill,) = detail["data"]["matching_details"]
        assert (fill["fill_price"], fill["filled_quantity"], fill["profit"]) == (146, 20, 29.2)
        _, trades = await taker.get("v4/mm/get_trades")
        assert trades["data"]["trades"] == [fill]
        assert (await taker.order(order_id))["matching_status"] == "fully_matched"
        assert (await taker.get("v4/mm/get_trades", limit=101))[0] == 400

    sandbox(scenario)


def test_the_transactions_add_up_to_the_balance(sandbox: Play, rows: RowBuilder) -> None:
    """Stakes are debits, winnings credits less commission, and a corrected result an adjustment."""
    rows.market_status(10, 0, MarketStatus.CLOSED)
    rows.result(11, HOME, Result.WON)
    rows.result(20, HOME, Result.PUSHED)

    async def scenario(sandbox_run: RunningSandbox) -> None:
        taker = await sandbox_run.log_in("taker")
        order = await taker.place("t-1", HOME, 130, 20)
        sandbox_run.advance(15)
        _, response = await taker.get("v4/mm/get_transactions")
        rows_ = [(row["type"], row["amount"]) for row in response["data"]["transactions"]]
        assert rows_ == [("COMMISSION", -0.58), ("PAY", 49.2), ("TRADE", -20), ("DEPOSIT", 10_000)]
        row = await taker.order(order["order_id"])
        assert (row["status"], row["winning_status"]) == ("closed", "profit")
        sandbox_run.advance(10)
        _, response = await taker.get("v4/mm/get_transactions", limit=500)
        amounts = [row["amount"] for row in response["data"]["transactions"]]
        _, balance = await taker.get("v4/mm/get_balance")
        assert sum(amounts) == pytest.approx(balance["data"]["balance"]) == 10_000
        assert {row["type"] for row in response["data"]["transactions"][:2]} == {
            "ADJUSTMENT_REDUCE",
            "ADJUSTMENT_INCREASE",
        }
        assert (await taker.order(order["order_id"]))["winning_status"] == "push"

    sandbox(scenario, rows)
