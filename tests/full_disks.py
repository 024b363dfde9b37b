"""Disks that take no more: a small one of memory, and a limit on the size of every file."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the system refuse every write beyond this place in any file, with EFBIG.

    Python writes no bytecode meanwhile: before 3.12.8 it takes a file that was cut for a whole one,
    and the module could not be imported any more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = before


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a disk of this size; skip the test where that is not permitted."""
    place.mkdir()
    with _mounted(place, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"):
        yield place


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Let a folder take no more files, and those in it no changes by who opens them from now on."""
    with _mounted(place, "--bind", "-o", "ro", str(place)):
        yield


def fill(path: Path) -> None:
    """Use all that is left of a disk for a file."""
    with suppress(OSError), path.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4_096))


@contextmanager
def _mounted(place: Path, *words: str) -> Iterator[None]:
    try:
        mounted = subprocess.run(
            ["mount", *words, str(place)], check=False, capture_output=True, text=True
        )
    except OSError as error:
        pytest.skip(f"mount cannot be run: {error}")
    if mounted.returncode:
        pytest.skip(f"a disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)
