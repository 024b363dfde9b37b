"""The game clock of an NBA game: the time left, from the last score or estimated from real time."""

from bisect import bisect_right

from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import EventStatus
from strategies.trading.model.units import NS_PER_SECOND

_MINUTE_NS = 60 * NS_PER_SECOND
REGULATION_NS = 48 * _MINUTE_NS
OVERTIME_NS = 5 * _MINUTE_NS
OVERTIME_SHARE = OVERTIME_NS / REGULATION_NS

# Real minutes since tip-off against minutes played, from the means of 632 games of 2015-16 with
# wall clock: quarters of 24, twice 27.8 and 33 minutes, breaks of 2.7, a half-time of 15.9, 8.2 for
# the last two minutes; 134 in all, s.d. 11. That the second quarter is as long as the third is
# assumed.
_REAL_MINUTES = (0.0, 24.0, 26.7, 54.5, 70.4, 98.2, 100.9, 125.8, 134.0)
_PLAYED_MINUTES = (0.0, 12.0, 12.0, 24.0, 24.0, 36.0, 36.0, 46.0, 48.0)
# An estimate never assumes that the game has ended or is in an overtime.
_MOST_ESTIMATED_NS = REGULATION_NS - _MINUTE_NS


def share_left(event: EventState, now_ns: int) -> float:
    """Return the time left as a share of regulation: 1 at tip-off, 0 at the end.

    The clock is that of the last score; a feed that sends it with scores alone leaves totals about
    a point too high, and may repeat a score. Without a clock it is estimated from the time since
    play started. When a period that may be the last ends in a tie, and during an overtime, it is
    the time left of the overtime.
    """
    if event.status is EventStatus.ENDED:
        return 0.0
    clock_ns = event.clock_ns or _estimated_ns(now_ns - event.live_since_ns)
    if clock_ns < REGULATION_NS:
        return 1.0 - clock_ns / REGULATION_NS
    played_ns = (clock_ns - REGULATION_NS) % OVERTIME_NS
    if played_ns == 0 and not _level(event):
        return 0.0
    return (OVERTIME_NS - played_ns) / REGULATION_NS


def next_estimate_ns(event: EventState, after_ns: int) -> int | None:
    """Return when the estimate of the clock next changes after a time, None if it is reported."""
    if event.clock_ns:
        return None
    seconds = (after_ns - event.live_since_ns) // NS_PER_SECOND
    return event.live_since_ns + (seconds + 1) * NS_PER_SECOND


def _level(event: EventState) -> bool:
    return event.score is not None and event.score[0] == event.score[1]


def _estimated_ns(real_ns: int) -> float:
    """Return the playing time elapsed at `real_ns` after the start, interpolated linearly.

    It changes once a second, so that a price does not depend on when within it somebody asks.
    """
    minutes = real_ns // NS_PER_SECOND / 60
    after = bisect_right(_REAL_MINUTES, minutes)
    if after == len(_REAL_MINUTES):
        return _MOST_ESTIMATED_NS
    real, next_real = _REAL_MINUTES[after - 1 : after + 1]
    played, next_played = _PLAYED_MINUTES[after - 1 : after + 1]
    estimated = played + (next_played - played) * (minutes - real) / (next_real - real)
    return min(estimated * _MINUTE_NS, _MOST_ESTIMATED_NS)
