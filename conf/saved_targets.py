"""Reads the configurations that sessions of earlier versions saved.

A saved configuration names classes and settings as they were at that time. Whoever moves or renames
a class or a setting adds a line here, so that old sessions can be replayed.
"""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from conf.modes import Mode
from conf.parts import PartBuilder
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.errors import ConfigError
from strategies.trading.pricing.touch import Pricing

_TRADING = "strategies.trading"
_MOVED = {
    "live.clock.WallClock": "live.wall_clock.WallClock",
    "live.exchange.AccountSettings": "live.prophetx.orders.prophet_exchange.AccountSettings",
    "live.reference.ReferenceSettings": "live.reference.reference_source.ReferenceSettings",
    "live.site.Site": "live.prophetx.rest.endpoint.Endpoint",
    "live.stream.StreamSettings": "live.prophetx.socket.stream.StreamSettings",
    "sim.exchange.queue.Back": "sim.exchange.queue_models.Back",
    "sim.exchange.queue.Front": "sim.exchange.queue_models.Front",
    "sim.exchange.queue.Probable": "sim.exchange.queue_models.Probable",
    "sim.exchange.queue.Prorata": "sim.exchange.queue_models.Prorata",
    "sim.exchange.settings.exchange_settings": "sim.exchange.exchange_settings.ExchangeSettings",
    "sim.faults.fault_settings": "sim.engine.faults.FaultSettings",
    "sim.latency.Constant": "sim.engine.latency.Constant",
    "sim.latency.Lognormal": "sim.engine.latency.Lognormal",
    "sim.latency.Measured": "sim.engine.latency.Measured",
    "sim.latency.NoDelay": "sim.engine.latency.NoDelay",
    "sim.latency.build_latency": "sim.engine.latency.build_latency",
    "sim.sandbox.settings.SandboxSettings": "sim.sandbox.sandbox_settings.SandboxSettings",
    f"{_TRADING}.commission.Commission": f"{_TRADING}.accounting.commission.Commission",
    f"{_TRADING}.limits.limits_from_settings": f"{_TRADING}.risk.limits.RiskSettings",
    f"{_TRADING}.market_filter.MarketFilter": f"{_TRADING}.markets.market_filter.MarketFilter",
    f"{_TRADING}.pricing.Consensus": f"{_TRADING}.pricing.touch.Consensus",
    f"{_TRADING}.pricing.Power": f"{_TRADING}.pricing.touch.Power",
    f"{_TRADING}.pricing_in_game.InGame": f"{_TRADING}.pricing.in_game.InGame",
    f"{_TRADING}.pricing_reference.Reference": f"{_TRADING}.pricing.reference.Reference",
    f"{_TRADING}.wagers.WagerSettings": f"{_TRADING}.wagers.wager_settings.WagerSettings",
    f"{_TRADING}.wagers.wager_manager.WagerSettings": (
        f"{_TRADING}.wagers.wager_settings.WagerSettings"
    ),
}


# Settings of a class that have another name now.
_RENAMED = {"sim.engine.faults.FaultSettings": {"told_after_seconds": "recovery_seconds"}}

# Settings of a class that did not exist yet, with the value that changes nothing.
_ADDED: dict[str, dict[str, Any]] = {
    f"{_TRADING}.risk.limits.RiskSettings": {
        "max_open_stake_times_cash": 0,
        "max_price_deviation_percent": 0,
        "max_mispriced_in_row": 0,
    },
}


def with_current_targets(saved: Any) -> Any:
    """Return a saved configuration, or a part of one, with today's names."""
    if isinstance(saved, list):
        return [with_current_targets(each) for each in saved]
    if not isinstance(saved, dict):
        return saved
    named = str(saved.get("_target_"))
    target = _MOVED.get(named, named)
    renamed = _RENAMED.get(target, {})
    return _ADDED.get(target, {}) | {
        renamed.get(key, key): target if key == "_target_" else with_current_targets(value)
        for key, value in saved.items()
    }


def saved_mode(path: Path) -> Mode:
    """Return the mode of the session that saved a configuration; raise ConfigError without one."""
    try:
        return Mode(OmegaConf.select(OmegaConf.load(path), "mode_name"))
    except (OSError, ValueError, YAMLError, OmegaConfBaseException) as error:
        message = f"{path}: no mode_name that is a mode ({' '.join(str(error).split())})"
        raise ConfigError(message) from error


def place_of(configuration: str) -> str | None:
    """Return where a session of a saved configuration, given as text, trades, in words.

    None if it names no exchange. Raise ConfigError if it cannot be read.
    """
    try:
        saved = OmegaConf.create(configuration)
        mode, name = (OmegaConf.select(saved, key) for key in ("mode_name", "prophet.name"))
    except (YAMLError, OmegaConfBaseException) as error:
        message = f"a saved configuration cannot be read ({' '.join(str(error).split())})"
        raise ConfigError(message) from error
    if mode == Mode.PAPER:
        return "on paper"
    return None if name is None else f"at {name}"


def saved_exchange(path: Path) -> dict[str, Any] | None:
    """Return the settings of the exchange in a saved configuration, None if it has none.

    Raise ConfigError if the file cannot be read.
    """
    try:
        saved = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except (OSError, ValueError, YAMLError, OmegaConfBaseException) as error:
        message = f"{path}: cannot be read ({' '.join(str(error).split())})"
        raise ConfigError(message) from error
    exchange = with_current_targets(saved).get("prophet") if isinstance(saved, dict) else None
    if not isinstance(exchange, dict):
        return None
    return {name: value for name, value in exchange.items() if name != "_target_"}


def saved_fees(path: Path) -> Commission:
    """Return the commission in a saved configuration; raise ConfigError if it has none."""
    fees = _saved_part(path, "fees")
    if not isinstance(fees, Commission):
        message = f"{path}: fees: {fees!r} is no commission"
        raise ConfigError(message)
    return fees


def saved_pricing(path: Path) -> Pricing:
    """Return the pricing in a saved configuration; raise ConfigError if it cannot be built."""
    pricing: Pricing = _saved_part(path, "pricing")
    return pricing


def _saved_part(path: Path, name: str) -> Any:
    try:
        saved = with_current_targets(OmegaConf.to_container(OmegaConf.load(path), resolve=True))
        return PartBuilder(saved).build(name, saved[name])
    except (OSError, ValueError, KeyError, TypeError, YAMLError, OmegaConfBaseException) as error:
        message = f"{path}: no {name} can be read ({' '.join(str(error).split())})"
        raise ConfigError(message) from error
