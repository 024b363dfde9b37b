"""Results of games of one's own, for statistics that need no run."""

from collections.abc import Sequence

from msgspec.structs import replace

from sim.games.game_results import NOTHING, GameResult
from sim.results.run_summary import EventSpan
from sim.study.trial_store import Trial
from tests.sim.small_games import DAY_NS, START_NS


def game(number: int, *, edge_cents: int = 0, profit_cents: int = 0) -> GameResult:
    """Return a game, `number` days after the first, with its edge and its profit."""
    at_ns = START_NS + number * DAY_NS
    event = EventSpan(f"game-{number}", f"Away at Home {number}", at_ns, None, None)
    split = replace(NOTHING, fills=1, edge_cents=edge_cents, profit_cents=profit_cents)
    return GameResult(event, split)


def edges(*cents: int) -> list[GameResult]:
    """Return games of these edges, one a day."""
    return [game(number, edge_cents=each) for number, each in enumerate(cents)]


def trials(*arms: Sequence[GameResult]) -> list[Trial]:
    """Return a trial for each game of each arm."""
    return [
        Trial(arm, recording, 1.0, [each])
        for arm, games in enumerate(arms)
        for recording, each in enumerate(games)
    ]
