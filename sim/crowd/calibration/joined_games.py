"""Games in which a naive maker rests its wagers among those of the crowd, which sees them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from recordings.reader import Tape
from recordings.tape import Clocks
from sim.crowd.calibration.in_play_figures import LatePrices, late_prices_of
from sim.crowd.calibration.tape_view import TapeView, went_live
from sim.crowd.calibration.touch_joiner import (
    JoinerFill,
    TouchJoiner,
    moneyline_books,
    new_exchange,
)
from sim.crowd.calibration.wager_values import USUAL_S, FillSums, sums_by_phase
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.crowd_source import CrowdSource
from sim.engine.latency import NoDelay
from sim.exchange.books import LineBook
from sim.exchange.exchange_connection import Inbox
from sim.exchange.offers import Offer
from sim.exchange.publisher import Publisher
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

T = TypeVar("T")
# The moneyline from three hours before the start on; a game starts up to eight minutes late.
LAST_HOURS = CrowdSettings(opens_before_s=3.2 * 3_600.0, types=(MarketType.MONEYLINE,))
# Measures a game by its recording and the fills of the joiner.
MeasureJoined = Callable[[TapeView, Sequence[JoinerFill]], T]


class JoinedGame(NamedTuple):
    """What is measured on a game of basketball: what the joiner's fills were worth, by phase."""

    values: dict[str, FillSums]
    late: LatePrices


def joined_game_of(view: TapeView, fills: Sequence[JoinerFill]) -> JoinedGame:
    """Measure a game of basketball."""
    return JoinedGame(sums_by_phase(view, fills), late_prices_of(view))


def play_joined_game(sport: str, measure: MeasureJoined[T], folder: Path, seed: int) -> T | None:
    """Play a game with a joiner that looks every five seconds, and measure it; None if postponed.

    The game is recorded to a new folder without the joiner's wagers, so its prices are of others.
    """
    source = CrowdSource(sport, seed, LAST_HOURS, record_to=folder)
    env = source.environment("joined", _ignore)
    exchange = new_exchange(env, source.info)
    books = moneyline_books(exchange)
    joiner = TouchJoiner(env, exchange, books, int(USUAL_S * NS_PER_SECOND))
    publisher = Publisher(env, Inbox(env), NoDelay(), Clocks.ONE, [])
    run = source.join(env, exchange, publisher, joiner.account)
    of_publisher = exchange.on_change

    def on_change(book: LineBook, offer: Offer) -> None:
        of_publisher(book, offer)
        joiner.on_change()

    exchange.on_change = on_change
    env.run(until=run.ended)
    run.close()
    tape = Tape(folder)
    return measure(TapeView(tape), joiner.fills) if went_live(tape) else None


def _ignore(_label: str, _done: int, _total: int) -> None:
    """Show no progress of a single game."""
