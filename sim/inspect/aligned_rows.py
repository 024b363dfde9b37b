"""Rows of text in aligned columns, for a terminal."""

from collections.abc import Collection, Iterator, Sequence

_BETWEEN = "  "


def aligned_rows(rows: Sequence[Sequence[str]], numbers: Collection[int] = ()) -> Iterator[str]:
    """Yield rows of equal length as lines; the columns of these indices are aligned right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.rjust(width) if index in numbers else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield _BETWEEN.join(cells).rstrip()
