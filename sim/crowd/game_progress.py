"""Progress of many games, with the time left: a bar on a terminal, lines elsewhere."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from strategies.trading.model.counted import counted

# Without a terminal a line is printed for this share of the games.
LINES = 20
# The time left is from the games of the last ten minutes.
SPEED_PERIOD_S = 600.0


class GameProgress:
    """A bar on a terminal's stderr; some lines where it is none."""

    def __init__(self, done: int, games: int, noun: str = "game") -> None:
        """Count from `done` to `games`; `noun` names one of them."""
        self._done = done
        self._games = games
        self._noun = noun
        columns = (TextColumn(f"{noun}s"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._progress = Progress(
            *columns,
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            speed_estimate_period=SPEED_PERIOD_S,
            disable=not self._console.is_terminal,
            # Lines of ours go to stdout, also where that is no terminal.
            redirect_stdout=False,
        )
        self._task = self._progress.add_task("games", total=games, completed=done)

    def advance(self, games: int = 1) -> None:
        """Count games that are done."""
        # Started only here: by now no process will be copied from this one, which has no threads.
        self._progress.start()
        before, self._done = self._done, self._done + games
        self._progress.update(self._task, completed=self._done)
        step = max(1, self._games // LINES)
        if not self._console.is_terminal and self._done // step > before // step:
            self._console.print(self._line(), soft_wrap=True)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def _line(self) -> str:
        left_s = self._progress.tasks[0].time_remaining
        left = "" if left_s is None else f", {_duration(left_s)} left"
        return f"{self._done:,} of {counted(self._games, self._noun)}{left}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
