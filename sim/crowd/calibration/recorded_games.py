"""Games that are generated, recorded, measured and forgotten, by two processes."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from recordings.reader import Tape
from recordings.validator import validate
from sim.crowd.calibration.game_samples import PROCESSES
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import generate_game
from sim.engine.exchange_rows import exchange_rows
from sim.engine.inbox import Inbox
from sim.engine.latency import NoDelay
from sim.engine.random_streams import RandomStreams
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.market import MarketStatus

# Seeds of games are drawn below this.
SEEDS = 2**62


T = TypeVar("T")
Measure = Callable[[Tape], T]


def record_games(
    kind: str, shape: CrowdSettings, seed: int, games: int, measure: Measure[T]
) -> list[T]:
    """Record so many NBA games of a kind, and return what a function of a module measures on each.

    Each kind has a random stream of its own.
    """
    seeds = RandomStreams(seed).named(f"calibration.markets.{kind}").integers(SEEDS, size=games)
    with ProcessPoolExecutor(PROCESSES) as processes:
        return list(processes.map(partial(_record_game, shape, measure), seeds.tolist()))


def _record_game(shape: CrowdSettings, measure: Measure[T], seed: int) -> T:
    with TemporaryDirectory() as folder:
        generate_game(Path(folder) / "game", seed=seed, settings=shape)
        return measure(Tape(Path(folder) / "game"))


def replays(tape: Tape) -> bool:
    """Replay a recording with nobody wagering; tell whether all its markets came to their end."""
    validate(tape)
    env = ReplayEnvironment(exchange_rows(tape))
    exchange = SimulatedProphet(
        env, tape.info, NoDelay(), Back(), Commission(rate_percent=0), ExchangeRules()
    )
    markets = [market.key for market in tape.info.markets]
    publisher = Publisher(env, Inbox(env), NoDelay(), tape.info.clocks, markets)
    env.replay_to(TapeReplayer(env, tape.info, exchange, publisher).apply_row)
    env.run(until=env.rows_ended)
    closed = (exchange.markets.status_of(place) for place in range(len(markets)))
    return all(status == MarketStatus.CLOSED for status in closed)
