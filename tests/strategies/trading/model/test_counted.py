"""Counts before nouns."""

import pytest

from strategies.trading.model.counted import counted


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 markets"), (1, "1 market"), (2, "2 markets"), (1_204, "1,204 markets")],
)
def test_a_noun_is_singular_after_one_alone(number: int, text: str) -> None:
    """One has the noun itself, any other count its plural, with thousands apart."""
    assert counted(number, "market") == text


def test_a_plural_may_be_given() -> None:
    """A noun whose plural is not made by an s brings its own."""
    assert (counted(1, "entry", "entries"), counted(3, "entry", "entries")) == (
        "1 entry",
        "3 entries",
    )
