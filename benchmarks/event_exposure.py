"""Measures the joint worst case of a game: python -m benchmarks.event_exposure.

A basketball game with as many pairs as `--lines`: moneyline, spreads, totals and team totals, all
with a position. Printed is the CPU time of one worst case, and of what may
still be staked on a line.
"""

import argparse
from statistics import median, quantiles
from time import process_time

import numpy as np

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.event_exposure import (
    PairOutcomes,
    worst_if_lost_cents,
    worst_of_event_cents,
)
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, Pair, SportEvent
from strategies.trading.model.market_types import MarketType, Team

GAME = EventId("game")
_KINDS = (
    (MarketType.SPREAD, None, -9.5),
    (MarketType.TOTAL, None, 218.5),
    (MarketType.TEAM_TOTAL, Team.HOME, 110.5),
    (MarketType.TEAM_TOTAL, Team.AWAY, 107.5),
)


def pairs(count: int) -> list[Pair]:
    """Return a moneyline and the points of the other markets in turn, `count` pairs in all."""
    markets = [Market(GAME, MarketId("0"), MarketType.MONEYLINE, "")]
    markets += [
        Market(GAME, MarketId(f"{place}"), type_, "", participant=team)
        for place, (type_, team, _) in enumerate(_KINDS, 1)
    ]
    points = [(markets[0], 0.0)]
    for place in range(count - 1):
        kind = place % len(_KINDS)
        points.append((markets[kind + 1], _KINDS[kind][2] + place // len(_KINDS)))
    lines = [line for place, each in enumerate(points) for line in _lines(place, *each)]
    event = SportEvent(GAME, "game", "Home", "Away", "NBA", "basketball", 0)
    return list(Catalogue([event], markets, lines).pairs.values())


def _lines(place: int, market: Market, point: float) -> tuple[Line, Line]:
    row, opposite = market.type.row, market.type.opposite_point(point)
    return (
        Line(LineId(f"{place}a"), GAME, market.market_id, row.first, point),
        Line(LineId(f"{place}b"), GAME, market.market_id, row.second, opposite),
    )


def measure(lines: int, times: int) -> list[tuple[str, list[float]]]:
    """Return the milliseconds of each call of the two questions that a limit asks."""
    rng = np.random.default_rng(1)
    game = pairs(lines)
    worst, left = [], []
    for _ in range(times):
        outcomes = [
            PairOutcomes(pair, int(first), int(second))
            for pair, (first, second) in zip(game, rng.integers(-9e4, 9e4, (lines, 2)), strict=True)
        ]
        began = process_time()
        worst_of_event_cents(outcomes, one_score=True)
        between = process_time()
        worst_if_lost_cents(outcomes, game[0], 0, one_score=True)
        worst.append(1e3 * (between - began))
        left.append(1e3 * (process_time() - between))
    return [("worst case", worst), ("stake left on a line", left)]


def main() -> None:
    """Print the medians and the 95th percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=20, help="pairs of the game")
    parser.add_argument("--times", type=int, default=1_000, help="how often to measure")
    words = parser.parse_args()
    for name, each in measure(words.lines, words.times):
        print(
            f"{name}, {words.lines} pairs: median {median(each):.3f} ms, "
            f"95th percentile {quantiles(each, n=20)[-1]:.3f} ms"
        )


if __name__ == "__main__":
    main()
