"""Disks of their own that can be filled, or that the system makes read-only after an error."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SMALL_KILOBYTES = 6_000
_JOURNALED_MEGABYTES = 64


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mount a disk of a few megabytes."""
    _run("mount", "-t", "tmpfs", "-o", f"size={_SMALL_KILOBYTES}k", "tmpfs", str(place))
    try:
        yield
    finally:
        _run("umount", "-l", str(place))


def fill_disk(place: Path) -> None:
    """Use all that is left of a disk."""
    with suppress(OSError), (place / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4_096))


@contextmanager
def journaled_disk(place: Path) -> Iterator[None]:
    """Mount an ext4 file system that becomes read-only at its first error."""
    image = place.with_suffix(".img")
    with image.open("wb") as empty:
        empty.truncate(_JOURNALED_MEGABYTES << 20)
    _run("mkfs.ext4", "-q", str(image))
    _run("mount", "-o", "loop,errors=remount-ro", str(image), str(place))
    try:
        yield
    finally:
        _run("umount", "-l", str(place))
        image.unlink()


def make_disk_read_only(place: Path) -> None:
    """Let the system find an error of a `journaled_disk`: open files take no more writes either."""
    for mount in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        device, mounted_at, *_ = mount.split()
        if mounted_at == str(place):
            Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("1\n")


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
