"""ProphetX behind the desk's port: what is asked goes out by REST, what happens comes as events.

Whatever the exchange says of a wager, in answers, private updates or its history, is held against
what was told before, so that everything is told once. Where no answer came the wager is looked up
by our own id; it is never placed again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.orders.wager_tracker import LOOKS_SECONDS, UNKNOWN, Tell, WagerTracker
from live.prophetx.rest.client import ProphetClient
from live.prophetx.wire.decode_errors import DecodeErrors
from live.prophetx.wire.orders import BalanceShape, BatchPlacedShape, CancellationShape, OrderShape
from live.wall_clock import WallClock
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import ConfigError, ExchangeError, RefusalError
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Catalogue
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT

_OVER_LIMIT, _USED = "order_limit_exceeded", "order_external_id_existed"
_NO_ANSWER = "no_answer"

# What an item of a batch may be refused with although it may have been placed (partner API, 3.2).
# Ours are never used twice: one that was used before was carried out, and answered again.
_MAYBE_PLACED = (
    "internal_error",
    _USED,
    "order_ref_id_existed",
    "unknown_error",
    "order_balance_check_timeout",
    "order_unable_to_place",
)
# A cancel that is refused with one of these may be asked for again, after so many nanoseconds.
_SOON_NS, _LATER_NS = 300_000_000, NS_PER_SECOND
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
_RECENT_SECONDS = 60
_BALANCE_MODES = ("deferred", "immediate")


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What the exchange does not say of an account, and must be set.

    `balance_mode` says whether the balance still holds the stakes (deferred) or not (immediate);
    raise ConfigError for any other.
    """

    balance_mode: str

    def __post_init__(self) -> None:
        """Refuse a mode that there is not."""
        if self.balance_mode not in _BALANCE_MODES:
            message = f"exchange.balance_mode: {self.balance_mode!r} is not one of {_BALANCE_MODES}"
            raise ConfigError(message)


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
        decode_errors: DecodeErrors,
        settings: AccountSettings,
    ) -> None:
        """Ask through a client, and tell events; `before_sending` is called before any request."""
        self._client = client
        self._clock = clock
        self._tasks = tasks
        self._before_sending = before_sending
        self._deferred = settings.balance_mode == "deferred"
        self._placing: dict[LineId, asyncio.Task[None]] = {}
        self._asking: asyncio.Task[None] | None = None
        self.wagers = WagerTracker(client, clock, catalogue, decode_errors, tell)

    # The port ---------------------------------------------------------------------------------

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Ask for wagers; each stands or falls on its own."""
        if len(requests) > BATCH_LIMIT:
            self._answer([WagerRejected(request.ref, _OVER_LIMIT) for request in requests])
            return
        used = [WagerRejected(r.ref, _USED) for r in requests if self.wagers.get(r.ref)]
        wagers = [self.wagers.add(r) for r in requests if not self.wagers.get(r.ref)]
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
        unknown = [CancelRefused(ref, UNKNOWN, None) for ref in refs if not self.wagers.get(ref)]
        if unknown:
            self._answer(unknown)
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
        """Ask for everything open to be withdrawn, of one event or one of its markets if named."""
        self._start(self._cancel_all(event_id, market_id))

    def ask_state(self) -> None:
        """Ask for one AccountState, unless one is on its way."""
        if self._asking is None or self._asking.done():
            self._asking = self._start(self._tell_state())

    # What is heard ----------------------------------------------------------------------------

    def hear(self, order: OrderShape) -> None:
        """Take a private update on a wager; those that are not of this desk are passed over."""
        wager = self.wagers.get(order.ref)
        if wager is None:
            return
        news = self.wagers.news(wager, order)
        self.wagers.tell(news)
        # What it wins is asked for at once or never: a desk does not keep its wagers for long.
        is_filled = any(isinstance(event, WagerMatched) for event in news)
        if wager.lacks_fill or (is_filled and wager.profit_is_reckoned):
            self._start(self.wagers.look_for_fills(wager))
        if wager.rejected and order.open_cents:
            # It was given up for lost, and is there after all.
            self._start(self._cancel([wager]))

    # Placing ----------------------------------------------------------------------------------

    async def _place(
        self, wagers: Sequence[TrackedWager], ahead: Sequence[asyncio.Task[None]]
    ) -> None:
        if ahead:
            await asyncio.wait(ahead)
        try:
            answer = await self._client.place_batch([wager.request for wager in wagers])
        except RefusalError as refusal:
            self.wagers.tell(chain.from_iterable(wager.reject(refusal.code) for wager in wagers))
        except ExchangeError:
            self._start(self._find(wagers))
        else:
            self._take_answers(wagers, answer)

    def _take_answers(self, wagers: Sequence[TrackedWager], answer: BatchPlacedShape) -> None:
        placed = {order.ref: order for order in answer.succeed_orders or ()}
        refused = {failed.index: failed.error or "" for failed in answer.failed_orders or ()}
        events: list[Event] = []
        unsure = []
        for index, wager in enumerate(wagers):
            if wager.ref in placed:
                events += self.wagers.news(wager, placed[wager.ref])
            elif refused.get(index, _MAYBE_PLACED[0]) in _MAYBE_PLACED:
                unsure.append(wager)
            else:
                events += wager.reject(refused[index])
        self.wagers.tell(events)
        if unsure:
            self._start(self._find(unsure))

    async def _find(self, wagers: Sequence[TrackedWager]) -> None:
        """Look for wagers without an answer; those that are not there by the last look are lost."""
        for seconds in LOOKS_SECONDS:
            await self.wagers.sleep(seconds)
            missing = {wager.ref: wager for wager in wagers if not wager.answered}
            if not missing:
                return
            for order in await self._recent_orders():
                if order.ref in missing:
                    self.wagers.tell(self.wagers.news(missing[order.ref], order))
        self.wagers.tell(chain.from_iterable(wager.reject(UNKNOWN) for wager in wagers))

    async def _recent_orders(self) -> list[OrderShape]:
        """Return what was placed lately, however often it takes to ask."""
        while True:
            try:
                return await self.wagers.orders(_RECENT_SECONDS)
            except ExchangeError:
                await self.wagers.sleep(LOOKS_SECONDS[-1])

    # Cancelling -------------------------------------------------------------------------------

    async def _cancel_when_placed(self, wager: TrackedWager) -> None:
        await self.wagers.until_answered(wager)
        await self._cancel([wager])

    async def _cancel(self, wagers: Sequence[TrackedWager]) -> None:
        numbered = [wager for wager in wagers if wager.number is not None]
        refused = [CancelRefused(w.ref, UNKNOWN, None) for w in wagers if w.number is None]
        self.wagers.tell(refused)
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
                self.wagers.tell(self.wagers.news(wager, answer.order))

    async def _refuse(self, wager: TrackedWager, code: str) -> None:
        """Tell of a refused cancel; if there is nothing left to cancel, tell how it ended."""
        if wager.rejected:
            self._start(self._cancel_again(wager, code))
            return
        if code in _AGAIN_NS:
            self.wagers.tell(
                [CancelRefused(wager.ref, code, self._clock.wall_ns() + _AGAIN_NS[code])]
            )
            return
        if wager.ended or not await self.wagers.has_ended(wager):
            self.wagers.tell([CancelRefused(wager.ref, code, None)])

    async def _cancel_again(self, wager: TrackedWager, code: str) -> None:
        """Ask again, if there is anything to cancel, for a wager that the desk thinks rejected."""
        if code in _AGAIN_NS:
            await self._clock.sleep_until(self._clock.wall_ns() + _AGAIN_NS[code])
            await self._cancel([wager])

    async def _cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> None:
        try:
            anything = await self._ask_cancel_all(event_id, market_id)
        except ExchangeError as error:
            code = error.code if isinstance(error, RefusalError) else _NO_ANSWER
            if code in _AGAIN_NS:
                retry_at_ns = self._clock.wall_ns() + _AGAIN_NS[code]
                concerned = self._concerned(event_id, market_id)
                self.wagers.tell(
                    [CancelRefused(wager.ref, code, retry_at_ns) for wager in concerned]
                )
            return
        if not anything:
            for wager in self._concerned(event_id, market_id):
                await self.wagers.has_ended(wager)

    async def _ask_cancel_all(self, event_id: EventId | None, market_id: MarketId | None) -> bool:
        if event_id is None:
            return await self._client.cancel_all()
        numbers = [number for number in (event_id, market_id) if number is not None]
        if not all(number.isdecimal() for number in numbers):
            return False
        if market_id is None:
            return await self._client.cancel_event(int(event_id))
        return await self._client.cancel_market(int(event_id), int(market_id))

    def _concerned(
        self, event_id: EventId | None, market_id: MarketId | None
    ) -> list[TrackedWager]:
        """Return the wagers that may be open, of an event or a market if these are named."""
        return [
            wager
            for wager in self.wagers
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
                open_orders = await self.wagers.catch_up()
                balance = await self._client.balance()
            except ExchangeError:
                await self.wagers.sleep(LOOKS_SECONDS[0])
                continue
            open_cents = tuple((order.ref, order.open_cents) for order in open_orders)
            self.wagers.tell([AccountState(self._available_cents(balance), open_cents)])
            return

    def _available_cents(self, balance: BalanceShape) -> int:
        if not self._deferred:
            return balance.balance_cents
        return balance.balance_cents - balance.matched_cents - balance.unmatched_cents

    async def available_cents(self) -> int:
        """Return what may still be staked; raise ExchangeError where it cannot be asked."""
        return self._available_cents(await self._client.balance())

    # Telling ----------------------------------------------------------------------------------

    def _answer(self, events: Sequence[Event]) -> None:
        """Tell what needs no asking, after the call that it answers."""

        async def tell() -> None:
            self.wagers.tell(events)

        self._start(tell())

    def _start(self, asking: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(self._recorded(asking))
        # One that is called off before it began is not awaited by anybody, and need not be.
        task.add_done_callback(lambda _: asking.close())
        return task

    async def _recorded(self, asking: Coroutine[Any, Any, None]) -> None:
        self._before_sending()
        await asking
