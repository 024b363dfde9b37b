"""Many generated games in the terminal: progress with the time left, and what Ctrl-C leaves."""

from collections.abc import Sequence
from pathlib import Path
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

from conf.command_line import print_line
from recordings.workers import usable_processors
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import GamePlan, generate_game, plan_games
from sim.crowd.season.season import Season
from sim.crowd.season.season_folder import CATALOGUE, SeasonFolder
from sim.crowd.whole_games import locked_folder, missing_games, written_games
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, TapeError

# Without a terminal a line is printed for this share of the games.
LINES = 20
# The time left is from the games of the last ten minutes.
SPEED_PERIOD_S = 600.0


def present_games(out: Path, *, sport: str, seed: int, games: int, settings: CrowdSettings) -> None:
    """Generate games, then print the folder of each; several in parallel, keeping what is whole.

    One game is written to the folder itself, which must be new. Raise ConfigError for a sport that
    is not simulated, and TapeError where other recordings are.
    """
    if games == 1:
        _print_game(out, generate_game(out, sport=sport, seed=seed, settings=settings))
        return
    plans = plan_games(out, sport=sport, seed=seed, games=games, settings=settings)
    with locked_folder(out):
        rows_of = _write(out, plans)
    for folder, rows in sorted(rows_of.items()):
        _print_game(folder, rows)


def present_season(
    out: Path, *, sport: str, seed: int, games: int | None, settings: CrowdSettings
) -> None:
    """Generate the first games of a season, all if None, and print the path of the catalogue.

    What is whole is kept. Raise ConfigError if the season has fewer games or the folder is of
    another season, and TapeError where other recordings are.
    """
    season = Season(sport, seed)
    wanted = len(season.games) if games is None else games
    if wanted > len(season.games):
        message = f"--games: a season of {sport} has {len(season.games):,}, not {wanted:,}"
        raise ConfigError(message)
    with locked_folder(out):
        folder = SeasonFolder(out, season, settings)
        folder.begin()
        try:
            _write(out, folder.plans()[:wanted])
        except TapeError:
            # Refused before anything was written.
            raise
        except BaseException:
            # What is whole after Ctrl-C can be traded on.
            folder.write_catalogue()
            raise
        whole = folder.write_catalogue()
    print_line(f"{season.sport.tournament}, seed {seed}: {counted(whole, 'simulated game')}")
    for note in settings.notes:
        print_line(f"note: {note}")
    print_line((out / CATALOGUE).resolve())


def _write(out: Path, plans: Sequence[GamePlan]) -> dict[Path, int]:
    """Write the games that are missing, and return the folder and the number of rows of each.

    A KeyboardInterrupt says what is kept.
    """
    rows_of: dict[Path, int] = {}
    try:
        missing = missing_games(plans)
        if len(missing) < len(plans):
            print_line(_kept_in(out, plans))
        with (
            _GameProgress(len(plans) - len(missing), len(plans)) as progress,
            written_games(missing, usable_processors()) as written,
        ):
            for plan, rows in written:
                progress.advance()
                rows_of[plan.folder] = rows
    except KeyboardInterrupt:
        message = f"interrupted; {_kept_in(out, plans)}: run again to go on"
        raise KeyboardInterrupt(message) from None
    return rows_of


def _kept_in(out: Path, plans: Sequence[GamePlan]) -> str:
    """Return how many games are whole: counted on disk, as one may have been finished just now."""
    whole = sum(plan.folder.is_dir() for plan in plans)
    return f"{whole:,} of {counted(len(plans), 'game')} whole and kept in {out}"


def _print_game(folder: Path, rows: int) -> None:
    print_line(f"{counted(rows, 'row')} of a simulated game")
    print_line(folder.resolve())


class _GameProgress:
    """A bar on a terminal's stderr; some lines where it is none."""

    def __init__(self, done: int, games: int) -> None:
        self._done = done
        self._games = games
        columns = (TextColumn("games"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
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

    def advance(self) -> None:
        """Count a game."""
        # Started only here: by now no process will be copied from this one, which has no threads.
        self._progress.start()
        self._done += 1
        self._progress.update(self._task, completed=self._done)
        if not self._console.is_terminal and self._done % max(1, self._games // LINES) == 0:
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
        return f"{self._done:,} of {counted(self._games, 'game')}{left}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
