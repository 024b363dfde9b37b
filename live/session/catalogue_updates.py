"""Markets that are offered after a desk was assembled, from the dictionaries of its tape."""

from recordings.tape import TapeInfo
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.events import MarketsAdded


class CatalogueUpdates:
    """Returns, once each, the entries of a tape's dictionaries that a desk does not know yet.

    `initial` is how many events, markets and lines there were at first.
    """

    def __init__(self, info: TapeInfo, markets: MarketFilter) -> None:
        """Count the present entries as known; of new markets, follow those that the filter selects.

        The dictionaries of `info` gain entries while its tape is written.
        """
        self._info = info
        self._markets = markets
        self.initial = self._known = _sizes(info)

    def next_update(self) -> MarketsAdded | None:
        """Return what was added since the last call, None if nothing was."""
        info, (events, markets, lines) = self._info, self._known
        self._known = _sizes(info)
        if self._known == (events, markets, lines):
            return None
        known = {event.event_id: event for event in info.events}
        wanted = [m for m in info.markets[markets:] if self._markets.selects(m, known[m.event_id])]
        return MarketsAdded(
            tuple(info.events[events:]),
            tuple(info.markets[markets:]),
            tuple(info.lines[lines:]),
            tuple(market.key for market in wanted),
        )


def _sizes(info: TapeInfo) -> tuple[int, int, int]:
    return len(info.events), len(info.markets), len(info.lines)
