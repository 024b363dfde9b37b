"""One line of outside prices: what it may say, and what of it is refused.

The format is that of docs/reference.md: a fair probability of one line, or what a source itself
offers on all selections of a market, from which the desk removes the vig.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from live.decode import WireStruct, read, unreadable
from recordings.tape import PROBABILITY_PARTS
from recordings.utc_time import possible_ns, utc_ns
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import DEFAULT_SOURCE, ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Line
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND

_LEAST = 1 / PROBABILITY_PARTS
# What the prices of a whole market imply together lies between these, for any book there is.
_LEAST_SUM, _MOST_SUM = 0.7, 2.0
_SELECTIONS_MAX = 50
# How the reason begins why a price is refused; the name of its source follows.
_OF_SOURCE = "reference, source "
# Clocks of two machines may differ; a price from further ahead has no age that means anything.
_AHEAD_NS_MAX = 60 * NS_PER_SECOND

_Probability = Annotated[float, Meta(ge=_LEAST, le=1 - _LEAST)]
_Source = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,39}\Z")]
_Point = Annotated[float, Meta(ge=-10_000, le=10_000)]


class OutsidePrice(Struct, frozen=True):
    """A price as its line named it: the opposite line is to be checked where lines are known.

    `opposite_id` is None where the line names none; `opposite_point` where it gives no point.
    """

    price: ReferencePrice
    opposite_id: LineId | None = None
    opposite_point: float | None = None

    def problem(self, type_: MarketType, first: Line, second: Line | None) -> str | None:
        """Return why a price does not fit a market with these lines of its names, None if it does.

        `second` is the line that it names as the opposite one, None if that is not known.
        """
        point = first.point if self.price.point is None else self.price.point
        if point and not type_.row.has_point:
            return f"gives the point {point:g} to a {type_}, which has none"
        if self.opposite_id is None:
            return None
        if second is None:
            return "its second line is not followed"
        if second.market_key != first.market_key or second.selection is first.selection:
            return "names two lines that are not the two sides of one market"
        opposite_point = second.point if self.opposite_point is None else self.opposite_point
        if opposite_point != type_.opposite_point(point):
            return f"the points {point:g} and {opposite_point:g} of its two lines are no pair"
        return None


class _WireSelection(WireStruct, frozen=True):
    line_id: str | None = None
    strike_id: str | None = None
    name: str | None = None
    point: _Point | None = None
    american: int | None = None
    decimal: float | None = None
    probability: _Probability | None = None


class _WirePrice(WireStruct, frozen=True):
    source: _Source = DEFAULT_SOURCE
    at: str | int | None = None
    line_id: str | None = None
    strike_id: str | None = None
    point: _Point | None = None
    probability: _Probability | None = None
    selections: Annotated[tuple[_WireSelection, ...], Meta(max_length=_SELECTIONS_MAX)] = ()


class _WireSource(Struct, frozen=True):
    source: _Source = DEFAULT_SOURCE


def read_price(line: bytes, received_ns: int) -> OutsidePrice:
    """Return the price in a line; raise ProtocolError, by the name of its source, without one."""
    what = f"{_OF_SOURCE}{_source_of(line)}"
    wire = read(_WirePrice, line, what)
    try:
        return _market(wire, received_ns) if wire.selections else _fair(wire, received_ns)
    except ValueError as error:
        raise unreadable(what, str(error), line) from None


def refused(source: str, problem: str, price: OutsidePrice | ReferencePrice) -> ProtocolError:
    """Return the error for a price that does not fit what is followed."""
    return ProtocolError(f"{_OF_SOURCE}{source}: {problem}", repr(price))


def refused_by_source(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many prices of each source were refused, of counts by reason."""
    found: Counter[str] = Counter()
    for reason, count in counts.items():
        if reason.startswith(_OF_SOURCE):
            found[reason.removeprefix(_OF_SOURCE).partition(":")[0]] += count
    return dict(found)


def _source_of(line: bytes) -> str:
    try:
        return read(_WireSource, line, "").source
    except ProtocolError:
        return "unknown"


def _fair(wire: _WirePrice, received_ns: int) -> OutsidePrice:
    line_id = _line_id(wire)
    if line_id is None or wire.probability is None:
        message = "needs one line_id or strike_id with a probability, or selections"
        raise ValueError(message)
    at_ns = _at_ns(wire.at, received_ns)
    return OutsidePrice(
        ReferencePrice(line_id, wire.probability, wire.source, at_ns, point=wire.point)
    )


def _market(wire: _WirePrice, received_ns: int) -> OutsidePrice:
    if _line_id(wire) is not None or wire.probability is not None or wire.point is not None:
        message = "has selections and also a line, point or probability of its own"
        raise ValueError(message)
    named = [(_line_id(each), each.point, _implied(each)) for each in wire.selections]
    ours = [each for each in named if each[0] is not None]
    total = sum(implied for _, _, implied in named)
    if len(named) < 2 or not _LEAST_SUM <= total <= _MOST_SUM:
        message = f"its prices imply {total:.2f} together, which is no whole market"
        raise ValueError(message)
    if not 1 <= len(ours) <= 2:
        message = f"names {len(ours)} lines; a market has one or two"
        raise ValueError(message)
    first_id, point, probability = ours[0]
    opposite_id, opposite_point, opposite = ours[1] if len(ours) == 2 else (None, None, None)
    assert first_id is not None, "only selections with a line were kept"
    price = ReferencePrice(
        first_id,
        probability,
        wire.source,
        _at_ns(wire.at, received_ns),
        opposite,
        tuple([implied for line_id, _, implied in named if line_id is None]),
        point,
    )
    return OutsidePrice(price, opposite_id, opposite_point)


def _line_id(wire: _WirePrice | _WireSelection) -> LineId | None:
    """Return the line that is named, None if none is; raise ValueError for two."""
    names = {wire.line_id, wire.strike_id} - {None, ""}
    if len(names) > 1:
        message = "needs one line_id or strike_id, not two that differ"
        raise ValueError(message)
    if not names:
        return None
    return LineId(str(names.pop()))


def _implied(wire: _WireSelection) -> float:
    """Return what a selection's price implies; raise ValueError without exactly one price."""
    prices = (wire.american, wire.decimal, wire.probability)
    if sum(price is not None for price in prices) != 1:
        message = "each selection needs one price: american, decimal or probability"
        raise ValueError(message)
    if _line_id(wire) is None and not wire.name:
        message = "each selection needs a line_id, a strike_id or a name"
        raise ValueError(message)
    if wire.probability is not None:
        return wire.probability
    if wire.american is not None:
        implied = implied_probability(wire.american) if abs(wire.american) >= 100 else 0.0
        shown = f"american odds {wire.american}"
    else:
        assert wire.decimal is not None, "one of three is given"
        implied = 1 / wire.decimal if wire.decimal > 1 else 0.0
        shown = f"decimal odds {wire.decimal:g}"
    if not _LEAST <= implied <= 1 - _LEAST:
        message = f"{shown} are no odds"
        raise ValueError(message)
    return implied


def _at_ns(at: str | int | None, received_ns: int) -> int:
    """Return the source's own time, 0 without one; raise ValueError for one from ahead."""
    if at is None:
        return 0
    at_ns = possible_ns(at if isinstance(at, int) else utc_ns(at))
    if at_ns > received_ns + _AHEAD_NS_MAX:
        ahead_s = (at_ns - received_ns) // NS_PER_SECOND
        message = f"its time is {ahead_s} s ahead of ours"
        raise ValueError(message)
    return at_ns
