"""Assembly of a desk from its settings: the same in every mode."""

from dataclasses import dataclass

from strategies.trading.board import Board
from strategies.trading.clock import Clock
from strategies.trading.commission import Commission
from strategies.trading.desk import Desk
from strategies.trading.exchange import Exchange
from strategies.trading.exposure import Exposure
from strategies.trading.ids import MarketKey, RefMint
from strategies.trading.journal import Journal
from strategies.trading.ledger import Ledger
from strategies.trading.limits import Limits
from strategies.trading.losses import LossWatch
from strategies.trading.market import Catalogue
from strategies.trading.odds import Ladder
from strategies.trading.pricing import Pricing
from strategies.trading.risk import RiskManager
from strategies.trading.strategy import Strategy
from strategies.trading.wagers import WagerManager, WagerSettings


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What a desk is made of, apart from its clock, its exchange and its journal."""

    strategy: Strategy
    pricing: Pricing
    limits: Limits
    wagers: WagerSettings
    commission: Commission
    starting_balance_cents: int
    session_name: str
    start_number: int


def assemble_desk(
    settings: DeskSettings,
    *,
    catalogue: Catalogue,
    market_keys: tuple[MarketKey, ...],
    ladder: Ladder,
    clock: Clock,
    exchange: Exchange,
    journal: Journal,
) -> Desk:
    """Return a desk that follows these markets; it does nothing before it is started."""
    eager = settings.strategy.quote_refresh_ns == 0
    board = Board(catalogue, market_keys, eager=eager)
    exposure = Exposure()
    balance_cents = settings.starting_balance_cents
    ledger = Ledger(catalogue, exposure, settings.commission, balance_cents)
    mint = RefMint(settings.session_name, settings.start_number)
    wagers = WagerManager(
        settings.wagers, mint, board, exposure, ladder, settings.limits.min_stake_cents
    )
    return Desk(
        clock=clock,
        exchange=exchange,
        journal=journal,
        strategy=settings.strategy,
        pricing=settings.pricing,
        ladder=ladder,
        board=board,
        exposure=exposure,
        ledger=ledger,
        wagers=wagers,
        risk=RiskManager(settings.limits, ladder, board, exposure, ledger, wagers),
        losses=LossWatch(settings.limits, balance_cents),
    )
