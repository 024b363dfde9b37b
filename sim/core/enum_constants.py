"""Prepares a source for mypyc: members of enums become constants of the module.

Python 3.11 finds `Intent.TAKE` by way of the metaclass, which takes 700 machine instructions each
time, more than most functions of the core have. A constant that is `Final` takes one. Sources stay
readable, so this is done to a copy of them. Line numbers stay as they are.
"""

import ast
from collections.abc import Collection, Iterator


def with_enum_constants(source: str, enums: Collection[str]) -> str:
    """Return a source in which the members of these imported enums are looked up once."""
    tree = ast.parse(source)
    uses = [use for use in _member_uses(tree) if _name_of(use) in enums]
    if not uses:
        return source
    lines = source.splitlines(keepends=True)
    # From the end, so that the places of those before stay right. Offsets are of bytes.
    for use in sorted(uses, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        line = lines[use.lineno - 1].encode()
        before, after = line[: use.col_offset], line[use.end_col_offset :]
        lines[use.lineno - 1] = (before + _constant(use).encode() + after).decode()
    members = {_constant(use): f"{_name_of(use)}.{use.attr}" for use in uses}
    constants = "".join(f"; {name}: _Final = {member}" for name, member in members.items())
    place = _end_of_imports(tree)
    # Imports have no texts, so what follows a # there is a comment.
    imported = lines[place].partition("#")[0].rstrip()
    lines[place] = f"{imported}; from typing import Final as _Final{constants}\n"
    return "".join(lines)


def _member_uses(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Yield what may be a member of an enum, but for patterns, where a name is no value."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.MatchValue):
            continue
        if isinstance(node, ast.Attribute) and node.attr.isupper():
            yield node
        yield from _member_uses(node)


def _name_of(use: ast.Attribute) -> str:
    return use.value.id if isinstance(use.value, ast.Name) else ""


def _constant(use: ast.Attribute) -> str:
    return f"_{_name_of(use)}_{use.attr}"


def _end_of_imports(tree: ast.Module) -> int:
    """Return the index of the line where the last import ends."""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    end = imports[-1].end_lineno
    assert end is not None, "a parsed node has an end"
    return end - 1
