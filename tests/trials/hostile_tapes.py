"""A trial: recordings with random rows, columns, types, orders and metadata.

Bytes that are cut or flipped are another trial. Each recording is read and validated
whole. Run it as

    python -m tests.trials.hostile_tapes --size 15000 --seed 1
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator, default_rng

from recordings.reader import Tape
from recordings.tape import METADATA_KEY
from recordings.validator import validate
from strategies.trading.model.errors import TapeError
from tests.conftest import write_small_tape
from tests.live.corruption import garbled, mangled, text
from tests.trials.hostile import Tally, run_script

_INTEGERS = (0, 1, -1, 2, 7, 100, -100, 127, -128, 2**15, 2**31 - 1, -(2**31), 2**62, 2**63 - 1)
_TYPES = (pa.int8(), pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.list_(pa.int64()))


class TapeMaker:
    """Changes a small valid tape at random."""

    def __init__(self, segment: Path, chance: Generator) -> None:
        """Take its only segment."""
        self._table = pq.read_table(segment)
        self._described: bytes = pq.read_metadata(segment).metadata[METADATA_KEY]
        self._chance = chance

    def write(self, path: Path) -> list[str]:
        """Write a changed segment, and return the changes."""
        table, described, changes = self._table, self._described, []
        for _ in range(int(self._chance.integers(1, 4))):
            if self._chance.random() < 0.4:
                described = self._other_metadata(described)
                changes.append(f"metadata {described[:2_000]!r}")
            else:
                name = str(self._chance.choice(["cells", "rows", "column", "type"]))
                table = getattr(self, f"_other_{name}")(table)
                changes.append(name)
        metadata = {METADATA_KEY: described} if self._chance.random() < 0.98 else {b"x": described}
        pq.write_table(table.replace_schema_metadata(metadata), path)
        return changes

    def _other_metadata(self, described: bytes) -> bytes:
        if self._chance.random() < 0.1:
            return garbled(described, self._chance)
        try:
            return text(mangled(json.loads(described), self._chance))
        except ValueError:
            return described

    def _other_cells(self, table: pa.Table) -> pa.Table:
        """Return a table with some cells of one column replaced."""
        place = int(self._chance.integers(table.num_columns))
        field, column = table.schema.field(place), table.column(place).to_pylist()
        for _ in range(int(self._chance.integers(1, 4)) if column else 0):
            column[int(self._chance.integers(len(column)))] = self._cell(field.type, column)
        try:
            values = pa.array(column, type=field.type)
        except (pa.ArrowException, OverflowError, TypeError):
            return table
        return table.set_column(place, field, values)

    def _cell(self, type_: pa.DataType, column: list[Any]) -> Any:
        if self._chance.random() < 0.1:
            return None
        if self._chance.random() < 0.3:
            return column[int(self._chance.integers(len(column)))]
        if pa.types.is_integer(type_):
            return _INTEGERS[int(self._chance.integers(len(_INTEGERS)))]
        return str(self._chance.choice(["", "\x1b[2J", "{", '{"feed": 5}', "[[", "x" * 3_000]))

    def _other_rows(self, table: pa.Table) -> pa.Table:
        """Return a table with its rows in another order, doubled, left out, or none."""
        number = table.num_rows
        match int(self._chance.integers(4)):
            case 0:
                order = self._chance.permutation(number).tolist()
            case 1:
                order = self._chance.integers(0, max(1, number), size=number).tolist()
            case 2:
                order = [row for row in range(number) if self._chance.random() < 0.8]
            case _:
                order = list(range(int(self._chance.integers(0, number + 1))))
        return table.take(pa.array(order, type=pa.int64()))

    def _other_column(self, table: pa.Table) -> pa.Table:
        """Return a table without a column, or with one renamed, doubled or moved."""
        place = int(self._chance.integers(table.num_columns))
        name = table.schema.names[place]
        match int(self._chance.integers(4)):
            case 0:
                return table.remove_column(place) if table.num_columns > 1 else table
            case 1:
                names = [f"{each}x" if each == name else each for each in table.schema.names]
                return table.rename_columns(names)
            case 2:
                return table.append_column(name, table.column(place))
            case _:
                order = self._chance.permutation(table.num_columns)
                return table.select(order.tolist())

    def _other_type(self, table: pa.Table) -> pa.Table:
        """Return a table with a column of another type."""
        place = int(self._chance.integers(table.num_columns))
        type_ = _TYPES[int(self._chance.integers(len(_TYPES)))]
        try:
            values = table.column(place).cast(type_)
        except pa.ArrowException:
            values = pa.nulls(table.num_rows, type_)
        return table.set_column(place, table.schema.names[place], values)


def run_trial(size: int, seed: int, tally: Tally) -> None:
    """Write and read this many changed tapes."""
    with tempfile.TemporaryDirectory(prefix="tapes-") as folder:
        made = write_small_tape(Path(folder) / "tape")
        maker = TapeMaker(made / "segment-00000.parquet", default_rng(seed))
        other = Path(folder) / "other" / "segment-00000.parquet"
        other.parent.mkdir()
        with tally.measured("tapes"):
            for _ in range(size):
                changes = maker.write(other)
                with tally.attempt("tapes", changes, (TapeError,)):
                    validate(Tape(other.parent))


if __name__ == "__main__":
    sys.exit(run_script("hostile_tapes", run_trial, sys.argv[1:]))
