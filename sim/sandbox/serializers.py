"""JSON of the partner API: tournaments, events and offers (4.1 to 4.3), with its field names.

Amounts are in dollars here, as numbers with the decimals they need, as the exchange sends them.
"""

from datetime import UTC, datetime
from typing import Any

from sim.exchange.displayed_book import Level
from sim.sandbox.wire_ids import stable_id, tournament_id
from sim.sandbox.wire_markets import outcome_id, wire_market
from strategies.trading.model.market import EventStatus, Line, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketKind, MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

Json = dict[str, Any]

_TEAMS = (Selection.HOME, Selection.AWAY)

EVENT_STATUS = {
    EventStatus.NOT_STARTED: "not_started",
    EventStatus.LIVE: "live",
    EventStatus.ENDED: "ended",
}
MARKET_STATUS = {
    MarketStatus.OPEN: "active",
    MarketStatus.SUSPENDED: "suspended",
    MarketStatus.CLOSED: "closed",
}


def dollars(cents: int) -> int | float:
    """Return cents as a JSON number of dollars: 2500 is 25, 490 is 4.9."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def number(point: float) -> int | float:
    """Return a point as a JSON number: 2, not 2.0."""
    return int(point) if point == int(point) else point


def iso(ns: int) -> str:
    """Return a time in nanoseconds as ISO 8601 text in UTC, to the second."""
    return datetime.fromtimestamp(ns // NS_PER_SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tournament_json(event: SportEvent, updated_ns: int) -> Json:
    """Return the tournament of an event."""
    return {
        "id": tournament_id(event.tournament),
        "name": event.tournament,
        "banner": "<nil>",
        "image": "<nil>",
        "category": {"id": 37, "name": "USA", "countryCode": "USA"},
        "sport": {"id": stable_id(event.sport), "name": event.sport or "N/A"},
        "updated_at": updated_ns,
    }


def event_json(event: SportEvent, event_id: int, status: str, updated_ns: int) -> Json:
    """Return a sport event."""
    return {
        "event_id": event_id,
        "name": event.name,
        "display_name": event.name,
        "type": None,
        "sub_type": None,
        "sport_name": event.sport,
        "tournament_id": tournament_id(event.tournament),
        "tournament_name": event.tournament,
        "scheduled": iso(event.scheduled_ns),
        "status": status,
        "live_disabled": False,
        "competitors": [
            _competitor_json(event.home, "home"),
            _competitor_json(event.away, "away"),
        ],
        "updated_at": updated_ns,
    }


def _competitor_json(name: str, side: str) -> Json:
    return {
        "id": stable_id(name),
        "name": name,
        "display_name": name,
        "abbreviation": name[:3].upper(),
        "side": side,
        "country": "",
    }


def strike_name(kind: MarketKind, point: float) -> str:
    """Return the exchange's name of a pair of lines; `point` is that of its first line."""
    row = kind.type.row
    if not row.has_point:
        return wire_market(kind).sub_type.replace("_", " ").title()
    return f"Fixed {row.first} {signed(point)}" if row.mirrored else f"Fixed total {point:g}"


def signed(point: float) -> str:
    """Return a point with its sign, zero without one."""
    return f"{point:+g}" if point else "0"


def selection_json(
    type_: MarketType,
    line: Line,
    strike_id: str,
    team: str,
    displayed: list[Level],
    updated_ns: int,
) -> list[Json]:
    """Return the levels displayed on a line, or one empty level if there are none."""
    common: Json = {
        "name": team,
        "outcome_id": outcome_id(type_, line.selection),
        "strike": number(line.point),
        "strike_id": strike_id,
    }
    if type_.row.has_point:
        mirrored = type_.row.mirrored
        common["display_strike"] = signed(line.point) if mirrored else f"{line.point:g}"
        common["name"] = f"{team} {common['display_strike']}"
    if line.selection in _TEAMS:
        common["competitor_id"] = stable_id(team)
    return [_level_json(type_, common, level, updated_ns) for level in displayed] or [
        {**common, **_EMPTY_LEVEL, "display_name": common["name"]}
    ]


_EMPTY_LEVEL: Json = {
    "price": None,
    "display_price": "",
    "quantity": 0,
    "value": 0,
    "updated_at": 0,
}


def _level_json(type_: MarketType, common: Json, level: Level, updated_ns: int) -> Json:
    price = f"{level.odds:+d}"
    name = common["name"]
    return {
        **common,
        "display_name": f"{name} {price}" if not type_.row.has_point else name,
        "price": level.odds,
        "display_price": price,
        "quantity": dollars(level.quantity_cents),
        "value": dollars(level.value_cents),
        "updated_at": updated_ns,
    }
