"""`python -m sim generate`: one game, hours before tip-off to settlement, as a tape."""

from pathlib import Path

from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.crowd.day import GameDay
from sim.crowd.programme import Programme
from sim.crowd.sports.registry import sport_named
from sim.streams import Streams


def generate_game(out: Path, *, seed: int, sport: str = "nba") -> int:
    """Write one simulated game to a new recording folder and return its number of rows.

    The same seed gives the same bytes. Raise ConfigError for a sport that is not simulated, and
    TapeError where the folder holds a recording already.
    """
    played = sport_named(sport)
    streams = Streams(seed)
    game = played.draw_game(streams.named("crowd.score"))
    source = f"simulated: python -m sim generate {sport} --seed {seed}"
    with TapeWriter(out, source=source, simulated=True, clocks=Clocks.TWO) as writer:
        GameDay(played, game, Programme(seed, played, game), writer, streams).run()
    return writer.rows_written
