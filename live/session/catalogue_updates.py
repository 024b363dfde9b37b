"""What comes on offer after a desk was seated: the dictionaries of its recording grow."""

from recordings.tape import TapeInfo
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.events import MarketsAdded


class CatalogueUpdates:
    """Tells, once, what the dictionaries of a recording hold beyond what a desk was given.

    `seated` is how many events, markets and lines it was given.
    """

    def __init__(self, info: TapeInfo, markets: MarketFilter) -> None:
        """Count as given what is there now; of what comes, the desk follows what a filter wants."""
        self._info = info
        self._markets = markets
        self.seated = self._told = _sizes(info)

    def news(self) -> MarketsAdded | None:
        """Return what came since this was last asked, None if nothing did."""
        info, (events, markets, lines) = self._info, self._told
        self._told = _sizes(info)
        if self._told == (events, markets, lines):
            return None
        known = {event.event_id: event for event in info.events}
        wanted = [m for m in info.markets[markets:] if self._markets.wants(m, known[m.event_id])]
        return MarketsAdded(
            tuple(info.events[events:]),
            tuple(info.markets[markets:]),
            tuple(info.lines[lines:]),
            tuple(market.key for market in wanted),
        )


def _sizes(info: TapeInfo) -> tuple[int, int, int]:
    return len(info.events), len(info.markets), len(info.lines)
