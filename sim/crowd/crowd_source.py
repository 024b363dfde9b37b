"""`feed=crowd`: a market source whose crowd reacts to what a desk does at the exchange."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta
from simpy import Event

from recordings.tape import Clocks, TapeInfo
from recordings.writer import TapeWriter
from sim.crowd.activity_rates import NS_PER_MINUTE, ProcessGenerator
from sim.crowd.book_profiles import BOOK_PROFILES
from sim.crowd.crowd import Crowd, CrowdRun
from sim.crowd.crowd_settings import SUSPENSIONS, CrowdSettings
from sim.crowd.row_sinks import DeskListener, TapeListener
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.sources.market_source import Progress, SourceSummary
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.settings import (
    Hours,
    Multiple,
    PositiveMinutes,
    PositiveWhole,
    Seconds,
    Seed,
)
from strategies.trading.model.units import NS_PER_SECOND

S_PER_MINUTE, S_PER_HOUR = 60.0, 3600.0
PROGRESS_MINUTES = 10
# Upper bound of the time from the end of the game to settlement.
SETTLEMENT_S = 110


class CrowdSource:
    """A market source that simulates a new crowd for every pass, the same one for the same seed.

    With `record_to`, a new folder, a pass is recorded as well, without the wagers of the desk:
    its stakes are not displayed, and its fills are trades like all others.
    """

    knows_queue = True
    limits: Sequence[str] = ()

    def __init__(
        self, sport: str, seed: int, settings: CrowdSettings, record_to: Path | None = None
    ) -> None:
        """Draw the game; raise ConfigError for a sport that is not simulated."""
        self._sport, self._seed, self._settings = sport, seed, settings
        self._record_to = record_to
        self.info: TapeInfo = self._crowd().info
        self.name = f"simulated crowd, {sport}"

    @property
    def has_days(self) -> bool:
        """Return False: it is one game."""
        return False

    @property
    def outside_prices(self) -> bool:
        """Return whether simulated books publish what they offer."""
        return self._settings.has_outside_prices

    def follows(self, event_id: EventId) -> bool:  # noqa: ARG002
        """Return True: its one game is what was asked for."""
        return True

    def examine(self) -> None:
        """Do nothing: there is no recording to validate."""

    def environment(
        self,
        label: str,
        show: Progress,
        market_keys: Collection[MarketKey] | None = None,  # noqa: ARG002 - all are traded
    ) -> ReplayEnvironment:
        """Return an environment that starts as the markets open; progress is counted in minutes."""
        crowd = self._crowd()
        env = ReplayEnvironment(start_ns=crowd.opens_ns)
        ends_ns = crowd.starts_ns + int((crowd.game.length_s + SETTLEMENT_S) * NS_PER_SECOND)
        env.process(_show(env, (ends_ns - crowd.opens_ns) // NS_PER_MINUTE, label, show))
        return env

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        desk: Participant,
    ) -> "CrowdSourceRun":
        """Start the crowd at the exchange that a desk trades at."""
        crowd = self._crowd()
        if self._record_to is None:
            crowd_run = crowd.join(env, exchange, [DeskListener(self.info, publisher)])
            return CrowdSourceRun(env, crowd, crowd_run, None)
        writer = TapeWriter(
            self._record_to, source=self.info.source, simulated=True, clocks=Clocks.TWO
        )
        rng = RandomStreams(self._seed).named(f"crowd.{self._sport}.feed")
        tape = TapeListener(writer, self.info, rng, excluded=desk)
        crowd_run = crowd.join(env, exchange, [DeskListener(self.info, publisher), tape])
        return CrowdSourceRun(env, crowd, crowd_run, writer)

    def _crowd(self) -> Crowd:
        return Crowd(self._sport, self._seed, self._settings)


class CrowdSourceRun:
    """One pass against a crowd."""

    trades_of_unknown_taker = 0

    def __init__(
        self,
        env: ReplayEnvironment,
        crowd: Crowd,
        crowd_run: CrowdRun,
        writer: TapeWriter | None,
    ) -> None:
        """Hold a pass that has started; the writer, if any, records it until `close`."""
        self.ended: Event = crowd_run.ended
        self._env = env
        self._crowd = crowd
        self._crowd_run = crowd_run
        self._writer = writer

    def summary(self) -> SourceSummary:
        """Return what was published to the desk so far."""
        rows = self._crowd_run.publisher.rows
        return SourceSummary(rows, self._crowd.opens_ns, self._env.now_ns, "")

    def close(self) -> None:
        """Finish the recording, if any."""
        if self._writer is not None:
            self._writer.close()

    def abandon(self) -> None:
        """Delete the unfinished recording, if any."""
        if self._writer is not None:
            self._writer.abandon()


def _show(env: ReplayEnvironment, minutes: int, label: str, show: Progress) -> ProcessGenerator:
    for done in range(0, minutes, PROGRESS_MINUTES):
        show(label, done, minutes)
        yield env.timeout(PROGRESS_MINUTES * NS_PER_MINUTE)
    show(label, minutes, minutes)


def crowd_source(
    *,
    sport: Annotated[str, Meta(description="The game: nba, nfl, mlb or nhl.")],
    seed: Seed,
    opens_before_hours: Annotated[
        Hours, Meta(description="How long before the announced start the markets open.")
    ],
    makers: Annotated[
        PositiveWhole, Meta(description="How many of six makers quote, the tightest first.")
    ],
    requote_rate: Annotated[
        Multiple, Meta(description="How often makers requote, as a multiple of the measured rate.")
    ],
    interest: Annotated[
        Multiple, Meta(description="How often takers come, as a multiple of the usual.")
    ],
    informed: Annotated[
        Multiple,
        Meta(description="Takers who know more than makers do, as a multiple of the usual."),
    ],
    suspensions: Annotated[
        Literal["usual", "hard"],
        Meta(description="usual: at the start and at the end; hard: twelve more in every market."),
    ],
    in_play_delay_seconds: Annotated[
        Seconds | None, Meta(description="The in-play delay; null: that of the sport.")
    ],
    game_minutes: Annotated[
        PositiveMinutes | None,
        Meta(description="How long the game lasts by the wall; null: its usual length."),
    ],
    books: Annotated[
        int,
        Meta(ge=0, le=len(BOOK_PROFILES)),
        Meta(description="How many simulated outside books there are, for pricing=books."),
    ],
    record_to: Annotated[
        str | None, Meta(description="A new folder for a recording of it; null: none.")
    ],
) -> CrowdSource:
    """Return the market source of `feed=crowd`, with the settings of conf/feed/crowd.yaml.

    Raise ConfigError for a sport that is not simulated.
    """
    settings = CrowdSettings(
        opens_before_s=opens_before_hours * S_PER_HOUR,
        makers=makers,
        requote_rate=float(requote_rate),
        interest=float(interest),
        informed=float(informed),
        extra_suspensions=SUSPENSIONS[suspensions],
        in_play_delay_s=None if in_play_delay_seconds is None else float(in_play_delay_seconds),
        game_s=None if game_minutes is None else game_minutes * S_PER_MINUTE,
        books=books,
    )
    return CrowdSource(sport, seed, settings, None if record_to is None else Path(record_to))
