"""Recordings of small games, an hour of a moneyline each."""

from pathlib import Path

from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND

DAY_NS = 86_400 * NS_PER_SECOND
MINUTE_NS = 60 * NS_PER_SECOND
START_NS = 1_790_000_000 * NS_PER_SECOND


def write_game(folder: Path, number: int, begins_ns: int, *, home_wins: bool) -> Path:
    """Write an hour of a game's moneyline: takers come every minute, then play, then a result."""
    game, moneyline = EventId(f"game-{number}"), MarketId("219")
    tip_off_ns = begins_ns + 60 * MINUTE_NS
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        names = (f"Away at Home {number}", "Home", "Away", "NBA", "basketball")
        event = tape.add_event(SportEvent(game, *names, tip_off_ns))
        market = tape.add_market(Market(game, moneyline, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            tape.add_line(Line(LineId(f"{name}-{number}"), game, moneyline, Selection(name), 0.0))
            for name in ("home", "away")
        )
        tape.begin_message(begins_ns, begins_ns)
        tape.schedule(event, tip_off_ns)
        tape.market_status(market, MarketStatus.OPEN)
        for minute in range(50):
            now_ns = begins_ns + minute * MINUTE_NS + NS_PER_SECOND
            tape.begin_message(now_ns, now_ns)
            tape.offer(home, -104, 50_000 + minute)
            tape.offer(away, -104, 50_000 + minute)
            tape.begin_message(now_ns + 20 * NS_PER_SECOND, now_ns + 20 * NS_PER_SECOND)
            tape.trade((home, away)[minute % 2], -112, 4_000, Side.TAKER)
        tape.begin_message(tip_off_ns, tip_off_ns)
        tape.event_status(event, EventStatus.LIVE)
        tape.begin_message(tip_off_ns + MINUTE_NS, tip_off_ns + MINUTE_NS)
        tape.event_status(event, EventStatus.ENDED)
        won, lost = (home, away) if home_wins else (away, home)
        tape.result(won, Result.WON)
        tape.result(lost, Result.LOST)
    return folder
