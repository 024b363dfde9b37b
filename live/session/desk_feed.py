"""The market of an exchange as events for a desk that trades on that exchange."""

from collections.abc import Sequence

from live.wall_clock import WallClock
from recordings.tape import Row, TapeInfo
from recordings.tape_events import TapeEvents
from strategies.trading.model.events import Event, FeedLost, FeedRestored, MarketsAdded
from strategies.trading.model.market import Catalogue
from strategies.trading.ports.exchange import Listener


class DeskFeed:
    """Turns the rows of a tape into events, in order, and lets the desk decide after each batch.

    `catalogue` is the desk's; new markets are added to it before the desk receives them.
    """

    def __init__(
        self, listener: Listener, info: TapeInfo, catalogue: Catalogue, clock: WallClock
    ) -> None:
        """Send events to a listener."""
        self._listener = listener
        self._catalogue = catalogue
        self._events = TapeEvents(info, catalogue)
        self._clock = clock

    def on_markets_added(self, added: MarketsAdded) -> None:
        """Let the desk quote markets that are new."""
        self._catalogue.add(added.events, added.markets, added.lines)
        self._send(added)

    def on_rows(self, rows: Sequence[Row]) -> None:
        """Send rows with their times of arrival."""
        for row in rows:
            event = self._events.of_row(row)
            if event is not None:
                self._listener.take(event, row.received_ns)
        self._listener.act(rows[-1].received_ns)

    def on_feed_lost(self) -> None:
        """Let the desk cancel all quotes."""
        self._send(FeedLost())

    def on_feed_restored(self) -> None:
        """Let the desk quote again."""
        self._send(FeedRestored())

    def _send(self, event: Event) -> None:
        now_ns = self._clock.now_ns()
        self._listener.take(event, now_ns)
        self._listener.act(now_ns)
