"""A request to the partner API: its account, its parameters, and how those are parsed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request of an account, with the field names of v4.

    `item` is the id at the end of the path, if the path has one. `legacy` requests came with the
    names from before v4 and follow the old rules. `subscriptions` is the header in which a legacy
    socket lists tournaments. The methods raise RefusedError for invalid parameters.
    """

    account: ApiAccount
    query: Mapping[str, str]
    body: Any
    item: str = ""
    legacy: bool = False
    subscriptions: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        if not isinstance(self.body, dict):
            raise RefusedError("invalid_request", "the body must be a JSON object")
        return self.body

    def batch(self, limit: int) -> list[Any]:
        """Return the items of a batch, from `data`: at least one and at most `limit`."""
        items = self.fields().get("data")
        if not isinstance(items, list) or not items:
            raise RefusedError("invalid_request", "data must be a list that is not empty")
        if len(items) > limit:
            raise RefusedError("order_limit_exceeded", f"data has more than {limit} items")
        return items

    def ids(self, name: str, limit: int, code: str) -> list[str]:
        """Return a parameter's ids, separated by commas: at least one and at most `limit`."""
        ids = [part.strip() for part in self.query.get(name, "").split(",") if part.strip()]
        if not 1 <= len(ids) <= limit:
            raise RefusedError(code, f"{name}: 1 to {limit} ids are required")
        return ids

    def row_limit(self, max_rows: int) -> int:
        """Return how many rows are requested, 20 by default."""
        rows = whole(self.query.get("limit", "20"), "invalid_param")
        if not 1 <= rows <= max_rows:
            raise RefusedError("invalid_param", f"limit: from 1 to {max_rows}")
        return rows


def whole(value: object, code: str) -> int:
    """Parse an integer given as a number or as text; raise RefusedError with `code`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
        return int(value)
    raise RefusedError(code, f"{value!r} is not a whole number")


def cents(value: object) -> int:
    """Parse an amount in dollars as cents; raise RefusedError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RefusedError("invalid_quantity", f"{value!r} is not a number of dollars")
    exact = Decimal(value) * 100
    if not exact.is_finite() or abs(exact) > 10**15 or exact != exact.to_integral_value():
        raise RefusedError("invalid_quantity", f"{value} is not a number of cents")
    return int(exact)
