"""Where events and markets stand, and what that allows."""

from recordings.tape import TapeInfo
from sim.exchange.books import LineBook
from strategies.trading.model.market import EventStatus, MarketStatus


class Markets:
    """The status of every event and market, by their places in the dictionaries."""

    def __init__(self, info: TapeInfo, in_play_delay_ns: int) -> None:
        """Start with no market open and no event in-play."""
        self._open: list[bool] = []
        self._status: list[int] = []
        self._event_status: list[int] = []
        self._settled: list[bool] = []
        self._in_play_delay_ns: list[int] = []
        self._usual_delay_ns = in_play_delay_ns
        self.grow(len(info.events), len(info.markets))

    def grow(self, events: int, markets: int) -> None:
        """Take in so many more events and markets: no market open, no event in-play."""
        self._event_status += [EventStatus.NOT_STARTED] * events
        self._open += [False] * markets
        self._status += [0] * markets
        self._settled += [False] * markets
        self._in_play_delay_ns += [self._usual_delay_ns] * markets

    def is_open(self, book: LineBook) -> bool:
        """Tell whether a line's market is open."""
        return self._open[book.market]

    def takes_wagers(self, book: LineBook) -> bool:
        """Tell whether a line's market is open and its event has not ended."""
        return self._open[book.market] and self._event_status[book.event] != EventStatus.ENDED

    def in_play_delay_ns(self, book: LineBook) -> int:
        """Return how long a placement on a line waits now beyond its activation."""
        live = self._event_status[book.event] == EventStatus.LIVE
        return self._in_play_delay_ns[book.market] if live else 0

    def status_of(self, market: int) -> int:
        """Return the MarketStatus of a market, zero before it was told."""
        return self._status[market]

    def event_status_of(self, event: int) -> int:
        """Return the EventStatus of an event."""
        return self._event_status[event]

    def set_in_play_delay(self, market: int, delay_ns: int) -> None:
        """Let placements of a market wait so long while its event is in-play."""
        self._in_play_delay_ns[market] = delay_ns

    def is_news(self, market: int, status: MarketStatus) -> bool:
        """Tell whether a status would change where a market stands; once settled, none does."""
        return self._status[market] != status and not self._settled[market]

    def settle(self, market: int) -> None:
        """Let a market stand where it stands, for good."""
        self._settled[market] = True

    def set_status(self, market: int, status: MarketStatus) -> bool:
        """Set where a market stands; tell whether that is news."""
        if not self.is_news(market, status):
            return False
        self._status[market] = status
        self._open[market] = status is MarketStatus.OPEN
        return True

    def set_event_status(self, event: int, status: EventStatus) -> bool:
        """Set where an event stands; tell whether that is news."""
        if self._event_status[event] == status:
            return False
        self._event_status[event] = status
        return True
