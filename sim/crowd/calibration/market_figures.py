"""Figures of the markets of one recorded game: small arrays, to be pooled over games."""

from dataclasses import dataclass

import numpy as np

from sim.crowd.arrays import Floats, Integers
from sim.crowd.calibration.tape_view import TapeView, Touches
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

HOUR_S = 3600
# Windows before the start, in hours before it, by the names in the targets.
EARLY = "a day ahead"
WINDOWS = {EARLY: (24, 12), "hours ahead": (12, 3), "last hour": (1, 0)}
PRE_GAME_H, MOVES_H = 3, 6
PAUSE_S = 30.0
# The stream whose gaps were measured never sent two messages closer than this.
CONFLATED_NS = NS_PER_SECOND // 10
# Intervals at which books are sampled.
GRID_PRE_S, GRID_IN_S = 10.0, 1.0
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class MarketFigures:
    """The figures of one game; spreads and moves are probabilities, times seconds.

    `rates` are messages a minute by market and window. Spreads are sampled evenly in time, by
    market ("outer" for all lines but the main ones) and phase. `one_and_two_sided` counts the
    samples of spreads and totals that had offers on one line, and on both. `shared_message_fills`
    is the share of trades in play that came in one message with another.
    """

    rates: dict[tuple[str, str], float]
    gaps_s: Floats
    spreads: dict[tuple[str, str], Floats]
    one_and_two_sided: tuple[int, int]
    depth: Floats
    rungs: Floats
    moves_pre: Floats
    moves_in: Floats
    stakes: Floats
    trades_pre: float
    shared_message_fills: float
    suspensions_s: tuple[float, ...]

    @property
    def pauses(self) -> int:
        """Return the number of gaps of half a minute or more between moneyline messages."""
        return int(np.count_nonzero(self.gaps_s >= PAUSE_S))

    @property
    def longest_gap_s(self) -> float:
        """Return the longest gap between moneyline messages."""
        return float(self.gaps_s.max())


def figures_of(view: TapeView) -> MarketFigures:
    """Return the figures of a game."""
    trades = view.trades_of(MarketType.MONEYLINE)
    in_play = (trades.at_ns >= view.reopened_ns) & (trades.at_ns < view.ended_ns)
    seq = trades.seq[in_play]
    depth, rungs = _levels(view)
    return MarketFigures(
        rates={(type_, name): rate for type_ in view.types for name, rate in _rates(view, type_)},
        gaps_s=_gaps_s(_between(view.book_changes_ns(MarketType.MONEYLINE), *_in_play(view))),
        spreads=_spreads(view),
        one_and_two_sided=_one_and_two_sided(view),
        depth=depth,
        rungs=rungs,
        moves_pre=_moves(view, view.live_ns - MOVES_H * HOUR_S * NS_PER_SECOND, view.live_ns),
        moves_in=_moves(view, *_in_play(view)),
        stakes=trades.stakes[in_play] / 100,
        trades_pre=per_minute(trades.at_ns, *_before(view)),
        shared_message_fills=1 - len(np.unique(seq)) / max(1, len(seq)),
        suspensions_s=tuple(
            (to - since) / NS_PER_SECOND for since, to in view.suspensions(MarketType.MONEYLINE)
        ),
    )


def _gaps_s(messages_ns: Integers) -> Floats:
    """Return the gaps between changes, if none is sent within CONFLATED_NS of the one before.

    What happens within that time waits until it is over, and is sent as one message. A trade has
    no message of its own there.
    """
    sent_ns = messages_ns[:1].tolist()
    for at_ns in messages_ns.tolist():
        # Sent later than this: it waits, and takes this one along.
        if at_ns > sent_ns[-1]:
            sent_ns.append(max(at_ns, sent_ns[-1] + CONFLATED_NS))
    return np.asarray(np.diff(sent_ns) / NS_PER_SECOND)


def _in_play(view: TapeView) -> tuple[int, int]:
    return view.reopened_ns, view.ended_ns


def _before(view: TapeView) -> tuple[int, int]:
    return view.live_ns - PRE_GAME_H * HOUR_S * NS_PER_SECOND, view.live_ns


def _between(times_ns: Integers, from_ns: int, to_ns: int) -> Integers:
    return times_ns[(times_ns >= from_ns) & (times_ns < to_ns)]


def per_minute(times_ns: Integers, from_ns: int, to_ns: int) -> float:
    """Return how many of the times a minute has between two others."""
    return len(_between(times_ns, from_ns, to_ns)) * MINUTE_S * NS_PER_SECOND / (to_ns - from_ns)


def _rates(view: TapeView, type_: MarketType) -> list[tuple[str, float]]:
    times_ns = view.messages_ns(type_)
    spans = {
        name: tuple(view.live_ns - hours * HOUR_S * NS_PER_SECOND for hours in window)
        for name, window in WINDOWS.items()
    }
    spans["in-play"] = _in_play(view)
    return [(name, per_minute(times_ns, *span)) for name, span in spans.items()]


def _grid(from_ns: int, to_ns: int, step_s: float) -> Integers:
    return np.arange(from_ns, to_ns, int(step_s * NS_PER_SECOND), dtype=np.int64)


def _grids(view: TapeView) -> dict[str, Integers]:
    return {
        "pre-match": _grid(*_before(view), GRID_PRE_S),
        "in-play": _grid(*_in_play(view), GRID_IN_S),
    }


def _outer(view: TapeView) -> list[Touches]:
    types = (MarketType.SPREAD, MarketType.TOTAL)
    return [view.touches[index] for type_ in types for index in view.pairs_of(type_)[1:]]


def _spreads(view: TapeView) -> dict[tuple[str, str], Floats]:
    found: dict[tuple[str, str], Floats] = {}
    from_ns, to_ns = (view.live_ns - hours * HOUR_S * NS_PER_SECOND for hours in WINDOWS[EARLY])
    early = view.main_pair(MarketType.MONEYLINE).on(_grid(from_ns, to_ns, MINUTE_S))
    found[MarketType.MONEYLINE, EARLY] = _known(early.overround)
    for phase, grid_ns in _grids(view).items():
        for type_ in view.types:
            found[type_, phase] = _known(view.main_pair(type_).on(grid_ns).overround)
        outer = [touches.on(grid_ns).overround for touches in _outer(view)]
        found["outer", phase] = _known(np.concatenate(outer))
    return found


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _one_and_two_sided(view: TapeView) -> tuple[int, int]:
    grid_ns = _grids(view)["in-play"]
    one = both = 0
    for type_ in (MarketType.SPREAD, MarketType.TOTAL):
        for index in view.pairs_of(type_):
            touches = view.touches[index].on(grid_ns)
            sides = (~np.isnan(touches.first)).astype(int) + ~np.isnan(touches.second)
            one += int(np.count_nonzero(sides == 1))
            both += int(np.count_nonzero(sides == 2))
    return one, both


def _levels(view: TapeView) -> tuple[Floats, Floats]:
    touches = view.main_pair(MarketType.MONEYLINE).on(_grids(view)["pre-match"])
    return touches.depth, _known(touches.rungs)


def _moves(view: TapeView, from_ns: int, to_ns: int) -> Floats:
    """Return the moves of the mid price in minutes at whose start and end it was known."""
    grid_ns = _grid(from_ns, to_ns, MINUTE_S)
    return _known(np.diff(view.main_pair(MarketType.MONEYLINE).on(grid_ns).mid))
