"""Wager references: unique for ever, and in the form that the exchange takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import WagerRef, WagerRefFactory, is_ref_of

session_names = st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True)
starts = st.tuples(session_names, st.integers(0, 10**9))


def test_references_hold_session_start_and_count() -> None:
    """A reference reads as session name, start number, and a counter from one."""
    mint = WagerRefFactory("tuesday", 3)
    assert [mint.next_ref() for _ in range(3)] == ["tuesday-3-1", "tuesday-3-2", "tuesday-3-3"]


@pytest.mark.slow
@given(st.lists(starts, min_size=2, max_size=4, unique=True))
def test_references_of_two_starts_never_collide(named_starts: list[tuple[str, int]]) -> None:
    """References of different sessions or starts differ, whatever dashes the names hold."""
    mints = [WagerRefFactory(name, start) for name, start in named_starts]
    refs = [mint.next_ref() for mint in mints for _ in range(12)]
    assert len(set(refs)) == len(refs)


@given(starts)
def test_references_fit_the_exchanges_external_id(start: tuple[str, int]) -> None:
    """Every reference is at most 100 letters, digits, underscores and dashes."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", WagerRefFactory(*start).next_ref())


def test_the_same_start_gives_the_same_references() -> None:
    """The same start gives the same references, so a replay names its wagers as the session did."""
    first, again = WagerRefFactory("s", 1), WagerRefFactory("s", 1)
    assert [first.next_ref() for _ in range(5)] == [again.next_ref() for _ in range(5)]


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b", "café", "x" * 61, "name\n", "a:b"])
def test_a_session_name_invalid_for_the_exchange_is_refused(name: str) -> None:
    """A name that is invalid in an external_id is refused at once, naming the setting."""
    with pytest.raises(ConfigError, match=r"^session\.name"):
        WagerRefFactory(name, 1)


def test_case_23_the_token_of_a_journal_is_in_its_references() -> None:
    """Sessions of one name in two folders make different references."""
    ours, theirs = WagerRefFactory("s", 1, "0a1b2c3d"), WagerRefFactory("s", 1, "ffffffff")
    assert ours.next_ref() == "s-0a1b2c3d-1-1"
    assert ours.next_ref() != theirs.next_ref()


@pytest.mark.parametrize(
    ("ref", "is_ours"),
    [
        ("s-1-1", True),
        ("s-0a1b2c3d-12-345", True),
        ("s-2-1-1", False),
        ("t-1-1", False),
        ("s-0a1b2c3d-1", False),
        ("by-hand", False),
    ],
)
def test_a_reference_is_recognized_by_the_name_of_its_session(ref: str, is_ours: bool) -> None:
    """With or without a token, and never that of a session whose name only begins alike."""
    assert is_ref_of("s", WagerRef(ref)) is is_ours
