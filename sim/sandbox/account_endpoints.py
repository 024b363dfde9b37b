"""The calls that ask about one's own account: balance, wagers, fills, ledger (partner API, 7)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, whole
from sim.sandbox.order_endpoints import Trading
from sim.sandbox.serializers import Shape, dollars, iso
from sim.sandbox.wager_records import WagerRecord
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.units import NS_PER_SECOND

_DAY_SECONDS = 86_400
_MOST_ROWS, _MOST_ROWS_BEFORE_V4 = 100, 1000
_MOST_TRANSACTIONS = 500
_MOST_ORDERS = 100


class _Numbered(Protocol):
    @property
    def number(self) -> int:
        """Return its place among the rows of its kind, counted from one."""


_Row = TypeVar("_Row", bound=_Numbered)


class Queries:
    """Answers what accounts ask about themselves; raises RefusedError where a question is wrong."""

    def __init__(self, names: WireIds, trading: Trading, now_ns: Callable[[], int]) -> None:
        """PlaceResponse as of the sandbox's clock."""
        self._names = names
        self._trading = trading
        self._now_ns = now_ns

    def balance(self, call: ApiRequest) -> Shape:
        """Return the money of the account.

        Where stakes leave as they are placed, `balance` is what is left; otherwise it still holds
        the stakes, and what is left is `balance` less the matched and the unmatched (7.1).
        """
        participant = call.partner.participant
        account, now_ns = participant.account, self._now_ns()
        balance_cents = (
            participant.available_cents if call.partner.immediate else account.cash_cents
        )
        return {
            "data": {
                "balance": dollars(balance_cents),
                "gec_balance": dollars(call.partner.credit_cents()),
                "matched_order_balance": dollars(account.matched_cents),
                "unmatched_order_balance": dollars(participant.open_cents),
                "unmatched_order_balance_status": "succeed",
                "unmatched_order_last_synced_at": iso(now_ns),
            }
        }

    def order(self, call: ApiRequest) -> Shape:
        """Return one wager as it stands."""
        return {"data": self._trading.record(call.partner, call.item).row(self._names)}

    def order_history(self, call: ApiRequest) -> Shape:
        """Return the account's wagers that were made or changed within a range, newest first."""
        records = self._filtered(call, self._within(call, call.partner.records.values()))
        most = _MOST_ROWS_BEFORE_V4 if call.legacy else _MOST_ROWS
        rows, cursor = _page(call, list(records), most)
        orders = [record.row(self._names) for record in rows]
        data = {"orders": orders, "next_cursor": cursor}
        return {"data": data, "last_synced_at": self._now_ns()}

    def matched_detail(self, call: ApiRequest) -> Shape:
        """Return the fills of some wagers."""
        ids = call.ids("order_ids", _MOST_ORDERS, "invalid_param")
        records = [self._trading.record(call.partner, order_id) for order_id in ids]
        details = [row for record in records for row in record.fill_rows()]
        data = {"matching_details": details, "next_cursor": ""}
        return {"data": data, "last_synced_at": self._now_ns()}

    def trades(self, call: ApiRequest) -> Shape:
        """Return the account's fills, newest first."""
        records = call.partner.records.values()
        fills = {fill.number: (record, fill) for record in records for fill in record.fills}
        rows, cursor = _page(call, [fills[n][1] for n in sorted(fills)], _MOST_ROWS)
        trades = [fills[fill.number][0].fill_row(fill) for fill in rows]
        return {"data": {"trades": trades, "next_cursor": cursor}}

    def transactions(self, call: ApiRequest) -> Shape:
        """Return the account's ledger, newest first."""
        rows, cursor = _page(call, call.partner.ledger.rows, _MOST_TRANSACTIONS)
        data = {"transactions": [row.shape() for row in rows], "next_cursor": cursor}
        return {"data": data, "last_synced_at": self._now_ns()}

    # Parts ------------------------------------------------------------------------------------

    def _within(self, call: ApiRequest, records: Iterable[WagerRecord]) -> Iterable[WagerRecord]:
        now = self._now_ns() // NS_PER_SECOND
        made = _range(call, "from", "to", 7 * _DAY_SECONDS, now, "invalid_from_to_range")
        changed = _range(
            call,
            "updated_at_from",
            "updated_at_to",
            2 * _DAY_SECONDS,
            now,
            "invalid_updated_at_range",
        )
        if made is None and changed is None and not call.legacy:
            raise RefusedError("missing_date_range")
        return (
            record
            for record in records
            if (made is None or record.created_ns // NS_PER_SECOND in made)
            and (changed is None or record.updated_ns // NS_PER_SECOND in changed)
        )

    def _filtered(self, call: ApiRequest, records: Iterable[WagerRecord]) -> Iterable[WagerRecord]:
        wanted: dict[str, Any] = {
            name: call.query[name] for name in ("matching_status", "status") if name in call.query
        }
        for name, field in (("event_id", "sport_event_id"), ("market_id", "market_id")):
            if name in call.query:
                wanted[field] = whole(call.query[name], f"invalid_{name}")
        for record in records:
            shape = record.shape(self._names)
            if all(shape[name] == value for name, value in wanted.items()):
                yield record


def _range(
    call: ApiRequest, first: str, last: str, widest: int, now: int, too_wide: str
) -> range | None:
    """Return the seconds of a range, which ends now unless it says; none if it has no bound."""
    if first not in call.query and last not in call.query:
        return None
    end = whole(call.query[last], f"invalid_{last}") if last in call.query else now
    begin = whole(call.query[first], f"invalid_{first}") if first in call.query else end - widest
    if begin > end:
        raise RefusedError("from_date_greater_than_to_date")
    if end - begin > widest:
        raise RefusedError(too_wide)
    return range(begin, end + 1)


def _page(call: ApiRequest, rows: Sequence[_Row], most: int) -> tuple[list[_Row], str]:
    """Return the newest rows below the cursor, and the cursor that goes on from there.

    A row's number is its cursor, so that rows which come meanwhile move no page.
    """
    limit = call.limit(most)
    cursor = call.query.get("next_cursor", "")
    before = whole(cursor, "invalid_cursor") if cursor else None
    left = [row for row in reversed(rows) if before is None or row.number < before]
    if call.legacy and "offset" in call.query:
        left = left[max(0, whole(call.query["offset"], "invalid_param")) :]
    page = left[:limit]
    return page, str(page[-1].number) if len(left) > limit else ""
