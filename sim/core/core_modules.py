"""Which modules the compiled core has, and where it is kept.

These are the modules in which a backtest spends its time. Settings, events and the ports stay
plain: mypyc keeps neither the constraints of an annotation nor the fields of a msgspec Struct, and
what a person writes must be checked the same way in both. In a compiled module a generator
expression is evaluated at once, so that what must be lazy is a generator function or a `map`.
"""

import hashlib
import os
import platform
import sys
from pathlib import Path

# The folder that holds `sim`, `strategies` and the other packages.
SOURCE_ROOT = Path(__file__).parents[2]

CORE_MODULES = (
    "recordings.tape_events",
    "recordings.writer",
    "sim.crowd.activity_rates",
    "sim.crowd.change_publisher",
    "sim.crowd.fair_value",
    "sim.crowd.game",
    "sim.crowd.game_context",
    "sim.crowd.maker",
    "sim.crowd.order_flow",
    "sim.crowd.punters",
    "sim.crowd.row_sinks",
    "sim.crowd.sports.nba_fair",
    "sim.crowd.sports.turn_prices",
    "sim.crowd.takers",
    "sim.crowd.wager_sizes",
    "sim.crowd.widths",
    "sim.engine.delay_line",
    "sim.engine.exchange_rows",
    "sim.engine.scheduler",
    "sim.engine.virtual_clock",
    "sim.exchange.activation",
    "sim.exchange.books",
    "sim.exchange.cancels",
    "sim.exchange.clearing",
    "sim.exchange.displayed_book",
    "sim.exchange.exchange_account",
    "sim.exchange.exchange_connection",
    "sim.exchange.faulty_connection",
    "sim.exchange.line_results",
    "sim.exchange.market_status",
    "sim.exchange.matching",
    "sim.exchange.offers",
    "sim.exchange.participant",
    "sim.exchange.prophet",
    "sim.exchange.publisher",
    "sim.exchange.refusals",
    "sim.exchange.tape_replayer",
    "sim.results.decision_digest",
    "sim.results.measured_fill",
    "sim.results.run_journal",
    "sim.results.wager_recorder",
    "strategies.trading.accounting.ledger",
    "strategies.trading.desk.alarm",
    "strategies.trading.desk.command_sender",
    "strategies.trading.desk.denied_markets",
    "strategies.trading.desk.desk",
    "strategies.trading.desk.market_view",
    "strategies.trading.desk.quote_checks",
    "strategies.trading.desk.wakeups",
    "strategies.trading.markets.market_states",
    "strategies.trading.model.book",
    "strategies.trading.model.catalogue",
    "strategies.trading.model.event_exposure",
    "strategies.trading.model.event_state",
    "strategies.trading.model.money",
    "strategies.trading.model.odds",
    "strategies.trading.model.position",
    "strategies.trading.ports.schedule",
    "strategies.trading.pricing.overround",
    "strategies.trading.risk.controls",
    "strategies.trading.risk.loss_limits",
    "strategies.trading.risk.market_plan",
    "strategies.trading.risk.price_sanity",
    "strategies.trading.risk.rejections",
    "strategies.trading.risk.risk_manager",
    "strategies.trading.wagers.wager",
    "strategies.trading.wagers.wager_manager",
    "strategies.trading.wagers.wager_state",
)

# Compiled code has the layout of the classes that it uses built in, so a core belongs to all
# sources of these folders. Strategies are not among them: they may change at any time.
_SOURCE_FOLDERS = (
    "recordings",
    "sim/core",
    "sim/crowd",
    "sim/engine",
    "sim/exchange",
    "sim/results",
    "strategies/trading",
)


def core_folder() -> Path:
    """Return the folder of the core compiled from the present sources; it need not exist."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "prophet-sim" / f"core-{_source_digest()[:16]}"


def _source_files() -> list[Path]:
    """Return every source that a core belongs to, in a fixed order."""
    return sorted(
        path for folder in _SOURCE_FOLDERS for path in (SOURCE_ROOT / folder).rglob("*.py")
    )


def _source_digest() -> str:
    """Return the SHA-256 of the sources, of the list of modules and of the interpreter's kind."""
    digest = hashlib.sha256(
        repr((sys.implementation.cache_tag, platform.machine(), CORE_MODULES)).encode()
    )
    for path in _source_files():
        source = path.read_bytes()
        digest.update(f"{path.relative_to(SOURCE_ROOT).as_posix()} {len(source)}\n".encode())
        digest.update(source)
    return digest.hexdigest()
