"""The mapping file of own data: in which columns of a table the parts of a row are.

docs/own-data.md has a complete example. A part is the name of a column, or a table of `column` with
translations of its `values`, or a `value` that is the same in every row.
"""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from strategies.trading.model.errors import ConfigError

PriceForm = Literal["american", "decimal", "probability", "cents"]
AmountUnit = Literal["dollars", "cents", "contracts"]


class TextPart(Struct, frozen=True, forbid_unknown_fields=True):
    """A part that is text: a column, or one value; `values` translates what the column holds."""

    column: str | None = None
    value: str | None = None
    values: dict[str, str] = {}


class TimePart(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of times; those without an offset are of `zone`.

    `form` is `iso`, or a number since the epoch in `s`, `ms`, `us` or `ns`, or a form of strptime.
    """

    column: str
    zone: str = "UTC"
    form: str = "iso"


class PricePart(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of prices."""

    column: str
    form: PriceForm


class AmountPart(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of amounts: what a taker may stake or staked, or contracts that pay a dollar."""

    column: str
    unit: AmountUnit = "dollars"


Part = str | TextPart
# What a mapping says of the whole table, not of its rows.
_OF_ALL_ROWS = ("source", "simulated", "offers")


class ColumnMapping(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where the parts of a row are; those with a default may be left out of the file.

    With `offers: touch` a line has one offer, and each row of it replaces the one before; with
    `levels` a row is the amount at its price, and zero removes it.
    """

    source: str
    simulated: bool = False
    offers: Literal["levels", "touch"] = "levels"
    time: TimePart
    start: TimePart
    event: Part
    home: Part
    away: Part
    kind: Part = TextPart(value="offer")
    tournament: Part = TextPart(value="")
    sport: Part = TextPart(value="")
    market: Part = TextPart(value="moneyline")
    period: Part = TextPart(value="game")
    selection: Part = TextPart(value="")
    point: Part = TextPart(value="")
    side: Part = TextPart(value="unknown")
    state: Part = TextPart(value="")
    home_points: Part = TextPart(value="")
    away_points: Part = TextPart(value="")
    clock_seconds: Part = TextPart(value="0")
    price: PricePart | None = None
    amount: AmountPart | None = None

    def columns(self) -> list[str]:
        """Return every column that is named."""
        parts = [getattr(self, name) for name in self.__struct_fields__ if name not in _OF_ALL_ROWS]
        return [column for column in map(_column, parts) if column is not None]


def text_part(part: Part) -> TextPart:
    """Return a part in its long form."""
    return TextPart(column=part) if isinstance(part, str) else part


def read_mapping(file: Path) -> ColumnMapping:
    """Return the mapping in a YAML file; raise ConfigError, naming what is wrong."""
    try:
        mapping = msgspec.yaml.decode(file.read_bytes(), type=ColumnMapping)
    except OSError as error:
        message = f"{file}: cannot be read ({error.strerror})"
        raise ConfigError(message) from error
    except msgspec.MsgspecError as error:
        reason = " ".join(str(error).split())
        message = f"{file}: {reason}"
        raise ConfigError(message) from error
    _require_sense(file, mapping)
    return mapping


def _require_sense(file: Path, mapping: ColumnMapping) -> None:
    for name, part in (("time", mapping.time), ("start", mapping.start)):
        try:
            ZoneInfo(part.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{file}: {name}: {part.zone!r} is no time zone, such as America/New_York"
            raise ConfigError(message) from error
    for name in mapping.__struct_fields__:
        part = getattr(mapping, name)
        if isinstance(part, TextPart) and (part.column is None) == (part.value is None):
            message = f"{file}: {name}: needs either a column or a value"
            raise ConfigError(message)


def _column(part: Part | TimePart | PricePart | AmountPart | None) -> str | None:
    """Return the column of a part, None of a part that is one value, or is left out."""
    return part if part is None or isinstance(part, str) else part.column
