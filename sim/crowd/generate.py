"""`python -m sim generate`: games, a day before their start to settlement, as tapes."""

from pathlib import Path

from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.clock import ReplayEnvironment
from sim.crowd.crowd import Crowd
from sim.crowd.listeners import TapeListener
from sim.crowd.shape import CrowdShape
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue import Back
from sim.exchange.settings import ExchangeSettings
from sim.latency import Constant
from sim.streams import Streams
from strategies.trading.commission import Commission, Offset

ACTIVATION_MS = 20
COMMISSION_PERCENT = 2.0


def generate_game(
    out: Path, *, seed: int, sport: str = "nba", shape: CrowdShape | None = None
) -> int:
    """Write one simulated game to a new recording folder and return its number of rows.

    The same seed gives the same bytes. Raise ConfigError for a sport that is not simulated, and
    TapeError where the folder holds a recording already.
    """
    crowd = Crowd(sport, seed, shape)
    env = ReplayEnvironment(start_ns=crowd.opens_ns)
    exchange = SimulatedProphet(
        env=env,
        info=crowd.info,
        activation=Constant(ACTIVATION_MS),
        queue=Back(),
        fees=Commission(rate_percent=COMMISSION_PERCENT, offset_by=Offset.MARKET),
        settings=ExchangeSettings(),
    )
    source = f"simulated: python -m sim generate {sport} --seed {seed}"
    with TapeWriter(out, source=source, simulated=True, clocks=Clocks.TWO) as writer:
        tape = TapeListener(writer, crowd.info, Streams(seed).named("crowd.feed"))
        env.run(until=crowd.join(env, exchange, [tape]).ended)
    return writer.rows_written
