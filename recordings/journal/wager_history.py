"""The wagers of a session, read from its journal."""

from collections.abc import Iterable

from recordings.journal.entries import Entry, Payload
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager, WagerUpdate
from strategies.trading.model.events import MarketSettled
from strategies.trading.model.ids import LineId, MarketKey, WagerRef
from strategies.trading.model.money import dollars_text


class WagerHistory:
    """All `wagers` of the given journal entries, in order of placing."""

    def __init__(self, entries: Iterable[Entry[Payload]] = ()) -> None:
        """Read the entries."""
        self.wagers: dict[WagerRef, EarlierWager] = {}
        self._settled: set[MarketKey] = set()
        self._settled_lines: set[LineId] = set()
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry[Payload]) -> None:
        """Read one more entry."""
        match entry.payload:
            case PlaceWager() as request:
                self.wagers[request.ref] = EarlierWager(request, entry.now_ns)
            case MarketSettled(market_key=key, results=results):
                self._settled.add(key)
                self._settled_lines |= {line_id for line_id, _ in results}
            case _ if isinstance(entry.payload, WagerUpdate):
                wager = self.wagers.get(entry.payload.ref)
                if wager is not None:
                    wager.updates.append((entry.now_ns, entry.payload))

    def may_be_open(self) -> list[EarlierWager]:
        """Return the wagers that are not known to have ended, in order of placing."""
        return [wager for wager in self.wagers.values() if wager.open_cents]

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

    def left_out_text(self, catalogue: Catalogue, market_keys: Iterable[MarketKey]) -> str | None:
        """Return how much is matched without a result outside the given markets, None if nothing.

        No run takes such positions over: their games are not offered any more.
        """
        keys = set(market_keys)
        left_out = [
            wager
            for wager in self.wagers.values()
            if wager.matched_cents
            and wager.request.line_id not in self._settled_lines
            and not self._is_in(wager, catalogue, keys)
        ]
        if not left_out:
            return None
        stake = dollars_text(sum(wager.matched_cents for wager in left_out))
        oldest = left_out[0].request
        named = catalogue.wager_text(
            oldest.ref, oldest.line_id, oldest.odds, left_out[0].matched_cents
        )
        return (
            f"{counted(len(left_out), 'wager')} of earlier starts, {stake} matched, have no result "
            f"and are in markets not followed now; look them up at the exchange, the oldest is "
            f"{named}"
        )

    @staticmethod
    def _is_in(wager: EarlierWager, catalogue: Catalogue, keys: set[MarketKey]) -> bool:
        line = catalogue.lines.get(wager.request.line_id)
        return line is not None and line.market_key in keys
