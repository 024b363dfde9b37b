"""Dollars on the wire and integer cents here: exact both ways."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.decode import cents, dollars, read
from strategies.trading.model.errors import ProtocolError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("33.92", 3_392),
        ("4.385", 439),
        ("1.005", 101),
        ("0.005", 1),
        ("0.004999999", 0),
        ("33.92000000000000170530", 3_392),
        ("96.719999999999999", 9_672),
        ("1e2", 10_000),
        ('"12.5"', 1_250),
        ("100000000", 10_000_000_000),
        ("null", 0),
    ],
)
def test_dollars_are_read_exactly_and_rounded_half_up(text: str, expected: int) -> None:
    """Half a cent is rounded up, and noise below it away, without the error of a float."""
    assert cents(read(Decimal | None, text, "amount"), "amount") == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1e400", "1e999999999", '"NaN"', '"Infinity"', "-1e30"])
def test_an_invalid_amount_is_refused(text: str) -> None:
    """Infinite and absurd amounts are ProtocolErrors."""
    with pytest.raises(ProtocolError, match="amount"):
        cents(read(Decimal, text, "amount"), "amount")


@given(st.integers(0, 10**12))
def test_cents_survive_the_wire(amount_cents: int) -> None:
    """Cents written as dollars are read as the same cents, in no more than two decimals."""
    text = msgspec.json.encode(dollars(amount_cents))
    assert cents(read(Decimal, text, "amount"), "amount") == amount_cents
    assert len(text.partition(b".")[2]) <= 2


def test_the_raw_text_of_an_unreadable_message_is_kept() -> None:
    """The error names the expected type, and carries the text as it came, bad bytes included."""
    with pytest.raises(ProtocolError, match="answer") as caught:
        read(dict, b'{"a": \xff', "answer")
    assert caught.value.raw == '{"a": \\xff'
