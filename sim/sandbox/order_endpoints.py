"""The calls that place and cancel wagers (partner API, 6)."""

from collections.abc import Iterable
from typing import Any

from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, cents, whole
from sim.sandbox.serializers import Shape
from sim.sandbox.wager_records import WagerRecord
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import EventId, WagerRef
from strategies.trading.model.odds import Odds
from strategies.trading.ports.exchange import BATCH_LIMIT

_INTENTS = {None: Intent.REST, "ALO": Intent.ADD_ONLY, "fillOrKill": Intent.TAKE}
_DONE: Shape = {"data": {"success": True}}


class Trading:
    """Answers the calls by which accounts trade; raises RefusedError where one is refused."""

    def __init__(self, names: WireIds, partners: dict[str, ApiAccount]) -> None:
        """Trade for these accounts, by their ids."""
        self._names = names
        self._partners = partners

    # Placing ----------------------------------------------------------------------------------

    def submit_order(self, call: ApiRequest) -> Shape:
        """Place one wager."""
        (placed,) = call.partner.place([self._request(call.fields())])
        if isinstance(placed, RefusedError):
            raise placed
        return {"data": {"success": True, "order": placed.shape(self._names)}}

    def submit_multiple_orders(self, call: ApiRequest) -> Shape:
        """Place up to twenty wagers; each stands or falls on its own."""
        items = call.batch(BATCH_LIMIT)
        asked = [self._request_or_refusal(item) for item in items]
        placed = iter(call.partner.place([a for a in asked if isinstance(a, PlaceWager)]))
        outcomes = [next(placed) if isinstance(a, PlaceWager) else a for a in asked]
        succeeded = [o.shape(self._names) for o in outcomes if isinstance(o, WagerRecord)]
        failed = [
            {"index": index, "request": item, **outcome.shape()}
            for index, (item, outcome) in enumerate(zip(items, outcomes, strict=True))
            if isinstance(outcome, RefusedError)
        ]
        return {"data": {"succeed_orders": succeeded, "failed_orders": failed}}

    def _request_or_refusal(self, item: object) -> PlaceWager | RefusedError:
        try:
            return self._request(item)
        except RefusedError as refusal:
            return refusal

    def _request(self, item: object) -> PlaceWager:
        if not isinstance(item, dict):
            raise RefusedError("invalid_request", "an order must be a JSON object")
        ref, price, strategy = (item.get(n) for n in ("external_id", "price", "order_strategy"))
        if not isinstance(ref, str):
            raise RefusedError("invalid_external_id", "external_id must be text")
        line = self._names.line(item.get("strike_id"))
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

    def cancel_order(self, call: ApiRequest) -> Shape:
        """Withdraw what is unmatched of a wager."""
        (outcome,) = call.partner.cancel([self._record(call.partner, call.fields())])
        if isinstance(outcome, RefusedError):
            raise outcome
        return _DONE

    def cancel_multiple_orders(self, call: ApiRequest) -> Shape:
        """Withdraw up to twenty wagers; each has its own answer, in order."""
        found = [self._record_or_refusal(call.partner, i) for i in call.batch(BATCH_LIMIT)]
        outcomes = iter(call.partner.cancel([f for f in found if isinstance(f, WagerRecord)]))
        return {
            "data": [
                self._cancelled(next(outcomes) if isinstance(item, WagerRecord) else item)
                for item in found
            ]
        }

    def _cancelled(self, outcome: WagerRecord | RefusedError) -> Shape:
        if isinstance(outcome, WagerRecord):
            return {"success": True, "statusCode": 200, "order": outcome.shape(self._names)}
        error = {"message": outcome.told, "error_code": outcome.code}
        return {"success": False, "statusCode": outcome.status, "error": error}

    def _record_or_refusal(self, partner: ApiAccount, item: object) -> WagerRecord | RefusedError:
        try:
            return self._record(partner, item)
        except RefusedError as refusal:
            return refusal

    def _record(self, partner: ApiAccount, item: object) -> WagerRecord:
        fields: dict[str, Any] = item if isinstance(item, dict) else {}
        record = self.record(partner, fields.get("order_id"))
        if fields.get("external_id", record.request.ref) != record.request.ref:
            raise RefusedError("order_not_matching_external_id")
        return record

    def record(self, partner: ApiAccount, order_id: object) -> WagerRecord:
        """Return a wager of an account by the exchange's id of it."""
        if not isinstance(order_id, str) or not order_id:
            raise RefusedError("invalid_order_id", "order_id must be text")
        record = partner.records.get(order_id)
        if record is not None:
            return record
        if any(order_id in other.records for other in self._others(partner)):
            raise RefusedError("order_not_belongs_to_user")
        raise RefusedError("data_not_found", "there is no such order")

    def _others(self, partner: ApiAccount) -> Iterable[ApiAccount]:
        return (other for other in self._partners.values() if other is not partner)

    # Mass cancels -----------------------------------------------------------------------------

    def cancel_all_orders(self, call: ApiRequest) -> Shape:
        """Withdraw everything."""
        call.partner.cancel_all()
        return _DONE

    def cancel_orders_by_event(self, call: ApiRequest) -> Shape:
        """Withdraw what is open of an event."""
        call.partner.cancel_all(self._event_id(call)[1])
        return _DONE

    def cancel_orders_by_market(self, call: ApiRequest) -> Shape:
        """Withdraw what is open of a market, or of one of its lines."""
        number, event_id = self._event_id(call)
        fields = call.fields()
        market_number = whole(fields.get("market_id"), "invalid_market_id")
        market = self._names.market(number, market_number)
        if market is None:
            raise RefusedError("invalid_market_id", f"no market {market_number}")
        strike_id = fields.get("strike_id")
        line = self._names.line(strike_id)
        if strike_id is not None and (line is None or line.market_key != market.key):
            raise RefusedError("invalid_strike_id", f"no strike {strike_id!r} of that market")
        line_id = None if line is None else line.line_id
        call.partner.cancel_all(event_id, market.market_id, line_id)
        return _DONE

    def _event_id(self, call: ApiRequest) -> tuple[int, EventId]:
        number = whole(call.fields().get("event_id"), "invalid_event_id")
        event = self._names.event(number)
        if event is None:
            raise RefusedError("sport_event_not_found", f"no event {number}")
        return number, event.event_id
