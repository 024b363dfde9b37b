"""What both command lines have in common, whatever the verb."""

import os
import subprocess
import sys

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
