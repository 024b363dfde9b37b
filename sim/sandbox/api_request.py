"""A call of the partner API: who asks, with which parameters, and how those are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request by an account, in the names of v4.

    `item` is the id at the end of the path where there is one. `legacy` tells that the request came
    in the old names and by the old rules. `subscriptions` is the header in which a socket of old
    lists tournaments.
    """

    partner: ApiAccount
    query: Mapping[str, str]
    body: Any
    item: str = ""
    legacy: bool = False
    subscriptions: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the body, which must be an object; none at all counts as empty."""
        if not isinstance(self.body, dict):
            raise RefusedError("invalid_request", "the body must be a JSON object")
        return self.body

    def batch(self, most: int) -> list[Any]:
        """Return the items of a batch, which come under `data`."""
        items = self.fields().get("data")
        if not isinstance(items, list) or not items:
            raise RefusedError("invalid_request", "data must be a list with something in it")
        if len(items) > most:
            raise RefusedError("order_limit_exceeded", f"no more than {most} at once")
        return items

    def ids(self, name: str, most: int, code: str) -> list[str]:
        """Return the ids that a parameter lists, separated by commas; at least one."""
        ids = [part.strip() for part in self.query.get(name, "").split(",") if part.strip()]
        if not 1 <= len(ids) <= most:
            raise RefusedError(code, f"{name}: from one to {most} are wanted")
        return ids

    def limit(self, most: int) -> int:
        """Return how many rows are asked for, 20 unless said."""
        limit = whole(self.query.get("limit", "20"), "invalid_param")
        if not 1 <= limit <= most:
            raise RefusedError("invalid_param", f"limit: from 1 to {most}")
        return limit


def whole(value: object, code: str) -> int:
    """Return a whole number that came as a number or as text; raise RefusedError with the code."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
        return int(value)
    raise RefusedError(code, f"{value!r} is not a whole number")


def cents(value: object) -> int:
    """Return an amount of dollars as cents; raise RefusedError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RefusedError("invalid_quantity", f"{value!r} is not a number of dollars")
    exact = Decimal(value) * 100
    if not exact.is_finite() or abs(exact) > 10**15 or exact != exact.to_integral_value():
        raise RefusedError("invalid_quantity", f"{value} is not a number of cents")
    return int(exact)
