"""What each outside source says of the lines of one sport event, and how often it was refused."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from strategies.trading.model.market_types import MarketKind

# A program that makes up names must not fill the memory.
SOURCES_MAX = 100


class SourcePrice(NamedTuple):
    """A source's newest price of one point, as the fair probability of the first line.

    `at_ns` is the source's own time of it, that of its arrival if it gave none. With a `refusal` it
    does not count; `accepted_fair` and `accepted_ns` are then those of the last one that did, and
    both zero if none ever did.
    """

    fair: float
    at_ns: int
    refusal: str | None
    accepted_fair: float
    accepted_ns: int


# The prices of each source, by kind of market and the point of the first line.
PricesOfKind = dict[float, dict[str, SourcePrice]]


class SourcePrices:
    """The newest prices of every source of one sport event."""

    __slots__ = ("_of_kinds", "names")

    def __init__(self) -> None:
        """Start with none; `names` are those of the sources, in the order of their first price."""
        self._of_kinds: dict[MarketKind, PricesOfKind] = {}
        self.names: dict[str, None] = {}

    def at(self, kind: MarketKind, point: float) -> dict[str, SourcePrice]:
        """Return the newest prices of a kind of market at a point, by source."""
        return self._of_kinds.get(kind, {}).get(point, {})

    def of_source(self, name: str, kind: MarketKind) -> Iterator[tuple[float, SourcePrice]]:
        """Yield the newest prices of one source of a kind of market, with their points."""
        for point, by_source in self._of_kinds.get(kind, {}).items():
            price = by_source.get(name)
            if price is not None:
                yield point, price

    def put(self, name: str, kind: MarketKind, point: float, price: SourcePrice) -> None:
        """Replace the newest price of a source."""
        self.names[name] = None
        self._of_kinds.setdefault(kind, {}).setdefault(point, {})[name] = price

    def all(self) -> Iterator[tuple[str, SourcePrice]]:
        """Yield every price with its source."""
        for of_kind in self._of_kinds.values():
            for by_source in of_kind.values():
                yield from by_source.items()


@dataclass(slots=True)
class SourceRecord:
    """How one source did: its prices, when the last one arrived, and how many were refused.

    `refusals` are counted by the rule that refused them; `last_refusal` is the last one in full.
    """

    prices: int = 0
    last_ns: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    last_refusal: str = ""


class SourceRecords:
    """The records of all sources of a desk, by name."""

    def __init__(self) -> None:
        """Start without sources."""
        self.by_name: dict[str, SourceRecord] = {}

    def knows(self, name: str) -> bool:
        """Return whether there is a record of a source, or one may be added."""
        return name in self.by_name or len(self.by_name) < SOURCES_MAX

    def note(self, name: str, at_ns: int, refusal: str | None) -> None:
        """Count a price that arrived, and why it was refused, if it was: `rule: details`."""
        record = self.by_name.setdefault(name, SourceRecord())
        record.prices += 1
        record.last_ns = at_ns
        if refusal is not None:
            record.refusals[refusal.partition(":")[0]] += 1
            record.last_refusal = refusal
