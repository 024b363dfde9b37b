"""The verbs of simulated games: generate, season, calibrate."""

from collections.abc import Sequence
from pathlib import Path

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from sim.arguments import number_of_books, number_of_games, planted_edge, seed_number, seed_numbers

SPORT = "the sport: nba, nfl, mlb or nhl"
SEED = "the one source of chance"
BOOKS = "record what this many simulated outside books offer as well, up to four; 0 by default"
# Below the age beyond which `pricing=reference` takes a price for none.
REFERENCE_S = 20.0


def generate(words: Sequence[str]) -> None:
    """Generate games, each from a seed."""
    parser = VerbParser(
        prog="python -m sim generate",
        description="Generate whole simulated games as recordings: one in the folder itself, "
        "several in parallel in folders game-000, game-001, ... inside it, each from the next "
        "seed. Of several, those that are whole are kept when it is run again.",
    )
    parser.add_argument("sport", help=SPORT)
    parser.add_argument("--games", type=number_of_games, default=1, help="how many; 1 by default")
    parser.add_argument("--seed", type=seed_number, required=True, help=SEED)
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument(
        "--suspensions",
        choices=["usual", "hard"],
        default="usual",
        help="hard: twelve more in every market than those at the start and at the end",
    )
    parser.add_argument("--books", type=number_of_books, default=0, help=BOOKS)
    options = parser.parse_args(words)
    from sim.crowd.crowd_settings import SUSPENSIONS, CrowdSettings  # noqa: PLC0415
    from sim.crowd.games_console import present_games  # noqa: PLC0415

    present_games(
        options.out,
        sport=options.sport,
        seed=options.seed,
        games=options.games,
        settings=CrowdSettings(
            extra_suspensions=SUSPENSIONS[options.suspensions], books=options.books
        ),
    )


def season(words: Sequence[str]) -> None:
    """Generate a season of games."""
    parser = VerbParser(
        prog="python -m sim season",
        description="Generate a season of simulated games in parallel, each in a folder of its "
        "own, on the calendar of a real season, with teams that keep their strength. Run again, "
        "it goes on where it was stopped; whole games are kept.",
    )
    parser.add_argument("sport", help=SPORT)
    parser.add_argument(
        "--games", type=number_of_games, help="how many, the first by date; the whole season if not"
    )
    parser.add_argument("--seed", type=seed_number, required=True, help=SEED)
    parser.add_argument(
        "--out", type=Path, required=True, help="a new folder, or that of the same season"
    )
    parser.add_argument(
        "--planted-edge",
        metavar="P",
        type=planted_edge,
        default=0.0,
        help="price every home and over line this much too low, as a probability: 0.003",
    )
    parser.add_argument(
        "--reference",
        action="store_const",
        const=REFERENCE_S,
        help=f"record the true fair prices of main lines as well, every {REFERENCE_S:g} s, as "
        "those of an outside source",
    )
    parser.add_argument("--books", type=number_of_books, default=0, help=BOOKS)
    options = parser.parse_args(words)
    from sim.crowd.crowd_settings import CrowdSettings  # noqa: PLC0415
    from sim.crowd.games_console import present_season  # noqa: PLC0415
    from sim.crowd.season.season import NEWS  # noqa: PLC0415

    settings = CrowdSettings(
        news=NEWS,
        mispricing=options.planted_edge,
        reference_s=options.reference,
        books=options.books,
    )
    present_season(
        options.out,
        sport=options.sport,
        seed=options.seed,
        games=options.games,
        settings=settings,
    )


def calibrate(words: Sequence[str]) -> None:
    """Compare simulated games with real ones."""
    parser = VerbParser(
        prog="python -m sim calibrate",
        description="Compare simulated games with measurements of real ones.",
    )
    parser.add_argument("sport", help=SPORT)
    chance = parser.add_mutually_exclusive_group(required=True)
    chance.add_argument("--seed", type=seed_number, help=SEED)
    chance.add_argument("--seeds", type=seed_numbers, help="several, as 1,2,3: needs --out")
    parser.add_argument("--out", type=Path, help="a Markdown file for the table of several seeds")
    options = parser.parse_args(words)
    if (options.seeds is None) != (options.out is None):
        parser.error("--seeds and --out go together")
    from sim.crowd.calibration import calibrate as calibration  # noqa: PLC0415
    from sim.crowd.calibration.calibration_table import calibrate_seeds  # noqa: PLC0415

    if options.seeds is None:
        checks = calibration.calibrate(options.sport, options.seed, print_line)
    else:
        checks = calibrate_seeds(options.sport, options.seeds, print_line, options.out)
    calibration.require_passed(checks)
