"""Many generated games in the terminal: their folders, and what Ctrl-C leaves."""

from collections.abc import Sequence
from pathlib import Path

from conf.command_line import print_line
from recordings.workers import usable_processors
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.game_progress import GameProgress
from sim.crowd.generate import GamePlan, generate_game, plan_games
from sim.crowd.season.season import Season
from sim.crowd.season.season_folder import CATALOGUE, SeasonFolder
from sim.crowd.whole_games import locked_folder, missing_games, written_games
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, TapeError


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
            GameProgress(len(plans) - len(missing), len(plans)) as progress,
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
