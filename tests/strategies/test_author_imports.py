"""The names that a strategy author imports from `strategies.trading`."""

import ast
from pathlib import Path

import pytest

import strategies.trading
from tests.parsed_source import parsed_source
from tests.paths import PROJECT

STRATEGIES = sorted((PROJECT / "strategies").glob("[!_]*.py"))


def imported_modules(path: Path) -> set[str]:
    """Return the modules of this project that a file imports from."""
    tree = parsed_source(path)
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name for name in names if name.startswith("strategies.trading")}


def test_all_lists_every_imported_name() -> None:
    """`__all__` is sorted and holds exactly what the package imports."""
    listed = strategies.trading.__all__
    tree = parsed_source(Path(strategies.trading.__file__))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert set(listed) == {alias.name for node in imports for alias in node.names}
    assert len(listed) == len(set(listed))
    assert [name for name in listed if not hasattr(strategies.trading, name)] == []


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_a_shipped_strategy_needs_only_this_import(path: Path) -> None:
    """The shipped strategies import no more than an author outside the project can."""
    assert imported_modules(path) == {"strategies.trading"}
