"""`feed=crowd`: a crowd at the simulated exchange that reacts to what a desk does there."""

from pathlib import Path

from simpy import Event

from recordings.tape import Clocks, TapeInfo
from recordings.writer import TapeWriter
from sim.crowd.activity_rates import NS_PER_MINUTE, NS_PER_S, Steps
from sim.crowd.crowd import Crowd, CrowdRun
from sim.crowd.crowd_settings import CrowdSettings, suspensions_named
from sim.crowd.row_sinks import DeskListener, TapeListener
from sim.engine.random_streams import RandomStreams
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.market_source import Progress, SourceSummary
from strategies.trading.model.errors import ConfigError

S_PER_MINUTE, S_PER_HOUR = 60.0, 3600.0
SHOWN_EVERY_MINUTES = 10
# A day ends so long after the final whistle, at the latest.
AFTERMATH_S = 110


class CrowdSource:
    """A simulated crowd, born anew for every pass; the same seed gives the same people and game.

    With `record_to`, a new folder, what happens is recorded as well, as everybody but the desk
    would have seen it: without its stake, its fills as the trades of those who took.
    """

    knows_queue = True

    def __init__(
        self, sport: str, seed: int, shape: CrowdSettings, record_to: Path | None = None
    ) -> None:
        """Draw the game; raise ConfigError for a sport that is not simulated."""
        self._sport, self._seed, self._shape = sport, seed, shape
        self._record_to = record_to
        self.info: TapeInfo = self._crowd().info
        self.name = f"simulated crowd, {sport}"

    def examine(self) -> None:
        """Find nothing wrong: there is no recording."""

    def environment(self, label: str, show: Progress) -> ReplayEnvironment:
        """Return an environment that starts as the markets open; progress is shown in minutes."""
        crowd = self._crowd()
        env = ReplayEnvironment(start_ns=crowd.opens_ns)
        ends_ns = crowd.starts_ns + int((crowd.game.length_s + AFTERMATH_S) * NS_PER_S)
        env.process(_show(env, (ends_ns - crowd.opens_ns) // NS_PER_MINUTE, label, show))
        return env

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,
    ) -> "CrowdSourceRun":
        """Bring the crowd to the exchange that a desk trades at."""
        crowd = self._crowd()
        if self._record_to is None:
            attendance = crowd.join(env, exchange, [DeskListener(self.info, publisher)])
            return CrowdSourceRun(env, crowd, attendance, None)
        writer = TapeWriter(
            self._record_to, source=self.info.source, simulated=True, clocks=Clocks.TWO
        )
        chance = RandomStreams(self._seed).named("crowd.feed")
        tape = TapeListener(writer, self.info, chance, without=desk)
        attendance = crowd.join(env, exchange, [DeskListener(self.info, publisher), tape])
        return CrowdSourceRun(env, crowd, attendance, writer)

    def _crowd(self) -> Crowd:
        return Crowd(self._sport, self._seed, self._shape)


class CrowdSourceRun:
    """One pass among a crowd."""

    trades_of_unknown_taker = 0

    def __init__(
        self,
        env: ReplayEnvironment,
        crowd: Crowd,
        attendance: CrowdRun,
        writer: TapeWriter | None,
    ) -> None:
        """Follow it; the writer, if any, is closed when the day has ended."""
        self.ended: Event = attendance.ended
        self._env = env
        self._crowd = crowd
        self._attendance = attendance
        self._writer = writer

    def told(self) -> SourceSummary:
        """Return what was told to the desk until now."""
        rows = self._attendance.broadcast.rows
        return SourceSummary(rows, self._crowd.opens_ns, self._env.now_ns, "")

    def close(self) -> None:
        """Finish the recording, if there is one."""
        if self._writer is not None:
            self._writer.close()

    def abandon(self) -> None:
        """Leave no recording behind."""
        if self._writer is not None:
            self._writer.abandon()


def _show(env: ReplayEnvironment, minutes: int, label: str, show: Progress) -> Steps:
    for done in range(0, minutes, SHOWN_EVERY_MINUTES):
        show(label, done, minutes)
        yield env.timeout(SHOWN_EVERY_MINUTES * NS_PER_MINUTE)
    show(label, minutes, minutes)


def crowd_source(
    *,
    sport: str,
    seed: int,
    opens_before_hours: float,
    makers: int,
    pace: float,
    interest: float,
    informed: float,
    suspensions: str,
    in_play_delay_seconds: float | None,
    game_minutes: float | None,
    record_to: str | None,
) -> CrowdSource:
    """Return the crowd that a configuration describes.

    Raise ConfigError, naming the setting, where it cannot mean anything.
    """
    shape = CrowdSettings(
        opens_before_s=_number("opens_before_hours", opens_before_hours) * S_PER_HOUR,
        makers=makers,
        pace=_number("pace", pace),
        interest=_number("interest", interest),
        informed=_number("informed", informed),
        extra_suspensions=suspensions_named(suspensions),
        in_play_delay_s=_optional("in_play_delay_seconds", in_play_delay_seconds),
        game_s=_optional("game_minutes", game_minutes, S_PER_MINUTE),
    )
    return CrowdSource(sport, seed, shape, None if record_to is None else Path(record_to))


def _optional(name: str, value: object, unit: float = 1.0) -> float | None:
    return None if value is None else _number(name, value) * unit


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"feed.{name}: {value!r} is not a number"
        raise ConfigError(message)
    return float(value)
