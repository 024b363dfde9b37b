"""What a strategy author imports from `strategies.trading`."""

import ast
from pathlib import Path

import strategies.trading


def test_every_name_is_listed_and_there() -> None:
    """`__all__` is sorted, holds what the package imports, and nothing else."""
    listed = strategies.trading.__all__
    tree = ast.parse(Path(strategies.trading.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert set(listed) == {alias.name for node in imports for alias in node.names}
    assert len(listed) == len(set(listed))
    assert [name for name in listed if not hasattr(strategies.trading, name)] == []
