"""How many files a piece of work passes through: `python -m benchmarks.crossings`.

A reader who follows one frame, response or fill from where it enters to where it ends changes file
this often. Counted with `sys.setprofile`; only files of the project's packages count.
"""

import sys
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

PROJECT = Path(__file__).parents[1]
PACKAGES = tuple(str(PROJECT / name) for name in ("live", "recordings", "sim", "strategies"))


class Crossings:
    """Counts, while it is entered, the files executed and the changes from one to another.

    `files` are relative to the project; `changes` counts calls into another file and the returns;
    `steps` names the function reached by each, as "file function".
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.files: set[str] = set()
        self.changes = 0
        self.steps: list[str] = []
        self._current: str | None = None

    def __enter__(self) -> Self:
        """Begin to count."""
        sys.setprofile(self._profile)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop counting."""
        sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        running = frame if event == "call" else frame.f_back if event == "return" else None
        if running is None or not running.f_code.co_filename.startswith(PACKAGES):
            return
        name = running.f_code.co_filename
        if self._current == name:
            return
        self.changes += self._current is not None
        self._current = name
        file = _in_project(name)
        self.files.add(file)
        self.steps.append(f"{file} {running.f_code.co_qualname}")


@cache
def _in_project(path: str) -> str:
    return str(Path(path).relative_to(PROJECT))


if __name__ == "__main__":
    from benchmarks.backtest_crossings import print_fill_crossings
    from benchmarks.live_crossings import print_live_crossings

    print_fill_crossings()
    print_live_crossings()
