"""ProphetX behind the desk's port: what is asked goes out by REST, what happens comes as events.

Whatever the exchange says of a wager, in answers, private updates or its history, is held against
what was told before, so that everything is told once. Where no answer came the wager is looked up
by our own id; it is never placed again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import chain
from typing import Any

from live.client import ProphetClient
from live.clock import WallClock
from live.known_wager import KnownWager
from live.open_wagers import HISTORY_SECONDS
from live.settling import Settling
from live.troubles import Troubles
from live.wire.orders import BalanceShape, BatchPlacedShape, CancellationShape, OrderShape
from strategies.trading.clock import NANOSECONDS
from strategies.trading.commands import PlaceWager
from strategies.trading.errors import ConfigError, ExchangeError, ProtocolError, RefusalError
from strategies.trading.events import AccountState, CancelRefused, Event, WagerRejected
from strategies.trading.exchange import BATCH_LIMIT
from strategies.trading.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.market import Catalogue

_OVER_LIMIT, _UNKNOWN, _USED = "order_limit_exceeded", "data_not_found", "order_external_id_existed"
_NO_ANSWER = "no_answer"
_NOT_THERE = (_UNKNOWN, "http_404", "order_not_belongs_to_user")

# What an item of a batch may be refused with although it may have been placed (partner API, 3.2).
_MAYBE_PLACED = (
    "internal_error",
    "unknown_error",
    "order_balance_check_timeout",
    "order_unable_to_place",
)
# A cancel that is refused with one of these may be asked for again, after so many nanoseconds.
_SOON_NS, _LATER_NS = 300_000_000, NANOSECONDS
_AGAIN_NS = {
    "order_opened_retry": _SOON_NS,
    "opened_retry": _SOON_NS,
    "matching_stake_ongoing": _SOON_NS,
    "order_is_placing": _LATER_NS,
    "rate_limit_reached": _LATER_NS,
    "http_429": _LATER_NS,
    "order_unable_to_cancel": _LATER_NS,
    _NO_ANSWER: _LATER_NS,
}
# When a wager without an answer is looked for in the history, which lags. Seconds of its clock.
_LOOKS_SECONDS = (1, 2, 4, 8)
_AROUND_SECONDS = 60
_BALANCE_MODES = ("deferred", "immediate")

Tell = Callable[[Sequence[Event]], None]


class ProphetExchange:
    """The desk's `Exchange` at ProphetX, for as long as a group of tasks lasts.

    Requests on one line are sent one after the other, as the exchange takes them in order of
    arrival; others do not wait for them. An error that no retry can mend ends the group.
    """

    def __init__(
        self,
        *,
        client: ProphetClient,
        clock: WallClock,
        catalogue: Catalogue,
        tasks: asyncio.TaskGroup,
        tell: Tell,
        before_sending: Callable[[], None],
        troubles: Troubles,
        balance_mode: str,
    ) -> None:
        """Ask through a client, and tell events; `before_sending` is called ahead of any request.

        `balance_mode` says whether the balance still holds the stakes (deferred) or not
        (immediate); raise ConfigError for any other.
        """
        if balance_mode not in _BALANCE_MODES:
            message = f"exchange.balance_mode: {balance_mode!r} is not one of {_BALANCE_MODES}"
            raise ConfigError(message)
        self._client = client
        self._clock = clock
        self._catalogue = catalogue
        self._tasks = tasks
        self._tell_events = tell
        self._before_sending = before_sending
        self._troubles = troubles
        self._deferred = balance_mode == "deferred"
        self._known: dict[WagerRef, KnownWager] = {}
        self._answers: dict[WagerRef, asyncio.Event] = {}
        self._placing: dict[LineId, asyncio.Task[None]] = {}
        self._settling = Settling(catalogue)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Ask for wagers; each stands or falls on its own."""
        if len(requests) > BATCH_LIMIT:
            self._answer([WagerRejected(request.ref, _OVER_LIMIT) for request in requests])
            return
        used = [WagerRejected(r.ref, _USED) for r in requests if r.ref in self._known]
        wagers = [self._know(r) for r in requests if r.ref not in self._known]
        if used:
            self._answer(used)
        if wagers:
            line_ids = {wager.request.line_id: None for wager in wagers}
            ahead = [self._placing[line_id] for line_id in line_ids if line_id in self._placing]
            task = self._start(self._place(wagers, ahead))
            self._placing.update(dict.fromkeys(line_ids, task))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Ask for the unmatched part of wagers to be withdrawn."""
        if len(refs) > BATCH_LIMIT:
            self._answer([CancelRefused(ref, _OVER_LIMIT, None) for ref in refs])
            return
        unknown = [CancelRefused(ref, _UNKNOWN, None) for ref in refs if ref not in self._known]
        if unknown:
            self._answer(unknown)
        wagers = [self._known[ref] for ref in refs if ref in self._known]
        placed = [wager for wager in wagers if wager.answered]
        if placed:
            self._start(self._cancel(placed))
        for wager in wagers:
            if not wager.answered:
                self._start(self._cancel_when_placed(wager))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Ask for everything open to be withdrawn, of one event or one of its markets if named."""
        self._start(self._cancel_all(event_id, market_id))

    def ask_state(self) -> None:
        """Ask for one AccountState."""
        self._start(self._tell_state())

    # What is heard ----------------------------------------------------------------------------

    def hear(self, order: OrderShape) -> None:
        """Take a private update on a wager; those that are not of this desk are passed over."""
        wager = self._known.get(order.ref)
        if wager is None:
            return
        self._tell(self._news(wager, order))
        if wager.lacks_fill:
            self._start(self._look_for_fills(wager))
        if wager.rejected and order.open_cents:
            # It was given up for lost, and is there after all.
            self._start(self._cancel([wager]))

    async def catch_up(self) -> list[OrderShape]:
        """Tell what was missed of every wager; return all that the exchange shows as open.

        Raise ExchangeError where it cannot be asked.
        """
        rows = await self._open_orders()
        there = {order.ref for order in rows}
        events = [self._news(self._known[o.ref], o) for o in rows if o.ref in self._known]
        self._tell(chain.from_iterable(events))
        for wager in [w for w in self._known.values() if w.answered]:
            if wager.ref not in there and not wager.ended:
                await self._look_up(wager)
        for wager in [w for w in self._known.values() if w.lacks_fill]:
            await self._fetch_fills(wager)
        return [order for order in rows if order.open_cents]

    # Placing ----------------------------------------------------------------------------------

    def _know(self, request: PlaceWager) -> KnownWager:
        wager = KnownWager(request, self._catalogue.lines.get(request.line_id))
        self._known[request.ref] = wager
        self._answers[request.ref] = asyncio.Event()
        return wager

    async def _place(
        self, wagers: Sequence[KnownWager], ahead: Sequence[asyncio.Task[None]]
    ) -> None:
        if ahead:
            await asyncio.wait(ahead)
        try:
            answer = await self._client.place_batch([wager.request for wager in wagers])
        except RefusalError as refusal:
            self._tell(chain.from_iterable(wager.reject(refusal.code) for wager in wagers))
        except ExchangeError:
            self._start(self._find(wagers))
        else:
            self._take_answers(wagers, answer)

    def _take_answers(self, wagers: Sequence[KnownWager], answer: BatchPlacedShape) -> None:
        placed = {order.ref: order for order in answer.succeed_orders or ()}
        refused = {failed.index: failed.error or "" for failed in answer.failed_orders or ()}
        events: list[Event] = []
        unsure = []
        for index, wager in enumerate(wagers):
            if wager.ref in placed:
                events += self._news(wager, placed[wager.ref])
            elif refused.get(index, _MAYBE_PLACED[0]) in _MAYBE_PLACED:
                unsure.append(wager)
            else:
                events += wager.reject(refused[index])
        self._tell(events)
        if unsure:
            self._start(self._find(unsure))

    async def _find(self, wagers: Sequence[KnownWager]) -> None:
        """Look for wagers without an answer; those that are not there by the last look are lost."""
        for seconds in _LOOKS_SECONDS:
            await self._sleep(seconds)
            rows = await self._recent_orders()
            missing = {wager.ref: wager for wager in wagers if not wager.answered}
            for order in rows:
                if order.ref in missing:
                    self._tell(self._news(missing[order.ref], order))
            if all(wager.answered for wager in wagers):
                break
        self._tell(chain.from_iterable(wager.reject(_UNKNOWN) for wager in wagers))

    async def _recent_orders(self) -> list[OrderShape]:
        """Return what was placed lately, however often it takes to ask."""
        while True:
            now = self._clock.wall_ns() // NANOSECONDS
            query = {"from": now - _AROUND_SECONDS, "to": now + _AROUND_SECONDS}
            try:
                return await self._client.history(**query)
            except ExchangeError:
                await self._sleep(_LOOKS_SECONDS[-1])

    # Cancelling -------------------------------------------------------------------------------

    async def _cancel_when_placed(self, wager: KnownWager) -> None:
        await self._answers[wager.ref].wait()
        await self._cancel([wager])

    async def _cancel(self, wagers: Sequence[KnownWager]) -> None:
        numbered = [wager for wager in wagers if wager.number is not None]
        refused = [CancelRefused(w.ref, _UNKNOWN, None) for w in wagers if w.number is None]
        self._tell(refused)
        if not numbered:
            return
        shapes = [
            CancellationShape(order_id=wager.number or "", external_id=wager.ref)
            for wager in numbered
        ]
        try:
            answers = await self._client.cancel_batch(shapes)
        except RefusalError as refusal:
            for wager in numbered:
                await self._refuse(wager, refusal.code)
            return
        except ExchangeError:
            answers = []
        for place, wager in enumerate(numbered):
            answer = answers[place] if place < len(answers) else None
            if answer is None or not answer.success:
                error = None if answer is None else answer.error
                await self._refuse(wager, (error and error.error_code) or _NO_ANSWER)
            elif answer.order is not None:
                self._tell(self._news(wager, answer.order))

    async def _refuse(self, wager: KnownWager, code: str) -> None:
        """Tell of a refused cancel; if there is nothing left to cancel, tell how it ended."""
        if code in _AGAIN_NS:
            self._tell([CancelRefused(wager.ref, code, self._clock.wall_ns() + _AGAIN_NS[code])])
            return
        if wager.ended or not await self._has_ended(wager):
            self._tell([CancelRefused(wager.ref, code, None)])

    async def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        try:
            anything = await self._ask_cancel_all(event_id, market_id)
        except ExchangeError as error:
            code = error.code if isinstance(error, RefusalError) else _NO_ANSWER
            if code in _AGAIN_NS:
                retry_at_ns = self._clock.wall_ns() + _AGAIN_NS[code]
                concerned = self._concerned(event_id, market_id)
                self._tell([CancelRefused(wager.ref, code, retry_at_ns) for wager in concerned])
            return
        if not anything:
            for wager in self._concerned(event_id, market_id):
                await self._has_ended(wager)

    async def _ask_cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> bool:
        if event_id is None:
            return await self._client.cancel_all()
        numbers = [number for number in (event_id, market_id) if number is not None]
        if not all(number.isdecimal() for number in numbers):
            return False
        if market_id is None:
            return await self._client.cancel_event(int(event_id))
        return await self._client.cancel_market(int(event_id), int(market_id))

    def _concerned(self, event_id: EventId | None, market_id: MarketId | None) -> list[KnownWager]:
        """Return the wagers that may be open, of an event or a market if these are named."""
        return [
            wager
            for wager in self._known.values()
            if not wager.ended
            and wager.number is not None
            and wager.line is not None
            and event_id in (None, wager.line.event_id)
            and market_id in (None, wager.line.market_id)
        ]

    # Asking -----------------------------------------------------------------------------------

    async def _tell_state(self) -> None:
        """Tell of the account as it is now, however often it takes to ask."""
        while True:
            try:
                open_orders = await self.catch_up()
                balance = await self._client.balance()
            except ExchangeError:
                await self._sleep(_LOOKS_SECONDS[0])
                continue
            open_cents = tuple((order.ref, order.open_cents) for order in open_orders)
            self._tell([AccountState(self._available_cents(balance), open_cents)])
            return

    def _available_cents(self, balance: BalanceShape) -> int:
        if not self._deferred:
            return balance.balance_cents
        return balance.balance_cents - balance.matched_cents - balance.unmatched_cents

    async def available_cents(self) -> int:
        """Return what may still be staked; raise ExchangeError where it cannot be asked."""
        return self._available_cents(await self._client.balance())

    async def _open_orders(self) -> list[OrderShape]:
        """Return what the history shows as waiting or open, in order of placing."""
        now = self._clock.wall_ns() // NANOSECONDS
        orders: dict[str, OrderShape] = {}
        # In this order, one that opens meanwhile is in one of the two or in both.
        for status in ("inactive", "open"):
            query = {"from": now - HISTORY_SECONDS, "to": now + _AROUND_SECONDS}
            rows = await self._client.history(status=status, **query)
            orders |= {order.number: order for order in rows}
        waiting = [order for order in orders.values() if order.status == "inactive"]
        opened = [order for order in orders.values() if order.status != "inactive"]
        return [*reversed(opened), *reversed(waiting)]

    async def _look_up(self, wager: KnownWager) -> None:
        if wager.number is None:
            return
        try:
            order = await self._client.order(wager.number)
        except RefusalError as refusal:
            if refusal.code not in _NOT_THERE:
                raise
            return
        self._tell(self._news(wager, order))
        if wager.lacks_fill:
            await self._fetch_fills(wager)

    async def _has_ended(self, wager: KnownWager) -> bool:
        """Look a wager up, and tell whether it has ended as far as the exchange can be asked."""
        try:
            await self._look_up(wager)
        except ExchangeError:
            return False
        return wager.ended

    async def _look_for_fills(self, wager: KnownWager) -> None:
        """Ask for fills that were missed, until the exchange's list has them."""
        for seconds in _LOOKS_SECONDS:
            await self._sleep(seconds)
            if not wager.lacks_fill:
                return
            try:
                await self._fetch_fills(wager)
            except ExchangeError:
                continue

    async def _fetch_fills(self, wager: KnownWager) -> None:
        matches = await self._client.matches([wager.number or ""])
        try:
            self._tell(wager.learn_matches(matches) + self._settling.settle(wager))
        except ProtocolError as error:
            self._troubles.note(error)

    # Telling ----------------------------------------------------------------------------------

    def _news(self, wager: KnownWager, order: OrderShape) -> list[Event]:
        """Return what an order tells anew of a wager; one that cannot be read is a trouble."""
        try:
            return wager.learn(order) + self._settling.settle(wager)
        except ProtocolError as error:
            self._troubles.note(error)
            return []

    def _tell(self, events: Iterable[Event]) -> None:
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
        lost = isinstance(event, WagerRejected) and event.code == _UNKNOWN
        if wager.ended and not lost and not wager.matched_cents and not wager.lacks_fill:
            del self._known[wager.ref]

    def _answer(self, events: Sequence[Event]) -> None:
        """Tell what needs no asking, after the call that it answers."""

        async def tell() -> None:
            self._tell(events)

        self._start(tell())

    def _start(self, asking: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.create_task(self._recorded(asking))

    async def _recorded(self, asking: Coroutine[Any, Any, None]) -> None:
        self._before_sending()
        await asking

    async def _sleep(self, seconds: int) -> None:
        await self._clock.sleep_until(self._clock.wall_ns() + seconds * NANOSECONDS)
