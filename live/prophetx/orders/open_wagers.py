"""What is open at the exchange, and how to leave nothing there."""

import asyncio

from live.prophetx.connection import Connection
from live.prophetx.wire.orders import OrderShape
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND

# The exchange tells a history of seven days at most; an hour is left for clocks that differ.
HISTORY_SECONDS = (7 * 24 - 1) * 3600
_OPEN = ("inactive", "open")
_CONFIRM_ATTEMPTS = 20
_CONFIRM_SECONDS = 0.5


async def recent_wagers(connection: Connection) -> list[OrderShape]:
    """Return the wagers of the last week, the newest first, as the exchange's history has them."""
    now = connection.clock.wall_ns() // NS_PER_SECOND
    query = {"from": now - HISTORY_SECONDS, "to": now + 60}
    return await connection.client.history(**query)


async def open_wagers(connection: Connection) -> list[OrderShape]:
    """Return those of them that are open."""
    return [order for order in await recent_wagers(connection) if is_open(order)]


def is_open(order: OrderShape) -> bool:
    """Tell whether some of a wager may still be matched."""
    return order.status in _OPEN and order.open_cents > 0


async def cancel_everything(connection: Connection) -> list[OrderShape]:
    """Cancel everything; return what is still open after ten seconds, if anything."""
    await connection.client.cancel_all()
    still_open = await open_wagers(connection)
    for _ in range(_CONFIRM_ATTEMPTS):
        if not still_open:
            break
        await asyncio.sleep(_CONFIRM_SECONDS)
        still_open = await open_wagers(connection)
    return still_open


def wager_text(wager: OrderShape) -> str:
    """Return a wager as people read it."""
    open_stake = dollars_text(wager.open_cents)
    return f"{wager.ref or wager.number}: {open_stake} at {wager.price or 0:+d} ({wager.status})"
