"""Games that are recorded, measured and deleted, by all processors."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TypeVar

from recordings.reader import Tape
from recordings.tape_columns import tape_columns
from sim.crowd.calibration.measured_games import measured_games
from sim.crowd.calibration.tape_view import went_live
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import generate_game
from sim.engine.exchange_rows import exchange_rows
from sim.engine.latency import NoDelay
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.market import MarketStatus

# Seeds of games are below this.
SEED_LIMIT = 2**62

T = TypeVar("T")
MeasureTape = Callable[[Tape], T]
# Writes the game of a seed to a new folder, and measures it; returns None for one never played.
PlayGame = Callable[[Path, int], T | None]


def record_games(
    kind: str,
    settings: CrowdSettings,
    seed: int,
    games: int,
    measure: MeasureTape[T],
    sport: str = "nba",
) -> list[T]:
    """Record games of a kind and return the measurement of each; `measure` must be picklable.

    Postponed games are left out. Each kind has a random stream of its own.
    """
    return games_of(kind, seed, games, partial(_record_game, sport, settings, measure))


def games_of(kind: str, seed: int, games: int, play: PlayGame[T]) -> list[T]:
    """Return what `play` returns of games of a kind, each in a folder that is removed after it.

    Games that were never played, for which it returns None, are left out.
    """
    seeds = (
        RandomStreams(seed).named(f"calibration.markets.{kind}").integers(SEED_LIMIT, size=games)
    )
    # The folder is that of this process: a process that is ended leaves its game in it.
    with TemporaryDirectory() as folder:
        in_folder = partial(_in_folder, Path(folder), play)
        measured = measured_games(f"{kind} game", in_folder, seeds.tolist())
    return [each for each in measured if each is not None]


def _in_folder(folder: Path, play: PlayGame[T], seed: int) -> T | None:
    game = folder / f"{seed}"
    measured = play(game, seed)
    rmtree(game)
    return measured


def _record_game(
    sport: str, settings: CrowdSettings, measure: MeasureTape[T], folder: Path, seed: int
) -> T | None:
    generate_game(folder, sport=sport, seed=seed, settings=settings)
    tape = Tape(folder)
    return measure(tape) if went_live(tape) else None


def replays_to_close(tape: Tape) -> bool:
    """Return whether all markets are closed at the end of a replay without any desk."""
    env = ReplayEnvironment(exchange_rows(tape_columns(tape)))
    exchange = SimulatedProphet(
        env, tape.info, NoDelay(), Back(), Commission(rate_percent=0), ExchangeRules()
    )
    markets = [market.key for market in tape.info.markets]
    publisher = Publisher(env, Inbox(env), NoDelay(), tape.info.clocks, markets)
    env.replay_to(TapeReplayer(env, tape.info, exchange, publisher).apply_row)
    env.run(until=env.rows_ended)
    closed = (exchange.markets.status_of(index) for index in range(len(markets)))
    return all(status == MarketStatus.CLOSED for status in closed)
