"""The scenario of a storm: everything that its seed decides."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum, auto
from typing import TypeVar

from numpy.random import Generator, default_rng

from sim.crowd.crowd_settings import CrowdSettings
from sim.engine.faults import Faults
from sim.engine.latency import Constant, Delay, Latency, Lognormal, NoDelay
from sim.exchange.exchange_settings import BalanceMode, ExchangeRules
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.at_the_touch import AtTheTouch
from strategies.simple_market_maker import SimpleMarketMaker
from strategies.skewed_market_maker import SkewedMarketMaker
from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.accounting.rebate import MonthlyRebate
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Consensus, Power, Pricing
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager_settings import WagerSettings
from tests.storms.feed_faults import FeedFaults, draw_feed_faults

Choice = TypeVar("Choice")

# The longest time after a trade in which it is broken.
MAX_BROKEN_WITHIN_NS = 40 * NS_PER_SECOND


@dataclass(frozen=True)
class BackgroundTraderSettings:
    """How many background traders there are, how often each acts, and how."""

    makers: int
    takers: int
    maker_seconds: float
    taker_seconds: float
    half_spread: float
    stake_cents: int
    balance_cents: int


@dataclass(frozen=True)
class Timetable:
    """Seconds at which the game starts, ends and is suspended, and the desk halted and resumed."""

    starts_s: float
    ends_s: float
    suspensions: tuple[tuple[int, float, float], ...]
    halts: tuple[tuple[float, float], ...]
    recorded: bool
    results: bool
    corrected: bool


class GameOutcome(Enum):
    """How the game of a storm ends: in random results, or by the exchange's rules."""

    RANDOM = auto()
    SCORED = auto()
    TIED = auto()
    POSTPONED = auto()
    BROKEN_OFF = auto()


@dataclass(frozen=True)
class Scenario:
    """The parameters of one storm."""

    seed: int
    timetable: Timetable
    outcome: GameOutcome
    background_traders: BackgroundTraderSettings
    crowd: CrowdSettings | None
    faults: Faults
    feed: FeedFaults
    latency: Latency
    queue: QueueModel
    strategy: Strategy
    pricing: Pricing
    limits: Limits
    wagers: WagerSettings
    fees: Commission
    exchange: ExchangeRules
    balance_cents: int
    streams: dict[str, Generator] = field(repr=False)


def draw_scenario(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    names = ("scenario", "delays", "crowd", "faults", "game", "shape", "fees", "ending", "feed")
    streams = {name: default_rng([seed, place]) for place, name in enumerate(names)}
    rng = streams["scenario"]
    exchange = _exchange(rng)
    queues: tuple[QueueModel, ...] = (Back(), Front(), Prorata(), Probable(2.0))
    feed = draw_feed_faults(streams["feed"])
    pricings: tuple[Pricing, ...] = (Consensus(0.2), Power(0.2))
    return Scenario(
        seed=seed,
        timetable=_timetable(rng),
        outcome=_outcome(streams["ending"]),
        background_traders=_background_traders(rng),
        faults=_with_broken_trades(_faults(rng), streams["ending"]),
        feed=feed,
        latency=_latency(rng, streams["delays"]),
        queue=_pick(rng, *queues),
        strategy=_strategy(rng),
        pricing=_pick(rng, *pricings),
        limits=replace(_limits(rng), max_feed_delay_ns=feed.max_delay_ns),
        wagers=WagerSettings(_pick(rng, 0, 1, 3), _pick(rng, 0, 10, 50)),
        fees=Commission(_pick(rng, 0, 2, 5), _pick(rng, *Offset), _rebate(streams["fees"])),
        exchange=exchange,
        balance_cents=exchange.starting_balance_cents,
        crowd=_crowd(streams["shape"]),
        streams=streams,
    )


def _pick(rng: Generator, *choices: Choice) -> Choice:
    return choices[int(rng.integers(len(choices)))]


def _rebate(rng: Generator) -> MonthlyRebate | None:
    """Return a rebate in most of the scenarios, with tiers that a storm's volume reaches."""
    if rng.random() < 0.25:
        return None
    begins = sorted({int(each) for each in rng.integers(1, 100, 3)})
    return MonthlyRebate(tuple(begins), (20, 40.5, 80)[: len(begins)])


def _timetable(rng: Generator) -> Timetable:
    starts_s = float(rng.uniform(20, 60))
    ends_s = starts_s + float(rng.uniform(20, 80))
    suspensions = []
    for _ in range(int(rng.integers(6))):
        at_s = float(rng.uniform(5, ends_s))
        suspensions.append((int(rng.integers(3)), at_s, at_s + float(rng.exponential(4))))
    halts = []
    if rng.random() < 0.4:
        at_s = float(rng.uniform(5, ends_s))
        halts.append((at_s, at_s + float(rng.exponential(20))))
    return Timetable(
        starts_s,
        ends_s,
        tuple(suspensions),
        tuple(halts),
        recorded=bool(rng.random() < 0.4),
        results=bool(rng.random() < 0.8),
        corrected=bool(rng.random() < 0.3),
    )


def _crowd(rng: Generator) -> CrowdSettings | None:
    """Return the settings of a calibrated crowd in some scenarios, more active than measured."""
    if rng.random() < 0.65:
        return None
    return replace(CrowdSettings.drawn(rng), interest=float(rng.uniform(2, 60)))


def _background_traders(rng: Generator) -> BackgroundTraderSettings:
    return BackgroundTraderSettings(
        makers=int(rng.integers(1, 5)),
        takers=int(rng.integers(1, 5)),
        maker_seconds=float(rng.uniform(0.2, 2)),
        taker_seconds=float(rng.uniform(0.2, 3)),
        half_spread=float(rng.uniform(0.002, 0.03)),
        stake_cents=_pick(rng, 500, 5_000, 50_000),
        balance_cents=_pick(rng, 20_000, 2_000_000),
    )


def _faults(rng: Generator) -> Faults:
    """Return no faults in some scenarios, otherwise a random mixture."""
    if rng.random() < 0.15:
        return Faults()

    def sometimes() -> float:
        return float(_pick(rng, 0, 0.02, 0.1, 0.25))

    return Faults(
        command_lost=sometimes(),
        command_refused=sometimes(),
        answer_lost=sometimes(),
        answer_late=sometimes(),
        answer_doubled=sometimes(),
        late_ns=_pick(rng, 100_000_000, NS_PER_SECOND, 8 * NS_PER_SECOND),
        recovery_ns=_pick(rng, 50_000_000, NS_PER_SECOND, 3 * NS_PER_SECOND, 4_900_000_000),
        disconnect_every_ns=_pick(rng, 0, 10 * NS_PER_SECOND, 40 * NS_PER_SECOND),
        disconnect_ns=_pick(rng, NS_PER_SECOND, 8 * NS_PER_SECOND, 20 * NS_PER_SECOND),
    )


def _outcome(rng: Generator) -> GameOutcome:
    """Return random results in a third of the scenarios, as they may contradict each other."""
    by_rule = list(GameOutcome)[1:]
    return GameOutcome.RANDOM if rng.random() < 1 / 3 else _pick(rng, *by_rule)


def _with_broken_trades(faults: Faults, rng: Generator) -> Faults:
    """Let trades be broken in half of the scenarios, some before the update on their fill."""
    if rng.random() < 0.5:
        return faults
    within_ns = _pick(rng, NS_PER_SECOND, 10 * NS_PER_SECOND, MAX_BROKEN_WITHIN_NS)
    return replace(
        faults,
        trade_broken=float(_pick(rng, 0.1, 1)),
        broken_beyond=float(_pick(rng, 0.01, 0.15)),
        broken_within_ns=within_ns,
    )


def _latency(rng: Generator, delays: Generator) -> Latency:
    kind = _pick(rng, "none", "same", "mixed", "slow")

    def delay() -> Delay:
        if kind == "none":
            return NoDelay()
        median_ms = float(rng.uniform(5, 200)) * (8 if kind == "slow" else 1)
        if kind == "same":
            return Constant(50)
        return Lognormal(median_ms, float(rng.uniform(0, 1.2)), 0, 4_000, rng=delays)

    return Latency(*(delay() for _ in range(6)))


def _strategy(rng: Generator) -> Strategy:
    margin = float(rng.uniform(0, 0.02))
    stake, refresh = _pick(rng, 5, 50, 500), _pick(rng, 0, 0.5, 1, 5)
    ideas: tuple[Strategy, ...] = (
        SimpleMarketMaker(margin, stake, refresh),
        SkewedMarketMaker(margin, float(rng.uniform(0, 0.05)), stake * 3, stake, refresh),
        AtTheTouch(0.0, stake, refresh),
    )
    return _pick(rng, *ideas)


def _limits(rng: Generator) -> Limits:
    scale = _pick(rng, 1, 5, 50)
    return Limits(
        min_stake_cents=100,
        max_stake_cents=2_000 * scale,
        max_position_cents=5_000 * scale,
        nets_positions=True,
        max_market_exposure_cents=6_000 * scale,
        max_event_exposure_cents=10_000 * scale,
        max_total_exposure_cents=_pick(rng, 8_000, 20_000) * scale,
        max_concurrent_wagers=_pick(rng, 3, 12, 200),
        max_daily_loss_cents=_pick(rng, 0, 1_000, 10_000),
        stop_loss_percent=Decimal(_pick(rng, 0, 5)),
        shortest_odds=-1000,
        longest_odds=1000,
        max_feed_age_ns=_pick(rng, 3, 900) * NS_PER_SECOND,
        max_commands_per_second=_pick(rng, 5, 40),
        in_play=bool(rng.random() < 0.8),
        stop_before_start_ns=_pick(rng, 0, 10) * NS_PER_SECOND,
        exposure_credit=bool(rng.random() < 0.5),
    )


def _exchange(rng: Generator) -> ExchangeRules:
    return ExchangeRules(
        starting_balance_cents=_pick(rng, 10_000, 100_000, 1_000_000),
        balance_mode=_pick(rng, *BalanceMode),
        open_stake_multiple=_pick(rng, 1, 10),
        exposure_credit=bool(rng.random() < 0.7),
        deduction_ns=_pick(rng, 0, 100_000_000),
        requests_per_second=_pick(rng, 5, 50),
        in_play_delay_ns=_pick(rng, 0, NS_PER_SECOND, 5 * NS_PER_SECOND),
        most_delayed=_pick(rng, 4, 100),
        mass_cancel_batch=_pick(rng, 1, 5, 100),
    )
