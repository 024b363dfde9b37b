"""Endpoints that place and cancel wagers (partner API, 6)."""

from collections.abc import Iterable
from typing import Any

from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, cents, whole
from sim.sandbox.serializers import Json
from sim.sandbox.wager_records import WagerRecord
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import EventId, WagerRef
from strategies.trading.model.odds import Odds
from strategies.trading.ports.exchange import BATCH_LIMIT

_INTENTS = {None: Intent.REST, "ALO": Intent.ADD_ONLY, "fillOrKill": Intent.TAKE}
_DONE: Json = {"data": {"success": True}}


class OrderEndpoints:
    """Endpoints for orders; they raise RefusedError for a refused request."""

    def __init__(self, wire_ids: WireIds, accounts: dict[str, ApiAccount]) -> None:
        """Serve these accounts, by id; the dictionary is shared, and may gain accounts."""
        self._wire_ids = wire_ids
        self._accounts = accounts

    # Placing ----------------------------------------------------------------------------------

    def submit_order(self, request: ApiRequest) -> Json:
        """Place one wager."""
        (placed,) = request.account.place([self._parse_order(request.fields())])
        if isinstance(placed, RefusedError):
            raise placed
        return {"data": {"success": True, "order": placed.order_json(self._wire_ids)}}

    def submit_multiple_orders(self, request: ApiRequest) -> Json:
        """Place up to twenty wagers, each with its own result."""
        items = request.batch(BATCH_LIMIT)
        parsed = [self._parse_or_refusal(item) for item in items]
        placed = iter(request.account.place([p for p in parsed if isinstance(p, PlaceWager)]))
        outcomes = [next(placed) if isinstance(p, PlaceWager) else p for p in parsed]
        succeeded = [o.order_json(self._wire_ids) for o in outcomes if isinstance(o, WagerRecord)]
        failed = [
            {"index": index, "request": item, **outcome.body()}
            for index, (item, outcome) in enumerate(zip(items, outcomes, strict=True))
            if isinstance(outcome, RefusedError)
        ]
        return {"data": {"succeed_orders": succeeded, "failed_orders": failed}}

    def _parse_or_refusal(self, item: object) -> PlaceWager | RefusedError:
        try:
            return self._parse_order(item)
        except RefusedError as refusal:
            return refusal

    def _parse_order(self, item: object) -> PlaceWager:
        if not isinstance(item, dict):
            raise RefusedError("invalid_request", "an order must be a JSON object")
        ref, price, strategy = (item.get(n) for n in ("external_id", "price", "order_strategy"))
        if not isinstance(ref, str):
            raise RefusedError("invalid_external_id", "external_id must be text")
        line = self._wire_ids.line(item.get("strike_id"))
        if line is None:
            raise RefusedError("invalid_strike_id", f"no strike {item.get('strike_id')!r}")
        if isinstance(price, bool) or not isinstance(price, int):
            raise RefusedError("invalid_price", f"price {price!r} is not a whole number")
        if strategy is not None and strategy not in _INTENTS:
            raise RefusedError("invalid_param", f"order_strategy {strategy!r} does not exist")
        stake_cents = cents(item.get("quantity"))
        intent = _INTENTS[strategy]
        return PlaceWager(WagerRef(ref), line.line_id, Odds(price), stake_cents, intent)

    # Cancelling -------------------------------------------------------------------------------

    def cancel_order(self, request: ApiRequest) -> Json:
        """Cancel the unmatched part of a wager."""
        (outcome,) = request.account.cancel([self._record(request.account, request.fields())])
        if isinstance(outcome, RefusedError):
            raise outcome
        return _DONE

    def cancel_multiple_orders(self, request: ApiRequest) -> Json:
        """Cancel up to twenty wagers; each has its own result, in order."""
        found = [self._record_or_refusal(request.account, i) for i in request.batch(BATCH_LIMIT)]
        outcomes = iter(request.account.cancel([f for f in found if isinstance(f, WagerRecord)]))
        return {
            "data": [
                self._cancelled(next(outcomes) if isinstance(item, WagerRecord) else item)
                for item in found
            ]
        }

    def _cancelled(self, outcome: WagerRecord | RefusedError) -> Json:
        if isinstance(outcome, WagerRecord):
            return {"success": True, "statusCode": 200, "order": outcome.order_json(self._wire_ids)}
        error = {"message": outcome.explanation, "error_code": outcome.code}
        return {"success": False, "statusCode": outcome.status, "error": error}

    def _record_or_refusal(self, account: ApiAccount, item: object) -> WagerRecord | RefusedError:
        try:
            return self._record(account, item)
        except RefusedError as refusal:
            return refusal

    def _record(self, account: ApiAccount, item: object) -> WagerRecord:
        fields: dict[str, Any] = item if isinstance(item, dict) else {}
        record = self.record(account, fields.get("order_id"))
        if fields.get("external_id", record.request.ref) != record.request.ref:
            raise RefusedError("order_not_matching_external_id")
        return record

    def record(self, account: ApiAccount, order_id: object) -> WagerRecord:
        """Return an account's wager by order id; raise RefusedError if it does not exist."""
        if not isinstance(order_id, str) or not order_id:
            raise RefusedError("invalid_order_id", "order_id must be text")
        record = account.records.get(order_id)
        if record is not None:
            return record
        if any(order_id in other.records for other in self._others(account)):
            raise RefusedError("order_not_belongs_to_user")
        raise RefusedError("data_not_found", "there is no such order")

    def _others(self, account: ApiAccount) -> Iterable[ApiAccount]:
        return (other for other in self._accounts.values() if other is not account)

    # Mass cancels -----------------------------------------------------------------------------

    def cancel_all_orders(self, request: ApiRequest) -> Json:
        """Cancel everything."""
        request.account.cancel_all()
        return _DONE

    def cancel_orders_by_event(self, request: ApiRequest) -> Json:
        """Cancel what is open of an event."""
        request.account.cancel_all(self._event_id(request)[1])
        return _DONE

    def cancel_orders_by_market(self, request: ApiRequest) -> Json:
        """Cancel what is open of a market, or of one of its lines."""
        number, event_id = self._event_id(request)
        fields = request.fields()
        market_number = whole(fields.get("market_id"), "invalid_market_id")
        market = self._wire_ids.market(number, market_number)
        if market is None:
            raise RefusedError("invalid_market_id", f"no market {market_number}")
        strike_id = fields.get("strike_id")
        line = self._wire_ids.line(strike_id)
        if strike_id is not None and (line is None or line.market_key != market.key):
            raise RefusedError("invalid_strike_id", f"no strike {strike_id!r} of that market")
        line_id = None if line is None else line.line_id
        request.account.cancel_all(event_id, market.market_id, line_id)
        return _DONE

    def _event_id(self, request: ApiRequest) -> tuple[int, EventId]:
        number = whole(request.fields().get("event_id"), "invalid_event_id")
        event = self._wire_ids.event(number)
        if event is None:
            raise RefusedError("sport_event_not_found", f"no event {number}")
        return number, event.event_id
