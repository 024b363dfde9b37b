"""What the exchange itself says of an account, and an export of the same account beside it."""

import csv
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from live.export.session_account import RowKind
from strategies.trading.model.money import dollars_text
from tests.trials.processes import wait

_AGAIN_SECONDS = 0.1
_WEEK_SECONDS = 7 * 86_400
_SETTLEMENTS = (RowKind.SETTLEMENT, RowKind.SETTLEMENT_CORRECTION)
_COMMISSIONS = (RowKind.COMMISSION, RowKind.COMMISSION_CORRECTION)
_MATCHED = (RowKind.FILL, RowKind.BROKEN_TRADE)
_TO_WIN = (*_MATCHED, RowKind.PROFIT_CORRECTION)


class PlacedOrder(NamedTuple):
    """A wager as the exchange has it: when it was created, its stake, and whether it is open."""

    ref: str
    event_id: str
    created_ns: int
    stake_cents: int
    is_open: bool


class Statement(NamedTuple):
    """An account in cents: its balance and fees, and by wager what was matched and what was paid.

    `settled` is what the results paid of each wager, less its stake.
    """

    balance_cents: int
    commission_cents: int
    fills: int
    stake_cents: dict[str, int]
    to_win_cents: dict[str, int]
    settled_cents: dict[str, int]


class ExchangeAccount:
    """The account of the sandbox's keys that need not be given, read over its REST API."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        """Read with a client that is logged in."""
        self._client = client

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int) -> AsyncIterator["ExchangeAccount"]:
        """Log in at the sandbox on a port of this machine."""
        root = f"http://127.0.0.1:{port}/partner/"
        keys = {"access_key": "local", "secret_key": "local"}
        async with (
            aiohttp.ClientSession(root) as visitor,
            visitor.post("auth/login", json=keys) as answer,
        ):
            token = (await answer.json())["data"]["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(root, headers=headers) as client:
            yield cls(client)

    async def orders(self, until_seconds: int) -> list[PlacedOrder]:
        """Return all wagers of the week until a time, in unix seconds of the exchange."""
        since = until_seconds - _WEEK_SECONDS + 1
        query = {"from": str(since), "to": str(until_seconds)}
        rows = await self._rows("get_order_history", "orders", **query)
        return [
            PlacedOrder(
                row["external_id"],
                str(row["sport_event_id"]),
                int(row["created_at"]),
                _cents(row["quantity"]),
                bool(_cents(row["open_quantity"])),
            )
            for row in rows
        ]

    async def statement(self) -> Statement:
        """Return what the account came to."""
        trades = await self._rows("get_trades", "trades")
        refs = {trade["order_id"]: trade["external_id"] for trade in trades}
        stake, to_win, settled = Counter[str](), Counter[str](), Counter[str]()
        for trade in trades:
            stake[trade["external_id"]] += _cents(trade["filled_quantity"])
            to_win[trade["external_id"]] += _cents(trade["profit"])
        commission_cents = 0
        for row in await self._rows("get_transactions", "transactions"):
            if row["order_id"]:
                # A trade debits the stake, which the payment returns: together they are the profit.
                settled[refs[row["order_id"]]] += _cents(row["amount"])
            elif row["type"] != "DEPOSIT":
                commission_cents += _cents(row["amount"])
        balance = (await self._data("get_balance"))["balance"]
        return Statement(
            _cents(balance), commission_cents, len(trades), dict(stake), dict(to_win), dict(settled)
        )

    async def _rows(self, verb: str, name: str, **query: str) -> list[dict[str, Any]]:
        """Return the rows of all pages."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self._data(verb, **query, **({"next_cursor": cursor} if cursor else {}))
            rows += page[name]
            cursor = page["next_cursor"]
            if not cursor:
                return rows

    async def _data(self, verb: str, **query: str) -> dict[str, Any]:
        while True:
            async with self._client.get(f"v4/mm/{verb}", params=query) as answer:
                if answer.status == HTTPStatus.OK:
                    return dict((await answer.json())["data"])
                # All pages together may exceed the limit of requests in a second.
                too_many = answer.status == HTTPStatus.TOO_MANY_REQUESTS
                assert too_many, f"{verb}: {await answer.text()}"
            await wait(_AGAIN_SECONDS)


def exported_statement(path: Path, starting_cents: int) -> Statement:
    """Return what the rows of an export come to."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def by_wager(kinds: tuple[RowKind, ...], column: str) -> dict[str, int]:
        sums = Counter[str]()
        for row in rows:
            if row["kind"] in kinds:
                sums[row["wager_ref"]] += int(row[column])
        return dict(sums)

    settled = by_wager(_SETTLEMENTS, "profit_cents")
    commission_cents = sum(int(row["profit_cents"]) for row in rows if row["kind"] in _COMMISSIONS)
    return Statement(
        # The rebate is paid later, outside of the account's balance.
        starting_cents + sum(settled.values()) + commission_cents,
        commission_cents,
        sum(row["kind"] == RowKind.FILL for row in rows),
        by_wager(_MATCHED, "stake_cents"),
        by_wager(_TO_WIN, "to_win_cents"),
        settled,
    )


def differences(ours: Statement, theirs: Statement) -> list[str]:
    """Return in what an export and the exchange differ, each in words."""
    found = []
    for name in ("balance_cents", "commission_cents"):
        exported, held = getattr(ours, name), getattr(theirs, name)
        if exported != held:
            found.append(
                f"{name}: {dollars_text(exported)} exported, {dollars_text(held)} at the exchange"
            )
    for name in ("stake_cents", "to_win_cents", "settled_cents"):
        exported_by, held_by = getattr(ours, name), getattr(theirs, name)
        refs = {*exported_by, *held_by}
        wrong = [ref for ref in refs if exported_by.get(ref, 0) != held_by.get(ref, 0)]
        if wrong:
            ref = min(wrong)
            found.append(
                f"{name} of {len(wrong)} wagers, such as {ref}: {exported_by.get(ref)} exported, "
                f"{held_by.get(ref)} at the exchange"
            )
    return found


def _cents(dollars: float) -> int:
    return int(Decimal(str(dollars)) * 100)
