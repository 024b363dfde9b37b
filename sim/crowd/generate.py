"""`python -m sim generate`: one game, hours before tip-off to settlement, as a tape."""

from pathlib import Path

from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.crowd.day import GameDay
from sim.crowd.game import draw_game
from sim.crowd.programme import Programme
from sim.streams import Streams
from strategies.trading.errors import ConfigError

SPORTS = ("nba",)


def generate_game(out: Path, *, seed: int, sport: str = "nba") -> int:
    """Write one simulated game to a new recording folder and return its number of rows.

    The same seed gives the same bytes. Raise ConfigError for a sport that is not simulated, and
    TapeError where the folder holds a recording already.
    """
    if sport not in SPORTS:
        message = f"generate: no sport {sport!r} is simulated; there is: {', '.join(SPORTS)}"
        raise ConfigError(message)
    streams = Streams(seed)
    game = draw_game(streams.named("crowd.score"))
    source = f"simulated: python -m sim generate {sport} --seed {seed}"
    with TapeWriter(out, source=source, simulated=True, clocks=Clocks.TWO) as writer:
        GameDay(game, Programme(seed, game), writer, streams).run()
    return writer.rows_written
