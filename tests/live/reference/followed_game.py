"""Games of the exchange as a poller of odds gets them."""

from live.reference.odds_api.game_matching import FollowedGame
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import EventStatus, SportEvent
from strategies.trading.model.market_types import MarketType


def followed_game(
    home: str,
    away: str,
    scheduled_ns: int,
    *,
    event_id: str = "1",
    tournament: str = "NBA",
    status: EventStatus = EventStatus.NOT_STARTED,
) -> FollowedGame:
    """Return a game with a moneyline, a spread of home -4.5 and -5.5, and a total of 220.5."""
    event = SportEvent(
        EventId(event_id), f"{away} at {home}", home, away, tournament, "Basketball", scheduled_ns
    )
    points = {
        MarketType.MONEYLINE: [0.0],
        MarketType.SPREAD: [-4.5, -5.5],
        MarketType.TOTAL: [220.5],
    }
    lines = {
        type_: {
            point: (
                LineId(f"{event_id} {type_.row.first} {point:g}"),
                LineId(f"{event_id} {type_.row.second} {type_.opposite_point(point):g}"),
            )
            for point in of_type
        }
        for type_, of_type in points.items()
    }
    return FollowedGame(event, scheduled_ns, status, lines)
