"""Counts of the requests of one connection, as the exchange's review asks for them."""

from collections import Counter, deque

from strategies.trading.model.units import NS_PER_SECOND

_TOO_MANY = 429
_LOGIN, _REFRESH = "auth/login", "auth/refresh"


class RequestCounts:
    """Counts requests by route, by reply and in the fastest second of the exchange's clock.

    `queries` counts the queries by route; a further page is not another query. `batches` counts the
    placements by how many wagers were in the request; `unknown` the wagers whose request got no
    response that reports its outcome.
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.batches: Counter[int] = Counter()
        self.queries: Counter[str] = Counter()
        self.unknown = 0
        self.too_many = 0
        self._tokens = 0
        self._times: dict[str, deque[int]] = {}
        self._fastest: dict[str, int] = {}

    @property
    def tokens_renewed(self) -> int:
        """Return how often a token was replaced, by us or by another process of the account."""
        return max(0, self._tokens - 1)

    def token_adopted(self) -> None:
        """Count a token that another process of the account requested."""
        self._tokens += 1

    @property
    def fastest_query(self) -> tuple[str, int]:
        """Return the query route with the most requests within one second, and their number."""
        return max(self._fastest.items(), key=lambda each: each[1], default=("no query", 0))

    def queried(self, route: str, at_ns: int) -> None:
        """Count a query that was permitted at a time."""
        times = self._times.setdefault(route, deque())
        times.append(at_ns)
        while times[0] <= at_ns - NS_PER_SECOND:
            times.popleft()
        self.queries[route] += 1
        self._fastest[route] = max(self._fastest.get(route, 0), len(times))

    def replied(self, path: str, status: int) -> None:
        """Count a reply by its HTTP status."""
        self.too_many += status == _TOO_MANY
        succeeded = 200 <= status < 300
        self._tokens += succeeded and path in (_LOGIN, _REFRESH)
