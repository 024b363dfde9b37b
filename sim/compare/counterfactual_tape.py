"""Writes a recording as it would have been had our wagers never existed.

Trades that filled us as makers stay, as their takers existed. Trades in which we were the taker are
removed, and what we took is put back until the offer next disappears. Results that only we received
are added.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path

from recordings.reader import Tape
from recordings.tape import TapeInfo
from recordings.writer import TapeWriter
from sim.compare.alignment import DisplayChange, SeenOffers, first_shown, rows_of
from sim.compare.own_liquidity import OfferId, Step, steps_of
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import MarketSettled, WagerMatched
from strategies.trading.model.odds import opposite

# Amount and quantity of an offer row, in cents; None for a row that is removed.
_Displayed = tuple[int, int] | None


def write_counterfactual(
    tape: Tape,
    wagers: Sequence[EarlierWager],
    settled: Sequence[tuple[int, MarketSettled]],
    folder: Path,
) -> Tape:
    """Write a recording without these wagers into `folder`, and return it opened.

    `settled` are results that only we received, with the times, in order. Raise TapeError
    if the recording cannot be read.
    """
    displayed = _displayed_without(tape, wagers)
    unreported = deque(settled)
    seq = None
    with _writer_like(tape.info, folder) as writer:
        for number, row in enumerate(rows_of(tape)):
            if row.seq != seq:
                seq = row.seq
                while unreported and unreported[0][0] <= row.received_ns:
                    _write_results(writer, *unreported.popleft())
                writer.begin_message(row.received_ns, row.exchange_ns)
            shown = displayed.get(number, (row.amount_cents, row.quantity_cents))
            if shown is not None:
                writer.copy(row._replace(amount_cents=shown[0], quantity_cents=shown[1]))
        for at_ns, event in unreported:
            _write_results(writer, at_ns, event)
    return Tape(folder)


def _writer_like(info: TapeInfo, folder: Path) -> TapeWriter:
    """Begin a recording with the same metadata and dictionaries."""
    writer = TapeWriter(
        folder,
        source=info.source,
        simulated=info.simulated,
        clocks=info.clocks,
        ladder=info.ladder,
        unreported=info.unreported,
    )
    writer.info.notes += info.notes
    for event in info.events:
        writer.add_event(event)
    for market in info.markets:
        writer.add_market(market)
    for line in info.lines:
        writer.add_line(line)
    return writer


def _write_results(writer: TapeWriter, at_ns: int, settled: MarketSettled) -> None:
    indices = {line.line_id: index for index, line in enumerate(writer.info.lines)}
    writer.begin_message(at_ns, at_ns)
    for line_id, result in settled.results:
        writer.result(indices[line_id], result)


def _displayed_without(tape: Tape, wagers: Sequence[EarlierWager]) -> dict[int, _Displayed]:
    """Return what rows of the recording display without these wagers, by number of the row."""
    catalogue = tape.info.catalogue()
    known = [wager for wager in wagers if wager.request.line_id in catalogue.lines]
    seen = SeenOffers(tape, _concerned(known, catalogue))
    begins_ns = next(rows_of(tape)).received_ns
    steps: dict[OfferId, list[Step]] = defaultdict(list)
    for wager in known:
        for step in steps_of(wager, catalogue, seen.is_taker):
            # What was taken before was never shown here.
            if not step.taken or step.at_ns >= begins_ns:
                steps[step.offer].append(step)
    displayed: dict[int, _Displayed] = dict.fromkeys(seen.own_trades)
    for offer, changes in seen.changes.items():
        ours = sorted(steps[offer], key=attrgetter("at_ns"))
        displayed |= _less(changes, ours)
    return displayed


def _concerned(wagers: Iterable[EarlierWager], catalogue: Catalogue) -> Iterator[OfferId]:
    """Yield the offers in which wagers may have shown, or from which they may have taken."""
    for wager in wagers:
        line_id = wager.request.line_id
        yield OfferId(catalogue.opposite(line_id).line_id, opposite(wager.request.odds))
        for _, event in wager.updates:
            if isinstance(event, WagerMatched):
                yield OfferId(line_id, event.odds)


def _less(changes: Sequence[DisplayChange], steps: Sequence[Step]) -> dict[int, _Displayed]:
    """Return what the rows of an offer display without our steps, None where nothing changes."""
    ours: dict[int, list[Step]] = defaultdict(list)
    for index, step in zip(first_shown(changes, steps), steps, strict=True):
        ours[index].append(step)
    displayed: dict[int, _Displayed] = {}
    rested_cents = came_cents = took_cents = 0
    last: _Displayed = (0, 0)
    for index, change in enumerate(changes):
        taking_cents = -sum(step.amount_cents for step in ours[index] if step.taken)
        rested_cents += sum(step.amount_cents for step in ours[index] if not step.taken)
        came_cents += sum(step.quantity_cents for step in ours[index])
        # An offer that disappeared because we took it comes back with what we took.
        if not change.amount_cents and not taking_cents:
            took_cents = 0
        took_cents += taking_cents
        amount_cents = max(0, change.amount_cents - max(0, rested_cents)) + took_cents
        quantity_cents = max(0, change.quantity_cents - max(0, came_cents)) if amount_cents else 0
        now = (amount_cents, quantity_cents)
        displayed[change.row] = None if now == last else now
        last = now
    return displayed
