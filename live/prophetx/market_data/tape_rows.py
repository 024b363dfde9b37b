"""Rows of a tape from what the exchange says of events, markets and levels: only what changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from live.prophetx.market_data import mapping as listing
from live.prophetx.market_data.mapping import LineLevels
from live.prophetx.wire.decode_errors import DecodeErrors
from live.prophetx.wire.frames import SelectionsChange, TradeInfo
from live.prophetx.wire.markets import EventShape, MarketShape, StrikeShape, point_of
from recordings.tape import Side
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Line, Market

# What a message shows of each line; what lies beyond is unknown, not gone (partner API, 10.5).
_LEVELS_SHOWN = 10

# The exchange's numbers of an event and of a market in it.
MarketIds = tuple[int, int]

_Amounts = tuple[int, int]


class MarketRows:
    """Knows what was written of every market, and writes what is news.

    What cannot be read raises ProtocolError, or is skipped as trouble inside a snapshot.
    """

    def __init__(
        self, writer: TapeWriter, decode_errors: DecodeErrors, markets: MarketFilter
    ) -> None:
        """Write the markets that the filter wants."""
        self._writer = writer
        self._decode_errors = decode_errors
        self._filter = markets
        self._events: dict[int, int] = {}
        self._home_ids: dict[int, int | None] = {}
        self._markets: dict[MarketIds, tuple[int, Market]] = {}
        self._passed_over: set[int | MarketIds] = set()
        self._lines: dict[str, int] = {}
        self._opposites: dict[int, int] = {}
        self._firsts: dict[tuple[int, float], int] = {}
        self._shown: dict[int, dict[int, _Amounts]] = {}
        self._sequences: dict[int, int] = {}
        self._last_trades: dict[int, TradeInfo] = {}
        self._states: dict[tuple[str, int], int] = {}

    @property
    def event_ids(self) -> list[int]:
        """Return the events that are on the tape."""
        return list(self._events)

    def knows_event(self, event_id: int) -> bool:
        """Tell whether an event is on the tape, or was passed over for good."""
        return event_id in self._events or event_id in self._passed_over

    def knows_market(self, ids: MarketIds) -> bool:
        """Tell whether a market is on the tape, or was passed over, or is of no event on it."""
        known = ids in self._markets or ids in self._passed_over
        return known or ids[0] not in self._events

    # Events and markets -----------------------------------------------------------------------

    def write_event(self, shape: EventShape) -> None:
        """Write where an event stands, and enter it if it is new and of two sides."""
        event = listing.sport_event(shape)
        if event is None:
            self._passed_over.add(shape.event_id)
            return
        home = shape.competitor("home")
        self._home_ids[shape.event_id] = None if home is None else home.id
        if shape.event_id not in self._events:
            self._events[shape.event_id] = self._writer.add_event(event)
        self.write_event_state(shape)

    def write_event_state(self, shape: EventShape) -> None:
        """Write where an event stands, if it is on the tape."""
        place = self._events.get(shape.event_id)
        if place is None:
            return
        scheduled_ns = shape.scheduled_ns()
        if scheduled_ns is not None and self._is_news("schedule", place, scheduled_ns):
            self._writer.schedule(place, scheduled_ns)
        status = listing.event_status(shape.status)
        if self._is_news("event", place, status):
            self._writer.event_status(place, status)

    def write_markets(self, event_id: int, shapes: Sequence[MarketShape]) -> None:
        """Write all markets of an event as a snapshot shows them; those not shown are withdrawn."""
        if event_id not in self._events:
            return
        there = {shape.id for shape in shapes}
        for shape in shapes:
            with self.skipping():
                self._write_market(event_id, shape)
        for ids, (place, _) in self._markets.items():
            if ids[0] == event_id and ids[1] not in there:
                self._withdraw(place)

    def _write_market(self, event_id: int, shape: MarketShape) -> None:
        ids = (event_id, shape.id)
        if ids not in self._markets:
            event = self._writer.info.events[self._events[event_id]]
            market = listing.market(event.event_id, shape)
            if market is None or not self._filter.wants_kind(market.kind):
                self._passed_over.add(ids)
                return
            self._markets[ids] = (self._writer.add_market(market), market)
        place, market = self._markets[ids]
        self._write_market_status(place, shape.status)
        for strike in shape.strikes:
            with self.skipping():
                self._write_strike(event_id, place, market, strike, shape.updated_at or 0)

    def _write_strike(
        self, event_id: int, place: int, market: Market, strike: StrikeShape, market_ns: int
    ) -> None:
        pair = listing.pair_levels(market, strike, self._home_ids.get(event_id))
        first, _ = self._places(place, pair)
        # The only strike of a market without points shares the market's stamp.
        market_ns = 0 if market.type.row.has_point else market_ns
        self._sequences[first] = max(strike.last_change_ns, market_ns)
        self._write_pair(pair)

    def write_market_status(self, ids: MarketIds, told: str | None) -> None:
        """Write where a market stands, if it is on the tape."""
        if ids in self._markets:
            self._write_market_status(self._markets[ids][0], told)

    def _write_market_status(self, place: int, told: str | None) -> None:
        status = listing.market_status(told)
        if self._is_news("market", place, status):
            self._writer.market_status(place, status)

    def _withdraw(self, market: int) -> None:
        """Suspend a market that is no longer shown, with all that was offered in it."""
        self._write_market_status(market, "suspended")
        for (of_market, _), first in self._firsts.items():
            if of_market == market:
                self._write_levels(first, {})
                self._write_levels(self._opposites[first], {})

    def suspend_event(self, event_id: int) -> None:
        """Suspend every market of an event that is shown no more."""
        for (of_event, _), (place, _) in self._markets.items():
            if of_event == event_id:
                self._write_market_status(place, "suspended")

    def _is_news(self, kind: str, place: int, state: int) -> bool:
        if self._states.get((kind, place)) == state:
            return False
        self._states[kind, place] = state
        return True

    # Lines ------------------------------------------------------------------------------------

    def write_selections(self, change: SelectionsChange) -> None:
        """Write what changed in a strike's levels; a message that was overtaken is left out."""
        ids = (change.sport_event_id, change.market_id)
        if ids not in self._markets:
            return
        place, market = self._markets[ids]
        strike = change.info
        first = self._known_first(place, market, strike)
        if first is None:
            pair = listing.pair_levels(market, strike, self._home_ids.get(ids[0]))
            first, _ = self._places(place, pair)
        sequence = strike.sequence_number or 0
        if sequence and sequence <= self._sequences.get(first, 0):
            return
        self._sequences[first] = max(sequence, self._sequences.get(first, 0))
        shown: dict[int, dict[int, _Amounts]] = {first: {}, self._opposites[first]: {}}
        for level in strike.levels:
            line = self._lines.get(level.strike_id)
            if line not in shown:
                message = "selections: of a line of another strike"
                raise ProtocolError(message, repr(strike))
            if level.price is not None:
                shown[line][level.price] = (level.value_cents, level.quantity_cents)
        for line, levels in shown.items():
            self._write_levels(line, levels)

    def _known_first(self, market: int, on: Market, strike: StrikeShape) -> int | None:
        """Return the first line of a strike, by any line it names, or by its point if by none."""
        for level in strike.levels:
            line = self._lines.get(level.strike_id)
            if line is not None:
                # The first of a pair is entered first.
                return min(line, self._opposites[line])
        if strike.levels:
            return None
        point = point_of(strike.strike) if on.type.row.has_point else 0.0
        return self._firsts.get((market, point))

    def _places(self, market: int, pair: tuple[LineLevels, LineLevels]) -> tuple[int, int]:
        """Return the places of two lines in the dictionary, entered now if they are new."""
        first, second = (entry.line for entry in pair)
        known = self._firsts.get((market, first.point))
        there = self._lines.get(first.line_id), self._lines.get(second.line_id)
        if known is None and there == (None, None) and first.line_id != second.line_id:
            return self._enter(market, first, second)
        if known is None or there != (known, self._opposites[known]):
            message = "strike: has lines that contradict what is known"
            raise ProtocolError(message, repr(pair))
        return known, self._opposites[known]

    def _enter(self, market: int, first: Line, second: Line) -> tuple[int, int]:
        places = self._writer.add_line(first), self._writer.add_line(second)
        self._lines[first.line_id], self._lines[second.line_id] = places
        self._opposites[places[0]], self._opposites[places[1]] = places[1], places[0]
        self._firsts[market, first.point] = places[0]
        return places

    def _write_pair(self, pair: tuple[LineLevels, LineLevels]) -> None:
        for entry in pair:
            levels = {
                level.price: (level.value_cents, level.quantity_cents)
                for level in entry.levels
                if level.price is not None
            }
            self._write_levels(self._lines[entry.line.line_id], levels)

    def _write_levels(self, line: int, levels: dict[int, _Amounts]) -> None:
        """Write what differs from what was shown; beyond the last of ten, nothing is known."""
        before = self._shown.setdefault(line, {})
        known_from = min(levels) if len(levels) >= _LEVELS_SHOWN else None
        for odds in sorted(before.keys() - levels.keys(), reverse=True):
            if known_from is None or odds > known_from:
                del before[odds]
                self._writer.offer(line, odds, 0)
        for odds, amounts in levels.items():
            if before.get(odds) != amounts and self._is_permitted(odds, amounts):
                before[odds] = amounts
                self._writer.offer(line, odds, *amounts)

    def write_trade(self, trade: TradeInfo) -> None:
        """Write a trade from its maker's side; one that was told twice in a row counts once."""
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
        """Tell whether a line is on the tape."""
        return line_id in self._lines

    def write_reference(self, price: ReferencePrice) -> None:
        """Write a price from outside; raise ProtocolError if its line is not on the tape."""
        line = self._lines.get(price.line_id)
        if line is None:
            message = "reference: is of a line that is not followed"
            raise ProtocolError(message, repr(price))
        self._writer.reference(line, price.probability)

    def _is_permitted(self, odds: int, amounts: _Amounts) -> bool:
        if odds in self._writer.info.ladder and min(amounts) >= 0:
            return True
        self._decode_errors.note(
            ProtocolError("odds off the ladder or a negative amount", f"{odds}")
        )
        return False

    def pass_over(self, ids: int | MarketIds) -> None:
        """Count an event or market as known, until a snapshot shows it."""
        self._passed_over.add(ids)

    @contextmanager
    def skipping(self) -> Iterator[None]:
        """Leave out of a snapshot what cannot be read, and count it."""
        try:
            yield
        except ProtocolError as error:
            self._decode_errors.note(error)
