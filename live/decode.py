"""Decodes messages to typed values, and converts between dollars and integer cents."""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from strategies.trading.model.errors import ProtocolError

# Above any amount that the exchange accepts, and small enough for exact arithmetic.
_DOLLARS_MAX = Decimal(10) ** 12
_CENT = Decimal(1)
_RAW_KEPT = 20_000
_REASON_CHARACTERS = 300

T = TypeVar("T")

# Times since the epoch that a tape can hold.
NANOSECONDS_MAX = (1 << 63) - 1
Nanoseconds = Annotated[int, Meta(ge=0, le=NANOSECONDS_MAX)]


class WireStruct(Struct, frozen=True, kw_only=True):
    """A message from or to an exchange, under its own names."""


def read(type_: type[T], raw: bytes | str, what: str) -> T:
    """Return a JSON text decoded as a type; raise ProtocolError, which names `what` it is."""
    try:
        value: T = _decoder(type_)(raw)  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise unreadable(what, str(error) or type(error).__name__, raw) from error
    return value


def unreadable(what: str, why: str, raw: bytes | str) -> ProtocolError:
    """Return the error for something that cannot be decoded, with its text as received."""
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "backslashreplace")
    # A reason may quote what was received, however long that is.
    return ProtocolError(f"{what}: {why}"[:_REASON_CHARACTERS], text[:_RAW_KEPT])


def cents(dollars: Decimal | None, what: str) -> int:
    """Return an amount in cents, rounded half up; None is zero.

    Raise ProtocolError for an amount that is not finite or too large.
    """
    if dollars is None:
        return 0
    try:
        if dollars.is_finite():
            return _finite_cents(dollars)
    except ArithmeticError:
        pass
    raise unreadable(what, "is no amount of dollars", str(dollars))


def all_cents(amounts: Iterable[Decimal | None], what: str) -> list[int]:
    """Return amounts in cents, as `cents` does."""
    return [cents(dollars, what) for dollars in amounts]


def stake_cents(dollars: Decimal | None, what: str) -> int:
    """Return an amount that cannot be negative, as `cents` does."""
    amount_cents = cents(dollars, what)
    if amount_cents < 0:
        raise unreadable(what, "is negative", str(dollars))
    return amount_cents


# Consecutive messages repeat the same amounts.
@lru_cache(maxsize=16_384)
def _finite_cents(dollars: Decimal) -> int:
    if abs(dollars) > _DOLLARS_MAX:
        raise OverflowError
    return int((dollars * 100).quantize(_CENT, ROUND_HALF_UP))


def dollars(amount_cents: int) -> Raw:
    """Return cents as a JSON number of dollars, exact to the cent: 1250 becomes 12.5."""
    whole, rest = divmod(amount_cents, 100)
    fraction = f".{rest:02d}".rstrip("0") if rest else ""
    return Raw(f"{whole}{fraction}".encode())


@cache
def _decoder(type_: Any) -> Callable[[bytes | str], Any]:
    # Not strict: numbers come as text, and whole numbers with a fraction of zero.
    return msgspec.json.Decoder(type_, strict=False).decode
