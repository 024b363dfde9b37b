"""ProphetX behind the desk's port: commands become REST requests, reports become events.

Every report on a wager goes through the tracker, so each fact becomes one event. A wager without a
response is searched for by our own id; it is never placed again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal

from msgspec import Meta

from live.decode_errors import DecodeErrors
from live.prophetx.orders.order_history import UNKNOWN, OrderHistory
from live.prophetx.orders.other_sessions import OtherSessions
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.orders.wager_tracker import WagerTracker
from live.prophetx.rest.client import ProphetClient
from live.prophetx.wire.orders import BatchPlacedResponse, WireCancellation, WireOrder
from live.retry_pauses import LATE_LOOK_SECONDS
from live.wall_clock import WallClock
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import UNAUTHORIZED, ExchangeError, RefusalError
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT

_OVER_LIMIT, _USED = "order_limit_exceeded", "order_external_id_existed"
_NO_RESPONSE = "no_answer"

# Codes of a refused batch item that may have been placed all the same (partner API, 3.2). We never
# use an id twice: one that "was used before" is ours, sent twice by the transport.
_MAYBE_PLACED = (
    "internal_error",
    _USED,
    "order_ref_id_existed",
    "unknown_error",
    "order_balance_check_timeout",
    "order_unable_to_place",
)
# Codes of a refused cancel, and after how many nanoseconds it may be sent again.
_SOON_NS, _LATER_NS = 300_000_000, NS_PER_SECOND
_RETRY_NS = {
    "order_opened_retry": _SOON_NS,
    "opened_retry": _SOON_NS,
    "matching_stake_ongoing": _SOON_NS,
    "order_is_placing": _LATER_NS,
    "rate_limit_reached": _LATER_NS,
    "http_429": _LATER_NS,
    "order_unable_to_cancel": _LATER_NS,
    _NO_RESPONSE: _LATER_NS,
    UNAUTHORIZED: _LATER_NS,
}
_RECENT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Facts of an account that the exchange does not report, so they are configured.

    `balance_mode` says whether the balance still holds the stakes (deferred) or not (immediate).
    """

    balance_mode: Annotated[
        Literal["deferred", "immediate"],
        Meta(
            description="Whether the balance still holds open stakes (deferred) or not (immediate)."
        ),
    ]


class ProphetExchange:
    """The desk's `Exchange` at ProphetX, for as long as a group of tasks lasts.

    Requests on one line are sent one after the other, because the exchange processes them in order
    of arrival; those on other lines do not wait. An error that no retry can mend ends the group.
    """

    def __init__(
        self,
        *,
        client: ProphetClient,
        clock: WallClock,
        catalogue: Catalogue,
        tasks: asyncio.TaskGroup,
        before_sending: Callable[[], None],
        decode_errors: DecodeErrors,
        settings: AccountSettings,
        is_ours: Callable[[WagerRef], bool],
    ) -> None:
        """Send through a client; `before_sending` is called ahead of every request.

        References of which `is_ours` is true are of this session, whatever its start.
        """
        self._client = client
        self._clock = clock
        self._tasks = tasks
        self._before_sending = before_sending
        self._deferred = settings.balance_mode == "deferred"
        self._placing: dict[LineId, asyncio.Future[None]] = {}
        self._state_request: asyncio.Future[None] | None = None
        self._emitting_state = asyncio.Lock()
        history = OrderHistory(client)
        self.wagers = WagerTracker(history, clock, catalogue, decode_errors)
        self._others = OtherSessions(history, clock, catalogue, is_ours)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Place wagers; each is accepted or rejected on its own."""
        if len(requests) > BATCH_LIMIT:
            self._emit_later([WagerRejected(request.ref, _OVER_LIMIT) for request in requests])
            return
        used = [WagerRejected(r.ref, _USED) for r in requests if self.wagers.get(r.ref)]
        wagers = [self.wagers.add(r) for r in requests if not self.wagers.get(r.ref)]
        if used:
            self._emit_later(used)
        if wagers:
            self._others.note_placed(wagers[0].ref)
            line_ids = {wager.request.line_id: None for wager in wagers}
            ahead = [self._placing[line_id] for line_id in line_ids if line_id in self._placing]
            task = self._start(self._place(wagers, ahead))
            self._placing.update(dict.fromkeys(line_ids, task))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Cancel the unmatched part of wagers."""
        if len(refs) > BATCH_LIMIT:
            self._emit_later([CancelRefused(ref, _OVER_LIMIT, None) for ref in refs])
            return
        unknown = [CancelRefused(ref, UNKNOWN, None) for ref in refs if not self.wagers.get(ref)]
        if unknown:
            self._emit_later(unknown)
        wagers = [wager for wager in map(self.wagers.get, refs) if wager is not None]
        placed = [wager for wager in wagers if wager.answered]
        if placed:
            self._start(self._cancel(placed))
        for wager in wagers:
            if not wager.answered:
                self._start(self._cancel_when_placed(wager))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Cancel everything open, or everything of one event or of one of its markets."""
        self._start(self._cancel_all(event_id, market_id))

    def ask_state(self) -> None:
        """Request one AccountState, unless a request is pending."""
        if self._state_request is None or self._state_request.done():
            self._state_request = self._start(self._report_state())

    # Private updates --------------------------------------------------------------------------

    def on_order(self, order: WireOrder) -> None:
        """Apply a private update on a wager; one that is not ours shows another session."""
        wager = self.wagers.get(order.ref)
        if wager is None:
            self._check_session(order)
            return
        events = self.wagers.apply(wager, order)
        # Its profit must be requested now: a desk drops ended wagers after an hour.
        is_filled = any(isinstance(event, WagerMatched) for event in events)
        if wager.lacks_fill or (is_filled and wager.profit_is_estimated):
            self._start(self.wagers.find_missing_fills(wager))
        if wager.has_doubtful_trades:
            self._start(self._find_broken_trades(wager))
        if wager.rejected and order.open_cents:
            # It was reported as rejected when it could not be found, and exists after all.
            self._start(self._cancel([wager]))

    async def _find_broken_trades(self, wager: TrackedWager) -> None:
        """Find out soon; where the exchange does not answer, the next account check does."""
        with suppress(ExchangeError):
            await self.wagers.find_broken_trades(wager)

    def _check_session(self, order: WireOrder) -> None:
        """End the group of tasks if a wager shows that another session came before this one."""
        if self._others.is_new(order):
            self._start(self._others.check(order))

    # Placing ----------------------------------------------------------------------------------

    async def _place(
        self, wagers: Sequence[TrackedWager], ahead: Sequence[asyncio.Future[None]]
    ) -> None:
        if ahead:
            await asyncio.wait(ahead)
        try:
            response = await self._client.place_batch([wager.request for wager in wagers])
        except RefusalError as refusal:
            self._reject(wagers, refusal.code)
        except ExchangeError:
            self._start(self._find(wagers))
        else:
            self._apply_response(wagers, response)

    def _apply_response(
        self, wagers: Sequence[TrackedWager], response: BatchPlacedResponse
    ) -> None:
        placed = {order.ref: order for order in response.succeed_orders or ()}
        refused = {failed.index: failed.error or "" for failed in response.failed_orders or ()}
        events: list[Event] = []
        unsure = []
        for index, wager in enumerate(wagers):
            if wager.ref in placed:
                events += self.wagers.changes(wager, placed[wager.ref])
            elif refused.get(index, _MAYBE_PLACED[0]) in _MAYBE_PLACED:
                unsure.append(wager)
            else:
                events += wager.reject(refused[index])
        self.wagers.emit(events)
        if unsure:
            self._start(self._find(unsure))

    async def _find(self, wagers: Sequence[TrackedWager]) -> None:
        """Search the history for wagers without a response; reject those not found in the end."""
        self._client.counts.unknown += len(wagers)
        for seconds in LATE_LOOK_SECONDS:
            await self.wagers.sleep(seconds)
            missing = {wager.ref: wager for wager in wagers if not wager.answered}
            if not missing:
                return
            for order in await self._recent_orders():
                wager = missing.get(order.ref)
                if wager is not None:
                    self.wagers.apply(wager, order)
                    if not wager.answered and wager.contradiction(order) is not None:
                        self._reject([wager], _USED)
        self._reject(wagers, UNKNOWN)

    def _reject(self, wagers: Sequence[TrackedWager], code: str) -> None:
        self.wagers.emit(list(chain.from_iterable(wager.reject(code) for wager in wagers)))

    async def _recent_orders(self) -> list[WireOrder]:
        """Return the orders placed within the last minute; try until the exchange responds."""
        while True:
            try:
                return await self.wagers.history.recent(_RECENT_SECONDS)
            except ExchangeError:
                await self.wagers.sleep(LATE_LOOK_SECONDS[-1])

    # Cancelling -------------------------------------------------------------------------------

    async def _cancel_when_placed(self, wager: TrackedWager) -> None:
        await self.wagers.until_answered(wager)
        await self._cancel([wager])

    async def _cancel(self, wagers: Sequence[TrackedWager]) -> None:
        numbered = [wager for wager in wagers if wager.number is not None]
        refused = [CancelRefused(w.ref, UNKNOWN, None) for w in wagers if w.number is None]
        self.wagers.emit(refused)
        if not numbered:
            return
        cancellations = [
            WireCancellation(order_id=wager.number or "", external_id=wager.ref)
            for wager in numbered
        ]
        try:
            responses = await self._client.cancel_batch(cancellations)
        except RefusalError as refusal:
            for wager in numbered:
                await self._refuse(wager, refusal.code)
            return
        except ExchangeError:
            responses = []
        for place, wager in enumerate(numbered):
            response = responses[place] if place < len(responses) else None
            if response is None or not response.success:
                error = None if response is None else response.error
                await self._refuse(wager, (error and error.error_code) or _NO_RESPONSE)
            elif response.order is not None:
                self.wagers.apply(wager, response.order)

    async def _refuse(self, wager: TrackedWager, code: str) -> None:
        """Emit a refused cancel; if there is nothing left to cancel, emit how the wager ended."""
        if wager.rejected:
            self._start(self._cancel_again(wager, code))
            return
        if code in _RETRY_NS:
            self.wagers.emit(
                [CancelRefused(wager.ref, code, self._clock.wall_ns() + _RETRY_NS[code])]
            )
            return
        if wager.ended or not await self.wagers.has_ended(wager):
            self.wagers.emit([CancelRefused(wager.ref, code, None)])

    async def _cancel_again(self, wager: TrackedWager, code: str) -> None:
        """Retry the cancel of a wager that the desk takes for rejected, if it may be refused."""
        if code in _RETRY_NS:
            await self._clock.sleep_until(self._clock.wall_ns() + _RETRY_NS[code])
            await self._cancel([wager])

    async def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        try:
            anything = await self._ask_cancel_all(event_id, market_id)
        except ExchangeError as error:
            code = error.code if isinstance(error, RefusalError) else _NO_RESPONSE
            if code in _RETRY_NS:
                retry_at_ns = self._clock.wall_ns() + _RETRY_NS[code]
                affected = self._affected(event_id, market_id)
                self.wagers.emit(
                    [CancelRefused(wager.ref, code, retry_at_ns) for wager in affected]
                )
            return
        if not anything:
            for wager in self._affected(event_id, market_id):
                await self.wagers.has_ended(wager)

    async def _ask_cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> bool:
        if event_id is None:
            return await self._client.cancel_all()
        if not all(number is None or number.isdecimal() for number in (event_id, market_id)):
            return False
        if market_id is None:
            return await self._client.cancel_event(int(event_id))
        return await self._client.cancel_market(int(event_id), int(market_id))

    def _affected(self, event_id: EventId | None, market_id: MarketId | None) -> list[TrackedWager]:
        """Return the wagers that may be open, of one event or market if given."""
        return [
            wager
            for wager in self.wagers
            if not wager.ended
            and wager.number is not None
            and wager.line is not None
            and event_id in (None, wager.line.event_id)
            and market_id in (None, wager.line.market_id)
        ]

    # The account ------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Emit what was missed in a gap; raise ExchangeError if the exchange cannot be reached."""
        # With the account, or a desk may quote a minute on books that the exchange contradicts.
        await (self._emit_state() if self.wagers.is_attached else self.wagers.catch_up())

    async def _emit_state(self) -> None:
        # Two that agree are believed: what is placed while both are read would lack in both.
        async with self._emitting_state:
            open_orders = await self.wagers.catch_up()
            available_cents = await self.available_cents()
            for order in open_orders:
                self._check_session(order)
            open_cents = tuple((order.ref, order.open_cents) for order in open_orders)
            self.wagers.emit([AccountState(available_cents, open_cents)])

    async def _report_state(self) -> None:
        """Emit the present state of the account; try until the exchange responds."""
        while True:
            with suppress(ExchangeError):
                await self._emit_state()
                return
            await self.wagers.sleep(LATE_LOOK_SECONDS[0])

    async def available_cents(self) -> int:
        """Return the available balance; raise ExchangeError if the exchange cannot be reached."""
        return (await self._client.balance()).available_cents(deferred=self._deferred)

    # Tasks ------------------------------------------------------------------------------------

    def _emit_later(self, events: Sequence[Event]) -> None:
        """Emit events that need no request, once the call that they respond to has returned."""

        async def emit() -> None:
            self.wagers.emit(events)

        self._start(emit())

    def _start(self, request: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Send a request as a task; drop it if the session is ending.

        What arrives while the tasks end may still reach the desk. It is safe to send nothing more:
        once they have ended, the session cancels everything.
        """
        committed = self._committed(request)
        try:
            task: asyncio.Future[None] = self._tasks.create_task(committed)
        except RuntimeError:
            # The group takes no more tasks.
            committed.close()
            task = asyncio.get_running_loop().create_future()
            task.cancel()
        # Closed here if it never began, or Python warns that nobody awaited it.
        task.add_done_callback(lambda _: request.close())
        return task

    async def _committed(self, request: Coroutine[Any, Any, None]) -> None:
        self._before_sending()
        await request
