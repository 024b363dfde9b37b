"""The result of an import: counts, the lines to print, and the notes that its tape carries."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recordings.importers.betfair.definition import Refusal
from recordings.importers.betfair.snapping import Movement
from strategies.trading.model.counted import counted

SNAPPING_FAVOURS = (
    "Snapping favours a maker: a taker never gets more than was offered, so who is matched at a "
    "rung pays at most what the Betfair price would have paid."
)

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of one recording made of one or more files.

    `home_rules` are sentences on how the home team was found, `damaged` the files left out, `cuts`
    those that end early. `messages_moved` got the time of the one ahead, `most_ms_back` at most.
    `trades` are rows written, of which `trades_unknown` fill nobody and `trades_crossed` were seen
    on both runners. `levels_off_ladder` counts levels set at prices that no rung reaches, and
    `trades_off_ladder` trades there; neither is on the tape. `offers_moved` and `trades_moved` are
    in implied probability. `lines_alone` have no opposite, `pairs_voided` closed without exactly
    one winner and one loser, `pairs_without_result` with a runner that the definition leaves out
    or that is still active.
    """

    source: str
    messages: int
    rows: int
    offers: int
    trades: int
    trades_unknown: int
    trades_crossed: int
    levels_off_ladder: int
    trades_off_ladder: int
    quarter_lines: int
    lines_alone: int
    pairs: int
    pairs_voided: int
    pairs_without_result: int
    markets: tuple[str, ...]
    markets_without_book: tuple[str, ...]
    refused: tuple[Refusal, ...]
    offers_moved: Movement
    trades_moved: Movement
    home_rules: tuple[str, ...] = ()
    messages_moved: int = 0
    most_ms_back: int = 0
    cuts: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the lines to print: what was imported, then the notes, then what was refused."""
        yield f"{self.source}: {self.counts()}"
        yield from self.notes()
        yield from refused_lines(self.refused)

    def counts(self) -> str:
        """Return the counts of what was read and written."""
        return (
            f"{counted(self.messages, 'message')} to {counted(self.rows, 'row')}: "
            f"{counted(len(self.markets), 'market')} with {counted(self.pairs, 'pair')}, "
            f"{counted(self.offers, 'offer change')}, {counted(self.trades, 'trade')} "
            f"({self.trades_crossed:,} of them seen on both runners)"
        )

    def cut_lines(self) -> Iterator[str]:
        """Yield a sentence for each file that ends early."""
        yield from (f"Cut off: {text}." for text in self.cuts)

    def notes(self) -> Iterator[str]:
        """Yield the sentences that the tape carries and that a backtest's report repeats."""
        yield (
            "Imported from Betfair stream files: one pound counts as one dollar; of a total "
            "without names, the runner listed first is under."
        )
        yield from self.home_rules
        yield self._snapping_note()
        yield self._trades_note()
        yield from self._left_out_notes()

    def _snapping_note(self) -> str:
        trades = f" and of trades by {_moved(self.trades_moved)}" if self.trades else ""
        return (
            "Snapping decimal prices to the American ladder moved the implied probability of "
            f"offers by {_moved(self.offers_moved)}{trades}. {SNAPPING_FAVOURS}"
        )

    def _trades_note(self) -> str:
        if not self.trades:
            return "The file holds no trades, so only offers that cross ours can match us."
        share = self.trades_unknown / self.trades
        return (
            "Trades were derived from rises of the cumulative traded stake: "
            f"{self.trades_unknown:,} of {self.trades:,} ({share:.1%}) have an unknown taker side "
            "and fill nobody."
        )

    def _left_out_notes(self) -> Iterator[str]:
        if self.quarter_lines:
            skipped = counted(self.quarter_lines, "handicap runner")
            yield f"{skipped} at a quarter point skipped: a stake there is split over two points."
        if self.lines_alone:
            yield f"{counted(self.lines_alone, 'runner')} without an opposite skipped."
        if self.levels_off_ladder or self.trades_off_ladder:
            yield (
                f"{counted(self.levels_off_ladder, 'offer')} and "
                f"{counted(self.trades_off_ladder, 'trade')} at prices beyond the ladder skipped."
            )
        if self.pairs_voided:
            yield (
                f"{counted(self.pairs_voided, 'pair')} closed without one winner and one loser and "
                "count as voided."
            )
        if self.pairs_without_result:
            yield (
                "Without a result, as the closing definition has as active or leaves out one of "
                f"the runners: {counted(self.pairs_without_result, 'pair')}."
            )
        if self.markets_without_book:
            yield f"Markets without any offer: {some(self.markets_without_book)}."
        if self.refused:
            types = Counter(refusal.market_type for refusal in self.refused)
            refused = ", ".join(f"{count} {type_}" for type_, count in sorted(types.items()))
            yield f"Markets in the file that were refused: {refused}."
        if self.messages_moved:
            yield (
                f"{counted(self.messages_moved, 'message')} dated up to {self.most_ms_back:,} ms "
                "before the one ahead got its time."
            )
        yield from self.cut_lines()
        yield from (f"Left out as damaged: {text}" for text in self.damaged)


def refused_lines(refusals: Sequence[Refusal]) -> Iterator[str]:
    """Yield a line for every reason for which markets were refused, with the first of them."""
    # By reason: files of a whole day refuse hundreds of markets for a few reasons.
    by_reason: dict[tuple[str, str], list[str]] = {}
    for refusal in refusals:
        alike = by_reason.setdefault((refusal.market_type, refusal.reason), [])
        alike.append(refusal.label())
    for (market_type, reason), labels in by_reason.items():
        yield f"Refused, as {market_type} {reason}: {some(labels)}"


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return shown if more <= 0 else f"{shown} and {more} more"


def _moved(movement: Movement) -> str:
    return f"{movement.mean:.5f} on average by stake ({movement.most:.5f} at most)"
