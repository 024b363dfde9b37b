"""Checks of the moneylines of the NFL, of baseball and of the NHL: groups 10 and 12.

What wagers are worth, and books after a score, were measured on basketball alone; their gates are
used for these sports too. Of baseball the moves between two looks 123 s apart were measured in 213
games, so the gate is a fifth of their s.d. on both sides.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from recordings.reader import Tape
from sim.crowd.arrays import Floats
from sim.crowd.calibration.bootstrap import TargetCheck, measured_checks
from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.in_play_checks import two_sided_targets
from sim.crowd.calibration.in_play_figures import InPlayFigures, in_play_figures_of
from sim.crowd.calibration.joined_games import LAST_HOURS, play_joined_game
from sim.crowd.calibration.recorded_games import games_of, record_games
from sim.crowd.calibration.sources import POLYMARKET
from sim.crowd.calibration.tape_view import TapeView
from sim.crowd.calibration.wager_checks import joined_targets, value_targets
from sim.crowd.calibration.wager_values import WagerValues, sums_by_phase, values_of
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

N_GAMES, N_JOINED = 60, 40
# Of so few games the share of all makers has an error of 0.2 %, where basketball's gate is at zero.
MAKERS_GATE = (-0.005, 0.02)
POLL_NS = 123 * NS_PER_SECOND
CENT = 0.01


class SportMoneyline(NamedTuple):
    """What is measured on the moneyline of one game; `moves` are in play, between two looks."""

    in_play: InPlayFigures
    wagers: WagerValues
    moves: Floats


def moneyline_checks_of(sport: str, seed: int) -> list[Check]:
    """Return the checks of a sport's moneylines."""
    games = record_games("moneyline", LAST_HOURS, seed, N_GAMES, sport_moneyline_of, sport)
    joined = partial(play_joined_game, sport, sums_by_phase)
    checks = measured_checks(value_targets(MAKERS_GATE), [game.wagers for game in games])
    checks += measured_checks(joined_targets(), games_of("joined", seed, N_JOINED, joined))
    checks += measured_checks(two_sided_targets(), [game.in_play for game in games])
    return checks + (measured_checks(_polled_moves(), games) if sport == "mlb" else [])


def sport_moneyline_of(tape: Tape) -> SportMoneyline:
    """Measure a recorded game."""
    view = TapeView(tape)
    looks_ns = np.arange(view.reopened_ns, view.ended_ns, POLL_NS)
    moves = np.diff(view.main_pair(MarketType.MONEYLINE).on(looks_ns).mid)
    return SportMoneyline(in_play_figures_of(view), values_of(tape, view), moves[~np.isnan(moves)])


def _polled_moves() -> Iterator[TargetCheck[SportMoneyline]]:
    name = "moves in 123 s in-play, s.d., cents"
    yield TargetCheck(7, name, "5.1", 4.1, 6.1, _spread_of_moves, POLYMARKET)


def _spread_of_moves(games: Sequence[SportMoneyline]) -> float:
    return float(np.std(np.concatenate([game.moves for game in games]))) / CENT
