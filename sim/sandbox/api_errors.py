"""The error codes of the partner API and their HTTP status (3.2)."""

from collections.abc import Mapping

from strategies.trading.model.errors import RefusalError

_STATUS = {
    400: (
        "invalid_request invalid_param err_add_liquidity_only_disabled invalid_strike_id "
        "strike_id_invalid invalid_quantity order_quantity_exceeds_max invalid_price "
        "order_invalid_profit invalid_external_id order_external_id_existed "
        "order_limit_exceeded invalid_order_id order_not_matching_external_id "
        "order_already_filled order_already_cancelled order_is_invalid event_not_available "
        "invalid_market_id invalid_event_id market_event_limit_exceeded invalid_cursor "
        "invalid_from invalid_to invalid_updated_at_from invalid_updated_at_to "
        "from_date_greater_than_to_date invalid_from_to_range invalid_updated_at_range "
        "missing_date_range exceed_subscription_count self_match matching_stake_ongoing"
    ),
    401: "unauthorized",
    403: ("keypair_num_exceed session_num_exceed insufficient_amount err_order_placement_disabled"),
    404: "data_not_found sport_event_not_found no_cancellable_orders",
    409: "order_is_placing",
    425: "order_opened_retry",
    429: "rate_limit_reached too_many_delayed_requests",
    500: "internal_error order_unable_to_place order_unable_to_cancel order_not_belongs_to_user",
    503: "reporting_not_available",
}
# Of a placement whose fields are valid on their own: the words of the exchange.
_OF_PLACEMENTS = {"invalid_request": "your wager stake is below the minimum allowed"}
_STATUS_BY_CODE = {code: status for status, codes in _STATUS.items() for code in codes.split()}


class RefusedError(RefusalError):
    """A refused request, with an error code of the partner API.

    Codes that are not in the table have status 400, as most have.
    """

    def __init__(self, code: str, explanation: str = "") -> None:
        """Set the code, and an explanation for people that defaults to the code's words."""
        self.explanation = explanation or code.replace("_", " ")
        super().__init__(code, self.explanation)

    @property
    def status(self) -> int:
        """Return the HTTP status of the code."""
        return _STATUS_BY_CODE.get(self.code, 400)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of the response: Retry-After for a rate limit."""
        return {"Retry-After": "1"} if self.status == 429 else {}

    @classmethod
    def of_placement(cls, code: str) -> "RefusedError":
        """Return the refusal of a placement that the exchange itself has refused by a code."""
        return cls(code, _OF_PLACEMENTS.get(code, ""))

    def body(self) -> dict[str, str]:
        """Return the body of the response."""
        return {"error": self.code, "message": self.explanation}
