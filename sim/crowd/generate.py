"""`python -m sim generate`: simulated games as tapes, from a day before the start to settlement."""

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import HARD, SUSPENSIONS, CrowdSettings
from sim.crowd.row_sinks import TapeListener
from sim.engine.latency import Constant
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from strategies.trading.accounting.commission import Commission

ACTIVATION_MS = 20
COMMISSION_PERCENT = 2.0


def generate_games(
    out: Path, *, sport: str, seed: int, games: int, settings: CrowdSettings
) -> Iterator[tuple[Path, int]]:
    """Write games one after the other; yield the folder and the number of rows of each.

    One game is written to the folder itself, several to `game-000` and on inside it, each of them
    the same as a single game with the next seed. If one fails, all are removed. Raise ConfigError
    and TapeError as for a single game.
    """
    written: list[Path] = []
    try:
        for number in range(games):
            folder = out if games == 1 else out / f"game-{number:03d}"
            rows = generate_game(folder, seed=seed + number, sport=sport, settings=settings)
            written.append(folder)
            yield folder, rows
    except BaseException:
        for folder in written:
            rmtree(folder, ignore_errors=True)
        raise


def generate_game(
    out: Path, *, seed: int, sport: str = "nba", settings: CrowdSettings | None = None
) -> int:
    """Write one simulated game to a new recording folder and return its number of rows.

    The same seed gives the same bytes. Raise ConfigError for a sport that is not simulated, and
    TapeError where the folder holds a recording already.
    """
    crowd = Crowd(sport, seed, settings)
    env = ReplayEnvironment(start_ns=crowd.opens_ns)
    exchange = SimulatedProphet(
        env=env,
        info=crowd.info,
        activation=Constant(ACTIVATION_MS),
        queue=Back(),
        fees=Commission(COMMISSION_PERCENT),
        settings=ExchangeRules(),
    )
    hard = crowd.settings.extra_suspensions == SUSPENSIONS[HARD]
    options = f" --suspensions {HARD}" if hard else ""
    source = f"simulated: python -m sim generate {sport} --seed {seed}{options}"
    with TapeWriter(out, source=source, simulated=True, clocks=Clocks.TWO) as writer:
        tape = TapeListener(writer, crowd.info, RandomStreams(seed).named("crowd.feed"))
        env.run(until=crowd.join(env, exchange, [tape]).ended)
    return writer.rows_written
