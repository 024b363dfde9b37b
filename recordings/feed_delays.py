"""How late market data arrives, by the exchange's own times of it."""

from strategies.trading.model.events import FeedDelayed
from strategies.trading.model.ids import EventId
from strategies.trading.model.units import NS_PER_SECOND


class FeedDelays:
    """Follows how long after it happened the market data of each sport event arrives.

    `late` is whether that of any event is late by a second or more.
    """

    def __init__(self) -> None:
        """Start with nothing late."""
        self.late = False
        self._seconds: dict[EventId, int] = {}

    def note(self, event_id: EventId, delay_ns: int) -> FeedDelayed | None:
        """Note the delay of a message, negative where clocks differ; return what a desk must know.

        That is a change by whole seconds; a delay below one is none.
        """
        seconds = max(0, delay_ns) // NS_PER_SECOND
        if seconds == self._seconds.get(event_id, 0):
            return None
        self._seconds[event_id] = seconds
        self.late = any(self._seconds.values())
        return FeedDelayed(event_id, seconds * NS_PER_SECOND)
