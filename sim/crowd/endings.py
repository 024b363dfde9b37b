"""Games that are not played to their end: postponed to another day, or broken off for good.

The shares are those of real games (`Sport.endings`). Assumed, not measured: when a postponement is
announced, and when in a game it is broken off. A postponed game gets the same hour of the next
day as its new start; it is not simulated again then.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from numpy.random import Generator

from sim.crowd.game import Game, Score
from sim.exchange.settlement_rules import Ending, GameEnd
from strategies.trading.model.units import NS_PER_SECOND

DAY_NS = 86_400 * NS_PER_SECOND
# How long before the announced start a postponement is announced, at most as a share of the time
# since the markets opened.
ANNOUNCED_BEFORE_S = (600.0, 10_800.0)
MAX_ANNOUNCED_SHARE = 0.5
# The part of a game after which it is broken off.
BROKEN_OFF_SHARE = (0.1, 0.9)
# A game that is broken off is settled if it was not resumed by then.
RESUMED_WITHIN_S = 36 * 3600.0


@dataclass(frozen=True, slots=True)
class EndingShares:
    """Shares of games that are postponed, and broken off; `half_inning_s` is of the game clock."""

    postponed: float = 0.0
    broken_off: float = 0.0
    half_inning_s: float = 0.0


# The shares of a sport whose games are all played to their end, or of which none is known.
PLAYED_TO_THE_END = EndingShares()


@dataclass(frozen=True, slots=True)
class GameEnding:
    """How a game ends, by what its markets are settled, and when its local day ends.

    `announced_before_s` is how long before the announced start a game is postponed, `played_s` how
    long it is played on the wall clock, and `scores` are those that fell meanwhile.
    """

    end: GameEnd
    announced_before_s: float
    played_s: float
    scores: list[tuple[float, Score]]
    day_ends_ns: int

    @property
    def kind(self) -> Ending:
        """Return whether it is played to its end."""
        return self.end.ending


def drawn_ending(
    rng: Generator,
    sport: str,
    shares: EndingShares,
    game: Game,
    opens_before_s: float,
    day_ends_ns: int,
) -> GameEnding:
    """Draw how a game ends; its markets opened `opens_before_s` before the announced start."""
    chance, place = rng.random(2).tolist()
    if chance < shares.postponed:
        before_s = min(_between(place, ANNOUNCED_BEFORE_S), MAX_ANNOUNCED_SHARE * opens_before_s)
        end = GameEnd(sport, 0, 0, Ending.POSTPONED)
        return GameEnding(end, before_s, 0.0, [], day_ends_ns)
    if chance < shares.postponed + shares.broken_off:
        played_s = _between(place, BROKEN_OFF_SHARE) * game.length_s
        scores = [scored for scored in game.scores if scored[0] <= played_s]
        halves = int(game.clock_at(played_s) // shares.half_inning_s)
        last = scores[-1][1] if scores else Score(0, 0)
        end = GameEnd(sport, last.home, last.away, Ending.SUSPENDED, halves)
        return GameEnding(end, 0.0, played_s, scores, day_ends_ns)
    end = GameEnd(sport, game.final.home, game.final.away)
    return GameEnding(end, 0.0, game.length_s, game.scores, day_ends_ns)


def _between(share: float, bounds: tuple[float, float]) -> float:
    return bounds[0] + share * (bounds[1] - bounds[0])


def end_of_day_ns(at_ns: int, zone: ZoneInfo) -> int:
    """Return the midnight that ends the day of a time in a zone."""
    moment = datetime.fromtimestamp(at_ns // NS_PER_SECOND, UTC).astimezone(zone)
    midnight = datetime.combine(moment.date() + timedelta(days=1), time(), zone)
    return int(midnight.timestamp()) * NS_PER_SECOND
