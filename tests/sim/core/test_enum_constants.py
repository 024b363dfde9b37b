"""Members of enums as constants: the module that is compiled does what its source does."""

from typing import Any

from sim.core.enum_constants import with_enum_constants

SOURCE = '''"""A module."""

from strategies.trading.model.commands import (
    Intent,
)
from strategies.trading.model.market import EventStatus, Result  # a comment


def side(intent: Intent) -> str:
    # Offsets are of bytes: é, ü.
    return "é" if intent is Intent.TAKE else "ü" + str(Intent.ADD_ONLY is intent)


def text(result: Result) -> str:
    match result:
        case Result.WON:
            return "won"
    return "lost" if result is Result.LOST else EventStatus.LIVE.name
'''


def run(source: str) -> dict[str, Any]:
    """Return the names of a module with this source."""
    names: dict[str, Any] = {}
    exec(source, names)
    return names


def test_the_prepared_module_does_the_same() -> None:
    """Whatever stands before a member on its line, and wherever the imports end."""
    prepared = with_enum_constants(SOURCE, {"Intent", "Result", "EventStatus"})
    before, after = run(SOURCE), run(prepared)
    for intent in before["Intent"]:
        assert after["side"](intent) == before["side"](intent)
    for result in before["Result"]:
        assert after["text"](result) == before["text"](result)
    body = prepared[prepared.index("def side") :]
    assert "Intent." not in body
    assert "EventStatus." not in body


def test_line_numbers_and_patterns_stay() -> None:
    """A traceback of the compiled core names the lines of the source."""
    prepared = with_enum_constants(SOURCE, {"Intent", "Result"})
    assert len(prepared.splitlines()) == len(SOURCE.splitlines())
    assert "case Result.WON:" in prepared
    assert "EventStatus.LIVE.name" in prepared


def test_a_source_without_members_stays_as_it_is() -> None:
    """Nothing is added that nothing needs."""
    assert with_enum_constants(SOURCE, {"Other"}) == SOURCE
