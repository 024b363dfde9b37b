"""Settings of the simulated exchange, with ProphetX's rules as defaults."""

from dataclasses import dataclass, fields
from enum import StrEnum

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.settings import nanoseconds_from_seconds
from strategies.trading.model.units import NS_PER_SECOND


class BalanceMode(StrEnum):
    """When a wager's stake leaves the balance: at placement, or when it is matched."""

    IMMEDIATE = "immediate"
    DEFERRED = "deferred"


# With none of them nothing could be done at all.
_AT_LEAST_ONE = {
    "open_stake_multiple",
    "requests_per_second",
    "most_delayed",
    "mass_cancel_batch",
}


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """Settings of the simulated exchange: cents, nanoseconds and counts, whole, not negative.

    docs/exchange.md lists for each what is known of the real exchange. A recorded in-play delay
    overrides `in_play_delay_ns`. `credit_refresh_ns` is the interval at which the exposure credit
    is recomputed; `deduction_ns` is how long after a fill a single cancel is refused, under
    deferred deduction.
    """

    starting_balance_cents: int = 1_000_000
    balance_mode: BalanceMode = BalanceMode.DEFERRED
    open_stake_multiple: int = 10
    back_off_multiple: int = 50
    exposure_credit: bool = True
    credit_refresh_ns: int = 5 * NS_PER_SECOND
    deduction_ns: int = 0
    min_stake_cents: int = 100
    max_stake_cents: int = 10_000_000_000
    add_only_allowed: bool = True
    requests_per_second: int = 50
    in_play_delay_ns: int = 5 * NS_PER_SECOND
    most_delayed: int = 100
    retry_window_ns: int = 300_000_000
    fill_or_kill_ns: int = 2 * NS_PER_SECOND
    mass_cancel_batch: int = 100
    mass_cancel_pause_ns: int = 100_000_000
    trade_pairing_ns: int = 500_000_000

    def __post_init__(self) -> None:
        """Refuse settings that cannot mean anything, by name."""
        for field in fields(self):
            self._require(field.name, getattr(self, field.name))
        self._require_order("min_stake_cents", "max_stake_cents")
        self._require_order("open_stake_multiple", "back_off_multiple")

    def _require_order(self, low: str, high: str) -> None:
        least, most = getattr(self, low), getattr(self, high)
        if most < least:
            message = f"exchange.{high}: {most} is below {low} {least}"
            raise ConfigError(message)

    def _require(self, name: str, value: object) -> None:
        if name == "balance_mode":
            wrong = value not in tuple(BalanceMode)
            wanted = f"one of {', '.join(BalanceMode)}"
        elif name in {"exposure_credit", "add_only_allowed"}:
            wrong, wanted = not isinstance(value, bool), "true or false"
        elif name in _AT_LEAST_ONE:
            wrong = isinstance(value, bool) or not isinstance(value, int) or value < 1
            wanted = "a whole number, one or more"
        else:
            wrong = isinstance(value, bool) or not isinstance(value, int) or value < 0
            wanted = "a whole number, zero or more"
        if wrong:
            message = f"exchange.{name}: {value!r} is not {wanted}"
            raise ConfigError(message)


def exchange_settings(
    *,
    starting_balance: float,
    balance_mode: str,
    open_stake_multiple: int,
    back_off_multiple: int,
    exposure_credit: bool,
    credit_refresh_seconds: float,
    deduction_seconds: float,
    min_stake: float,
    max_stake: float,
    add_only_allowed: bool,
    requests_per_second: int,
    in_play_delay_seconds: float,
    most_delayed: int,
    retry_window_seconds: float,
    fill_or_kill_seconds: float,
    mass_cancel_batch: int,
    mass_cancel_pause_seconds: float,
    trade_pairing_seconds: float,
) -> ExchangeSettings:
    """Return the settings that a configuration states in dollars and seconds.

    Raise ConfigError, naming the setting, for text, negatives and what cannot mean anything.
    """
    seconds = nanoseconds_from_seconds
    if balance_mode not in tuple(BalanceMode):
        message = f"exchange.balance_mode: {balance_mode!r} is not one of {', '.join(BalanceMode)}"
        raise ConfigError(message)
    return ExchangeSettings(
        starting_balance_cents=cents_from_dollars("starting_balance", starting_balance),
        balance_mode=BalanceMode(balance_mode),
        open_stake_multiple=open_stake_multiple,
        back_off_multiple=back_off_multiple,
        exposure_credit=exposure_credit,
        credit_refresh_ns=seconds("exchange.credit_refresh_seconds", credit_refresh_seconds),
        deduction_ns=seconds("exchange.deduction_seconds", deduction_seconds),
        min_stake_cents=cents_from_dollars("exchange.min_stake", min_stake),
        max_stake_cents=cents_from_dollars("exchange.max_stake", max_stake),
        add_only_allowed=add_only_allowed,
        requests_per_second=requests_per_second,
        in_play_delay_ns=seconds("exchange.in_play_delay_seconds", in_play_delay_seconds),
        most_delayed=most_delayed,
        retry_window_ns=seconds("exchange.retry_window_seconds", retry_window_seconds),
        fill_or_kill_ns=seconds("exchange.fill_or_kill_seconds", fill_or_kill_seconds),
        mass_cancel_batch=mass_cancel_batch,
        mass_cancel_pause_ns=seconds(
            "exchange.mass_cancel_pause_seconds", mass_cancel_pause_seconds
        ),
        trade_pairing_ns=seconds("exchange.trade_pairing_seconds", trade_pairing_seconds),
    )
