"""The syntax tree of a source file."""

import ast
import gc
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
