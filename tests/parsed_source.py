"""The syntax trees of source files, each made once."""

import ast
import gc
from functools import cache
from pathlib import Path


def parsed_source(path: Path) -> ast.Module:
    """Return the syntax tree of a file, made without collecting garbage.

    A finalizer that raises while a tree is made has its traceback formatted, which parses source
    itself; Python 3.11 counts its depth once for both and raises SystemError.
    """
    source = path.read_text(encoding="utf-8")
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source, filename=str(path))
    finally:
        if collecting:
            gc.enable()


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return parsed_source(path)


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all that is in a file."""
    return tuple(ast.walk(tree(path)))


def forget_trees() -> None:
    """Let the trees go: every collection of garbage would visit all that is in them."""
    tree.cache_clear()
    nodes.cache_clear()
