"""A crowd at an exchange, with or without somebody else there."""

# ruff: noqa: ARG002 - an ear is told more than it keeps

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sim.crowd.crowd import Crowd, CrowdRun
from sim.crowd.crowd_settings import CrowdSettings
from sim.engine.latency import Constant
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeSettings
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.events import Event
from strategies.trading.model.odds import Odds

COMMISSION_PERCENT = 2.0

# What was told of the offers on a line: odds with value and quantity.
Shown = dict[Odds, tuple[int, int]]


class JournalingListener:
    """Listens to all that is said, and keeps it by kind."""

    without: Participant | None = None

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.voice = self
        self.messages = 0
        self.books: dict[int, Shown] = {}
        self.trades: list[tuple[int, int, int]] = []
        self.statuses: list[tuple[int, int]] = []
        self.event_statuses: list[int] = []
        self.scores: list[tuple[int, int]] = []
        self.results: dict[int, int] = {}

    def begin_message(self, now_ns: int) -> None:
        """Count a message."""
        self.messages += 1

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Keep what is shown."""
        shown = self.books.setdefault(line, {})
        if amount_cents:
            shown[Odds(odds)] = (amount_cents, quantity_cents)
        else:
            del shown[Odds(odds)]

    def trade(self, line: int, odds: int, amount_cents: int, side: int) -> None:
        """Keep a trade."""
        self.trades.append((line, odds, amount_cents))

    def market_status(self, market: int, status: int) -> None:
        """Keep a status."""
        self.statuses.append((market, status))

    def event_status(self, event: int, status: int) -> None:
        """Keep a status."""
        self.event_statuses.append(status)

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Keep nothing."""

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Keep a score."""
        self.scores.append((home, away))

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Keep nothing."""

    def result(self, line: int, result: int) -> None:
        """Keep a result."""
        self.results[line] = result


@dataclass
class Gathering:
    """A crowd at an exchange of its own, before its day begins."""

    sport: str
    seed: int
    shape: CrowdSettings
    ear: JournalingListener = field(default_factory=JournalingListener)

    def __post_init__(self) -> None:
        """Open the exchange, and bring the crowd to it."""
        self.crowd = Crowd(self.sport, self.seed, self.shape)
        self.env = ReplayEnvironment(start_ns=self.crowd.opens_ns)
        self.exchange = SimulatedProphet(
            env=self.env,
            info=self.crowd.info,
            activation=Constant(20),
            queue=Back(),
            fees=Commission(COMMISSION_PERCENT),
            settings=ExchangeSettings(),
        )
        self.told: list[Event] = []
        self.visitor = self.exchange.open_account("visitor", 100_000_000, self.told.extend)
        self.attendance: CrowdRun = self.crowd.join(self.env, self.exchange, [self.ear])

    def run(self) -> None:
        """Let the day pass."""
        self.env.run(until=self.attendance.ended)

    def run_to_s(self, seconds: float) -> None:
        """Let it pass until so many seconds after the opening."""
        self.env.run(until=self.crowd.opens_ns + int(seconds * 1e9))


@pytest.fixture(scope="session")
def gather() -> Callable[[str, int, CrowdSettings], Gathering]:
    """Return how a crowd is gathered: by sport, seed and shape."""
    return Gathering
