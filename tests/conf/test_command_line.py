"""What both command lines have in common, whatever the verb."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.paths import PROJECT

PROGRAM = """
import sys
from conf.command_line import run

def verb(words):
    for number in range(100_000):
        print(number)

sys.exit(run("program", "", {"count": verb}, sys.argv[1:]))
"""


def test_a_verb_ends_quietly_when_its_output_is_closed() -> None:
    """With the pipe closed after a line nothing is written to standard error; status 141."""
    command = [sys.executable, "-c", PROGRAM, "count"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, text=True, stdout=pipe, stderr=pipe) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "0\n"
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait() == 141


@pytest.mark.slow  # a process each
@pytest.mark.parametrize(
    "words",
    [
        ("sim", "run", "--cfg", "job"),
        ("live", "trade", "--help"),
    ],
    ids=" ".join,
)
def test_what_nobody_reads_ends_quietly(words: tuple[str, ...]) -> None:
    """Each verb whose reader went away before the first line writes no error; status 141."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", *words],
            check=False,
            cwd=PROJECT,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, "")


ACCENTS = """
import logging
import sys
from rich.console import Console
from rich.table import Table
from conf.command_line import print_line, run
from live.terminal import TerminalHandler, write_line

NAME = "M\u00e1laga \u2013 \u0141\u00f3d\u017a"

def verb(words):
    print_line(NAME)
    print(NAME)
    table = Table(title=NAME)
    table.add_row(NAME)
    Console(markup=False, emoji=False).print(table)
    Console(stderr=True).print(NAME)
    write_line(NAME)
    TerminalHandler().emit(logging.makeLogRecord({"msg": NAME}))
    raise ValueError(NAME)

sys.exit(run("program", NAME, {"show": verb}, sys.argv[1:]))
"""


def in_ascii(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose output takes ASCII alone, and refuses everything else."""
    return subprocess.run(
        [sys.executable, *words],
        check=False,
        cwd=PROJECT,
        env=os.environ | {"PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        text=True,
    )


def test_case_31_what_cannot_be_encoded_is_a_replacement_sign() -> None:
    """Lines, tables, warnings and errors are all there, each with signs for the letters."""
    ran = in_ascii("-c", ACCENTS, "show")
    name = "M?laga ? ??d?"
    assert ran.returncode == 1
    assert ran.stdout.count(name) == 4
    assert ran.stderr.splitlines() == [
        *[name] * 3,
        f"program show: failed: ValueError: {name} (--debug shows where)",
    ]
    assert in_ascii("-c", ACCENTS, "--help").stdout == name


@pytest.mark.slow  # processes that import a lot
def test_case_31_a_recording_with_accents_is_shown_in_ascii(
    find_case: Callable[[str], Path], tmp_path: Path
) -> None:
    """The case imports, validates and is listed with signs for its letters, status 0."""
    tape = str(tmp_path / "tape")
    case = str(find_case("31-accents.jsonl"))
    for words in (
        ("import", "betfair", case, "--out", tape),
        ("validate", tape),
        ("lines", tape),
        ("run", f"recording.path={tape}", f"hydra.run.dir={tmp_path}/run"),
    ):
        ran = in_ascii("-m", "sim", *words)
        assert (ran.returncode, ran.stdout.isascii()) == (0, True), ran.stderr
        assert "Traceback" not in ran.stderr
