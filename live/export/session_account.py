"""The money of one session, from the entries of its journal: a row for each change of it.

A start settles the wagers that it placed and those that it took over, as its desk does, so that the
profits of all rows are the sum of what the ledgers of the starts settled.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from recordings.journal.entries import Entry, Payload
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import (
    MarketsAdded,
    MarketSettled,
    ProfitCorrected,
    TradeBroken,
    WagerMatched,
)
from strategies.trading.model.ids import LineId, MarketKey, PairId, WagerRef
from strategies.trading.model.market import Pair, Result
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import Odds
from strategies.trading.wagers.broken_trades import BrokenTrades

_OPPOSITE = {Result.WON: Result.LOST, Result.LOST: Result.WON}


class RowKind(StrEnum):
    """What a row reports; a correction is the change against earlier rows, never a replacement."""

    FILL = "fill"
    PROFIT_CORRECTION = "profit_correction"
    BROKEN_TRADE = "broken_trade"
    SETTLEMENT = "settlement"
    SETTLEMENT_CORRECTION = "settlement_correction"
    COMMISSION = "commission"
    COMMISSION_CORRECTION = "commission_correction"
    REBATE = "rebate"


class AccountRow(NamedTuple):
    """One change of a session's money, in cents, caused by input `input_seq` of a start.

    `stake_cents` and `to_win_cents` are what a fill matched and can win, and what a correction or a
    broken trade changes of that; of a settlement they are what was settled. `profit_cents` is what
    the row adds to the settled profit: nothing before a result, a commission below zero.
    """

    start: int
    input_seq: int
    at_ns: int
    kind: RowKind
    market_key: MarketKey | None
    line_id: LineId | None = None
    ref: WagerRef | None = None
    odds: Odds | None = None
    stake_cents: int = 0
    to_win_cents: int = 0
    profit_cents: int = 0
    result: Result | None = None
    note: str = ""


class _MatchedChange(NamedTuple):
    kind: RowKind
    odds: Odds
    stake_cents: int
    to_win_cents: int


class AccountedWager:
    """What is matched of a wager, and what was paid for it, in cents."""

    def __init__(self, request: PlaceWager) -> None:
        """Start with nothing matched."""
        self.request = request
        self.stake_cents = 0
        self.to_win_cents = 0
        self.paid_cents = 0
        self.result: Result | None = None
        self._fill_totals: set[int] = set()
        self._broken = BrokenTrades()

    def apply(
        self, event: WagerMatched | ProfitCorrected | TradeBroken
    ) -> Iterator[_MatchedChange]:
        """Yield what an update changes; a repeated one changes nothing.

        Raise InvariantError for more than the stake, and for more broken than matched.
        """
        match event:
            case WagerMatched():
                yield from self._fill(event)
            case ProfitCorrected():
                self.to_win_cents += event.change_cents
                kind = RowKind.PROFIT_CORRECTION
                yield _MatchedChange(kind, self.request.odds, 0, event.change_cents)
            case TradeBroken() if self._broken.is_new(event):
                self._broken.receive(event, self.stake_cents, self._most_cents)
        yield from self._break_due()

    @property
    def _most_cents(self) -> int:
        return self.request.stake_cents - self._broken.stake_cents

    def _fill(self, event: WagerMatched) -> Iterator[_MatchedChange]:
        if event.total_cents in self._fill_totals:
            return
        if self.stake_cents + event.stake_cents > self._most_cents:
            message = (
                f"a fill of {dollars_text(event.stake_cents)} after "
                f"{dollars_text(self.stake_cents)}, of a stake of {dollars_text(self._most_cents)}"
            )
            raise InvariantError(message)
        if event.total_cents:
            self._fill_totals.add(event.total_cents)
        self.stake_cents += event.stake_cents
        self.to_win_cents += event.profit_cents
        yield _MatchedChange(RowKind.FILL, event.odds, event.stake_cents, event.profit_cents)

    def _break_due(self) -> Iterator[_MatchedChange]:
        for event in self._broken.take_due(self.stake_cents):
            self.stake_cents -= event.stake_cents
            self.to_win_cents -= event.profit_cents
            stake_cents, to_win_cents = -event.stake_cents, -event.profit_cents
            kind = RowKind.BROKEN_TRADE
            yield _MatchedChange(kind, self.request.odds, stake_cents, to_win_cents)

    def payout_under(self, result: Result) -> int:
        """Return the gross profit of what is matched under a result of its line."""
        if result is Result.WON:
            return self.to_win_cents
        return -self.stake_cents if result is Result.LOST else 0


class SessionAccount:
    """Reads the entries of a session in order, and yields its rows.

    `fees_of` returns the commission of a start, `taken_over_by` the wagers of earlier starts that
    its desk took over. `problems` are updates that contradict the others, in words; they have no
    row, as no desk books them.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        fees_of: Callable[[int], Commission],
        taken_over_by: Callable[[int], Iterable[WagerRef]],
    ) -> None:
        """Start without entries."""
        self.problems: list[str] = []
        self.wagers: dict[WagerRef, AccountedWager] = {}
        self._catalogue = catalogue
        self._fees_of = fees_of
        self._taken_over_by = taken_over_by
        self._start = 0
        self._held: dict[MarketKey | None, list[AccountedWager]] = defaultdict(list)
        self._results: dict[MarketKey, MarketSettled] = {}
        self._charged: dict[MarketKey, int] = {}

    def rows_of(self, entry: Entry[Payload]) -> Iterator[AccountRow]:
        """Yield the rows that one more entry causes."""
        if entry.run != self._start:
            self._begin(entry.run)
        match entry.payload:
            case MarketsAdded(events=events, markets=markets, lines=lines):
                self._catalogue.add(events, markets, lines)
            case PlaceWager() as request:
                self.wagers[request.ref] = AccountedWager(request)
                self._hold(self.wagers[request.ref])
            case WagerMatched() | ProfitCorrected() | TradeBroken() as event:
                yield from self._apply(entry, event)
            case MarketSettled() as event if self._is_newer(event):
                self._results[event.market_key] = event
                yield from self._pay_out(entry, event)

    def without_result(self) -> list[AccountedWager]:
        """Return the wagers that are matched and have no result."""
        return [each for each in self.wagers.values() if each.stake_cents and each.result is None]

    def _begin(self, start: int) -> None:
        """Let a start begin as its desk does: with the wagers taken over, and no results."""
        self._start = start
        self._results, self._charged = {}, {}
        self._held.clear()
        for ref in self._taken_over_by(start):
            if ref in self.wagers:
                self._hold(self.wagers[ref])

    def _hold(self, wager: AccountedWager) -> None:
        self._held[self._market_of(wager)].append(wager)

    def _is_newer(self, event: MarketSettled) -> bool:
        known = self._results.get(event.market_key)
        return known is None or event.revision == 0 or event.revision > known.revision

    def _market_of(self, wager: AccountedWager) -> MarketKey | None:
        line = self._catalogue.lines.get(wager.request.line_id)
        return None if line is None else line.market_key

    def _apply(
        self, entry: Entry[Payload], event: WagerMatched | ProfitCorrected | TradeBroken
    ) -> Iterator[AccountRow]:
        """Apply an update of a wager, and pay out what it changes of a settled market."""
        wager = self.wagers.get(event.ref)
        if wager is None:
            self.problems.append(f"{event.ref}: an update of a wager that the journal lacks")
            return
        key, line_id = self._market_of(wager), wager.request.line_id
        head = (entry.run, entry.input_seq, entry.now_ns)
        try:
            for kind, odds, stake_cents, to_win_cents in wager.apply(event):
                yield AccountRow(
                    *head, kind, key, line_id, event.ref, odds, stake_cents, to_win_cents
                )
        except InvariantError as error:
            self.problems.append(f"{event.ref}: {error}; it is in no row")
            return
        if key in self._results:
            yield from self._pay_out(entry, self._results[key])

    def _pay_out(self, entry: Entry[Payload], event: MarketSettled) -> Iterator[AccountRow]:
        """Yield what the results of a market change against what was paid before."""
        results = dict(event.results)
        head = (entry.run, entry.input_seq, entry.now_ns)
        gross: Counter[PairId] = Counter()
        for wager in self._held[event.market_key]:
            request = wager.request
            pair = self._catalogue.pair_of(request.line_id)
            row = AccountRow(
                *head,
                kind=RowKind.SETTLEMENT,
                market_key=event.market_key,
                line_id=request.line_id,
                ref=request.ref,
                odds=request.odds,
            )
            yield from _settle(wager, _result_of(request.line_id, pair, results), row)
            gross[pair.pair_id] += wager.paid_cents
        commission_cents = self._fees_of(entry.run).on(gross.values())
        before_cents = self._charged.get(event.market_key, 0)
        if commission_cents != before_cents:
            is_first = event.market_key not in self._charged
            kind = RowKind.COMMISSION if is_first else RowKind.COMMISSION_CORRECTION
            note = "" if is_first else f"was {dollars_text(before_cents)}"
            self._charged[event.market_key] = commission_cents
            profit_cents = before_cents - commission_cents
            yield AccountRow(*head, kind, event.market_key, profit_cents=profit_cents, note=note)


def _settle(wager: AccountedWager, result: Result, row: AccountRow) -> Iterator[AccountRow]:
    """Pay a wager out by a result; yield the row, if that changes anything."""
    before, before_cents = wager.result, wager.paid_cents
    if before is None and not wager.stake_cents:
        return
    wager.result, wager.paid_cents = result, wager.payout_under(result)
    row = row._replace(
        stake_cents=wager.stake_cents,
        to_win_cents=wager.to_win_cents,
        profit_cents=wager.paid_cents - before_cents,
        result=result,
    )
    if before is None:
        yield row
    elif before is not result or row.profit_cents:
        was = f"was {before.name.lower()}, {dollars_text(before_cents)}"
        yield row._replace(kind=RowKind.SETTLEMENT_CORRECTION, note=was)


def _result_of(line_id: LineId, pair: Pair, results: dict[LineId, Result]) -> Result:
    """Return the result of a line as a ledger does: by that of the first of its pair.

    Void if neither line has one.
    """
    first, second = pair.first.line_id, pair.second.line_id
    implied = results.get(second, Result.VOIDED)
    first_result = results.get(first, _OPPOSITE.get(implied, implied))
    return first_result if line_id == first else _OPPOSITE.get(first_result, first_result)
