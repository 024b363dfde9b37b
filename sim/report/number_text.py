"""Numbers and times as a report writes them."""

from datetime import UTC, datetime

from strategies.trading.model.money import dollars_text

NONE = "\N{EN DASH}"
NS_PER_SECOND = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND


def dollars(cents: int | None) -> str:
    """Return cents as dollars with their sign, -$12.34; a dash for None."""
    return NONE if cents is None else dollars_text(cents)


def signed_dollars(cents: int | None) -> str:
    """Return cents as dollars with a plus or a minus: +$12.34."""
    return f"+{dollars(cents)}" if cents is not None and cents > 0 else dollars(cents)


def count(number: int) -> str:
    """Return a whole number with thousands separators: 12,345."""
    return f"{number:,}"


def points(probability: float | None) -> str:
    """Return a difference of probabilities as percentage points, unit included: +1.25 pp."""
    if probability is None:
        return NONE
    rounded = round(100 * probability, 2)
    return f"{rounded:+.2f} pp" if rounded else "0.00 pp"


def percent(probability: float | None, decimals: int = 1) -> str:
    """Return a probability as a percentage, unit included: 52.4 %."""
    return NONE if probability is None else f"{100 * probability:.{decimals}f} %"


def odds_text(odds: int) -> str:
    """Return American odds with their sign: +150, -110."""
    return f"{odds:+d}"


def seconds(duration_ns: float | None) -> str:
    """Return a duration in the unit that reads best: 250 ms, 12 s, 3.5 min, 2.1 h."""
    if duration_ns is None:
        return NONE
    number = duration_ns / NS_PER_SECOND
    if number < 1:
        return f"{1000 * number:.0f} ms"
    if number < 120:
        return f"{number:.0f} s"
    return f"{number / 60:.1f} min" if number < 7200 else f"{number / 3600:.1f} h"


def moment(ns: int) -> datetime:
    """Return a time in nanoseconds since the epoch as a UTC datetime."""
    return datetime.fromtimestamp(ns // NS_PER_SECOND, tz=UTC)


def clock(ns: int) -> str:
    """Return a time as UTC date and clock, to the second, for a column headed UTC."""
    return f"{moment(ns):%Y-%m-%d %H:%M:%S}"


def utc(ns: int) -> str:
    """Return a time as date and clock, to the second, followed by UTC."""
    return f"{clock(ns)} UTC"


def minutes_from_start(ns: int, start_ns: int) -> str:
    """Return a time as whole minutes from the start of its event, negative before it."""
    return f"{round((ns - start_ns) / NS_PER_MINUTE):+,d} min"


def dollar_tick(amount: float) -> str:
    """Return dollars at an axis, cents only where there are any: -$1,250, $0.50."""
    decimals = 0 if amount.is_integer() else 2
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{decimals}f}"


def percent_tick(amount: float) -> str:
    """Return percent at an axis: 47.5 %."""
    return f"{amount:g} %"
