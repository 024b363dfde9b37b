"""A crowd on an exchange of its own, with an account for an outside participant."""

# ruff: noqa: ARG002 - a listener receives more than it keeps

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sim.crowd.crowd import Crowd, CrowdRun
from sim.crowd.crowd_settings import CrowdSettings
from sim.engine.latency import Constant
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.events import Event
from strategies.trading.model.odds import Odds

COMMISSION_PERCENT = 2.0

# The offers published on a line: odds with value and quantity.
Shown = dict[Odds, tuple[int, int]]


class RecordingListener:
    """Records everything that is published, by kind."""

    excluded: Participant | None = None

    def __init__(self) -> None:
        """Start with nothing received."""
        self.sink = self
        self.messages = 0
        self.books: dict[int, Shown] = {}
        self.trades: list[tuple[int, int, int]] = []
        self.statuses: list[tuple[int, int]] = []
        self.event_statuses: list[int] = []
        self.scores: list[tuple[int, int]] = []
        self.references: list[tuple[int, float]] = []
        self.results: dict[int, int] = {}

    def begin_message(self, now_ns: int) -> None:
        """Count a message."""
        self.messages += 1

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Record an offer."""
        shown = self.books.setdefault(line, {})
        if amount_cents:
            shown[Odds(odds)] = (amount_cents, quantity_cents)
        else:
            del shown[Odds(odds)]

    def trade(self, line: int, odds: int, amount_cents: int, side: int) -> None:
        """Record a trade."""
        self.trades.append((line, odds, amount_cents))

    def market_status(self, market: int, status: int) -> None:
        """Record the status of a market."""
        self.statuses.append((market, status))

    def event_status(self, event: int, status: int) -> None:
        """Record the status of an event."""
        self.event_statuses.append(status)

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Record nothing."""

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Record a score."""
        self.scores.append((home, away))

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Record nothing."""

    def reference(self, line: int, probability: float, text: str | None = None) -> None:
        """Record an outside price."""
        self.references.append((line, probability))

    def result(self, line: int, result: int) -> None:
        """Record a result."""
        self.results[line] = result


@dataclass
class CrowdHarness:
    """A crowd at an exchange of its own, before its markets open."""

    sport: str
    seed: int
    settings: CrowdSettings
    listener: RecordingListener = field(default_factory=RecordingListener)
    without_outsider: RecordingListener = field(default_factory=RecordingListener)

    def __post_init__(self) -> None:
        """Create the exchange and start the crowd at it."""
        self.crowd = Crowd(self.sport, self.seed, self.settings)
        self.env = ReplayEnvironment(start_ns=self.crowd.opens_ns)
        self.exchange = SimulatedProphet(
            env=self.env,
            info=self.crowd.info,
            activation=Constant(20),
            queue=Back(),
            fees=Commission(COMMISSION_PERCENT),
            settings=ExchangeRules(),
        )
        self.events: list[Event] = []
        self.outsider = self.exchange.open_account("outsider", 100_000_000, self.events.extend)
        self.without_outsider.excluded = self.outsider
        listeners = [self.listener, self.without_outsider]
        self.crowd_run: CrowdRun = self.crowd.join(self.env, self.exchange, listeners)

    def run(self) -> None:
        """Run until the crowd has ended."""
        self.env.run(until=self.crowd_run.ended)

    def run_to_s(self, seconds: float) -> None:
        """Run until this many seconds after the opening."""
        self.env.run(until=self.crowd.opens_ns + int(seconds * 1e9))


@pytest.fixture(scope="session")
def new_crowd() -> Callable[[str, int, CrowdSettings], CrowdHarness]:
    """Return the constructor of a crowd: by sport, seed and settings."""
    return CrowdHarness
