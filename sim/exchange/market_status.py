"""The status of events and markets, and what it permits."""

from recordings.tape import TapeInfo
from sim.exchange.books import LineBook
from strategies.trading.model.market import EventStatus, MarketStatus


class MarketStatuses:
    """The status of every event and market, by their indices in the tape's dictionaries."""

    def __init__(self, info: TapeInfo, in_play_delay_ns: int) -> None:
        """Start with every market closed and no event in-play."""
        self._open: list[bool] = []
        self._status: list[int] = []
        self._event_status: list[int] = []
        self._settled: list[bool] = []
        self._in_play_delay_ns: list[int] = []
        self._default_delay_ns = in_play_delay_ns
        self.add(len(info.events), len(info.markets))

    def add(self, events: int, markets: int) -> None:
        """Append this many events and markets, none open or in-play."""
        self._event_status += [EventStatus.NOT_STARTED] * events
        self._open += [False] * markets
        self._status += [0] * markets
        self._settled += [False] * markets
        self._in_play_delay_ns += [self._default_delay_ns] * markets

    def is_open(self, book: LineBook) -> bool:
        """Return whether a line's market is open."""
        return self._open[book.market_index]

    def accepts_wagers(self, book: LineBook) -> bool:
        """Return whether a line's market is open and its event has not ended."""
        return (
            self._open[book.market_index]
            and self._event_status[book.event_index] != EventStatus.ENDED
        )

    def in_play_delay_ns(self, book: LineBook) -> int:
        """Return by how much activation on a line is delayed now, zero unless in-play."""
        live = self._event_status[book.event_index] == EventStatus.LIVE
        return self._in_play_delay_ns[book.market_index] if live else 0

    def status_of(self, market: int) -> int:
        """Return the MarketStatus of a market, zero before the first is set."""
        return self._status[market]

    def event_status_of(self, event: int) -> int:
        """Return the EventStatus of an event."""
        return self._event_status[event]

    def set_in_play_delay(self, market: int, delay_ns: int) -> None:
        """Set the delay of placements in a market while its event is in-play."""
        self._in_play_delay_ns[market] = delay_ns

    def would_change(self, market: int, status: MarketStatus) -> bool:
        """Return whether setting a status would change it; that of a settled market is final."""
        return self._status[market] != status and not self._settled[market]

    def settle(self, market: int) -> None:
        """Make a market's status final."""
        self._settled[market] = True

    def set_status(self, market: int, status: MarketStatus) -> bool:
        """Set a market's status; return whether it changed."""
        if not self.would_change(market, status):
            return False
        self._status[market] = status
        self._open[market] = status is MarketStatus.OPEN
        return True

    def set_event_status(self, event: int, status: EventStatus) -> bool:
        """Set an event's status; return whether it changed."""
        if self._event_status[event] == status:
            return False
        self._event_status[event] = status
        return True
