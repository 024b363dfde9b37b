"""What the text of a REFERENCE row says beyond its line and probability.

It is JSON with the fields of `ReferencePrice` that are not the default: source, at_ns, opposite,
others, point. A row without a text, as recordings before several sources have them all, is a fair
probability of the source "reference".
"""

import msgspec
from msgspec import Struct

from strategies.trading.model.errors import TapeError
from strategies.trading.model.events import DEFAULT_SOURCE, ReferencePrice
from strategies.trading.model.ids import LineId


class ReferenceText(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The fields of a reference price that its row has no column for."""

    source: str = DEFAULT_SOURCE
    at_ns: int = 0
    opposite: float | None = None
    others: tuple[float, ...] = ()
    point: float | None = None


_PLAIN = ReferenceText()
_DECODER = msgspec.json.Decoder(ReferenceText)


def reference_text(price: ReferencePrice) -> str | None:
    """Return the text of a price's row, None where the row says all of it."""
    text = ReferenceText(price.source, price.at_ns, price.opposite, price.others, price.point)
    return None if text == _PLAIN else msgspec.json.encode(text).decode()


def reference_price(line_id: LineId, probability: float, text: str | None) -> ReferencePrice:
    """Return the price of a row; raise TapeError for a text that `reference_text` did not write."""
    if text is None:
        return ReferencePrice(line_id, probability)
    of = read_reference_text(text)
    return ReferencePrice(
        line_id, probability, of.source, of.at_ns, of.opposite, of.others, of.point
    )


def read_reference_text(text: str) -> ReferenceText:
    """Return the fields in a text; raise TapeError if it has others, or no probabilities."""
    try:
        read = _DECODER.decode(text)
    except msgspec.DecodeError as error:
        message = f"reference text {text[:80]!r}: {error}"
        raise TapeError(message) from None
    prices = read.others if read.opposite is None else (read.opposite, *read.others)
    if not read.source or not all(0 < price < 1 for price in prices):
        message = f"reference text {text[:80]!r}: needs a source, and probabilities between 0 and 1"
        raise TapeError(message)
    return read
