"""Our wagers at earlier moments, from the journal of a session."""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from recordings.journal.wager_history import WagerHistory
from strategies.trading.model.earlier_wager import EarlierWager, WagerUpdate
from strategies.trading.model.events import (
    ProfitCorrected,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Pair
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.position import Position
from strategies.trading.snapshot.snapshot_types import WagerView
from strategies.trading.wagers.wager_state import WagerState

_ENDS = (WagerCancelled, WagerInvalid, WagerRejected, WagerWiped)


class JournaledWagers:
    """The wagers of a session by line, as its journal had them at the last `refresh`."""

    def __init__(self, folder: Path) -> None:
        """Read the journal of a session's folder; nothing is known before the first `refresh`."""
        self._path = folder / JOURNAL
        self._read = b""
        self._history = WagerHistory()
        self._entries = 0
        self._by_line: dict[LineId, list[EarlierWager]] = {}

    def refresh(self) -> None:
        """Read what was committed since the last time; raise JournalError if it cannot be."""
        written = self._written()
        if written == self._read:
            return
        with JournalReader(self._path, may_be_cut=True) as journal:
            for entry in journal.entries(after=self._entries):
                self._history.add(entry)
                self._entries += 1
        self._by_line = {}
        for wager in self._history.wagers.values():
            self._by_line.setdefault(wager.request.line_id, []).append(wager)
        self._read = written

    def open_on(self, line_id: LineId, at_ns: int) -> list[EarlierWager]:
        """Return the wagers of a line that were open at a time, in the order of placing."""
        return [
            wager
            for wager in self._on(line_id)
            if wager.placed_ns <= at_ns and _open_cents(wager, at_ns)
        ]

    def shown(self, line_id: LineId, at_ns: int) -> dict[Odds, int]:
        """Return what takers saw of our wagers on a line, by the odds at which they saw it."""
        cents: dict[Odds, int] = {}
        for wager in self.open_on(line_id, at_ns):
            odds = opposite(wager.request.odds)
            cents[odds] = cents.get(odds, 0) + _shown_cents(wager, at_ns)
        return cents

    def shown_changes(self, line_id: LineId) -> list[tuple[int, Odds, int]]:
        """Return by how much what takers saw of our wagers on a line changed, when and where."""
        changes = []
        for wager in self._on(line_id):
            before_cents = 0
            for at_ns in (wager.placed_ns, *(at_ns for at_ns, _ in wager.updates)):
                cents = _shown_cents(wager, at_ns)
                if cents != before_cents:
                    change_cents = cents - before_cents
                    changes.append((at_ns, opposite(wager.request.odds), change_cents))
                before_cents = cents
        return sorted(changes)

    def position(self, pair: Pair, at_ns: int) -> Position:
        """Return the position in a pair at a time, without results."""
        position = Position(pair)
        for side, line in enumerate((pair.first, pair.second)):
            for wager in self._on(line.line_id):
                if wager.placed_ns > at_ns:
                    continue
                position.change_open(side, _open_cents(wager, at_ns))
                for stake_cents, won_cents in _booked(wager, at_ns):
                    position.book_fill(side, stake_cents, won_cents)
        return position

    def track(
        self, pair: Pair
    ) -> tuple[list[tuple[int, int | None, int, int, int]], list[tuple[int, int, int, int]]]:
        """Return the wagers of a pair and their fills.

        A wager is (from, until or None, side, odds, stake), a fill (time, side, odds, stake).
        """
        quotes: list[tuple[int, int | None, int, int, int]] = []
        fills: list[tuple[int, int, int, int]] = []
        for side, line in enumerate((pair.first, pair.second)):
            for wager in self._on(line.line_id):
                request = wager.request
                quotes.append(
                    (wager.placed_ns, _ended_ns(wager), side, request.odds, request.stake_cents)
                )
                fills += [
                    (at_ns, side, update.odds, update.stake_cents)
                    for at_ns, update in wager.updates
                    if isinstance(update, WagerMatched)
                ]
        return sorted(quotes, key=itemgetter(0)), sorted(fills)

    def _on(self, line_id: LineId) -> list[EarlierWager]:
        return self._by_line.get(line_id, [])

    def _written(self) -> bytes:
        """Return what differs once more was committed."""
        mark = self._path.with_name(f"{self._path.name}.mark")
        try:
            return mark.read_bytes()
        except OSError:
            return b""


def wager_view(wager: EarlierWager, at_ns: int, ahead_cents: int | None) -> WagerView:
    """Return a wager as it was at a time, with the stake ahead of it."""
    request = wager.request
    return WagerView(
        ref=request.ref,
        odds=request.odds,
        shown_odds=opposite(request.odds),
        stake_cents=request.stake_cents,
        matched_cents=sum(stake_cents for stake_cents, _ in _booked(wager, at_ns)),
        unmatched_cents=_open_cents(wager, at_ns),
        state=_state(wager, at_ns).value,
        placed_ns=wager.placed_ns,
        ahead_cents=ahead_cents,
    )


def _until(wager: EarlierWager, at_ns: int) -> Iterator[WagerUpdate]:
    return (update for when_ns, update in wager.updates if when_ns <= at_ns)


def _open_cents(wager: EarlierWager, at_ns: int) -> int:
    """Return the stake that was neither matched nor known to be gone."""
    open_cents = wager.request.stake_cents
    for update in _until(wager, at_ns):
        if isinstance(update, _ENDS):
            return 0
        if isinstance(update, WagerMatched):
            open_cents -= update.stake_cents
    return max(0, open_cents)


def _state(wager: EarlierWager, at_ns: int) -> WagerState:
    """Return the state of a wager that has not ended."""
    kinds = {type(update) for update in _until(wager, at_ns)}
    if kinds & {WagerOpened, WagerMatched}:
        return WagerState.OPEN
    return WagerState.ACCEPTED if WagerAccepted in kinds else WagerState.PENDING


def _shown_cents(wager: EarlierWager, at_ns: int) -> int:
    """Return what a taker may stake against a wager: what is open of it can win that.

    In play that is nothing for some seconds after it was accepted.
    """
    if _state(wager, at_ns) is not WagerState.OPEN:
        return 0
    return profit_cents(_open_cents(wager, at_ns), wager.request.odds)


def _booked(wager: EarlierWager, at_ns: int) -> Iterator[tuple[int, int]]:
    """Yield stake and profit of what was booked of a wager."""
    for update in _until(wager, at_ns):
        match update:
            case WagerMatched():
                yield update.stake_cents, update.profit_cents
            case ProfitCorrected():
                yield 0, update.change_cents
            case TradeBroken():
                yield -update.stake_cents, -update.profit_cents


def _ended_ns(wager: EarlierWager) -> int | None:
    """Return when a wager ended: by its end, or its last fill if all of it was matched."""
    matched_cents = 0
    for at_ns, update in wager.updates:
        if isinstance(update, _ENDS):
            return at_ns
        if isinstance(update, WagerMatched):
            matched_cents += update.stake_cents
            if matched_cents >= wager.request.stake_cents:
                return at_ns
    return None
