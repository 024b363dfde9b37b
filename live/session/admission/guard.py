"""The guard in front of real money. None of it can be set by configuration.

An experiment overrides the values of a mode, so a limit in the configuration protects nobody. The
ceilings and the arming word come from the environment or from a private file of the operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from live.private_file import require_private
from live.session.gateway import Venue
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.setting_reader import read_value
from strategies.trading.model.settings import PositiveDollars
from strategies.trading.risk.limits import Limits

ARMED = "PROPHETX_ARMED"
ARMING_WORD = "real money"
OPERATOR_FILE = "PROPHETX_OPERATOR_FILE"

MAX_STAKE = "PROPHETX_MAX_STAKE_PER_WAGER"
MAX_EXPOSURE = "PROPHETX_MAX_TOTAL_EXPOSURE"
MAX_LOSS = "PROPHETX_MAX_DAILY_LOSS"


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Upper bounds for the configured limits, in cents."""

    max_stake_cents: int
    max_total_exposure_cents: int
    max_daily_loss_cents: int

    def clamp(self, limits: Limits) -> Limits:
        """Return limits that exceed no ceiling; a daily loss of zero is none, and gets one."""
        exposure_cents = self.max_total_exposure_cents
        # Zero sets no limit: any ceiling is below it.
        loss_cents = limits.max_daily_loss_cents or self.max_daily_loss_cents
        return replace(
            limits,
            max_stake_cents=min(limits.max_stake_cents, self.max_stake_cents),
            max_position_cents=min(limits.max_position_cents, exposure_cents),
            max_market_exposure_cents=min(limits.max_market_exposure_cents, exposure_cents),
            max_event_exposure_cents=min(limits.max_event_exposure_cents, exposure_cents),
            max_total_exposure_cents=min(limits.max_total_exposure_cents, exposure_cents),
            max_daily_loss_cents=min(loss_cents, self.max_daily_loss_cents),
        )

    def divided(self, parts: int) -> "Ceilings":
        """Return one of `parts` equal parts of every ceiling, rounded down, at least a cent."""
        return Ceilings(
            max(1, self.max_stake_cents // parts),
            max(1, self.max_total_exposure_cents // parts),
            max(1, self.max_daily_loss_cents // parts),
        )


def admit_trading(venue: Venue, environ: Mapping[str, str], limits: Limits) -> Limits:
    """Return the limits that a session may trade with at an exchange.

    Play money is traded as configured. Real money needs the arming word and every ceiling; raise
    ConfigError if one is missing.
    """
    return ceilings_of(environ).clamp(limits) if venue.real_money else limits


def ceilings_of(environ: Mapping[str, str]) -> Ceilings:
    """Return the operator's ceilings; raise ConfigError if one, or the arming word, is missing.

    A variable of the environment overrides the same name in the operator's file, a JSON object that
    only its owner can read.
    """
    words = operator_words(environ)
    if words.get(ARMED) != ARMING_WORD:
        message = (
            f"real money is traded only with {ARMED}={ARMING_WORD!r}, from the environment or from "
            f"the file that {OPERATOR_FILE} names"
        )
        raise ConfigError(message)
    return Ceilings(*(_cents(words, name) for name in (MAX_STAKE, MAX_EXPOSURE, MAX_LOSS)))


def operator_words(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with what the operator's file adds to it."""
    return _operator_file(environ) | dict(environ)


def _operator_file(environ: Mapping[str, str]) -> dict[str, str]:
    named = environ.get(OPERATOR_FILE)
    if not named:
        return {}
    path = Path(named)
    require_private(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except msgspec.DecodeError as error:
        message = f'{path}: is not a JSON object of texts, as in {{"NAME": "100"}} ({error})'
        raise ConfigError(message) from None


def _cents(words: Mapping[str, str], name: str) -> int:
    try:
        dollars = float(words.get(name, ""))
    except ValueError:
        message = f"{name}: set a ceiling in dollars; real money needs it"
        raise ConfigError(message) from None
    return cents_from_dollars(read_value(name, dollars, PositiveDollars))
