"""Endpoints for an account's balance, wagers, fills and transactions (partner API, 7)."""

from collections.abc import Callable, Iterable
from itertools import dropwhile, islice
from typing import Protocol, TypeVar

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, whole
from sim.sandbox.order_endpoints import OrderEndpoints
from sim.sandbox.serializers import Json, dollars, iso
from sim.sandbox.wager_records import WagerRecord
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.units import NS_PER_SECOND

_DAY_SECONDS = 86_400
_MAX_ROWS, _MAX_ROWS_LEGACY = 100, 1000
_MAX_TRANSACTIONS = 500
_MAX_ORDERS = 100


class _Numbered(Protocol):
    @property
    def number(self) -> int:
        """Return its place among the rows of its kind, counted from one."""


_Row = TypeVar("_Row", bound=_Numbered)


class AccountEndpoints:
    """Endpoints for an account's own data; they raise RefusedError for invalid requests."""

    def __init__(
        self, wire_ids: WireIds, orders: OrderEndpoints, now_ns: Callable[[], int]
    ) -> None:
        """Respond as of the time of the sandbox's clock."""
        self._wire_ids = wire_ids
        self._orders = orders
        self._now_ns = now_ns

    def balance(self, request: ApiRequest) -> Json:
        """Return the balance of the account.

        With immediate deduction `balance` is what is available; otherwise it includes all stakes,
        and what is available is `balance` less the matched and unmatched balances (7.1).
        """
        participant = request.account.participant
        account, now_ns = participant.account, self._now_ns()
        balance_cents = (
            participant.available_cents if request.account.immediate else account.cash_cents
        )
        return {
            "data": {
                "balance": dollars(balance_cents),
                "gec_balance": dollars(request.account.credit_cents()),
                "matched_order_balance": dollars(account.matched_cents),
                "unmatched_order_balance": dollars(participant.open_cents),
                "unmatched_order_balance_status": "succeed",
                "unmatched_order_last_synced_at": iso(now_ns),
            }
        }

    def order(self, request: ApiRequest) -> Json:
        """Return the current state of one wager."""
        return {
            "data": self._orders.record(request.account, request.item).history_json(self._wire_ids)
        }

    def order_history(self, request: ApiRequest) -> Json:
        """Return the account's wagers created or updated within a range, newest first."""
        newest_first = _below_cursor(request, reversed(request.account.records.values()))
        records = self._filtered(request, self._within(request, newest_first))
        max_rows = _MAX_ROWS_LEGACY if request.legacy else _MAX_ROWS
        rows, cursor = _page(request, records, max_rows)
        orders = [record.history_json(self._wire_ids) for record in rows]
        data = {"orders": orders, "next_cursor": cursor}
        return {"data": data, "last_synced_at": self._now_ns()}

    def matched_detail(self, request: ApiRequest) -> Json:
        """Return the fills of some wagers."""
        ids = request.ids("order_ids", _MAX_ORDERS, "invalid_param")
        records = [self._orders.record(request.account, order_id) for order_id in ids]
        details = [row for record in records for row in record.fills_json()]
        data = {"matching_details": details, "next_cursor": ""}
        return {"data": data, "last_synced_at": self._now_ns()}

    def trades(self, request: ApiRequest) -> Json:
        """Return the account's fills, newest first."""
        records = request.account.records.values()
        fills = {fill.number: (record, fill) for record in records for fill in record.fills}
        newest_first = (fills[number][1] for number in sorted(fills, reverse=True))
        rows, cursor = _page(request, _below_cursor(request, newest_first), _MAX_ROWS)
        trades = [fills[fill.number][0].fill_json(fill) for fill in rows]
        return {"data": {"trades": trades, "next_cursor": cursor}}

    def transactions(self, request: ApiRequest) -> Json:
        """Return the account's transactions, newest first."""
        newest_first = _below_cursor(request, reversed(request.account.transactions.rows))
        rows, cursor = _page(request, newest_first, _MAX_TRANSACTIONS)
        data = {"transactions": [row.json() for row in rows], "next_cursor": cursor}
        return {"data": data, "last_synced_at": self._now_ns()}

    # Parts ------------------------------------------------------------------------------------

    def _within(self, request: ApiRequest, records: Iterable[WagerRecord]) -> Iterable[WagerRecord]:
        now = self._now_ns() // NS_PER_SECOND
        created = _range(request, "from", "to", 7 * _DAY_SECONDS, now, "invalid_from_to_range")
        updated = _range(
            request,
            "updated_at_from",
            "updated_at_to",
            2 * _DAY_SECONDS,
            now,
            "invalid_updated_at_range",
        )
        if created is None and updated is None and not request.legacy:
            raise RefusedError("missing_date_range")
        return (
            record
            for record in records
            if (created is None or record.created_ns // NS_PER_SECOND in created)
            and (updated is None or record.updated_ns // NS_PER_SECOND in updated)
        )

    def _filtered(
        self, request: ApiRequest, records: Iterable[WagerRecord]
    ) -> Iterable[WagerRecord]:
        """Yield the records that a request asks for.

        Only those of a page are looked at, and made to JSON: an account may have 100,000.
        """
        query, wire_ids = request.query, self._wire_ids
        wanted = {name: query[name] for name in ("matching_status", "status") if name in query}
        numbers = {
            name: whole(query[name], f"invalid_{name}")
            for name in ("event_id", "market_id")
            if name in query
        }
        for record in records:
            ids = {
                "event_id": wire_ids.event_ids[record.line.event_id],
                "market_id": wire_ids.market_ids[record.line.market_key],
            }
            if all(getattr(record, name) == value for name, value in wanted.items()) and all(
                ids[name] == value for name, value in numbers.items()
            ):
                yield record


def _range(
    request: ApiRequest, first: str, last: str, widest: int, now: int, too_wide: str
) -> range | None:
    """Return the range of seconds in a request, None if it has neither bound.

    It ends now by default, and spans `widest` seconds if it has no start.
    """
    if first not in request.query and last not in request.query:
        return None
    end = whole(request.query[last], f"invalid_{last}") if last in request.query else now
    begin = (
        whole(request.query[first], f"invalid_{first}") if first in request.query else end - widest
    )
    if begin > end:
        raise RefusedError("from_date_greater_than_to_date")
    if end - begin > widest:
        raise RefusedError(too_wide)
    return range(begin, end + 1)


def _below_cursor(request: ApiRequest, newest_first: Iterable[_Row]) -> Iterable[_Row]:
    """Return the rows that come after those of the page before.

    The cursor is a row number, so that rows added between two requests do not shift the pages.
    """
    cursor = request.query.get("next_cursor", "")
    if not cursor:
        return newest_first
    before = whole(cursor, "invalid_cursor")
    return dropwhile(lambda row: row.number >= before, newest_first)


def _page(
    request: ApiRequest, newest_first: Iterable[_Row], max_rows: int
) -> tuple[list[_Row], str]:
    """Return the rows of one page, and the cursor of the next, empty after the last."""
    limit = request.row_limit(max_rows)
    skipped = 0
    if request.legacy and "offset" in request.query:
        skipped = max(0, whole(request.query["offset"], "invalid_param"))
    rows = list(islice(newest_first, skipped, skipped + limit + 1))
    page = rows[:limit]
    return page, str(page[-1].number) if len(rows) > limit else ""
