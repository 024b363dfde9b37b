"""What earlier starts of a session left behind: wagers that may still be matched, or be settled."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from recordings.journal.session_journal import Entry
from strategies.trading.accounting.commission import Commission
from strategies.trading.accounting.exposure import Exposure
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    ProfitCorrected,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.model.market import Catalogue

_Update = (
    WagerAccepted
    | WagerCancelled
    | WagerInvalid
    | WagerMatched
    | ProfitCorrected
    | WagerOpened
    | WagerRejected
    | WagerWiped
)
_Ends = WagerCancelled | WagerInvalid | WagerRejected | WagerWiped


@dataclass(slots=True)
class EarlierWager:
    """A wager of an earlier start: when it was placed, and what was told of it, with the times."""

    request: PlaceWager
    placed_ns: int
    updates: list[tuple[int, _Update]] = field(default_factory=list)

    @property
    def matched_cents(self) -> int:
        """Return what was told to be matched."""
        return sum(e.stake_cents for _, e in self.updates if isinstance(e, WagerMatched))

    @property
    def open_cents(self) -> int:
        """Return what is not known to be matched or gone."""
        return 0 if self._has_ended else self.request.stake_cents - self.matched_cents

    @property
    def is_over(self) -> bool:
        """Tell whether it ended without anything matched."""
        return self._has_ended and not self.matched_cents

    @property
    def _has_ended(self) -> bool:
        return any(isinstance(e, _Ends) for _, e in self.updates)


class WagerHistory:
    """The wagers of a session's journal. Money is the exchange's word; positions are ours.

    `wagers` are all of them, in order of placing.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Read a journal."""
        self.wagers: dict[WagerRef, EarlierWager] = {}
        self._settled: set[MarketKey] = set()
        for entry in entries:
            match entry.payload:
                case PlaceWager() as request:
                    self.wagers[request.ref] = EarlierWager(request, entry.now_ns)
                case MarketSettled(market_key=key):
                    self._settled.add(key)
                case _ if isinstance(entry.payload, _Update):
                    wager = self.wagers.get(entry.payload.ref)
                    if wager is not None:
                        wager.updates.append((entry.now_ns, entry.payload))

    def unfinished(self, catalogue: Catalogue, followed: Iterable[MarketKey]) -> list[EarlierWager]:
        """Return the wagers in markets that are followed which may change, in order of placing."""
        keys = set(followed) - self._settled
        return [
            wager
            for wager in self.wagers.values()
            if not wager.is_over
            and wager.request.line_id in catalogue.lines
            and catalogue.lines[wager.request.line_id].market_key in keys
        ]


def rebuild(desk: Desk, wagers: Iterable[EarlierWager]) -> None:
    """Let a desk that has not begun know of wagers as if it had placed them."""
    for wager in wagers:
        desk.wagers.register(wager.request, wager.placed_ns)
        for at_ns, event in wager.updates:
            desk.take(event, at_ns)


def available_after(
    catalogue: Catalogue,
    commission: Commission,
    wagers: Iterable[EarlierWager],
    news: Iterable[Event],
) -> int:
    """Return by how many cents wagers change what is available, with the news since the journal.

    Whoever starts with so much less than the exchange says is available agrees with it then.
    """
    exposure = Exposure()
    ledger = Ledger(catalogue, exposure, commission, 0)
    requests = {}
    told: list[Event] = []
    for wager in wagers:
        requests[wager.request.ref] = wager.request
        told += [event for _, event in wager.updates]
    for event in [*told, *news]:
        if isinstance(event, MarketSettled):
            ledger.settle(event)
        elif isinstance(event, WagerMatched | ProfitCorrected) and event.ref in requests:
            pair = catalogue.pair_of(requests[event.ref].line_id)
            side = 0 if pair.first.line_id == requests[event.ref].line_id else 1
            if isinstance(event, WagerMatched):
                exposure.match(pair, side, event.stake_cents, event.profit_cents, 0)
                ledger.book_fill(pair, event)
            else:
                exposure.match(pair, side, 0, event.change_cents, 0)
                ledger.revalue(pair)
    return ledger.available_cents
