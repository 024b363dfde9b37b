"""The rules of the simulated exchange that are settings, with the defaults of ProphetX."""

from dataclasses import dataclass, fields

from strategies.trading.clock import NANOSECONDS
from strategies.trading.errors import ConfigError
from strategies.trading.limits import nanoseconds_from_seconds
from strategies.trading.money import cents_from_dollars


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """Settings of the simulated exchange: cents and nanoseconds, whole and not negative.

    The largest stake is the partner API's limit (100,000,000 dollars, section 11), as are the
    life of a fill-or-kill wager (6.1) and the window in which a cancel is told to come again
    (9.1). The least stake, the in-play delay and the time in which the book and the trades on it
    are set against each other are not published. A recorded delay overrides `in_play_delay_ns`.
    """

    starting_balance_cents: int = 1_000_000
    min_stake_cents: int = 100
    max_stake_cents: int = 10_000_000_000
    in_play_delay_ns: int = 5 * NANOSECONDS
    retry_window_ns: int = 300_000_000
    fill_or_kill_ns: int = 2 * NANOSECONDS
    trade_pairing_ns: int = 500_000_000

    def __post_init__(self) -> None:
        """Refuse settings that cannot mean anything, by name."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                message = f"exchange.{field.name}: {value!r} is not a whole number, zero or more"
                raise ConfigError(message)
        if self.max_stake_cents < self.min_stake_cents:
            message = (
                f"exchange.max_stake_cents: {self.max_stake_cents} is below min_stake_cents "
                f"{self.min_stake_cents}"
            )
            raise ConfigError(message)


def exchange_settings(
    *,
    starting_balance: float,
    min_stake: float,
    max_stake: float,
    in_play_delay_seconds: float,
    retry_window_seconds: float,
    fill_or_kill_seconds: float,
    trade_pairing_seconds: float,
) -> ExchangeSettings:
    """Return the settings that a configuration states in dollars and seconds.

    Raise ConfigError, naming the setting, for text, negatives and what cannot mean anything.
    """
    seconds = nanoseconds_from_seconds
    return ExchangeSettings(
        starting_balance_cents=cents_from_dollars("starting_balance", starting_balance),
        min_stake_cents=cents_from_dollars("exchange.min_stake", min_stake),
        max_stake_cents=cents_from_dollars("exchange.max_stake", max_stake),
        in_play_delay_ns=seconds("exchange.in_play_delay_seconds", in_play_delay_seconds),
        retry_window_ns=seconds("exchange.retry_window_seconds", retry_window_seconds),
        fill_or_kill_ns=seconds("exchange.fill_or_kill_seconds", fill_or_kill_seconds),
        trade_pairing_ns=seconds("exchange.trade_pairing_seconds", trade_pairing_seconds),
    )
