"""What both command lines have in common, whatever the verb."""

import subprocess
import sys

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
