"""The notebooks of the documentation, run from top to bottom."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import PROJECT

NOTEBOOKS = sorted((PROJECT / "docs" / "notebooks").glob("*.ipynb"))

# Runs cells as a notebook does: the value of a last expression is shown.
RUN = """
import ast, json, sys
from pathlib import Path

names = {"__name__": "__main__"}
for number, cell in enumerate(json.loads(Path(sys.argv[1]).read_text("utf-8"))["cells"]):
    if cell["cell_type"] != "code":
        continue
    parsed = ast.parse("".join(cell["source"]), f"cell {number}")
    shown = parsed.body.pop() if isinstance(parsed.body[-1], ast.Expr) else None
    exec(compile(parsed, f"cell {number}", "exec"), names)
    if shown is not None:
        value = eval(compile(ast.Expression(shown.value), f"cell {number}", "eval"), names)
        print(getattr(value, "_repr_html_", value.__repr__)()[:2_000])
"""


def test_there_are_notebooks() -> None:
    """They are those that the page of the Python API names."""
    page = (PROJECT / "docs" / "python-api.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"(notebooks/{path.name})" not in page] == []
    assert len(NOTEBOOKS) == 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    """What a cell printed on one machine is no part of the documentation."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    """No cell fails, and the last one shows something."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(path)],
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert len(ran.stdout.splitlines()) > 10
