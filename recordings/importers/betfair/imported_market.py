"""Writes one Betfair market to the tape: its definition, its trades and its book."""

from collections.abc import Iterator

from recordings.importers.betfair.definition import (
    MarketMapping,
    Refusal,
    RunnerKey,
    UnfitMarketError,
    map_market,
    refusal_of,
    runner_key,
)
from recordings.importers.betfair.definition_status import DefinitionState
from recordings.importers.betfair.market_book import LineIndices, MarketBook
from recordings.importers.betfair.snapping import BookSide, Movement, Snapper, taker_cents
from recordings.importers.betfair.stream_file import BetfairMarketChange, Definition, RunnerChange
from recordings.importers.betfair.trades import Match, Rise, TradedStakes, matches
from recordings.tape import Side
from recordings.writer import TapeWriter


class TradeRows:
    """Writes the trades of all markets of a file, each on the rung of the offer it hit.

    `written` counts rows, of which `unknown` have no known taker and `crossed` were seen on both
    runners; `off_ladder` counts trades that no rung reaches.
    """

    def __init__(self, writer: TapeWriter, snapper: Snapper) -> None:
        """Write to this tape."""
        self.written = 0
        self.unknown = 0
        self.crossed = 0
        self.off_ladder = 0
        self.movement = Movement()
        self._writer = writer
        self._snapper = snapper

    def write(self, match: Match, indices: LineIndices) -> None:
        """Write a trade on the line that the taker took; a stake below half a cent is no trade."""
        # Of an unknown taker the trade is recorded on the runner's own line.
        side = match.side or BookSide.ATB
        snapped = self._snapper.snap(side, match.price)
        cents = taker_cents(side, match.price, match.size)
        if snapped is None:
            self.off_ladder += 1
        elif cents:
            whose = Side.UNKNOWN if match.side is None else Side.TAKER
            self._writer.trade(indices.shown_on(side), snapped.odds, cents, whose)
            self.movement.add(snapped.moved, cents)
            self.written += 1
            self.unknown += match.side is None
            self.crossed += match.crossed


class ImportedMarket:
    """Writes the changes of one market."""

    def __init__(
        self,
        writer: TapeWriter,
        mapping: MarketMapping,
        state: DefinitionState,
        book: MarketBook,
        trade_rows: TradeRows,
    ) -> None:
        """Follow a market that is mapped by `mapping`."""
        self.mapping = mapping
        self.state = state
        self.book = book
        self.offers = 0
        self._writer = writer
        self._trade_rows = trade_rows
        self._traded = TradedStakes()
        self._definition: Definition | None = None
        self._runners: frozenset[RunnerKey] = frozenset()
        self._indices: dict[RunnerKey, LineIndices] = {}

    def refusal(self, reason: str) -> Refusal:
        """Return the refusal of this market for a reason."""
        assert self._definition is not None, "a market is defined before it changes"
        return refusal_of(self.mapping.market.market_id, self._definition, reason)

    def apply_definition(self, definition: Definition) -> None:
        """Write what a definition changes; raise UnfitMarketError if it contradicts the last one.

        It may leave out runners that are known, as those of a closing market do.
        """
        self._definition = definition
        runners = frozenset(map(runner_key, definition.runners))
        if not runners <= self._runners:
            self._apply_runners(runners, definition)
        self.state.apply(definition, self.mapping)

    def apply_change(self, change: BetfairMarketChange) -> None:
        """Write the trades against the book before the change, then change the book.

        An image writes no trades: what it reports as traded may have been traded long ago.
        """
        known = [runner for runner in change.rc if self._is_imported(runner)]
        if change.img:
            self._traded.clear()
        rises = [rise for runner in known for rise in self._traded.rises(runner)]
        if change.img:
            self.book.clear()
        else:
            self._write_trades(rises)
        for runner in known:
            key = RunnerKey(runner.id, runner.hc)
            self.book.set_levels(key, self._indices[key], BookSide.ATB, runner.atb)
            self.book.set_levels(key, self._indices[key], BookSide.ATL, runner.atl)

    def write_offers(self) -> None:
        """Write the rungs that differ from what was last written."""
        for line, odds, cents in self.book.changes():
            self._writer.offer(line, odds, cents)
            self.offers += 1

    def _apply_runners(self, runners: frozenset[RunnerKey], definition: Definition) -> None:
        """Add handicaps that were listed later; the pairs known so far must stay as they are."""
        market_id = self.mapping.market.market_id
        mapping = map_market(market_id, definition)
        if isinstance(mapping, Refusal):
            raise UnfitMarketError(mapping)
        if not set(self.mapping.pairs) <= set(mapping.pairs):
            raise UnfitMarketError(self.refusal("changes its runners"))
        self.mapping = mapping
        self._runners |= runners
        for pair in mapping.pairs:
            first = self._writer.add_line(pair.first_line)
            second = self._writer.add_line(pair.second_line)
            self._indices[pair.first] = LineIndices(first, second)
            self._indices[pair.second] = LineIndices(second, first)

    def _is_imported(self, runner: RunnerChange) -> bool:
        """Return whether a runner belongs to a pair; raise UnfitMarketError if it is unknown."""
        key = RunnerKey(runner.id, runner.hc)
        if key not in self._runners:
            reason = f"changes runner {runner.id} at handicap {runner.hc:g}, which it does not have"
            raise UnfitMarketError(self.refusal(reason))
        return key in self._indices

    def _write_trades(self, rises: list[Rise]) -> None:
        for match in self._matches(rises):
            self._trade_rows.write(match, self._indices[match.key])

    def _matches(self, rises: list[Rise]) -> Iterator[Match]:
        keys = {rise.key for rise in rises}
        if keys:
            for pair in self.mapping.pairs:
                if not keys.isdisjoint(pair[:2]):
                    yield from matches(pair, rises, self.book)
