"""Parsing a source file while garbage waits to be collected."""

import gc
import sys
import traceback

import pytest

from tests.parsed_source import parsed_source
from tests.paths import PROJECT


class _FailsAtItsEnd:
    """Garbage that only the collector finds, and whose finalizer raises."""

    def __init__(self) -> None:
        self.cycle = self

    def __del__(self) -> None:
        message = "" + 1 + ""  # type: ignore[operator]
        del message


def test_a_finalizer_that_raises_does_not_stop_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the tree parse every source, whatever garbage the tests before them left."""
    lines: list[str] = []
    # As pytest's own hook does.
    monkeypatch.setattr(
        sys, "unraisablehook", lambda error: lines.extend(traceback.format_tb(error.exc_traceback))
    )
    # It is found as soon as a collection starts, which the objects of a tree would do.
    gc.collect(0)
    _FailsAtItsEnd()
    parsed_source(PROJECT / "tests" / "test_tidy.py")
    gc.collect(0)
    assert len(lines) == 1
