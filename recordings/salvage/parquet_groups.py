"""Groups of rows of a tape's segment whose footer is lost: found by their pages, and read.

Pages of Parquet follow each other, each with a header in Thrift's compact protocol. From those a
new footer is made for the groups that are whole, and the rest is left to Arrow.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from recordings.parquet import TAPE_TYPES
from recordings.sealed_file import checkpoint_end

_MAGIC = b"PAR1"
_VERSION, _ZSTD, _OPTIONAL = 2, 6, 1
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
# The physical type and the converted type of each Arrow type; None if it needs no conversion.
_PHYSICAL: dict[str, tuple[int, int | None]] = {
    "int8": (1, 15),
    "int32": (1, None),
    "int64": (2, None),
    "string": (6, 0),
}
# Types of Thrift's compact protocol.
_TRUE, _FALSE, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 2, 5, 6, 8, 9, 12
_MOST_VARINT_BYTES = 10
_LONG_LIST = 15


class _Page(NamedTuple):
    """A page of a column: what its header says, and where it is in the file."""

    kind: int
    values: int
    start: int
    end: int
    uncompressed_bytes: int


class _Column(NamedTuple):
    """The pages of one column in one group: a dictionary, and then data."""

    pages: tuple[_Page, ...]

    @property
    def values(self) -> int:
        """Return the number of rows."""
        return sum(page.values for page in self.pages[1:])


def whole_rows(data: bytes, end: int) -> pa.Table:
    """Return the rows of the groups that are whole before a place in a segment."""
    footer, groups_end = _footer(list(_groups(data, end)))
    file = b"".join((data[:groups_end], footer, len(footer).to_bytes(4, "little"), _MAGIC))
    table: pa.Table = pq.read_table(pa.BufferReader(file), page_checksum_verification=True)
    return table


def _groups(data: bytes, end: int) -> Iterator[tuple[_Column, ...]]:
    """Yield the groups from the first on, up to one that is not whole."""
    columns: list[_Column] = []
    for column in _columns(data, end):
        has_data = len(column.pages) > 1
        if not has_data or (columns and column.values != columns[0].values):
            return
        columns.append(column)
        if len(columns) == len(TAPE_TYPES):
            yield tuple(columns)
            columns = []


def _columns(data: bytes, end: int) -> Iterator[_Column]:
    """Yield the columns that are followed by another, by a checkpoint or by the place `end`."""
    pages: list[_Page] = []
    place = len(_MAGIC)
    while place < end:
        after = checkpoint_end(data, place)
        page = None if after else _page(data, place, end)
        if pages and (page is None or page.kind == _DICTIONARY_PAGE):
            yield _Column(tuple(pages))
            pages = []
        if page is not None:
            pages.append(page)
        elif after is None:
            return
        place = after if page is None and after else page.end if page else end
    if pages:
        yield _Column(tuple(pages))


def _page(data: bytes, start: int, end: int) -> _Page | None:
    """Return the page that begins at a place, None if it is cut, changed or no page."""
    try:
        header, body = _read_struct(data, start)
        values = (header[5] if header[1] == _DATA_PAGE else header[7])[1]
        after = body + header[3]
        crc = header.get(4)
        if not body <= after <= end or header[1] not in (_DATA_PAGE, _DICTIONARY_PAGE):
            return None
        if crc is not None and crc & 0xFFFFFFFF != zlib.crc32(data[body:after]):
            return None
        return _Page(header[1], values, start, after, body - start + header[2])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _footer(groups: Sequence[tuple[_Column, ...]]) -> tuple[bytes, int]:
    """Return the footer of a file with some groups, and where the last of them ends."""
    schema = [_struct((4, _BINARY, b"schema"), (5, _I32, len(TAPE_TYPES)))]
    for name, alias in TAPE_TYPES.items():
        physical, converted = _PHYSICAL[alias]
        element = [(1, _I32, physical), (3, _I32, _OPTIONAL), (4, _BINARY, name.encode())]
        if converted is not None:
            element.append((6, _I32, converted))
        schema.append(_struct(*element))
    footer = _struct(
        (1, _I32, _VERSION),
        (2, _LIST, (_STRUCT, schema)),
        (3, _I64, sum(group[0].values for group in groups)),
        (4, _LIST, (_STRUCT, [_group(group) for group in groups])),
    )
    return footer, groups[-1][-1].pages[-1].end if groups else len(_MAGIC)


def _group(columns: tuple[_Column, ...]) -> bytes:
    chunks = [_chunk(*each) for each in zip(TAPE_TYPES.items(), columns, strict=True)]
    total = sum(page.uncompressed_bytes for column in columns for page in column.pages)
    return _struct((1, _LIST, (_STRUCT, chunks)), (2, _I64, total), (3, _I64, columns[0].values))


def _chunk(column_type: tuple[str, str], column: _Column) -> bytes:
    name, alias = column_type
    first, data = column.pages[:2]
    metadata = _struct(
        (1, _I32, _PHYSICAL[alias][0]),
        (2, _LIST, (_I32, [_varint(_zigzag(e)) for e in (_PLAIN, _RLE, _RLE_DICTIONARY)])),
        (3, _LIST, (_BINARY, [_varint(len(name)) + name.encode()])),
        (4, _I32, _ZSTD),
        (5, _I64, column.values),
        (6, _I64, sum(page.uncompressed_bytes for page in column.pages)),
        (7, _I64, column.pages[-1].end - first.start),
        (9, _I64, data.start),
        (11, _I64, first.start),
    )
    return _struct((2, _I64, first.start), (3, _STRUCT, metadata))


def _struct(*fields: tuple[int, int, Any]) -> bytes:
    """Return a structure in Thrift's compact protocol; each field is its id, type and value."""
    parts, last = [], 0
    for number, kind, value in fields:
        parts += [bytes([(number - last) << 4 | kind]), _value(kind, value)]
        last = number
    return b"".join((*parts, b"\0"))


def _value(kind: int, value: Any) -> bytes:
    """Return a value of a field; a list is given as the type of its items, and these encoded."""
    if kind == _BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == _LIST:
        element, items = value
        if len(items) < _LONG_LIST:
            head = bytes([len(items) << 4 | element])
        else:
            head = bytes([_LONG_LIST << 4 | element]) + _varint(len(items))
        return head + b"".join(items)
    return _varint(_zigzag(value)) if kind in (_I32, _I64) else bytes(value)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else ~(number << 1)


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes((*parts, number))


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(_MOST_VARINT_BYTES):
        byte = data[place + shift]
        number |= (byte & 127) << (7 * shift)
        if byte < 128:
            return number, place + shift + 1
    message = "a number is too long"
    raise ValueError(message)


def _read_struct(data: bytes, place: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a structure by id, and the place after it; raise as `_page` lists."""
    fields: dict[int, Any] = {}
    number = 0
    while head := data[place]:
        place += 1
        if head >> 4:
            number += head >> 4
        else:
            zigzag, place = _read_varint(data, place)
            number = zigzag >> 1
        fields[number], place = _read_value(data, place, head & 15)
    return fields, place + 1


def _read_value(data: bytes, place: int, kind: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, place
    if kind in (_I32, _I64):
        number, place = _read_varint(data, place)
        return (number >> 1) ^ -(number & 1), place
    if kind == _BINARY:
        length, place = _read_varint(data, place)
        return data[place : place + length], place + length
    if kind == _STRUCT:
        return _read_struct(data, place)
    message = f"no header of a page has the type {kind}"
    raise ValueError(message)
