"""Assembly of a desk from its settings: the same in every mode."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from strategies.trading.accounting.commission import Commission
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.desk.desk import Desk
from strategies.trading.desk.strategy_checks import make_strategy
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.earlier_runs import NO_EARLIER_RUNS, EarlierRuns
from strategies.trading.model.ids import MarketKey, WagerRefFactory
from strategies.trading.model.odds import Ladder
from strategies.trading.model.position import Exposure
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.control import Control
from strategies.trading.ports.exchange import Exchange
from strategies.trading.ports.journal import Journal
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.loss_limits import LossLimits
from strategies.trading.risk.rejections import RejectionStreak
from strategies.trading.risk.risk_manager import RiskManager
from strategies.trading.wagers.wager import Wagers
from strategies.trading.wagers.wager_manager import WagerManager
from strategies.trading.wagers.wager_settings import WagerSettings


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """The parts and settings of a desk, without its clock, its exchange and its journal.

    `session_name`, `ref_token` and `start_number` begin every wager reference; `controls` are
    checked after the standard risk controls, in this order. `strategy` makes a strategy; called
    with settings by name, one in which these are changed.
    """

    strategy: Callable[..., Strategy]
    pricing: Pricing
    limits: Limits
    wagers: WagerSettings
    commission: Commission
    starting_balance_cents: int
    session_name: str
    start_number: int
    controls: Mapping[str, Control] = field(default_factory=dict)
    ref_token: str = ""


def assemble_desk(
    settings: DeskSettings,
    *,
    catalogue: Catalogue,
    market_keys: tuple[MarketKey, ...],
    ladder: Ladder,
    clock: Clock,
    exchange: Exchange,
    journal: Journal,
    earlier_runs: EarlierRuns = NO_EARLIER_RUNS,
) -> Desk:
    """Return a desk that follows these markets; it does nothing before it is started.

    It goes on from what `earlier_runs` of its session left; `Desk.restore` takes their wagers.
    """
    strategy = make_strategy(settings.strategy)
    eager = strategy.quote_refresh_ns == 0
    market_states = MarketStates(catalogue, market_keys, settings.pricing.source_rules, eager=eager)
    exposure = Exposure(catalogue.events)
    balance_cents = settings.starting_balance_cents
    ledger = Ledger(catalogue, exposure, settings.commission, balance_cents)
    ref_factory = WagerRefFactory(settings.session_name, settings.start_number, settings.ref_token)
    wagers = Wagers(catalogue, exposure, market_states.offers)
    manager = WagerManager(
        settings.wagers,
        ref_factory,
        catalogue,
        wagers,
        ladder,
        settings.limits.min_stake_cents,
    )
    return Desk(
        clock=clock,
        exchange=exchange,
        journal=journal,
        strategy=strategy,
        strategy_factory=settings.strategy,
        pricing=settings.pricing,
        ladder=ladder,
        market_states=market_states,
        exposure=exposure,
        ledger=ledger,
        wagers=wagers,
        manager=manager,
        risk=RiskManager(
            settings.limits, ladder, market_states, exposure, ledger, wagers, settings.controls
        ),
        losses=LossLimits(settings.limits, balance_cents),
        rejections=RejectionStreak(settings.limits),
        earlier_runs=earlier_runs,
    )
