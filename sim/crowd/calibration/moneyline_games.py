"""What is measured on one recorded game of which the moneyline alone is traded."""

from typing import NamedTuple

from recordings.reader import Tape
from sim.crowd.calibration.in_play_figures import (
    InPlayFigures,
    LatePrices,
    in_play_figures_of,
    late_prices_of,
)
from sim.crowd.calibration.market_figures import MarketFigures, figures_of
from sim.crowd.calibration.pre_game_figures import PreGameFigures, pre_game_figures_of
from sim.crowd.calibration.print_figures import PrintFigures, prints_of
from sim.crowd.calibration.score_reactions import ScoreReactions, reactions_of
from sim.crowd.calibration.tape_view import TapeView
from sim.crowd.calibration.wager_values import WagerValues, values_of


class MoneylineGame(NamedTuple):
    """Everything that is measured on the moneyline of one game."""

    figures: MarketFigures
    prints: PrintFigures
    reactions: ScoreReactions
    in_play: InPlayFigures
    late: LatePrices
    pre_game: PreGameFigures
    wagers: WagerValues


def moneyline_game_of(tape: Tape) -> MoneylineGame:
    """Measure a game that was recorded from six hours before its start on."""
    view = TapeView(tape)
    return MoneylineGame(
        figures_of(view),
        prints_of(view),
        reactions_of(view),
        in_play_figures_of(view),
        late_prices_of(view),
        pre_game_figures_of(view),
        values_of(tape, view),
    )
