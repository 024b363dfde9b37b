"""What a rehearsal does so that its session places as many orders as the review asks for."""

from live.session.session_run import StartedRun
from live.wall_clock import WallClock
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import QuotesPulled
from strategies.trading.model.units import NS_PER_SECOND

_NS_PER_HOUR = 3_600 * NS_PER_SECOND
# All quotes are pulled at most this often, so that they rest most of the time.
_INTERVAL_NS = 60 * NS_PER_SECOND
# What the refusals and outages of a rehearsal may cost.
_SPARE_SHARE = 1.1


class RequoteDrill:
    """Pulls all quotes, which are placed again, while there are too few orders for the time.

    Before a game prices hardly move, so a session alone places a few hundred orders in hours.
    Orders are spread over the rehearsal. `pulls` counts how often it happened.
    """

    def __init__(self, run: StartedRun, clock: WallClock, orders: int, hours: float) -> None:
        """Let a start place `orders` within hours of the exchange's clock."""
        self.pulls = 0
        self._run = run
        self._clock = clock
        self._orders = orders * _SPARE_SHARE
        self._hours_ns = hours * _NS_PER_HOUR

    async def run(self) -> None:
        """Pull quotes when that is due, until cancelled."""
        began_ns = due_ns = self._clock.wall_ns()
        while True:
            due_ns += _INTERVAL_NS
            await self._clock.sleep_until(due_ns)
            wanted = self._orders * (self._clock.wall_ns() - began_ns) / self._hours_ns
            if self._run.health.placed < wanted and self._run.desk.wagers.live_count:
                self.pulls += 1
                self._clock.enter(self._pull)

    def _pull(self) -> None:
        now_ns = self._clock.now_ns()
        self._run.listener.take(QuotesPulled(operator="rehearsal"), now_ns)
        self._run.listener.act(now_ns)


def quoting_ends_ns(desk: Desk) -> int | None:
    """Return when the last game that a desk follows is not quoted any more, None if unknown."""
    limits = desk.risk.limits
    if limits.in_play:
        return None
    starts = [event.scheduled_ns for event in desk.market_states.events.values()]
    return max(starts) - limits.stop_before_start_ns if starts else None
