"""Shadow wagers: what the true queue gives a wager that nobody sees, and what queue models give."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from sim.crowd.calibration.queue_checks import (
    ahead_over_prorata,
    checks_of,
    fill_rate_bias,
    open_share,
    rise_of_bias,
    seconds,
    value,
)
from sim.crowd.calibration.queue_samples import (
    MODELS,
    TRUE,
    QueueSample,
    ShadowFigures,
    pooled,
    queue_sample,
)
from sim.crowd.calibration.shadow_wagers import STAKE_CENTS, ShadowFill, ShadowQueue, ShadowWager
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import GamePlan, write_game
from sim.engine.latency import NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import Odds
from strategies.trading.ports.schedule import Priority
from tests.sim.small_exchange import START_NS, game_info

MS = 1_000_000
ORDERS, SCRIPTS = 150, 10
# Odds and stakes of which every fill is a whole number of cents on either side.
PRICES, STAKES = (-200, 100, 200), (160, 400, 2_000)
# A taker buys whole cents of a stake.
ROUNDING = 0.02


class ScriptedExchange:
    """An exchange on which two accounts place and cancel wagers by a script drawn from a seed."""

    def __init__(self, seed: int) -> None:
        """Schedule the script, of which nothing happens at a whole millisecond."""
        self.env = ReplayEnvironment(start_ns=START_NS)
        rules = ExchangeRules(retry_window_ns=0, requests_per_second=10_000)
        self.exchange = SimulatedProphet(
            self.env, game_info(), NoDelay(), Back(), Commission(0), rules
        )
        self.exchange.set_market_status(0, MarketStatus.OPEN)
        self.fills: dict[WagerRef, list[tuple[int, int]]] = {}
        for name in ("home", "away", "joiner"):
            self.exchange.open_account(name, 10**9, self._on_events)
        self._draw(default_rng(seed))

    def _draw(self, rng: Generator) -> None:
        at_ns = START_NS + MS // 2
        for number in range(ORDERS):
            at_ns += int(rng.integers(1, 400)) * MS
            if rng.random() < 0.3:
                self.cancel(at_ns, int(rng.integers(2)), f"{int(rng.integers(number + 1))}")
                continue
            side, odds = int(rng.integers(2)), Odds(int(rng.choice(PRICES)))
            intent = Intent.TAKE if rng.random() < 0.2 else Intent.REST
            stake_cents = int(rng.choice(STAKES))
            request = PlaceWager(
                WagerRef(f"{number}"), LineId(("home", "away")[side]), odds, stake_cents, intent
            )
            self.place(at_ns, side, request)

    def place(self, at_ns: int, account: int, request: PlaceWager) -> None:
        """Place a wager at a time."""
        owner = self.exchange.participants[account]
        self._call(at_ns, lambda: self.exchange.place(owner, [request]))

    def cancel(self, at_ns: int, account: int, ref: str) -> None:
        """Cancel a wager at a time, if it is still live."""
        owner = self.exchange.participants[account]
        self._call(at_ns, lambda: self.exchange.cancel(owner, [WagerRef(ref)]))

    def _call(self, at_ns: int, request: Callable[[], object]) -> None:
        def call() -> None:
            request()

        self.env.schedule_call(at_ns, Priority.EXCHANGE, call)

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                fills = self.fills.setdefault(event.ref, [])
                fills.append((self.env.now_ns, event.stake_cents))


def shadow_outcomes(seed: int) -> list[tuple[ShadowWager, ShadowFill]]:
    """Return what shadow wagers on the home line get beside a script."""
    scripted = ScriptedExchange(seed)
    home = scripted.exchange.books_by_line[LineId("home")]
    queue = ShadowQueue(scripted.env, scripted.exchange, [home], default_rng(seed))
    scripted.env.run(until=START_NS + 60_000 * MS)
    return queue.outcomes


def placed_outcome(seed: int, shadow: ShadowWager) -> ShadowFill:
    """Return what the same wager gets when it is really placed beside the same script."""
    scripted = ScriptedExchange(seed)
    ref = WagerRef("joiner")
    request = PlaceWager(ref, LineId("home"), shadow.odds, STAKE_CENTS, Intent.REST)
    scripted.place(shadow.joins_ns, 2, request)
    scripted.cancel(shadow.ends_ns, 2, ref)
    scripted.env.run(until=shadow.ends_ns + MS)
    fills = scripted.fills.get(ref, [])
    matched_cents = sum(stake_cents for _, stake_cents in fills)
    return ShadowFill(matched_cents / STAKE_CENTS, fills[0][0] if fills else None)


def test_a_shadow_wager_gets_what_a_placed_one_would() -> None:
    """Beside the same orders, it is filled at the same moment and as far as a dollar is."""
    compared = filled = 0
    for seed in range(SCRIPTS):
        for shadow, outcome in shadow_outcomes(seed):
            placed = placed_outcome(seed, shadow)
            assert outcome.filled == pytest.approx(placed.filled, abs=ROUNDING), (seed, shadow)
            compared += 1
            if outcome.filled > ROUNDING:
                assert outcome.filled_ns == placed.filled_ns, (seed, shadow)
                filled += 1
    assert compared > 5 * SCRIPTS
    assert filled > 2 * SCRIPTS


HALF_AN_HOUR = CrowdSettings(
    opens_before_s=60, types=(MarketType.MONEYLINE,), game_s=1_800, interest=20
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> QueueSample:
    """Return the shadow wagers of a game that lasts half an hour, with many takers."""
    return queue_sample(HALF_AN_HOUR, tmp_path_factory.mktemp("shadows") / "game", 3)


def test_shadow_wagers_leave_the_market_as_it_is(tmp_path: Path) -> None:
    """A recording is the same to the byte, whether shadow wagers were on the game or not."""

    def observe(env: ReplayEnvironment, exchange: SimulatedProphet) -> None:
        ShadowQueue(env, exchange, exchange.books[:2], default_rng(1))

    settings = replace(HALF_AN_HOUR, game_s=300)
    plans = [GamePlan(tmp_path / name, "test", "nba", 3, settings) for name in ("with", "without")]
    assert write_game(plans[0], observe) == write_game(plans[1])
    recorded = [[path.read_bytes() for path in sorted(plan.folder.iterdir())] for plan in plans]
    assert recorded[0] == recorded[1]


def test_the_true_queue_lies_between_back_and_front(sample: QueueSample) -> None:
    """Of each wager, back hardly ever fills more than the true queue does, and front less."""
    true, back, front = (sample.by_queue[name].filled for name in (TRUE, "back", "front"))
    assert np.count_nonzero(true) > 30
    assert np.count_nonzero(back > true + ROUNDING) <= 0.01 * np.count_nonzero(true)
    # A cancel and a trade so close that the recording's pairing takes them for one.
    assert np.count_nonzero(front < true - ROUNDING) <= 0.05 * np.count_nonzero(true)
    assert fill_rate_bias(sample, "back") < fill_rate_bias(sample, "front")


def test_every_model_has_the_same_wagers(sample: QueueSample) -> None:
    """They are compared one by one: a wager that one queue refuses is in none."""
    count = len(sample.ahead_cents)
    assert set(sample.by_queue) == {TRUE, *MODELS}
    for figures in sample.by_queue.values():
        assert {len(column) for column in figures} == {count}
        assert np.array_equal(figures.filled > 0, ~np.isnan(figures.seconds))


def by_hand() -> QueueSample:
    """Return four wagers, of which the true queue fills three and every model two."""
    nothing = float("nan")
    true = ShadowFigures(
        np.array([1.0, 1.0, 1.0, 0.0]),
        np.array([2.0, 4.0, 6.0, nothing]),
        np.array([0.01, 0.01, -0.02, nothing]),
    )
    back = ShadowFigures(
        np.array([1.0, 1.0, 0.0, 0.0]),
        np.array([2.0, 6.0, nothing, nothing]),
        np.array([0.01, -0.01, nothing, nothing]),
    )
    # Ahead, behind, cancelled, cancelled ahead: one of either side, and one that must be ahead.
    cancels = np.array([[300.0, 100.0, 100.0, 60.0], [100.0, 0.0, 100.0, 100.0]])
    ahead = np.array([100.0, 200.0, 300.0, 400.0])
    return QueueSample(
        ahead, np.full(4, 0.005), {TRUE: true, **dict.fromkeys(MODELS, back)}, cancels
    )


def test_figures_are_of_matched_stake() -> None:
    """Bias compares fill rates; value and time are those of fills alone."""
    wagers = by_hand()
    assert fill_rate_bias(wagers, "back") == pytest.approx(-100 / 3)
    assert rise_of_bias(wagers, "back") == pytest.approx(100)
    assert value(wagers, TRUE) == pytest.approx(0)
    assert seconds(wagers, TRUE) == pytest.approx(4)
    assert seconds(wagers, "back") == pytest.approx(4)
    assert open_share(wagers) == pytest.approx(50)
    assert ahead_over_prorata(wagers) == pytest.approx(160 / 175)


def test_pooled_games_are_one_sample() -> None:
    """Wagers and cancels of all games stand one after the other."""
    both = pooled([by_hand(), by_hand()])
    assert len(both.ahead_cents) == 2 * len(by_hand().ahead_cents)
    assert len(both.cancels) == 4
    assert fill_rate_bias(both, "back") == fill_rate_bias(by_hand(), "back")


def test_a_model_outside_its_tolerance_fails() -> None:
    """A third fewer fills than in the true queue are what back may have, and prorata may not."""
    checks = {check.name: check for check in checks_of([by_hand(), by_hand()])}
    passed = {model: checks[f"fill rate, {model}, % above true"].passed for model in MODELS}
    assert passed == {"back": True, "prorata": False, "probable": True, "front": False}
    assert {check.group for check in checks.values()} == {11}
