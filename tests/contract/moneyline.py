"""The market of the contract tests: one moneyline with its makers."""

from pathlib import Path

from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import EventStatus, Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
# Ids in the exchange's format.
GAME, MONEYLINE = EventId("19458"), MarketId("219")
HOME, AWAY = LineId("1" * 32), LineId("2" * 32)
SELECTIONS = {HOME: Selection.HOME, AWAY: Selection.AWAY}
# What other makers offer on either line throughout.
OTHERS = (Odds(-108), 50_000)
# At this second a taker stakes up to a hundred dollars on the home line at these odds.
TAKER_SECOND, TAKER_ODDS, TAKER_CENTS = 60, 104, 10_000
BALANCE_CENTS = 1_000_000
# After the taker the game is postponed by this time, and then begins all the same.
POSTPONED_SECONDS, POSTPONED_BY_HOURS, BEGINS_SECONDS = 20, 3, 40


def write_moneyline(folder: Path, opens_seconds: int = 0, *, is_played: bool = False) -> Path:
    """Write a recording of the moneyline, its two makers and its taker.

    The taker's second counts from `opens_seconds` on. If the game is played, it is postponed and
    begins after the taker.
    """
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        start_ns = START_NS + 7200 * NS_PER_SECOND
        event = tape.add_event(
            SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", start_ns)
        )
        market = tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            tape.add_line(Line(line_id, GAME, MONEYLINE, selection, 0.0))
            for line_id, selection in SELECTIONS.items()
        )
        tape.begin_message(START_NS, START_NS)
        tape.schedule(event, start_ns)
        tape.market_status(market, MarketStatus.OPEN)
        tape.offer(home, *OTHERS)
        tape.offer(away, *OTHERS)
        taker_ns = START_NS + (opens_seconds + TAKER_SECOND) * NS_PER_SECOND
        tape.begin_message(taker_ns, taker_ns)
        tape.trade(home, TAKER_ODDS, TAKER_CENTS, Side.TAKER)
        if is_played:
            postponed_ns = taker_ns + POSTPONED_SECONDS * NS_PER_SECOND
            tape.begin_message(postponed_ns, postponed_ns)
            tape.schedule(event, start_ns + POSTPONED_BY_HOURS * 3_600 * NS_PER_SECOND)
            begins_ns = taker_ns + BEGINS_SECONDS * NS_PER_SECOND
            tape.begin_message(begins_ns, begins_ns)
            tape.event_status(event, EventStatus.LIVE)
    return folder
