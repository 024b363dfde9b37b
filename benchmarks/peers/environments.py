"""The environments of the programs that are compared, each with packages of its own."""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from sim.core.core_build import compile_core

PROJECT = Path(__file__).parents[2]
OLD_COMMIT = "0c63def"
OURS, PLAIN, OLD = "ours", "ours, core not compiled", f"ours at {OLD_COMMIT}"
NAUTILUS, FLUMINE = "nautilus_trader 1.221.0", "flumine 3.3.2"
HFTBACKTEST = "hftbacktest 2.4.4"

# What pip installs for a program.
_REQUIREMENTS = {
    NAUTILUS: ["nautilus_trader[betfair]==1.221.0"],
    FLUMINE: ["flumine==3.3.2", "betfairlightweight==2.24.0"],
    HFTBACKTEST: ["hftbacktest==2.4.4", "numba==0.68.1"],
}
_INSTALLED = "installed"


class Environment(NamedTuple):
    """An interpreter, and for versions of this project the folder that it imports them from.

    `core` is which core of ours runs: the compiled one, where there is one, unless it is `plain`.
    """

    python: Path
    tree: Path | None = None
    core: str = ""


class InstallError(Exception):
    """A program cannot be installed; the message is the last error of pip, git or venv."""


def comparison_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a module's command line, with the options of every comparison."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="5 unless given")
    parser.add_argument(
        "--environments", type=Path, metavar="FOLDER",
        default=Path(tempfile.gettempdir()) / "prophet-sim-benchmarks",
        help="where the programs are installed, and found again; a temporary folder unless given",
    )  # fmt: skip
    return parser


def environment_of(program: str, folder: Path) -> Environment:
    """Return the environment of a program, built below `folder` unless it is there already.

    Raise InstallError if it cannot be built.
    """
    if program == OURS:
        compile_core()
        return Environment(Path(sys.executable), PROJECT)
    if program == PLAIN:
        return Environment(Path(sys.executable), PROJECT, "plain")
    own = folder / program.replace(" ", "-")
    python, tree = own / "bin" / "python", own / "tree" if program == OLD else None
    if not (own / _INSTALLED).exists():
        _run([sys.executable, "-m", "venv", "--clear", own])
        if tree is not None:
            check_out(OLD_COMMIT, tree)
        _run([python, "-m", "pip", "install", "--quiet", *_installed(program, tree)])
        (own / _INSTALLED).touch()
    return Environment(python, tree)


def _installed(program: str, tree: Path | None) -> list[str]:
    if tree is None:
        return _REQUIREMENTS[program]
    return ["--constraint", str(tree / "constraints.txt"), "--editable", str(tree)]


def check_out(commit: str, tree: Path) -> None:
    """Write the files of a commit of this project to a folder; raise InstallError."""
    archive = _run(["git", "-C", PROJECT, "archive", commit])
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(tree, filter="data")


def _run(command: list[str | Path]) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode().strip().split("\n")
        errors = [line for line in lines if line.startswith(("ERROR", "fatal", "Error"))]
        raise InstallError([*lines, *errors][-1])
    return done.stdout
