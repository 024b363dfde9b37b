"""The phase of its game in which a fill happened: hours before the start, or a period of play."""

from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import EventStatus
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


def phase_at(state: EventState, now_ns: int) -> str:
    """Return the phase of an event at a time, one of PHASES.

    The period of play is that of the last score.
    """
    if state.status is EventStatus.NOT_STARTED:
        left_ns = state.scheduled_ns - now_ns
        return next((name for least_ns, name in _BEFORE if left_ns >= least_ns), _LAST_HOUR)
    periods = _PERIODS.get(state.event.tournament)
    if periods is None or not state.clock_ns:
        return IN_PLAY
    count, length_ns, name = periods
    number = state.clock_ns // length_ns + 1
    return OVERTIME if number > count else f"{name} {number}"
