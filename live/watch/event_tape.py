"""What one recording has of one event, and the state of the event at any of its moments."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from live.watch.offer_times import OfferTimes
from recordings.reader import Chunk, Tape
from recordings.tape import Kind
from recordings.tape_events import TapeEvents
from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.book import Offers
from strategies.trading.model.errors import TapeError
from strategies.trading.model.events import Event
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Pair
from strategies.trading.model.odds import Odds
from strategies.trading.ports.source_rules import SourceRules

# What takers see of our own wagers on a line, in cents by odds.
Shown = Mapping[Odds, int]


class EventTape:
    """The rows of one event of one recording, held so that a slider can move through them.

    Offers, which are most rows, are kept as arrays, and all other rows as the `inputs` that they
    are to a desk, with their times. The recording reaches from `from_ns` to `to_ns`.
    """

    def __init__(self, path: Path, event_id: EventId) -> None:
        """Read the rows; raise TapeError, also if the recording has nothing of the event."""
        tape = Tape(path)
        self.catalogue = tape.info.catalogue()
        self._keys = tuple(key for key in self.catalogue.markets if key.event_id == event_id)
        if not self._keys:
            message = f"{path}: has no market of event {event_id}"
            raise TapeError(message)
        self.from_ns, self.to_ns = tape.time_span()
        self._line_numbers = {line.line_id: at for at, line in enumerate(tape.info.lines)}
        self._number = [event.event_id for event in tape.info.events].index(event_id)
        self.inputs: list[tuple[int, Event]] = []
        self.offers = self._read(tape)

    def line_numbers(self, pair: Pair) -> tuple[int, int]:
        """Return the indices of both lines of a pair in the dictionary of the recording."""
        return self._line_numbers[pair.first.line_id], self._line_numbers[pair.second.line_id]

    def offers_at(self, line_id: LineId, at_ns: int, ours: Shown) -> Offers:
        """Return the offers on a line at a time, those of ours apart."""
        offers = Offers()
        for odds, cents in ours.items():
            offers.expect_own(odds, cents)
        for odds, cents in self.offers.at(self._line_numbers[line_id], at_ns).items():
            offers.put(odds, cents, at_ns)
        return offers

    def states_at(self, at_ns: int, rules: SourceRules) -> MarketStates:
        """Return the event at a time, its books without offers."""
        states = MarketStates(self.catalogue, self._keys, rules, eager=False)
        for received_ns, event in self.inputs:
            if received_ns > at_ns:
                break
            states.apply(event, received_ns)
        return states

    def _read(self, tape: Tape) -> OfferTimes:
        events = TapeEvents(tape.info, self.catalogue)
        names = ("received_ns", "line", "odds", "amount_cents")
        offers: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]]
        offers = {name: [np.zeros(0, dtype=np.int64)] for name in names}
        for chunk in tape.chunks():
            columns = chunk.numbers
            of_event = columns["event"] == self._number
            is_offer = columns["kind"] == Kind.OFFER
            for name, found in offers.items():
                found.append(columns[name][of_event & is_offer].astype(np.int64))
            self._keep_inputs(events, chunk, np.flatnonzero(of_event & ~is_offer).tolist())
        return OfferTimes(*(np.concatenate(found) for found in offers.values()))

    def _keep_inputs(self, events: TapeEvents, chunk: Chunk, places: Sequence[int]) -> None:
        for row in chunk.rows_at(places):
            event = events.of_row(row)
            if event is not None:
                self.inputs.append((row.received_ns, event))
