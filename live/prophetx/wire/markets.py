"""Messages of market data: tournaments, events, markets, strikes and levels."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Raw

from live.decode import NANOSECONDS_MAX, Nanoseconds, WireStruct, unreadable
from strategies.trading.model.units import NS_PER_SECOND

# Points are multiples of a quarter, and far below this in any game.
_POINTS_MAX = 10_000
_LONGEST_ODDS = 1_000_000


class WireTournament(WireStruct, frozen=True):
    """A league or competition."""

    id: int
    name: str | None = None


class WireCompetitor(WireStruct, frozen=True):
    """A competitor of an event; `side` is home or away."""

    id: int | None = None
    name: str | None = None
    side: str | None = None


class WireEvent(WireStruct, frozen=True):
    """A sport event; `scheduled` is its start as ISO text, UTC."""

    event_id: int
    name: str | None = None
    competitors: list[WireCompetitor] | None = None
    scheduled: str | None = None
    status: str | None = None
    tournament_id: int | None = None
    tournament_name: str | None = None
    sport_name: str | None = None
    sub_type: str | None = None
    sequence_number: Nanoseconds = 0

    def competitor(self, side: str) -> WireCompetitor | None:
        """Return the competitor at home, or away."""
        return next((each for each in self.competitors or () if each.side == side), None)

    def scheduled_ns(self) -> int | None:
        """Return the start, None if unreported; raise ProtocolError if it is no time."""
        if self.scheduled in (None, "", "N/A", "<nil>"):
            return None
        try:
            at = datetime.fromisoformat(str(self.scheduled))
        except ValueError as error:
            raise unreadable("scheduled", str(error), str(self.scheduled)) from error
        if at.tzinfo is None:
            raise unreadable("scheduled", "has no time zone", str(self.scheduled))
        scheduled_ns = int(at.timestamp()) * NS_PER_SECOND
        if not 0 <= scheduled_ns <= NANOSECONDS_MAX:
            raise unreadable("scheduled", "is out of range", str(self.scheduled))
        return scheduled_ns


class WireLevel(WireStruct, frozen=True):
    """Stake that a taker can match at a price; without one, a placeholder that names the strike.

    `value` is the most that a taker can stake, in dollars; `quantity`, never to be read as that,
    is the sum of the original stakes of what still rests there.
    """

    outcome_id: int
    strike_id: str
    strike: Decimal | None = None
    competitor_id: int | None = None
    price: int | None = None
    value: Decimal | None = None
    quantity: Decimal | None = None
    updated_at: Nanoseconds | None = None

    @property
    def point(self) -> float:
        """Return the point, zero without one; raise ProtocolError for an invalid one."""
        return point_of(self.strike)


class WireStrike(WireStruct, frozen=True):
    """One pair of strikes with the levels of both: a moneyline, or one point of a spread or total.

    `selections` holds a list of levels for each outcome, the best for a taker first.
    """

    id: int
    name: str | None = None
    type: str | None = None
    sub_type: str | None = None
    status: str | None = None
    strike: Decimal | None = None
    selections: list[list[WireLevel] | None] | None = None
    updated_at: Nanoseconds | None = None
    sequence_number: Nanoseconds | None = None


class WireMarket(WireStrike, frozen=True):
    """A market of one event; `id` is a template that all events share."""

    market_strikes: list[WireStrike] | None = None

    @property
    def strikes(self) -> list[WireStrike]:
        """Return its strikes; a moneyline is its own."""
        return [*([] if self.selections is None else [self]), *(self.market_strikes or ())]


class WireTournaments(WireStruct, frozen=True):
    """The list of tournaments."""

    tournaments: list[WireTournament] | None = None


class WireEvents(WireStruct, frozen=True):
    """The list of a tournament's events."""

    sport_events: list[WireEvent] | None = None


# Markets by event id as text. Each market is decoded on its own, so that one that cannot be decoded
# does not affect the others.
MarketsOfEvents = dict[str, list[Raw] | None]


def ladder_of(response: Any) -> list[int]:
    """Return the permitted odds, given bare or under their name; raise ProtocolError if neither."""
    rungs = response.get("ladder") if isinstance(response, dict) else response
    if isinstance(rungs, list) and rungs and all(map(_are_odds, rungs)):
        return rungs
    raise unreadable("ladder", "is no list of American odds", str(response))


def _are_odds(rung: object) -> bool:
    return type(rung) is int and 100 <= abs(rung) <= _LONGEST_ODDS and rung != -100


def point_of(strike: Decimal | None) -> float:
    """Return a strike as a point, zero for None; raise ProtocolError for an invalid one."""
    if strike is None:
        return 0.0
    if strike.is_finite() and abs(strike) <= _POINTS_MAX and strike * 4 % 1 == 0:
        # Zero has no sign.
        return float(strike) + 0.0
    raise unreadable("strike", "is no point", str(strike))
