"""The phase of its game in which a fill happened: hours before the start, or a period of play."""

from strategies.trading.model.units import NS_PER_SECOND

_HOUR_NS = 3_600 * NS_PER_SECOND
_MINUTE_NS = 60 * NS_PER_SECOND

# Before the announced start: the least time left, and the name.
_BEFORE = (
    (24 * _HOUR_NS, "more than 24 h before"),
    (6 * _HOUR_NS, "6 to 24 h before"),
    (_HOUR_NS, "1 to 6 h before"),
)
_LAST_HOUR = "last hour before"
# In play where the periods of the game are not known, as without a game clock.
IN_PLAY = "in play"
OVERTIME = "overtime"

# The periods of regulation by tournament: how many, how long on the game clock, and their name.
_PERIODS = {
    "NBA": (4, 12 * _MINUTE_NS, "quarter"),
    "WNBA": (4, 10 * _MINUTE_NS, "quarter"),
    "NFL": (4, 15 * _MINUTE_NS, "quarter"),
    "NHL": (3, 20 * _MINUTE_NS, "period"),
}
PHASES = (
    *(name for _, name in _BEFORE),
    _LAST_HOUR,
    *(f"quarter {number}" for number in range(1, 5)),
    *(f"period {number}" for number in range(1, 4)),
    OVERTIME,
    IN_PLAY,
)


def phase_of(tournament: str, before_ns: int | None, clock_ns: int) -> str:
    """Return the phase of a game, one of PHASES.

    `before_ns` is the time left to the announced start, None in play; `clock_ns` the playing time
    that had elapsed at the last score, which decides the period, or 0 if it is not known.
    """
    if before_ns is not None:
        return next((name for least_ns, name in _BEFORE if before_ns >= least_ns), _LAST_HOUR)
    periods = _PERIODS.get(tournament)
    if periods is None or not clock_ns:
        return IN_PLAY
    count, length_ns, name = periods
    number = clock_ns // length_ns + 1
    return OVERTIME if number > count else f"{name} {number}"
