"""Makes typed rows of the texts in a table's row, by a mapping."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

from recordings.importers.own_data.column_mapping import (
    ColumnMapping,
    Part,
    PricePart,
    TimePart,
    text_part,
)
from recordings.importers.wall_times import time_ns
from recordings.tape import UNREPORTED_CENTS, Kind, Side
from recordings.utc_time import possible_ns
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Period, Selection
from strategies.trading.model.odds import payout_ratio
from strategies.trading.model.units import NS_PER_SECOND

KINDS = (
    *(Kind.OFFER, Kind.TRADE, Kind.MARKET_STATUS, Kind.EVENT_STATUS, Kind.SCORE, Kind.RESULT),
    Kind.REFERENCE,
)
_MARKETS = (MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL)
_POINTS = re.compile("[0-9]{1,6}")
# Of times in nanoseconds; what is larger takes long to convert.
_LARGEST = Decimal(10) ** 19
# More than was ever staked; in cents it fits in 64 bits, whatever the unit.
_MOST_DOLLARS = 10**12
_EPOCH_UNITS = {"s": NS_PER_SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}

E = TypeVar("E", bound=Enum)


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row of a table. What its kind does not need is None, or zero.

    `place` is where it stands, for messages. `ratio` is the profit per stake at its price, None for
    an offer that is gone. `cents` is the amount in cents, UNREPORTED_CENTS where the table has no
    amount.
    """

    ns: int
    kind: Kind
    event: SportEvent
    market: Market | None = None
    line: Line | None = None
    ratio: Fraction | None = None
    cents: int = 0
    side: Side = Side.NONE
    state: int = 0
    score: tuple[int, int] = (0, 0)
    place: str = ""


class RowReader:
    """Reads rows of tables by one mapping. Every method raises TapeError for what is invalid."""

    def __init__(self, mapping: ColumnMapping) -> None:
        """Read by this mapping."""
        self._mapping = mapping
        self._events: dict[str, SportEvent] = {}

    def read(self, fields: dict[str, str]) -> OwnRow:
        """Return a row of a table."""
        kind = _named(KINDS, "kind", self._text("kind", fields))
        ns = _time(self._mapping.time, fields)
        event = self._event(fields)
        if kind == Kind.EVENT_STATUS:
            return OwnRow(ns, kind, event, state=self._state(EventStatus, fields))
        if kind == Kind.SCORE:
            clock_ns = int(_decimal("clock_seconds", self._text("clock_seconds", fields)) * 10**9)
            return OwnRow(ns, kind, event, state=clock_ns, score=self._score(fields))
        market = self._market(event, fields)
        if kind == Kind.MARKET_STATUS:
            return OwnRow(ns, kind, event, market, state=self._state(MarketStatus, fields))
        line = self._line(market, fields)
        if kind == Kind.RESULT:
            return OwnRow(ns, kind, event, market, line, state=self._state(Result, fields))
        ratio = self._ratio(fields, is_offer=kind == Kind.OFFER)
        if kind == Kind.REFERENCE:
            return OwnRow(ns, kind, event, market, line, ratio)
        cents = self._cents(ratio, fields)
        if kind == Kind.OFFER:
            return OwnRow(ns, kind, event, market, line, ratio, cents)
        if cents < 0:
            message = "amount: a trade needs one"
            raise TapeError(message)
        sides = (Side.MAKER, Side.TAKER, Side.UNKNOWN)
        side = _named(sides, "side", self._text("side", fields))
        return OwnRow(ns, kind, event, market, line, ratio, cents, side)

    def _event(self, fields: dict[str, str]) -> SportEvent:
        """Return a row's game; it is described by its first row."""
        name = self._needed("event", fields)
        if name not in self._events:
            home, away = self._needed("home", fields), self._needed("away", fields)
            self._events[name] = SportEvent(
                event_id=EventId(name),
                name=f"{away} at {home}",
                home=home,
                away=away,
                tournament=self._text("tournament", fields),
                sport=self._text("sport", fields),
                scheduled_ns=_time(self._mapping.start, fields),
            )
        return self._events[name]

    def _market(self, event: SportEvent, fields: dict[str, str]) -> Market:
        type_ = _named(_MARKETS, "market", self._text("market", fields))
        period = _named(tuple(Period), "period", self._text("period", fields))
        prefix = "" if period is Period.GAME else f"{period.label} "
        market_id = MarketId(f"{type_}-{period}")
        return Market(event.event_id, market_id, type_, f"{prefix}{type_.row.label}", period)

    def _line(self, market: Market, fields: dict[str, str]) -> Line:
        row = market.type.row
        selection = _named((row.first, row.second), "selection", self._text("selection", fields))
        point = 0.0
        if row.has_point:
            number = _decimal("point", self._text("point", fields))
            if number * 2 != int(number * 2):
                message = f"point {number} is no multiple of a half"
                raise TapeError(message)
            point = float(number)
        return line_of(market, selection, point)

    def _ratio(self, fields: dict[str, str], *, is_offer: bool) -> Fraction | None:
        part = self._mapping.price
        if part is None:
            message = "price: the mapping names no column of prices"
            raise TapeError(message)
        if is_offer and self._mapping.offers == "touch" and not fields[part.column].strip():
            return None
        return _profit_per_stake(part, fields[part.column])

    def _cents(self, ratio: Fraction | None, fields: dict[str, str]) -> int:
        part = self._mapping.amount
        if part is None or not fields[part.column].strip():
            return UNREPORTED_CENTS
        amount = _decimal("amount", fields[part.column])
        if not 0 <= amount <= _MOST_DOLLARS:
            message = f"amount {amount} is negative or too large"
            raise TapeError(message)
        if part.unit == "contracts":
            price = 0 if ratio is None else 1 / (1 + ratio)
            amount *= Decimal(price.numerator) / Decimal(price.denominator)
        cents = amount if part.unit == "cents" else amount * 100
        return int(cents.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def _score(self, fields: dict[str, str]) -> tuple[int, int]:
        home, away = (self._text(name, fields) for name in ("home_points", "away_points"))
        if not _POINTS.fullmatch(home) or not _POINTS.fullmatch(away):
            message = f"score {home!r} to {away!r}: needs two whole numbers of up to six digits"
            raise TapeError(message)
        return int(home), int(away)

    def _state(self, states: type[E], fields: dict[str, str]) -> int:
        state = _named(tuple(states), "state", self._text("state", fields))
        return int(state.value)

    def _needed(self, name: str, fields: dict[str, str]) -> str:
        text = self._text(name, fields)
        if not text:
            message = f"{name}: is empty"
            raise TapeError(message)
        return text

    def _text(self, name: str, fields: dict[str, str]) -> str:
        part: Part = getattr(self._mapping, name)
        text = text_part(part)
        if text.column is None:
            return text.value or ""
        found = fields[text.column].strip()
        if text.values and found not in text.values:
            message = f"{name} {found!r}: the mapping translates {', '.join(text.values)}"
            raise TapeError(message)
        return text.values.get(found, found)


def line_of(market: Market, selection: Selection, point: float) -> Line:
    """Return a line of a market."""
    line_id = LineId(f"{market.event_id}:{market.market_id}:{selection}:{point:g}")
    return Line(line_id, market.event_id, market.market_id, selection, point)


def _named(known: tuple[E, ...], what: str, text: str) -> E:
    """Return the member with a name, or with a text as value; raise TapeError for another."""
    for each in known:
        if text.lower() in (each.name.lower(), str(each.value)):
            return each
    names = ", ".join(each.name.lower() for each in known)
    message = f"{what} {text!r} is none of {names}"
    raise TapeError(message)


def _time(part: TimePart, fields: dict[str, str]) -> int:
    text = fields[part.column].strip()
    if part.form in _EPOCH_UNITS:
        ns = int(_decimal("time", text) * _EPOCH_UNITS[part.form])
    else:
        ns = time_ns(text, ZoneInfo(part.zone), None if part.form == "iso" else part.form)
    try:
        return possible_ns(ns)
    except ValueError as error:
        message = f"{text!r}: {error}"
        raise TapeError(message) from error


def _profit_per_stake(part: PricePart, text: str) -> Fraction:
    number = _decimal("price", text)
    if part.form == "american" and number == int(number) and not -100 <= number < 100:
        return Fraction(*payout_ratio(int(number)))
    if part.form == "decimal" and number > 1:
        return Fraction(number) - 1
    probability = Fraction(number) / (100 if part.form == "cents" else 1)
    if part.form in ("probability", "cents") and 0 < probability < 1:
        return (1 - probability) / probability
    message = f"price {text!r} is no price of the form {part.form}"
    raise TapeError(message)


def _decimal(what: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number) > _LARGEST:
        message = f"{what} {text!r} is no number, or too large"
        raise TapeError(message)
    return number
