"""Text from outside, as terminals and logs show it."""

import pytest

from strategies.trading.model.one_line import LONGEST_LINE, one_line, short_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Köln at Málaga", "Köln at Málaga"),
        ("two\nlines\r\nmore\u2028", "two lines more"),
        ("\x1b[2Jgone\x00", "\\x1b[2Jgone\\x00"),
        ("a\u202eb\ud800", "a\\u202eb\\ud800"),
        ("a\tb\xa0c", "a b c"),
    ],
)
def test_a_text_is_shown_as_one_line(text: str, shown: str) -> None:
    """What moves a cursor, turns the direction or begins another line is escaped."""
    assert one_line(text) == shown


def test_a_message_that_repeats_too_much_is_cut() -> None:
    """An error may quote a value of any length."""
    assert short_line("no\nvalue") == "no value"
    assert short_line("x" * 9_000) == "x" * LONGEST_LINE + "..."
