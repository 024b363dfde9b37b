"""Settings as people write them, checked and converted."""

from decimal import Decimal
from typing import Any

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND


def nanoseconds_from_seconds(name: str, seconds: object) -> int:
    """Return a configured number of seconds as nanoseconds; raise ConfigError if it is none."""
    return int(number(name, seconds) * NS_PER_SECOND)


def probability_distance(name: str, value: object) -> float:
    """Return a configured distance between probabilities, from zero to less than a half.

    Raise ConfigError, naming the setting, for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 0.5:
        message = f"{name}: {value!r} is not between 0 and 0.5"
        raise ConfigError(message)
    return value


def number(name: str, value: Any) -> Decimal:
    """Return a configured number, zero or more; raise ConfigError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        message = f"{name}: {value!r} is not a number"
        raise ConfigError(message)
    number = Decimal(str(value))
    if not number.is_finite() or number < 0:
        message = f"{name}: {value!r} must be finite, zero or more"
        raise ConfigError(message)
    return number
