"""Our wagers at the exchange, as far as it told: whatever it says of them is told once."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from live.prophetx.orders.open_wagers import HISTORY_SECONDS
from live.prophetx.orders.settlement_inference import SettlementInference
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.rest.client import ProphetClient
from live.prophetx.wire.decode_errors import DecodeErrors
from live.prophetx.wire.orders import OrderShape
from live.wall_clock import WallClock
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import ExchangeError, ProtocolError, RefusalError
from strategies.trading.model.events import Event, WagerRejected
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.market import Catalogue
from strategies.trading.model.units import NS_PER_SECOND

# The code of what is not there.
UNKNOWN = "data_not_found"
_NOT_THERE = (UNKNOWN, "http_404", "order_not_belongs_to_user")

# When something is looked for in the history, which lags. Seconds of its clock.
LOOKS_SECONDS = (1, 2, 4, 8)
# How far its clock may be ahead of ours.
_AHEAD_SECONDS = 60

Tell = Callable[[Sequence[Event]], None]


class WagerTracker:
    """Every wager that may still be matched or settled, and what was told of it.

    Where the exchange cannot be asked, ExchangeError comes out.
    """

    def __init__(
        self,
        client: ProphetClient,
        clock: WallClock,
        catalogue: Catalogue,
        decode_errors: DecodeErrors,
        tell: Tell,
    ) -> None:
        """Begin without any."""
        self._client = client
        self._clock = clock
        self._catalogue = catalogue
        self._decode_errors = decode_errors
        self._tell_events = tell
        self._known: dict[WagerRef, TrackedWager] = {}
        self._answers: dict[WagerRef, asyncio.Event] = {}
        self._settling = SettlementInference(catalogue)

    def __iter__(self) -> Iterator[TrackedWager]:
        """Yield them, in the order of asking."""
        return iter(list(self._known.values()))

    def get(self, ref: WagerRef) -> TrackedWager | None:
        """Return one, None if there is nothing more to hear of it."""
        return self._known.get(ref)

    def add(self, request: PlaceWager) -> TrackedWager:
        """Count a wager from the moment in which it is asked for."""
        wager = TrackedWager(request, self._catalogue.lines.get(request.line_id))
        self._known[request.ref] = wager
        self._answers[request.ref] = asyncio.Event()
        return wager

    async def until_answered(self, wager: TrackedWager) -> None:
        """Return when the exchange is known to have taken or refused a wager."""
        if wager.ref in self._answers:
            await self._answers[wager.ref].wait()

    async def recover(self, wagers: Iterable[TrackedWager]) -> None:
        """Take over wagers of before, and tell what became of them since.

        Those that were never answered and are not in the history of a week are told as rejected.
        Raise ExchangeError where the exchange cannot be asked.
        """
        self._known |= {wager.ref: wager for wager in wagers}
        for order in await self.orders(HISTORY_SECONDS):
            if order.ref in self._known:
                self.tell(self.news(self._known[order.ref], order))
        for wager in list(self._known.values()):
            if not wager.answered:
                self.tell(wager.reject(UNKNOWN))
            elif wager.lacks_fill:
                await self._fetch_fills(wager)

    async def catch_up(self) -> list[OrderShape]:
        """Tell what was missed of every wager; return all that the exchange shows as open.

        Its history lags behind: where that tells otherwise than we know, or nothing of a wager
        whose result is due, the wager is asked for by itself. Raise ExchangeError where the
        exchange cannot be asked.
        """
        orders = {order.number: order for order in await self.open_orders()}
        self._learn(orders.values())
        for number in self._doubtful(orders):
            order = await self._order(number)
            if order is not None:
                orders[number] = order
                self._learn([order])
        for wager in [w for w in self._known.values() if w.lacks_fill]:
            await self._fetch_fills(wager)
        return [order for order in orders.values() if order.open_cents]

    def _doubtful(self, orders: Mapping[str, OrderShape]) -> list[str]:
        """Return the numbers of wagers of which the history may tell what was, and not what is."""
        known = {wager.number: wager for wager in self if wager.number is not None}
        held = {number: wager.open_cents for number, wager in known.items() if wager.open_cents}
        shown = {number: order.open_cents for number, order in orders.items() if order.open_cents}
        differ = [n for n in held | shown if held.get(n) != shown.get(n)]
        due = [n for n, wager in known.items() if wager.awaits_result and n not in orders]
        return list(dict.fromkeys(differ + due))

    def _learn(self, orders: Iterable[OrderShape]) -> None:
        """Tell what is news of those of them that are known."""
        ours = [(self._known[o.ref], o) for o in orders if o.ref in self._known]
        self.tell(chain.from_iterable(self.news(wager, order) for wager, order in ours))

    async def open_orders(self) -> list[OrderShape]:
        """Return what the history shows as waiting or open, in order of placing."""
        orders: dict[str, OrderShape] = {}
        # In this order, one that opens meanwhile is in one of the two or in both.
        for status in ("inactive", "open"):
            rows = await self.orders(HISTORY_SECONDS, status=status)
            orders |= {order.number: order for order in rows}
        waiting = [order for order in orders.values() if order.status == "inactive"]
        opened = [order for order in orders.values() if order.status != "inactive"]
        return [*reversed(opened), *reversed(waiting)]

    async def orders(self, seconds: int, **query: str) -> list[OrderShape]:
        """Return what was placed within so many seconds, the newest first."""
        now = self._clock.wall_ns() // NS_PER_SECOND
        within = {"from": now - seconds, "to": now + _AHEAD_SECONDS}
        return await self._client.history(**within, **query)

    async def look_up(self, wager: TrackedWager) -> None:
        """Tell what is news of a wager, by the exchange's own id of it."""
        order = None if wager.number is None else await self._order(wager.number)
        if order is None:
            return
        self.tell(self.news(wager, order))
        if wager.lacks_fill:
            await self._fetch_fills(wager)

    async def _order(self, number: str) -> OrderShape | None:
        """Return a wager as it stands now, None if it is not there."""
        try:
            return await self._client.order(number)
        except RefusalError as refusal:
            if refusal.code not in _NOT_THERE:
                raise
            return None

    async def has_ended(self, wager: TrackedWager) -> bool:
        """Look a wager up, and tell whether it has ended as far as the exchange can be asked."""
        try:
            await self.look_up(wager)
        except ExchangeError:
            return False
        return wager.ended

    async def look_for_fills(self, wager: TrackedWager) -> None:
        """Ask for fills that were missed, and what they win, until the exchange's list has them."""
        for seconds in LOOKS_SECONDS:
            await self.sleep(seconds)
            if not (wager.lacks_fill or wager.profit_is_reckoned):
                return
            try:
                await self._fetch_fills(wager)
            except ExchangeError:
                continue

    async def _fetch_fills(self, wager: TrackedWager) -> None:
        matches = await self._client.matches([wager.number or ""])
        try:
            self.tell(wager.learn_matches(matches) + self._settling.settle(wager))
        except ProtocolError as error:
            self._decode_errors.note(error)

    def news(self, wager: TrackedWager, order: OrderShape) -> list[Event]:
        """Return what an order tells anew of a wager; one that cannot be read is a trouble."""
        try:
            return wager.learn(order) + self._settling.settle(wager)
        except ProtocolError as error:
            self._decode_errors.note(error)
            return []

    def tell(self, events: Iterable[Event]) -> None:
        """Tell events, and note who has waited for them."""
        news = list(events)
        for event in news:
            self._note_told(event)
        if news:
            self._tell_events(news)

    def _note_told(self, event: Event) -> None:
        """Wake who waits for an answer, and forget a wager of which no more is to be heard."""
        ref = getattr(event, "ref", None)
        wager = self._known.get(ref) if ref is not None else None
        if wager is None:
            return
        if wager.answered and wager.ref in self._answers:
            self._answers.pop(wager.ref).set()
        lost = isinstance(event, WagerRejected) and event.code == UNKNOWN
        if wager.ended and not lost and not wager.matched_cents and not wager.lacks_fill:
            del self._known[wager.ref]

    async def sleep(self, seconds: int) -> None:
        """Return after so many seconds of the exchange's clock."""
        await self._clock.sleep_until(self._clock.wall_ns() + seconds * NS_PER_SECOND)
