"""Checks of simulated NBA markets, measured on recordings: groups 5 to 9 of the targets.

Most are measured on full games, from a day before the start. In-play moves vary so much between
games that they need many, of the moneyline alone. The lead of the book over the official score is
measured without an in-play delay, as it was on the real exchange.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

import numpy as np

from recordings.reader import Tape
from sim.crowd.arrays import Floats
from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.market_figures import WINDOWS, MarketFigures, figures_of
from sim.crowd.calibration.pooled_checks import Statistic, pooled_check
from sim.crowd.calibration.recorded_games import record_games, replays_to_close
from sim.crowd.calibration.score_reactions import ScoreReactions, reactions_of
from sim.crowd.calibration.tape_view import TapeView
from sim.crowd.crowd_settings import HARD, SUSPENSIONS, CrowdSettings
from sim.crowd.crowd_types import CROWD_TYPES, CrowdType
from strategies.trading.model.market_types import MarketType

# With these numbers every tolerance is at least 3.5 standard errors from the simulated figures.
N_FULL_GAMES, N_MONEYLINES, N_UNDELAYED, N_HARD = 20, 120, 12, 2

MONEYLINE: tuple[CrowdType, ...] = (MarketType.MONEYLINE,)
HALF_HOUR_S = 1_800.0
FULL_GAME = CrowdSettings()
MONEYLINE_ONLY = CrowdSettings(opens_before_s=HALF_HOUR_S, types=MONEYLINE)
UNDELAYED = CrowdSettings(opens_before_s=HALF_HOUR_S, types=MONEYLINE, in_play_delay_s=0.0)
HARD_GAME = CrowdSettings(opens_before_s=HALF_HOUR_S, extra_suspensions=SUSPENSIONS[HARD])

RATES = {"a day ahead": (0, 1), "hours ahead": (1, 3), "last hour": (10, 16), "in-play": (35, 80)}
CENT = 0.01


class TargetCheck(NamedTuple):
    """A check that is still to be measured on full games."""

    group: int
    name: str
    target: str
    low: float
    high: float
    statistic: Statistic[MarketFigures]


def market_checks(seed: int) -> list[Check]:
    """Generate games from the seed, and return every check of groups 5 to 9."""
    full_games = record_games("day", FULL_GAME, seed, N_FULL_GAMES, figures_of_tape)
    checks = [
        pooled_check(*target, full_games) for target in _full_game_targets()
    ] + _suspension_checks(full_games)
    moneylines = record_games(
        "moneyline", MONEYLINE_ONLY, seed, N_MONEYLINES, figures_and_reactions_of_tape
    )
    checks += _moves_in_play([figures for figures, _ in moneylines])
    undelayed = record_games("undelayed", UNDELAYED, seed, N_UNDELAYED, reactions_of_tape)
    checks += _reaction_checks(undelayed, [reactions for _, reactions in moneylines])
    checks += _hard_checks(record_games("hard", HARD_GAME, seed, N_HARD, replayed_suspensions))
    return sorted(checks, key=lambda check: check.group)


def figures_of_tape(tape: Tape) -> MarketFigures:
    """Return the figures of a recorded game."""
    return figures_of(TapeView(tape))


def reactions_of_tape(tape: Tape) -> ScoreReactions:
    """Return the reactions of a recorded moneyline to scores."""
    return reactions_of(TapeView(tape))


def figures_and_reactions_of_tape(tape: Tape) -> tuple[MarketFigures, ScoreReactions]:
    """Return the figures of a recorded game, and the reactions of its moneyline to scores."""
    view = TapeView(tape)
    return figures_of(view), reactions_of(view)


def replayed_suspensions(tape: Tape) -> int:
    """Return the fewest suspensions of a market; zero if a replay does not close all markets."""
    view = TapeView(tape)
    return (
        min(len(view.suspensions(type_)) for type_ in view.types) if replays_to_close(tape) else 0
    )


# Checks on full games -------------------------------------------------------------------


def _full_game_targets() -> Iterator[TargetCheck]:
    yield from _updates()
    yield from _spreads()
    yield from _moves_before()
    yield from _trades()
    yield from _pauses()


def _updates() -> Iterator[TargetCheck]:
    for type_ in CROWD_TYPES:
        for window, (low, high) in RATES.items():
            assert window in {*WINDOWS, "in-play"}
            target = f"{low} to {high}" if low else f"under {high}"
            rate = partial(_rate, type_, window)
            yield TargetCheck(5, f"{type_} messages a minute, {window}", target, low, high, rate)
    yield TargetCheck(
        5,
        "gaps below 0.2 s",
        "a quarter",
        0.2,
        0.33,
        lambda games: float(np.mean(_gaps(games) < 0.2)),
    )
    yield TargetCheck(
        5, "gaps above 4 s", "5 %", 0.03, 0.07, lambda games: float(np.mean(_gaps(games) > 4))
    )


def _rate(type_: MarketType, window: str, games: Sequence[MarketFigures]) -> float:
    return float(np.mean([game.rates[type_, window] for game in games]))


def _gaps(games: Sequence[MarketFigures]) -> Floats:
    return np.concatenate([game.gaps_s for game in games])


def _spreads() -> Iterator[TargetCheck]:
    for name, low, high in (
        ("moneyline, pre-match", 0.5, 1),
        ("moneyline, in-play", 1, 2),
        ("spread, pre-match", 1, 4),
        ("spread, in-play", 1, 4),
        ("total, pre-match", 1, 4),
        ("total, in-play", 1, 4),
        ("outer, pre-match", 10, 50),
        ("outer, in-play", 10, 50),
    ):
        market, phase = name.split(", ")
        median = partial(_spread_points, market, phase)
        yield TargetCheck(6, f"median spread, {name}", f"{low} to {high} cents", low, high, median)
    yield TargetCheck(
        6, "one-sided spreads and totals, in-play", "about 10 %", 0.05, 0.15, _one_sided
    )
    yield TargetCheck(
        6, "overround within 0.2 to 1.3 %, pre-match", "90 %", 0.9, 1, _within_prophetx
    )
    yield TargetCheck(
        6, "levels on a line, median", "5 to 10", 5, 10, lambda games: _median(games, "depth")
    )
    yield TargetCheck(
        6, "ladder steps between levels, median", "1", 1, 1, lambda games: _median(games, "rungs")
    )


def _spread_points(market: str, phase: str, games: Sequence[MarketFigures]) -> float:
    spreads = np.concatenate([game.spreads[market, phase] for game in games])
    return float(np.median(spreads)) / CENT


def _one_sided(games: Sequence[MarketFigures]) -> float:
    one, both = (sum(game.one_and_two_sided[side] for game in games) for side in (0, 1))
    return one / (one + both)


def _within_prophetx(games: Sequence[MarketFigures]) -> float:
    spreads = np.concatenate([game.spreads["moneyline", "pre-match"] for game in games])
    return float(np.mean((spreads >= 0.002) & (spreads <= 0.013)))


def _median(games: Sequence[MarketFigures], name: str) -> float:
    return float(np.median(np.concatenate([getattr(game, name) for game in games])))


def _moves_before() -> Iterator[TargetCheck]:
    yield TargetCheck(
        7,
        "one-minute moves before, s.d.",
        "0.2 to 0.4 cents",
        0.2,
        0.4,
        lambda games: float(np.std(_before(games))) / CENT,
    )
    yield TargetCheck(
        7,
        "one-minute moves before, share of none",
        "90 %",
        0.85,
        0.95,
        lambda games: float(np.mean(np.abs(_before(games)) < 1e-9)),
    )


def _before(games: Sequence[MarketFigures]) -> Floats:
    return np.concatenate([game.moves_pre for game in games])


def _trades() -> Iterator[TargetCheck]:
    for level, low, high in ((0.5, 10, 30), (0.95, 200, 400), (0.99, 600, 1500)):
        name, target = f"size of trades, {level:.0%}", f"{low} to {high} dollars"
        yield TargetCheck(8, name, target, low, high, partial(_size, level))
    yield TargetCheck(
        8, "trades a minute, pre-match", "0.5", 0.35, 0.65, partial(_mean, "trades_pre")
    )
    yield TargetCheck(8, "trades a minute, in-play", "8 to 50", 8, 50, partial(_mean, "trades_in"))
    shared = partial(_mean, "shared_message_fills")
    yield TargetCheck(8, "further fills in one message", "several", 0.05, 0.6, shared)


def _size(level: float, games: Sequence[MarketFigures]) -> float:
    return float(np.quantile(np.concatenate([game.stakes for game in games]), level))


def _mean(name: str, games: Sequence[MarketFigures]) -> float:
    return float(np.mean([getattr(game, name) for game in games]))


def _pauses() -> Iterator[TargetCheck]:
    yield TargetCheck(9, "gaps above 30 s in a game", "2 to 9", 2, 9, partial(_mean, "pauses"))
    name, target = "longest gap in a game, mean", "30 to 120 s"
    yield TargetCheck(9, name, target, 30, 120, partial(_mean, "longest_gap_s"))


def _suspension_checks(games: Sequence[MarketFigures]) -> list[Check]:
    """Check the number and the lengths of suspensions in every game."""
    counts = [len(game.suspensions_s) for game in games]
    checks = [
        Check(9, "suspensions of a game, fewest", "2", 2, 2, min(counts)),
        Check(9, "suspensions of a game, most", "2", 2, 2, max(counts)),
    ]
    for index, name, low, high in ((0, "at the start", 15, 20), (-1, "at the end", 50, 100)):
        lengths_s = [game.suspensions_s[index] for game in games]
        target = f"{low} to {high} s"
        checks += [
            Check(9, f"suspension {name}, shortest", target, low, high, min(lengths_s)),
            Check(9, f"suspension {name}, longest", target, low, high, max(lengths_s)),
        ]
    return checks


# Checks on other games ------------------------------------------------------------------


def _moves_in_play(games: Sequence[MarketFigures]) -> list[Check]:
    return [
        pooled_check(
            7, "one-minute moves in-play, s.d.", "3 to 5 cents", 3, 5,
            lambda some: float(np.std(_during(some))) / CENT, games,
        ),
        pooled_check(
            7, "one-minute moves in-play, 90 %", "5 cents", 3.8, 6.2, partial(_move, 0.9), games
        ),
        pooled_check(
            7, "one-minute moves in-play, 99 %", "8 to 20 cents", 8, 20, partial(_move, 0.99), games
        ),
    ]  # fmt: skip


def _during(games: Sequence[MarketFigures]) -> Floats:
    return np.concatenate([game.moves_in for game in games])


def _move(level: float, games: Sequence[MarketFigures]) -> float:
    return float(np.quantile(np.abs(_during(games)), level)) / CENT


def _reaction_checks(
    undelayed: Sequence[ScoreReactions], delayed: Sequence[ScoreReactions]
) -> list[Check]:
    worse, better = partial(_median_lead, "worse"), partial(_median_lead, "better")
    no_target = "for information"
    return [
        pooled_check(
            7, "lead over the official score, no delay, s", "0.5 to 2", 0.5, 2, worse, undelayed
        ),
        pooled_check(
            7, "lead of cancels at the real delay, s", no_target, -inf, inf, worse, delayed
        ),
        pooled_check(
            7, "lead of placements at the real delay, s", no_target, -inf, inf, better, delayed
        ),
    ]


def _median_lead(name: str, games: Sequence[ScoreReactions]) -> float:
    return float(np.median(np.concatenate([getattr(game, name) for game in games])))


def _hard_checks(suspensions: Sequence[int]) -> list[Check]:
    name = "harder profile, replayed: suspensions, fewest"
    return [Check(9, name, "10 or more", 10, inf, min(suspensions))]
