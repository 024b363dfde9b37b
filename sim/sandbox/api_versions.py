"""The two versions of the partner API: the names of v4 and the legacy ones, by one table.

The sandbox uses v4 internally. A request with legacy names is renamed on its way in, a response or
a frame on its way out. The names are those of the partner API, 3.2 and 10.5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Names of fields: v4 to legacy.
_OLD_FIELDS = {
    "order_id": "wager_id",
    "order_ids": "wager_ids",
    "order": "wager",
    "orders": "wagers",
    "order_strategy": "wager_strategy",
    "price": "odds",
    "display_price": "display_odds",
    "quantity": "stake",
    "total_quantity": "total_stake",
    "filled_quantity": "matched_stake",
    "fill_price": "matched_odds",
    "total_filled_quantity": "totally_matched_stake",
    "open_quantity": "unmatched_stake",
    "strike": "line",
    "strike_id": "line_id",
    "strike_ids": "line_ids",
    "display_strike": "display_line",
    "market_strikes": "market_lines",
    "origin_market_strike": "origin_market_line",
    "trades": "matched_bets",
    "trade_id": "bet_id",
    "succeed_orders": "succeed_wagers",
    "failed_orders": "failed_wagers",
    "matched_order_balance": "matched_wager_balance",
    "unmatched_order_balance": "unmatched_wager_balance",
    "unmatched_order_balance_status": "unmatched_wager_balance_status",
    "unmatched_order_last_synced_at": "unmatched_wager_last_synced_at",
}
_NEW_FIELDS = {old: new for new, old in _OLD_FIELDS.items()}

_OLD_CODES = {
    "invalid_strike_id": "invalid_line_id",
    "invalid_quantity": "invalid_stake",
    "invalid_price": "wager_invalid_odds",
    "order_external_id_existed": "wager_external_id_existed",
    "order_limit_exceeded": "wager_limit_exceeded",
    "invalid_order_id": "invalid_wager_id",
    "order_already_filled": "wager_already_matched",
    "order_already_cancelled": "wager_already_cancelled",
    "order_is_placing": "wager_is_placing",
}
# Fields whose values have legacy names too.
_OLD_VALUES = {
    "winning_status": {"profit": "won", "loss": "lost"},
    "type": {"TRADE": "BET", "orders": "wagers"},
    "name": {"orders": "wagers"},
    "change_type": {
        "order": "wager",
        "matched_order": "matched_bet",
        "market_strike": "market_line",
    },
    "error": _OLD_CODES,
    "error_code": _OLD_CODES,
}


def old_names(value: Any) -> Any:
    """Return a v4 JSON value with the legacy names."""
    if isinstance(value, list):
        return [old_names(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {_OLD_FIELDS.get(name, name): _old_value(name, part) for name, part in value.items()}


def _old_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _OLD_VALUES.get(name, {}).get(value, value)
    return old_names(value)


def new_names(value: Any) -> Any:
    """Return a legacy JSON value, or query parameters, with the names of v4."""
    if isinstance(value, list):
        return [new_names(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {_NEW_FIELDS.get(name, name): new_names(part) for name, part in value.items()}


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version of the socket messages: the service number in its channels, and its names.

    With `by_event`, offers are sent on one channel per event, as the exchange does since
    2026-08-12; otherwise on the broadcast channel. `named` renames a JSON value of v4.
    """

    service: int
    orders_event: str
    by_event: bool
    named: Callable[[Any], Any]

    def broadcast_channel(self) -> str:
        """Return the broadcast channel."""
        return f"private-broadcast-service={self.service}-device_type=5"

    def event_channel(self, event_id: int) -> str:
        """Return the channel of one event."""
        return f"{self.broadcast_channel()}-event={event_id}"

    def offers_channel(self, event_id: int) -> str:
        """Return the channel on which the offers of an event are sent."""
        return self.event_channel(event_id) if self.by_event else self.broadcast_channel()

    def change_type(self, name: str) -> str:
        """Return the name of a change type in this version."""
        return str(self.named({"change_type": name})["change_type"])

    def private_channel(self, account_id: str) -> str:
        """Return the private channel of one account."""
        return f"private-service={self.service}-device_type=5-user={account_id}"


def _unchanged(value: Any) -> Any:
    return value


V4 = ApiVersion(6, "orders", True, _unchanged)
LEGACY = ApiVersion(3, "wagers", False, old_names)
API_VERSIONS = (V4, LEGACY)
