"""The wagers of a session, read from its journal."""

from collections.abc import Iterable

from recordings.journal.entries import Entry, Payload
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager, WagerUpdate
from strategies.trading.model.events import MarketSettled
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.model.market import Catalogue


class WagerHistory:
    """All `wagers` of the given journal entries, in order of placing."""

    def __init__(self, entries: Iterable[Entry[Payload]]) -> None:
        """Read the entries."""
        self.wagers: dict[WagerRef, EarlierWager] = {}
        self._settled: set[MarketKey] = set()
        for entry in entries:
            match entry.payload:
                case PlaceWager() as request:
                    self.wagers[request.ref] = EarlierWager(request, entry.now_ns)
                case MarketSettled(market_key=key):
                    self._settled.add(key)
                case _ if isinstance(entry.payload, WagerUpdate):
                    wager = self.wagers.get(entry.payload.ref)
                    if wager is not None:
                        wager.updates.append((entry.now_ns, entry.payload))

    def settled_in(self, catalogue: Catalogue) -> list[EarlierWager]:
        """Return the wagers whose market in a catalogue has a result."""
        return [
            wager
            for wager in self.wagers.values()
            if wager.request.line_id in catalogue.lines
            and catalogue.lines[wager.request.line_id].market_key in self._settled
        ]

    def unfinished(
        self, catalogue: Catalogue, market_keys: Iterable[MarketKey]
    ) -> list[EarlierWager]:
        """Return the wagers in the given markets that may still change, in order of placing."""
        keys = set(market_keys) - self._settled
        return [
            wager
            for wager in self.wagers.values()
            if not wager.ended_unmatched
            and wager.request.line_id in catalogue.lines
            and catalogue.lines[wager.request.line_id].market_key in keys
        ]
