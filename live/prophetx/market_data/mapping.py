"""Maps what the exchange offers to the model: events, markets, lines and states."""

from collections.abc import Sequence
from typing import NamedTuple

from live.decode import unreadable
from live.prophetx.market_data.market_names import market_kind
from live.prophetx.wire.markets import WireEvent, WireLevel, WireMarket
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import Selection

# The outcomes of moneylines, spreads and totals, of a whole game and of its first half alike
# (partner API, 4.3, and its sample). That other markets have the same ones is assumed.
_OUTCOMES = {
    4: Selection.HOME,
    5: Selection.AWAY,
    1714: Selection.HOME,
    1715: Selection.AWAY,
    12: Selection.OVER,
    13: Selection.UNDER,
}
_SIDES = {"home": Selection.HOME, "away": Selection.AWAY}

# Any other status of a market counts as suspended.
_MARKET_STATES = {
    "active": MarketStatus.OPEN,
    "open": MarketStatus.OPEN,
    "closed": MarketStatus.CLOSED,
    "settled": MarketStatus.CLOSED,
    "ended": MarketStatus.CLOSED,
}
_EVENT_STATES = {
    "not_started": EventStatus.NOT_STARTED,
    "scheduled": EventStatus.NOT_STARTED,
    "live": EventStatus.LIVE,
    "ended": EventStatus.ENDED,
    "finished": EventStatus.ENDED,
    "closed": EventStatus.ENDED,
}


class LineLevels(NamedTuple):
    """A line, and the levels that a taker on it is shown."""

    line: Line
    levels: list[WireLevel]


def sport_event(reported: WireEvent) -> SportEvent | None:
    """Return an event of two sides with an announced start; None for any other, such as a cup."""
    home, away = reported.competitor("home"), reported.competitor("away")
    scheduled_ns = reported.scheduled_ns()
    if home is None or away is None or scheduled_ns is None or reported.sub_type == "outrights":
        return None
    return SportEvent(
        event_id=EventId(str(reported.event_id)),
        name=reported.name or f"{away.name} at {home.name}",
        home=home.name or "home",
        away=away.name or "away",
        tournament=reported.tournament_name or "",
        sport=reported.sport_name or "",
        scheduled_ns=scheduled_ns,
    )


def market(event_id: EventId, reported: WireMarket) -> Market | None:
    """Return a market of a kind that we know; None for any other, such as one on a player."""
    kind = market_kind(reported.id, reported.type, reported.sub_type)
    if kind is None:
        return None
    name = reported.name or kind.type.row.label.capitalize()
    return Market(event_id, MarketId(str(reported.id)), kind.type, name, kind.period, kind.team)


def pair_levels(
    on: Market, levels: Sequence[WireLevel], home_id: int | None
) -> tuple[LineLevels, LineLevels]:
    """Return the two lines that a strike's levels name, with those of each, home or over first.

    Placeholders are no levels. Raise ProtocolError if it is no pair of lines.
    """
    wanted = (on.type.row.first, on.type.row.second)
    found: dict[Selection, LineLevels] = {}
    for level in levels:
        selection = _OUTCOMES.get(level.outcome_id) or _of_competitor(level, home_id)
        if selection is None:
            raise unreadable("strike", "has an outcome that we do not know", repr(level))
        line = Line(
            LineId(level.strike_id), on.event_id, on.market_id, selection, _point(on, level)
        )
        entry = found.setdefault(selection, LineLevels(line, []))
        if entry.line != line:
            raise unreadable("strike", "has two lines of one outcome", repr(levels))
        if level.price is not None:
            entry.levels.append(level)
    if set(found) != set(wanted) or not _are_opposite(on, *(found[name].line for name in wanted)):
        raise unreadable("strike", "is no pair of lines", repr(levels))
    return found[wanted[0]], found[wanted[1]]


def market_status(status: str | None) -> MarketStatus:
    """Return the status of a market; one that is neither open nor closed is suspended."""
    return _MARKET_STATES.get(status or "", MarketStatus.SUSPENDED)


def event_status(status: str | None) -> EventStatus:
    """Return the status of an event; raise ProtocolError for an unknown one."""
    if status not in _EVENT_STATES:
        why = f"has the unknown status {status!r}"
        raise unreadable("sport_event", why, "")
    return _EVENT_STATES[status]


def _of_competitor(level: WireLevel, home_id: int | None) -> Selection | None:
    """Return the side of an outcome without a known number, by its competitor."""
    if level.competitor_id is None or home_id is None:
        return None
    return _SIDES["home" if level.competitor_id == home_id else "away"]


def _point(on: Market, level: WireLevel) -> float:
    return level.point if on.type.row.has_point else 0.0


def _are_opposite(on: Market, first: Line, second: Line) -> bool:
    if first.line_id == second.line_id:
        return False
    return first.point == on.type.opposite_point(second.point)
