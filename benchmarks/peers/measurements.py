"""Runs the works round after round, each in a process of its own, and tables what was measured."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.peers.environments import OURS, Environment
from sim.core.core_loader import CORE_VARIABLE

# What one process measured: "seconds" of processor, and counts where somebody traded.
Measured = dict[str, Any]

_COUNTS = ("decisions", "placed", "cancelled", "fills")
HEADER = (
    "| work | program | median, s | minimum, s | times ours | parsing, s | "
    f"{' | '.join(_COUNTS)} |\n|{'---|' * (6 + len(_COUNTS))}"
)


class RunError(Exception):
    """A process did not measure its work; the message is the last line of its error."""


class Row(NamedTuple):
    """All measurements of one work by one program, or why there are none."""

    title: str
    program: str
    runs: list[Measured]
    failures: list[str]


def measure_once(environment: Environment, words: Sequence[str]) -> Measured:
    """Run a script in an environment, and return what it measured; raise RunError."""
    variables = {**os.environ, CORE_VARIABLE: environment.core}
    if environment.tree is not None:
        variables["PYTHONPATH"] = str(environment.tree)
    # -P: the folder of the script holds no packages of the programs.
    done = subprocess.run(
        [environment.python, "-P", *words],
        env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        lines = done.stderr.strip().split("\n")
        raise RunError(lines[-1] or f"status {done.returncode}")
    measured: Measured = json.loads(done.stdout.strip().split("\n")[-1])
    return measured


def table_rows(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table, with the ratio of medians to ours of the same work."""
    ours = {row.title: _seconds(row) for row in rows if row.program == OURS and row.runs}
    return [_line(row, ours) for row in rows]


def _seconds(row: Row) -> float:
    return float(median(run["seconds"] for run in row.runs))


def _line(row: Row, ours: Mapping[str, float]) -> str:
    begin = f"| {row.title} | {row.program} |"
    if not row.runs:
        return f"{begin} missing: {row.failures[-1]} |"
    seconds = _seconds(row)
    ratio = f"{seconds / ours[row.title]:.3f}" if row.title in ours else ""
    fastest = min(run["seconds"] for run in row.runs)
    parsed = [run["parse_seconds"] for run in row.runs if "parse_seconds" in run]
    parsing = f"{median(parsed):.2f}" if parsed else ""
    last = row.runs[-1]
    counts = (f"{last[name]:,}" if name in last else "" for name in _COUNTS)
    return f"{begin} {seconds:.3f} | {fastest:.3f} | {ratio} | {parsing} | {' | '.join(counts)} |"
