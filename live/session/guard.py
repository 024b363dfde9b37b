"""What stands between a session and real money. None of it can be set by configuration.

An experiment's values win over a mode's, so a limit in the configuration holds nobody back. The
ceilings and the arming word come from the environment or from the operator's own file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import msgspec

from live.prophetx.rest.credentials import require_private
from live.prophetx.rest.endpoint import Endpoint
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.risk.limits import Limits

ARMED = "PROPHETX_ARMED"
ARMING_WORD = "real money"
OPERATOR_FILE = "PROPHETX_OPERATOR_FILE"

MAX_STAKE = "PROPHETX_MAX_STAKE_PER_WAGER"
MAX_EXPOSURE = "PROPHETX_MAX_TOTAL_EXPOSURE"
MAX_LOSS = "PROPHETX_MAX_DAILY_LOSS"

# Until trading has been hardened nobody gets at real money with it, armed or not.
_HARDENED = False


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What no limit may exceed, whoever set it."""

    max_stake_cents: int
    max_total_exposure_cents: int
    max_daily_loss_cents: int

    def clamp(self, limits: Limits) -> Limits:
        """Return limits that exceed no ceiling."""
        exposure_cents = self.max_total_exposure_cents
        return replace(
            limits,
            max_stake_cents=min(limits.max_stake_cents, self.max_stake_cents),
            max_position_cents=min(limits.max_position_cents, exposure_cents),
            max_market_exposure_cents=min(limits.max_market_exposure_cents, exposure_cents),
            max_event_exposure_cents=min(limits.max_event_exposure_cents, exposure_cents),
            max_total_exposure_cents=min(limits.max_total_exposure_cents, exposure_cents),
            max_daily_loss_cents=min(limits.max_daily_loss_cents, self.max_daily_loss_cents),
        )


def admit_trading(site: Endpoint, environ: Mapping[str, str], limits: Limits) -> Limits:
    """Return the limits that a session may trade an exchange with.

    Play money is traded as configured. Real money needs the arming word and every ceiling; raise
    ConfigError where one is missing, and for real money altogether until trading is hardened.
    """
    if not site.real_money:
        return limits
    if not _HARDENED:
        message = (
            f"prophet={site.name}: {site.host} is real money, and trading is not hardened for it; "
            "paper trade it, or trade prophet=sandbox"
        )
        raise ConfigError(message)
    return ceilings_of(environ).clamp(limits)


def ceilings_of(environ: Mapping[str, str]) -> Ceilings:
    """Return the ceilings of the operator, who also arms; raise ConfigError where one is missing.

    A word in the environment comes before the same word in the operator's file, which is a JSON
    object that only its owner can read.
    """
    words = _operators_words(environ) | dict(environ)
    if words.get(ARMED) != ARMING_WORD:
        message = f"real money is traded only with {ARMED}={ARMING_WORD!r}"
        raise ConfigError(message)
    return Ceilings(*(_cents(words, name) for name in (MAX_STAKE, MAX_EXPOSURE, MAX_LOSS)))


def _operators_words(environ: Mapping[str, str]) -> dict[str, str]:
    if OPERATOR_FILE not in environ:
        return {}
    path = Path(environ[OPERATOR_FILE])
    require_private(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except msgspec.DecodeError as error:
        message = f"{path}: is no JSON object of texts ({error})"
        raise ConfigError(message) from None


def _cents(words: Mapping[str, str], name: str) -> int:
    try:
        dollars = Decimal(words.get(name, ""))
    except ArithmeticError:
        message = f"{name}: a ceiling in dollars is needed for real money"
        raise ConfigError(message) from None
    return cents_from_dollars(name, dollars)
