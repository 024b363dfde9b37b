"""`python -m sim generate`: simulated games as tapes, from a day before the start to settlement."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import HARD, SUSPENSIONS, CrowdSettings
from sim.crowd.fixture import Fixture
from sim.crowd.row_sinks import TapeListener
from sim.crowd.sports.registry import sport_named
from sim.engine.latency import Constant
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.errors import ConfigError

ACTIVATION_MS = 20
COMMISSION_PERCENT = 2.0
MAX_GAMES = 1_000


# Receives the environment and the exchange of a game when its crowd has joined.
ObserveGame = Callable[[ReplayEnvironment, SimulatedProphet], None]


def _observe_nothing(_: ReplayEnvironment, __: SimulatedProphet) -> None:
    """Observe nothing."""


@dataclass(frozen=True, slots=True)
class GamePlan:
    """A game to generate: its folder, and everything that its recording is a function of.

    `source` is what the recording says of its origin. Without a fixture the seed draws one.
    """

    folder: Path
    source: str
    sport: str
    seed: int
    settings: CrowdSettings
    fixture: Fixture | None = None


def plan_games(
    out: Path, *, sport: str, seed: int, games: int, settings: CrowdSettings
) -> list[GamePlan]:
    """Return plans of games in folders `game-000` and on, each with a seed one higher.

    Each of them is the same as a single game with its seed. Raise ConfigError for a sport that is
    not simulated, and for more games than such names put in order.
    """
    sport_named(sport)
    if games > MAX_GAMES:
        message = f"games: {games:,} are more than {MAX_GAMES:,}"
        raise ConfigError(message)
    return [
        _plan(out / f"game-{number:03d}", sport, seed + number, settings) for number in range(games)
    ]


def generate_game(
    out: Path, *, seed: int, sport: str = "nba", settings: CrowdSettings | None = None
) -> int:
    """Write one simulated game to a new recording folder and return its number of rows.

    The same seed gives the same bytes. Raise ConfigError for a sport that is not simulated, and
    TapeError where the folder holds a recording already.
    """
    return write_game(_plan(out, sport, seed, settings or CrowdSettings()))


def write_game(plan: GamePlan, observe: ObserveGame = _observe_nothing) -> int:
    """Write a game as `generate_game` does; `observe` is called when the crowd has joined."""
    crowd = Crowd(plan.sport, plan.seed, plan.settings, plan.fixture)
    env = ReplayEnvironment(start_ns=crowd.opens_ns)
    exchange = SimulatedProphet(
        env=env,
        info=crowd.info,
        activation=Constant(ACTIVATION_MS),
        queue=Back(),
        fees=Commission(COMMISSION_PERCENT),
        settings=ExchangeRules(),
    )
    with TapeWriter(plan.folder, source=plan.source, simulated=True, clocks=Clocks.TWO) as writer:
        writer.info.notes.extend(crowd.info.notes)
        rng = RandomStreams(plan.seed).named(f"crowd.{plan.sport}.feed")
        tape = TapeListener(writer, crowd.info, rng)
        ended = crowd.join(env, exchange, [tape]).ended
        observe(env, exchange)
        env.run(until=ended)
    return writer.rows_written


def _plan(folder: Path, sport: str, seed: int, settings: CrowdSettings) -> GamePlan:
    hard = settings.extra_suspensions == SUSPENSIONS[HARD]
    options = f" --suspensions {HARD}" if hard else ""
    options += f" --books {settings.books}" if settings.books else ""
    source = f"simulated: python -m sim generate {sport} --seed {seed}{options}"
    return GamePlan(folder, source, sport, seed, settings)
