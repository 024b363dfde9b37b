"""The fair price of every line over a recording, for the worth of fills that no desk has seen."""

from bisect import bisect_right

from recordings.reader import Tape
from recordings.tape import Kind
from sim.compare.alignment import rows_of
from strategies.trading.model.book import Book
from strategies.trading.model.ids import LineId, PairId
from strategies.trading.model.odds import Odds
from strategies.trading.pricing.overround import middle_of_touch

# A book that implies more than that beyond 1 has no price, as in conf/pricing/consensus.yaml.
_MAX_OVERROUND = 0.2


class PriceTrack:
    """The middle of the touch of each pair of a recording, by the time at which rows arrived."""

    def __init__(self, tape: Tape) -> None:
        """Read the whole recording; raise TapeError if it cannot be read."""
        self._catalogue = tape.info.catalogue()
        self._times: dict[PairId, list[int]] = {}
        self._fairs: dict[PairId, list[float]] = {}
        lines, books = tape.info.lines, dict[PairId, Book]()
        for row in rows_of(tape):
            if row.kind != Kind.OFFER:
                continue
            pair = self._catalogue.pair_of(lines[row.line].line_id)
            book = books.get(pair.pair_id) or books.setdefault(pair.pair_id, Book(pair))
            is_first = pair.first.line_id == lines[row.line].line_id
            offers = book.first if is_first else book.second
            if offers.put(Odds(row.odds), row.amount_cents, row.received_ns):
                self._note(book, row.received_ns)

    def fair(self, line_id: LineId, at_ns: int) -> float | None:
        """Return the last fair probability of a line by a time, None before the first."""
        pair = self._catalogue.pair_of(line_id)
        place = bisect_right(self._times.get(pair.pair_id, ()), at_ns)
        if not place:
            return None
        of_first = self._fairs[pair.pair_id][place - 1]
        return of_first if pair.first.line_id == line_id else 1.0 - of_first

    def _note(self, book: Book, at_ns: int) -> None:
        book.mark_touches()
        fair = middle_of_touch(book, _MAX_OVERROUND)
        fairs = self._fairs.setdefault(book.pair.pair_id, [])
        if fair is not None and fairs[-1:] != [fair]:
            fairs.append(fair)
            self._times.setdefault(book.pair.pair_id, []).append(at_ns)
