"""Tracks all our wagers at the exchange, and turns each fact that it reports into one event."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter

from live.decode_errors import DecodeErrors
from live.prophetx.orders.order_history import UNKNOWN, OrderHistory
from live.prophetx.orders.settlement_inference import SettlementInference
from live.prophetx.orders.tracked_wager import TrackedWager, has_unknown_result
from live.prophetx.wire.orders import WireOrder
from live.retry_pauses import LATE_LOOK_SECONDS
from live.wall_clock import WallClock
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import ExchangeError, ProtocolError
from strategies.trading.model.events import Event, TradeBroken, WagerRejected
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import Listener

_HALF_MINUTE_NS = 30 * NS_PER_SECOND
_VOID_SECONDS = 1


class WagerTracker:
    """Every wager that may still be matched or settled.

    Reports on them (`apply`) become events for the listener; until one is attached, they are
    `pending`. Requests raise ExchangeError if the exchange cannot be reached.
    """

    def __init__(
        self,
        history: OrderHistory,
        clock: WallClock,
        catalogue: Catalogue,
        decode_errors: DecodeErrors,
    ) -> None:
        """Start without wagers; reports that cannot be read are counted."""
        self.history = history
        self.pending: list[Event] = []
        self._clock = clock
        self._catalogue = catalogue
        self._decode_errors = decode_errors
        self._wagers: dict[WagerRef, TrackedWager] = {}
        self._responses: dict[WagerRef, asyncio.Event] = {}
        self._asked: dict[WagerRef, asyncio.Event] = {}
        self._settlements = SettlementInference(catalogue)
        self._listener: Listener | None = None

    def __iter__(self) -> Iterator[TrackedWager]:
        """Yield all wagers, in order of placing."""
        return iter(list(self._wagers.values()))

    def get(self, ref: WagerRef) -> TrackedWager | None:
        """Return a wager, None if nothing more can happen to it."""
        return self._wagers.get(ref)

    def add(self, request: PlaceWager) -> TrackedWager:
        """Track a wager from before its request is sent."""
        wager = TrackedWager(request, self._catalogue.lines.get(request.line_id))
        wager.sent_ns = self._clock.wall_ns()
        self._wagers[request.ref] = wager
        self._responses[request.ref] = asyncio.Event()
        return wager

    def without_outcome(self, seconds: float) -> list[TrackedWager]:
        """Return what may yet be executed: without a response, or lost within the last seconds."""
        since_ns = self._clock.wall_ns() - round(seconds * NS_PER_SECOND)
        return [w for w in self if not w.answered or (w.is_lost and w.sent_ns >= since_ns)]

    async def until_answered(self, wager: TrackedWager) -> None:
        """Return once the exchange is known to have accepted or rejected a wager."""
        if wager.ref in self._responses:
            await self._responses[wager.ref].wait()

    # Events -----------------------------------------------------------------------------------

    def attach(self, listener: Listener) -> None:
        """Send a listener the pending events, and from now on every event; inside the clock."""
        self._listener = listener
        pending, self.pending = self.pending, []
        self._deliver(pending)

    @property
    def is_attached(self) -> bool:
        """Return whether a listener receives the events."""
        return self._listener is not None

    def apply(self, wager: TrackedWager, order: WireOrder) -> list[Event]:
        """Apply a report on a wager, emit what it changes, and return that."""
        events = self.changes(wager, order)
        self.emit(events)
        return events

    def changes(self, wager: TrackedWager, order: WireOrder) -> list[Event]:
        """Apply a report without emitting; one that cannot be read is counted and ignored.

        Of one with an unknown result, which settles nothing, the rest is applied.
        """
        if has_unknown_result(order):
            self._decode_errors.note(ProtocolError("the result of a wager", repr(order)))
        try:
            return self._with_settlement(wager, wager.apply(order))
        except ProtocolError as error:
            self._decode_errors.note(error)
            return []

    def emit(self, events: Sequence[Event]) -> None:
        """Send events to the listener, at the present of the clock."""
        if not events:
            return
        for event in events:
            self._note(event)
        if self._listener is None:
            self.pending += events
        else:
            self._clock.enter(partial(self._deliver, events))

    def _deliver(self, events: Sequence[Event]) -> None:
        assert self._listener is not None, "a listener is attached"
        now_ns = self._clock.now_ns()
        for event in events:
            self._listener.take(event, now_ns)
        self._listener.act(now_ns)

    def _with_settlement(self, wager: TrackedWager, events: list[Event]) -> list[Event]:
        # Its market may have waited for the result of a wager that was broken.
        was_matched = wager.matched_cents or any(isinstance(each, TradeBroken) for each in events)
        return events + self._settlements.settle(wager) if was_matched else events

    def _note(self, event: Event) -> None:
        """Wake whoever awaits a response, and drop a wager that can no longer change."""
        ref: WagerRef | None = getattr(event, "ref", None)
        if ref is None or ref not in self._wagers:
            return
        wager = self._wagers[ref]
        if wager.answered and ref in self._responses:
            self._responses.pop(ref).set()
        lost = isinstance(event, WagerRejected) and event.code == UNKNOWN
        if wager.ended and not lost and not wager.matched_cents and not wager.lacks_fill:
            del self._wagers[ref]

    # Requests ---------------------------------------------------------------------------------

    async def recover(self, wagers: Iterable[tuple[int, TrackedWager]]) -> list[TrackedWager]:
        """Track wagers of earlier starts, and emit their updates since.

        Those without a response that are not in the history are rejected. Its pages are of a week:
        older wagers are looked for around the times at which they were placed. Return those that
        the exchange accepted and does not have.
        """
        placed = sorted(wagers, key=itemgetter(0))
        self._wagers |= {wager.ref: wager for _, wager in placed}
        self._apply_known(await self.history.recent())
        asked_ns = -_HALF_MINUTE_NS
        for at_ns, wager in placed:
            wager.sent_ns = at_ns
            if self.history.is_older(at_ns) and at_ns - asked_ns >= _HALF_MINUTE_NS:
                asked_ns = at_ns
                self._apply_known(await self.history.around(at_ns))
        for wager in list(self._wagers.values()):
            if not wager.answered:
                self.emit(wager.reject(UNKNOWN))
            elif wager.lacks_fill:
                await self._fetch_fills(wager)
            elif wager.has_doubtful_trades:
                await self.find_broken_trades(wager)
        return await self._unknown()

    async def _unknown(self) -> list[TrackedWager]:
        """Return the accepted wagers that the history lacks; it lags, so they are looked for."""
        for seconds in LATE_LOOK_SECONDS:
            if not any(map(_is_unknown, self)):
                break
            await self.sleep(seconds)
            self._apply_known(await self.history.recent())
        return [wager for wager in self if _is_unknown(wager)]

    async def catch_up(self) -> list[WireOrder]:
        """Emit what was missed of every wager; return all that the exchange shows as open.

        The history lags behind: a wager on which it differs from what we know, or that awaits a
        result which the history lacks, is requested on its own.
        """
        orders = {order.number: order for order in await self.history.unfinished()}
        self._apply_known(orders.values())
        for number in self._doubtful(orders):
            order = await self.history.order(number)
            if order is not None:
                orders[number] = order
                self._apply_known([order])
        for wager in [w for w in self._wagers.values() if w.lacks_fill]:
            await self._fetch_fills(wager)
        for wager in [w for w in self._wagers.values() if w.has_doubtful_trades]:
            await self.find_broken_trades(wager)
        return [order for order in orders.values() if order.open_cents]

    def _doubtful(self, orders: Mapping[str, WireOrder]) -> list[str]:
        """Return the numbers of wagers for which the history may be out of date."""
        known = {wager.number: wager for wager in self if wager.number is not None}
        held = {number: wager.open_cents for number, wager in known.items() if wager.open_cents}
        shown = {number: order.open_cents for number, order in orders.items() if order.open_cents}
        differ = [n for n in held | shown if held.get(n) != shown.get(n)]
        due = [n for n, wager in known.items() if wager.awaits_result and n not in orders]
        return list(dict.fromkeys(differ + due))

    def _apply_known(self, orders: Iterable[WireOrder]) -> None:
        """Apply the reports on wagers that are tracked, and emit all changes together."""
        events: list[Event] = []
        # Looked up before any is emitted: emitting drops wagers that have ended.
        for wager, order in [(self._wagers.get(order.ref), order) for order in orders]:
            if wager is not None:
                events += self.changes(wager, order)
        self.emit(events)

    async def has_ended(self, wager: TrackedWager) -> bool:
        """Request a wager by the exchange's id; return whether it ended, False if unknown.

        Those who ask for the same wager meanwhile share the request: only one a second is allowed
        of its route, and each refused cancel asks for one.
        """
        asked = self._asked.get(wager.ref)
        if asked is not None:
            await asked.wait()
            return wager.ended
        asked = self._asked[wager.ref] = asyncio.Event()
        try:
            order = None if wager.number is None else await self.history.order(wager.number)
            if order is not None:
                self.apply(wager, order)
                if wager.lacks_fill:
                    await self._fetch_fills(wager)
        except ExchangeError:
            return False
        finally:
            del self._asked[wager.ref]
            asked.set()
        return wager.ended

    async def find_missing_fills(self, wager: TrackedWager) -> None:
        """Request fills, and what they win, until the exchange's list is complete."""
        for seconds in LATE_LOOK_SECONDS:
            await self.sleep(seconds)
            if not (wager.lacks_fill or wager.profit_is_estimated):
                return
            try:
                await self._fetch_fills(wager)
            except ExchangeError:
                continue

    async def _fetch_fills(self, wager: TrackedWager) -> None:
        fills = await self.history.fills(wager.number)
        try:
            self.emit(self._with_settlement(wager, wager.apply_fills(fills)))
        except ProtocolError as error:
            self._decode_errors.note(error)

    async def find_broken_trades(self, wager: TrackedWager) -> None:
        """Request a wager of which a report showed less matched, and emit what was broken of it.

        A fill that arrives meanwhile may be in neither response: then both are requested again.
        """
        asked_cents = None
        while asked_cents != wager.matched_cents:
            asked_cents = wager.matched_cents
            order = None if wager.number is None else await self.history.order(wager.number)
            fills = [] if order is None else await self.history.fills(wager.number)
        try:
            events = [] if order is None else wager.apply_broken(order, fills)
        except ProtocolError as error:
            self._decode_errors.note(error)
            return
        if wager.may_be_broken:
            events += await self._void_events(wager)
        self.emit(self._with_settlement(wager, events))

    async def _void_events(self, wager: TrackedWager) -> list[Event]:
        """Find out whether a void wager was broken alone, or its market is void.

        The exchange reports both in the same way. A market is void with all its wagers, and closed
        by then; the money is the same either way, but one of a broken trade goes on.
        """
        # By then the exchange has reported the other wagers of a market that is void.
        await self.sleep(_VOID_SECONDS)
        if not wager.may_be_broken:
            return []
        key = None if wager.line is None else wager.line.market_key
        of_market = [each for each in self if each.line is not None and each.line.market_key == key]
        others = [each for each in of_market if each.matched_cents and not each.is_void]
        if others or (key is not None and await self.history.is_market_open(key)):
            return wager.break_all()
        for each in of_market:
            if each.may_be_broken:
                each.accept_void()
        return []

    async def sleep(self, seconds: int) -> None:
        """Return after some seconds of the exchange's clock."""
        await self._clock.sleep_until(self._clock.wall_ns() + seconds * NS_PER_SECOND)


def _is_unknown(wager: TrackedWager) -> bool:
    """Return whether no report has shown a wager of which something is open or matched."""
    may_count = wager.answered and (wager.open_cents > 0 or wager.matched_cents > 0)
    return may_count and wager.number is None
