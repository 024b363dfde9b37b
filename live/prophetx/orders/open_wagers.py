"""What is open on our account at ProphetX, and the requests that cancel it."""

import math
from collections.abc import Sequence
from contextlib import suppress

from live.prophetx.market_data.offered_catalogue import offered_catalogue
from live.prophetx.orders.order_history import OrderHistory, is_open, wager_text
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.orders.wager_tracker import WagerTracker
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.wire.orders import WireCancellation, WireOrder
from live.retry_pauses import LATE_LOOK_SECONDS
from live.session.gateway import OpenWager
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import TradingError
from strategies.trading.model.ids import EventId, WagerRef

# Wagers requested one by one in a round, as the history lags.
_MOST_REQUESTED = 20
# The exchange's clock may be this far from ours.
_RECENT_SECONDS = 60


class ProphetOpenWagers:
    """The `OpenWagers` of one account, for a session, a verb or the watchdog.

    With the tracker of a session, what that knows counts before the first list arrives.
    """

    def __init__(
        self,
        client: ProphetClient,
        endpoint: Endpoint,
        catalogue: Catalogue | None = None,
        tracker: WagerTracker | None = None,
    ) -> None:
        """Send through a client; wagers are named by the catalogue, else by what is on offer."""
        self._client = client
        self._history = OrderHistory(client)
        self._catalogue = catalogue
        self._tracker = tracker
        self._orders: dict[str, WireOrder] = {}
        self._found: set[WagerRef] = set()
        self._ended: set[str] = set()
        self.venue_name = endpoint.name
        # By then a session has stopped to search for it, and so does the end of one.
        self.late_seconds = endpoint.answer_seconds + sum(LATE_LOOK_SECONDS)
        # A session reports it as rejected then, but its end still waits for it: for as long again,
        # and after that it can be named.
        self._lost_seconds = 3 * math.ceil(self.late_seconds)

    def known(self) -> Sequence[OpenWager]:
        """Return the session's wagers that are not known to have ended."""
        return [
            OpenWager(wager.number, None if wager.line is None else wager.line.event_id, wager.ref)
            for wager in self._tracker or ()
            if wager.number is not None and not wager.ended
        ]

    def unanswered(self) -> Sequence[str]:
        """Return the session's placements without a response that were not listed so far."""
        catalogue = self._catalogue or Catalogue([], [], [])
        requests = [wager.request for wager in self._without_outcome()]
        return [
            catalogue.wager_text(r.ref, r.line_id, r.odds, r.stake_cents)
            for r in requests
            if r.ref not in self._found
        ]

    async def listed(self) -> Sequence[OpenWager]:
        """Return what is open: by the history, which lags, and by single requests."""
        orders = {order.number: order for order in await self._history.unfinished()}
        self._found |= {order.ref for order in orders.values()}
        if self._without_outcome():
            recent = await self._history.recent(self._lost_seconds + _RECENT_SECONDS)
            self._found |= {order.ref for order in recent}
        numbers = [n for n in (*orders, *(w.number for w in self.known())) if n not in self._ended]
        for number in list(dict.fromkeys(numbers))[:_MOST_REQUESTED]:
            order = await self._present(number)
            if order is not None:
                orders[number] = order
                self._ended |= set() if is_open(order) else {number}
        self._orders = {number: order for number, order in orders.items() if is_open(order)}
        return [
            OpenWager(number, _event_id(order), order.ref) for number, order in self._orders.items()
        ]

    async def cancel_all(self) -> bool:
        """Cancel everything; return whether there was anything."""
        return await self._client.cancel_all()

    async def cancel_event(self, event_id: EventId) -> None:
        """Cancel everything of one event."""
        await self._client.cancel_event(int(event_id))

    async def cancel_wager(self, wager: OpenWager) -> None:
        """Cancel one wager, whoever placed it."""
        order = self._orders.get(wager.number)
        ref = "" if order is None else order.ref
        for tracked in self._tracker or ():
            if tracked.number == wager.number:
                ref = tracked.ref
        await self._client.cancel(WireCancellation(order_id=wager.number, external_id=ref))

    async def texts(self, wagers: Sequence[OpenWager]) -> list[str]:
        """Return wagers in words, with their ids alone where nothing more is known."""
        orders = [self._orders[w.number] for w in wagers if w.number in self._orders]
        catalogue = self._catalogue or Catalogue([], [], [])
        if self._catalogue is None and orders:
            with suppress(TradingError):
                catalogue = await offered_catalogue(self._client, orders)
        return [
            wager_text(self._orders[wager.number], catalogue)
            if wager.number in self._orders
            else f"order {wager.number}"
            for wager in wagers
        ]

    def _without_outcome(self) -> Sequence[TrackedWager]:
        return self._tracker.without_outcome(self._lost_seconds) if self._tracker else ()

    async def _present(self, number: str) -> WireOrder | None:
        """Return the present state of a wager, None if the exchange does not report it."""
        with suppress(TradingError):
            return await self._history.order(number)
        return None


def _event_id(order: WireOrder) -> EventId | None:
    return None if order.sport_event_id is None else EventId(str(order.sport_event_id))
