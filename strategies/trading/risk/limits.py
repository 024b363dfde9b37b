"""The limits of a session: every figure that the risk manager holds wagers against."""

from dataclasses import dataclass
from decimal import Decimal

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.settings import nanoseconds_from_seconds, number


@dataclass(frozen=True, slots=True)
class Limits:
    """What a desk may do, in cents, nanoseconds and American odds."""

    min_stake_cents: int
    max_stake_cents: int
    max_position_cents: int
    max_market_exposure_cents: int
    max_event_exposure_cents: int
    max_total_exposure_cents: int
    max_concurrent_wagers: int
    max_daily_loss_cents: int
    stop_loss_percent: Decimal
    shortest_odds: int
    longest_odds: int
    max_feed_age_ns: int
    max_commands_per_second: int
    in_play: bool
    stop_before_start_ns: int
    exposure_credit: bool


def limits_from_settings(
    *,
    min_stake: float,
    max_stake_per_wager: float,
    max_position_size: float,
    max_market_exposure: float,
    max_event_exposure: float,
    max_total_exposure: float,
    max_concurrent_wagers: int,
    max_daily_loss: float,
    stop_loss_percentage: float,
    shortest_odds: int,
    longest_odds: int,
    max_feed_age_seconds: float,
    max_commands_per_second: int,
    in_play: bool,
    stop_before_start_seconds: float,
    exposure_credit: bool,
) -> Limits:
    """Return the limits that a configuration states in dollars, percent and seconds.

    `max_position_size` caps the stake matched and open on one line; `stop_loss_percentage` is the
    fall from the highest equity as a share of the starting balance; `exposure_credit` lets the
    stake be spent again that matched positions on both lines of a pair set free. Raise ConfigError,
    naming the setting, for text, negatives and what cannot mean anything.
    """
    limits = Limits(
        min_stake_cents=cents_from_dollars("risk.min_stake", min_stake),
        max_stake_cents=cents_from_dollars("risk.max_stake_per_wager", max_stake_per_wager),
        max_position_cents=cents_from_dollars("risk.max_position_size", max_position_size),
        max_market_exposure_cents=cents_from_dollars(
            "risk.max_market_exposure", max_market_exposure
        ),
        max_event_exposure_cents=cents_from_dollars("risk.max_event_exposure", max_event_exposure),
        max_total_exposure_cents=cents_from_dollars("risk.max_total_exposure", max_total_exposure),
        max_concurrent_wagers=_whole("risk.max_concurrent_wagers", max_concurrent_wagers),
        max_daily_loss_cents=cents_from_dollars("risk.max_daily_loss", max_daily_loss),
        stop_loss_percent=number("risk.stop_loss_percentage", stop_loss_percentage),
        shortest_odds=_odds("risk.shortest_odds", shortest_odds),
        longest_odds=_odds("risk.longest_odds", longest_odds),
        max_feed_age_ns=nanoseconds_from_seconds("risk.max_feed_age_seconds", max_feed_age_seconds),
        max_commands_per_second=_whole("risk.max_commands_per_second", max_commands_per_second),
        in_play=_flag("risk.in_play", in_play),
        stop_before_start_ns=nanoseconds_from_seconds(
            "risk.stop_before_start_seconds", stop_before_start_seconds
        ),
        exposure_credit=_flag("risk.exposure_credit", exposure_credit),
    )
    _require_order("risk.min_stake", min_stake, "risk.max_stake_per_wager", max_stake_per_wager)
    _require_order("risk.shortest_odds", shortest_odds, "risk.longest_odds", longest_odds)
    return limits


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        message = f"{name}: {value!r} is not a whole number, zero or more"
        raise ConfigError(message)
    return value


def _odds(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or -100 <= value < 100:
        message = f"{name}: {value!r} is not American odds (-101 or below, +100 or above)"
        raise ConfigError(message)
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        message = f"{name}: {value!r} is neither true nor false"
        raise ConfigError(message)
    return value


def _require_order(low_name: str, low: float, high_name: str, high: float) -> None:
    if low > high:
        message = f"{low_name} {low} is above {high_name} {high}"
        raise ConfigError(message)
