"""The games, markets and lines of some wagers, as the exchange offers them: names for messages."""

from collections.abc import Iterable
from contextlib import suppress

from live.prophetx.market_data import mapping
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.rest.client import EVENTS_PER_QUERY, ProphetClient
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.prophetx.wire.orders import WireOrder
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import ExchangeError, TapeError


async def offered_catalogue(client: ProphetClient, orders: Iterable[WireOrder]) -> Catalogue:
    """Return the markets of the games that some wagers are on, as far as they are offered.

    What the exchange does not say, or no longer offers, is left out: names never stand in the way
    of a message.
    """
    catalogue = Catalogue([], [], [])
    wanted = {order.sport_event_id for order in orders if order.sport_event_id is not None}
    with suppress(ExchangeError):
        events = await _events(client, wanted)
        ids = list(events)
        for at in range(0, len(ids), EVENTS_PER_QUERY):
            for event_id, offered in (
                await client.markets(ids[at : at + EVENTS_PER_QUERY])
            ).items():
                _add(catalogue, events[event_id], offered)
    return catalogue


async def _events(client: ProphetClient, wanted: set[int]) -> dict[int, WireEvent]:
    found: dict[int, WireEvent] = {}
    for tournament in await client.tournaments() if wanted else ():
        for event in await client.events(tournament.id):
            if event.event_id in wanted:
                found[event.event_id] = event
        if len(found) == len(wanted):
            break
    return found


def _add(catalogue: Catalogue, reported: WireEvent, offered: Iterable[WireMarket]) -> None:
    event = mapping.sport_event(reported)
    if event is None:
        return
    home = reported.competitor("home")
    home_id = None if home is None else home.id
    catalogue.add([event], [], [])
    for each in offered:
        market = mapping.market(event.event_id, each)
        if market is None:
            continue
        for strike in each.strikes:
            with suppress(ExchangeError, TapeError):
                pair = mapping.pair_levels(market, levels_of(strike), home_id)
                catalogue.add([], [market], [entry.line for entry in pair])
