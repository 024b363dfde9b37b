"""Writes the changes of the exchange's events, markets and levels as rows of a tape."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from live.decode import all_cents, unreadable
from live.decode_errors import DecodeErrors
from live.prophetx.market_data import mapping
from live.prophetx.market_data.mapping import LineLevels
from live.prophetx.wire.frames import SelectionsChange, TradeInfo
from live.prophetx.wire.markets import WireEvent, WireLevel, WireMarket, WireStrike, point_of
from live.reference.reference_line import OutsidePrice, refused
from recordings.reference_text import reference_text
from recordings.tape import Side
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.book import DISPLAYED_LEVELS
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, Line, Market

# The exchange's numbers of an event and of a market in it.
MarketIds = tuple[int, int]

_Amounts = tuple[int, int]


class MarketRows:
    """Writes the changes of each market since it was last written.

    What cannot be decoded raises ProtocolError; inside a snapshot it is counted and skipped.
    """

    def __init__(
        self, writer: TapeWriter, decode_errors: DecodeErrors, markets: MarketFilter
    ) -> None:
        """Write the markets that the filter selects."""
        self._writer = writer
        self._decode_errors = decode_errors
        self._permitted = frozenset(writer.info.ladder.rungs)
        self._filter = markets
        self._events: dict[int, int] = {}
        self._home_ids: dict[int, int | None] = {}
        self._markets: dict[MarketIds, tuple[int, Market]] = {}
        self._ignored: set[int | MarketIds] = set()
        self._lines: dict[str, int] = {}
        self._line_markets: dict[int, int] = {}
        self._opposites: dict[int, int] = {}
        self._firsts: dict[tuple[int, float], int] = {}
        self._shown: dict[int, dict[int, _Amounts]] = {}
        self._sequences: dict[int, int] = {}
        self._last_trades: dict[int, TradeInfo] = {}
        self._states: dict[tuple[str, int], int] = {}
        self._has_additions = False

    @property
    def event_ids(self) -> list[int]:
        """Return the events that are on the tape."""
        return list(self._events)

    def take_additions(self) -> bool:
        """Return whether an event, market or line was added since the last call."""
        added, self._has_additions = self._has_additions, False
        return added

    def knows_event(self, event_id: int) -> bool:
        """Return whether an event is on the tape, or is ignored."""
        return event_id in self._events or event_id in self._ignored

    def start_and_status(self, index: int) -> tuple[int, EventStatus]:
        """Return the announced start of an event on the tape, and its status, as of now."""
        event = self._writer.info.events[index]
        scheduled_ns = self._states.get(("schedule", index), event.scheduled_ns)
        status = self._states.get(("event", index), EventStatus.NOT_STARTED)
        return scheduled_ns, EventStatus(status)

    def knows_market(self, ids: MarketIds) -> bool:
        """Return whether a market is on the tape, is ignored, or is of no event on the tape."""
        known = ids in self._markets or ids in self._ignored
        return known or ids[0] not in self._events

    # Events and markets -----------------------------------------------------------------------

    def write_event(self, reported: WireEvent) -> None:
        """Write the status of an event, and add it if it is new and has two sides."""
        event = mapping.sport_event(reported)
        if event is None:
            self._ignored.add(reported.event_id)
            return
        home = reported.competitor("home")
        self._home_ids[reported.event_id] = None if home is None else home.id
        if reported.event_id not in self._events:
            self._events[reported.event_id] = self._writer.add_event(event)
            self._has_additions = True
        self.write_event_state(reported)

    def write_event_state(self, reported: WireEvent) -> None:
        """Write the status and start of an event, if it is on the tape."""
        index = self._events.get(reported.event_id)
        if index is None:
            return
        scheduled_ns = reported.scheduled_ns()
        if scheduled_ns is not None and self._is_new("schedule", index, scheduled_ns):
            self._writer.schedule(index, scheduled_ns)
        status = mapping.event_status(reported.status)
        if self._is_new("event", index, status):
            self._writer.event_status(index, status)

    def write_markets(self, event_id: int, reported_markets: Sequence[WireMarket]) -> None:
        """Write all markets of an event in a snapshot; those that it lacks are withdrawn."""
        if event_id not in self._events:
            return
        shown = {reported.id for reported in reported_markets}
        for reported in reported_markets:
            with self.skipping():
                self._write_market(event_id, reported)
        for ids, (index, _) in self._markets.items():
            if ids[0] == event_id and ids[1] not in shown:
                self._withdraw(index)

    def _write_market(self, event_id: int, reported: WireMarket) -> None:
        ids = (event_id, reported.id)
        if ids not in self._markets:
            event = self._writer.info.events[self._events[event_id]]
            market = mapping.market(event.event_id, reported)
            if market is None or not self._filter.selects_kind(market.kind):
                self._ignored.add(ids)
                return
            if not market.period.is_played_in(event.sport):
                why = f"is on the {market.period.label}, which {event.sport} does not have"
                raise unreadable("market", why, repr(reported))
            self._markets[ids] = (self._writer.add_market(market), market)
            self._has_additions = True
        index, market = self._markets[ids]
        self._write_market_status(index, reported.status)
        for strike in reported.strikes:
            with self.skipping():
                self._write_strike(event_id, index, market, strike, reported.updated_at or 0)

    def _write_strike(
        self, event_id: int, index: int, market: Market, strike: WireStrike, market_ns: int
    ) -> None:
        levels = levels_of(strike)
        pair = mapping.pair_levels(market, levels, self._home_ids.get(event_id))
        first, _ = self._indices(index, pair)
        # The only strike of a market without points shares the market's stamp.
        market_ns = 0 if market.type.row.has_point else market_ns
        self._sequences[first] = max(last_change_ns(strike, levels), market_ns)
        for entry in pair:
            line = self._lines[entry.line.line_id]
            offers = offers_of(entry.levels)
            self._write_offers(line, {odds: amounts for _, odds, amounts in offers})

    def write_market_status(self, ids: MarketIds, status: str | None) -> None:
        """Write the status of a market, if it is on the tape."""
        if ids in self._markets:
            self._write_market_status(self._markets[ids][0], status)

    def _write_market_status(self, index: int, reported: str | None) -> None:
        status = mapping.market_status(reported)
        if self._is_new("market", index, status):
            self._writer.market_status(index, status)

    def _withdraw(self, market: int) -> None:
        """Suspend a market that is no longer shown, and remove its offers."""
        self._write_market_status(market, "suspended")
        for (of_market, _), first in self._firsts.items():
            if of_market == market:
                self._write_offers(first, {})
                self._write_offers(self._opposites[first], {})

    def suspend_event(self, event_id: int) -> None:
        """Suspend every market of an event that is no longer shown."""
        for (of_event, _), (index, _) in self._markets.items():
            if of_event == event_id:
                self._write_market_status(index, "suspended")

    def _is_new(self, kind: str, index: int, state: int) -> bool:
        if self._states.get((kind, index)) == state:
            return False
        self._states[kind, index] = state
        return True

    # Lines ------------------------------------------------------------------------------------

    def write_selections(self, change: SelectionsChange) -> None:
        """Write what changed in a strike's levels; a message older than the last is ignored."""
        ids = (change.sport_event_id, change.market_id)
        if ids not in self._markets:
            return
        index, market = self._markets[ids]
        strike = change.info
        levels = levels_of(strike)
        first = self._known_first(index, market, strike, levels)
        if first is None:
            pair = mapping.pair_levels(market, levels, self._home_ids.get(ids[0]))
            first, _ = self._indices(index, pair)
        sequence = strike.sequence_number or 0
        if sequence and sequence <= self._sequences.get(first, 0):
            return
        self._sequences[first] = max(sequence, self._sequences.get(first, 0))
        shown: dict[int, dict[int, _Amounts]] = {first: {}, self._opposites[first]: {}}
        if not all(self._lines.get(level.strike_id) in shown for level in levels):
            message = "selections: has a line of another strike"
            raise ProtocolError(message, repr(strike))
        for line_id, odds, amounts in offers_of(levels):
            shown[self._lines[line_id]][odds] = amounts
        for line, offers in shown.items():
            self._write_offers(line, offers)

    def _known_first(
        self, market: int, on: Market, strike: WireStrike, levels: Sequence[WireLevel]
    ) -> int | None:
        """Return the first line of a strike by a line that it names, or else by its point."""
        for level in levels:
            line = self._lines.get(level.strike_id)
            if line is not None:
                # The first line of a pair is added first.
                return min(line, self._opposites[line])
        if levels:
            return None
        point = point_of(strike.strike) if on.type.row.has_point else 0.0
        return self._firsts.get((market, point))

    def _indices(self, market: int, pair: tuple[LineLevels, LineLevels]) -> tuple[int, int]:
        """Return the indices of two lines in the dictionary; new ones are added."""
        first, second = (entry.line for entry in pair)
        known = self._firsts.get((market, first.point))
        found = self._lines.get(first.line_id), self._lines.get(second.line_id)
        if known is None and found == (None, None) and first.line_id != second.line_id:
            return self._add_pair(market, first, second)
        if known is None or found != (known, self._opposites[known]):
            message = "strike: its lines contradict those on the tape"
            raise ProtocolError(message, repr(pair))
        return known, self._opposites[known]

    def _add_pair(self, market: int, first: Line, second: Line) -> tuple[int, int]:
        indices = self._writer.add_line(first), self._writer.add_line(second)
        self._has_additions = True
        self._lines[first.line_id], self._lines[second.line_id] = indices
        self._opposites[indices[0]], self._opposites[indices[1]] = indices[1], indices[0]
        self._firsts[market, first.point] = indices[0]
        self._line_markets |= dict.fromkeys(indices, market)
        return indices

    def _write_offers(self, line: int, offers: dict[int, _Amounts]) -> None:
        """Write what differs from the last offers; beyond the last of ten shown, all is unknown."""
        before = self._shown.setdefault(line, {})
        known_from = min(offers) if len(offers) >= DISPLAYED_LEVELS else None
        for odds in sorted(before.keys() - offers.keys(), reverse=True):
            if known_from is None or odds > known_from:
                del before[odds]
                self._writer.offer(line, odds, 0)
        for odds, amounts in offers.items():
            if before.get(odds) != amounts and self._is_permitted(odds, amounts):
                before[odds] = amounts
                self._writer.offer(line, odds, *amounts)

    def write_trade(self, trade: TradeInfo) -> None:
        """Write a trade from its maker's side; one reported twice in a row is written once."""
        line = self._lines.get(trade.strike_id)
        if line is None:
            return
        odds, cents = trade.fill_price or trade.price or 0, trade.filled_cents
        if self._last_trades.get(line) == trade and trade.sequence_number:
            return
        self._last_trades[line] = trade
        if self._is_permitted(odds, (cents, 0)):
            self._writer.trade(line, odds, cents, Side.MAKER)

    def knows_line(self, line_id: LineId) -> bool:
        """Return whether a line is on the tape."""
        return line_id in self._lines

    def write_reference(self, outside: OutsidePrice) -> None:
        """Write a price from outside; raise ProtocolError if its lines are no pair on the tape."""
        price = outside.price
        line = self._lines.get(price.line_id)
        if line is None:
            raise refused(price.source, "its line is not followed", price)
        info = self._writer.info
        market = info.markets[self._line_markets[line]]
        opposite = self._lines.get(outside.opposite_id or "")
        second = None if opposite is None else info.lines[opposite]
        problem = outside.problem(market.type, info.lines[line], second)
        if problem is not None:
            raise refused(price.source, problem, outside)
        self._writer.reference(line, price.probability, reference_text(price))

    def _is_permitted(self, odds: int, amounts: _Amounts) -> bool:
        if odds in self._permitted and min(amounts) >= 0:
            return True
        self._decode_errors.note(
            ProtocolError("odds off the ladder or a negative amount", f"{odds}")
        )
        return False

    def ignore(self, ids: int | MarketIds) -> None:
        """Ignore an event or market until a snapshot shows it."""
        self._ignored.add(ids)

    @contextmanager
    def skipping(self) -> Iterator[None]:
        """Skip the part of a snapshot that cannot be read, and count it."""
        try:
            yield
        except ProtocolError as error:
            self._decode_errors.note(error)


def levels_of(strike: WireStrike) -> list[WireLevel]:
    """Return the levels of both lines, placeholders among them."""
    return [level for outcome in strike.selections or () for level in outcome or ()]


def last_change_ns(strike: WireStrike, levels: Sequence[WireLevel]) -> int:
    """Return when a strike last changed as far as it says, zero if it does not."""
    stamps = [strike.sequence_number, strike.updated_at, *(level.updated_at for level in levels)]
    return max(filter(None, stamps), default=0)


def offers_of(levels: Sequence[WireLevel]) -> list[tuple[str, int, _Amounts]]:
    """Return line, odds and amounts in cents of what takers are offered; no placeholders.

    Raise ProtocolError where an amount cannot be read.
    """
    shown = [(level, level.price) for level in levels if level.price is not None]
    values = all_cents([level.value for level, _ in shown], "level value")
    quantities = all_cents([level.quantity for level, _ in shown], "level quantity")
    return [
        (level.strike_id, odds, amounts)
        for (level, odds), amounts in zip(shown, zip(values, quantities, strict=True), strict=True)
    ]
