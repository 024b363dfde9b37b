"""Figures of the moneyline of one recorded game in play, to be pooled over games."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Flags, Floats, Integers
from sim.crowd.calibration.market_figures import per_minute
from sim.crowd.calibration.moments import Moments
from sim.crowd.calibration.tape_view import TapeView, Touches, Trades
from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import EventStatus
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.pricing.in_game import InGame

# Seconds after an official score at which the book is looked at.
SECONDS_AFTER = range(6)
MOVES_S = (2.0, 5.0, 10.0, 20.0, 60.0)
# Nobody has seen a score this long before it is official.
BEFORE_S = 5.0
CHANGES_S = (10.0, 60.0)
AHEAD_S = 60.0
GRID_S = 10.0
# Prices at which a game is not decided yet.
LEAST_MID, MOST_MID = 0.05, 0.95
# Upper ends of prices by which depth at the touch is measured.
DEPTH_PRICES = (0.2, 0.35, 0.65)
REGULATION_MIN, QUARTER_MIN, LATE_MIN = 48.0, 12.0, 10.0
NS_PER_MINUTE = 60 * NS_PER_SECOND
MAX_OVERROUND = 0.9


class InPlayFigures(NamedTuple):
    """The figures of one game. Probabilities unless said; arrays have a value per sample.

    `two_sided` has a row per score and a column per second after it, as have `moves` a column for
    each of MOVES_S: how the mid price moved for the scorer since BEFORE_S before the official
    score. `changes` are successive changes of the mid price by their length in seconds, `ahead` the
    next AHEAD_S of the mid price against what `pricing=in_game` exceeds it by. `dispersion` is
    variance over mean of the number of takers in intervals, by their length. `depths` are dollars
    at the touch by price, `touches` at any price, `trades` those of each trade, and there are
    `trades_a_minute`.
    """

    two_sided: Floats
    moves: Floats
    changes: dict[float, Moments]
    ahead: Moments
    dispersion: dict[float, float]
    overround: Floats
    overround_late: Floats
    overround_before: Floats
    depths: dict[float, Floats]
    touches: Floats
    trades: Floats
    trades_a_minute: float

    @property
    def least_touch(self) -> float:
        """Return the smallest best offer, in dollars."""
        return float(self.touches.min())

    @property
    def least_trade(self) -> float:
        """Return the smallest trade, in dollars."""
        return float(self.trades.min())


class LatePrices(NamedTuple):
    """The mid prices of one game in the last LATE_MIN of regulation, and whether home won it."""

    mid: Floats
    home_won: bool


def late_prices_of(view: TapeView) -> LatePrices:
    """Return the late prices of a game."""
    grid_ns = _grid_ns(view)
    minutes = _minutes_played(view, grid_ns)
    is_late = (minutes >= REGULATION_MIN - LATE_MIN) & (minutes < REGULATION_MIN)
    mid = view.main_pair(MarketType.MONEYLINE).on(grid_ns[is_late]).mid
    return LatePrices(mid[~np.isnan(mid)], view.home_won)


def in_play_figures_of(view: TapeView) -> InPlayFigures:
    """Return the figures of a game."""
    touches = view.main_pair(MarketType.MONEYLINE)
    grid_ns = _grid_ns(view)
    sampled = touches.on(grid_ns)
    last_quarter = _minutes_played(view, grid_ns) >= REGULATION_MIN - QUARTER_MIN
    open_ = _open_prices(sampled.mid)
    trades = view.trades_of(MarketType.MONEYLINE)
    in_play = (trades.at_ns >= view.reopened_ns) & (trades.at_ns < view.ended_ns)
    offered = np.concatenate([sampled.first_cents, sampled.second_cents])
    return InPlayFigures(
        two_sided=_two_sided(view, touches),
        moves=_moves(view, touches),
        changes={seconds: _changes(view, touches, seconds) for seconds in CHANGES_S},
        ahead=_ahead(view, touches, grid_ns),
        dispersion={s: _dispersion(view, _taken_ns(trades), s) for s in CHANGES_S},
        overround=sampled.overround[open_],
        overround_late=sampled.overround[open_ & last_quarter],
        overround_before=sampled.overround[open_ & ~last_quarter],
        depths=_depths(sampled),
        touches=offered[offered > 0] / 100,
        trades=trades.stakes[in_play] / 100,
        trades_a_minute=per_minute(trades.at_ns, view.reopened_ns, view.ended_ns),
    )


def _grid_ns(view: TapeView) -> Integers:
    """Return the times from the reopening to the end at which the book is looked at."""
    return np.arange(view.reopened_ns, view.ended_ns, int(GRID_S * NS_PER_SECOND))


def _open_prices(mid: Floats) -> Flags:
    inside: Flags = (mid >= LEAST_MID) & (mid <= MOST_MID)
    return inside


def _minutes_played(view: TapeView, at_ns: Integers) -> Floats:
    """Return the playing time by the last official clock, in minutes."""
    scored_ns = np.array([when_ns for when_ns, _ in view.scores])
    index = np.maximum(np.searchsorted(scored_ns, at_ns, "right") - 1, 0)
    return np.asarray(view.clocks_ns[index] / NS_PER_MINUTE)


def _scores(view: TapeView) -> tuple[Integers, Integers]:
    """Return when each score became official, and who scored: home +1, away -1."""
    changes = [
        (when_ns, 1 if score[0] - before[0] > score[1] - before[1] else -1)
        for (_, before), (when_ns, score) in pairwise(view.scores)
        if score != before
    ]
    at_ns, scorers = zip(*changes, strict=True)
    return np.array(at_ns), np.array(scorers)


def _last_known(touches: Touches) -> Floats:
    """Return the mid price after each message, the last known one where a side is missing."""
    return np.asarray(touches.mid[touches.last_two_sided])


def _before_scores(view: TapeView, touches: Touches) -> tuple[Integers, Integers, Floats]:
    """Return time and scorer of each score before the end, and the mid price before it.

    Scores are left out of which that price is from before the market opened again at the start.
    """
    at_ns, scorers = _scores(view)
    before_ns = at_ns - int(BEFORE_S * NS_PER_SECOND)
    message = np.searchsorted(touches.at_ns, before_ns, "right") - 1
    priced = touches.last_two_sided[message]
    mid = touches.mid[priced]
    last_ns = view.ended_ns - int(max(MOVES_S) * NS_PER_SECOND)
    chosen = _open_prices(mid) & (touches.at_ns[priced] > view.reopened_ns) & (at_ns < last_ns)
    return at_ns[chosen], scorers[chosen], mid[chosen]


def _two_sided(view: TapeView, touches: Touches) -> Floats:
    """Return it for each score after which the game is not decided either."""
    at_ns, _, _ = _before_scores(view, touches)
    after = touches.on(at_ns + int(max(MOVES_S) * NS_PER_SECOND))
    offered = np.where(np.isnan(after.first), 1 - after.second, after.first)
    at_ns = at_ns[_open_prices(np.where(np.isnan(after.mid), offered, after.mid))]
    columns = [~np.isnan(touches.on(at_ns + s * NS_PER_SECOND).mid) for s in SECONDS_AFTER]
    return np.column_stack(columns).astype(np.float64)


def _moves(view: TapeView, touches: Touches) -> Floats:
    at_ns, scorers, before = _before_scores(view, touches)
    mid = _last_known(touches)
    after = [
        mid[np.searchsorted(touches.at_ns, at_ns + int(s * NS_PER_SECOND), "right") - 1]
        for s in MOVES_S
    ]
    return np.column_stack([scorers * (each - before) for each in after])


def _changes(view: TapeView, touches: Touches, seconds: float) -> Moments:
    """Return the sums over pairs of successive changes of the mid price."""
    grid_ns = np.arange(view.reopened_ns, view.ended_ns, int(seconds * NS_PER_SECOND))
    changes = np.diff(touches.on(grid_ns).mid)
    return Moments.of(changes[:-1], changes[1:])


def _ahead(view: TapeView, touches: Touches, grid_ns: Integers) -> Moments:
    """Return the sums over what the score says beyond the mid price, and the mid's next change."""
    sampled = touches.on(grid_ns).mid
    later = touches.on(grid_ns + int(AHEAD_S * NS_PER_SECOND)).mid
    beyond_ns = view.ended_ns - int(AHEAD_S * NS_PER_SECOND)
    chosen = _open_prices(sampled) & (grid_ns < beyond_ns)
    priced = _in_game_prices(view, touches, grid_ns[chosen])
    return Moments.of(priced - sampled[chosen], later[chosen] - sampled[chosen])


def _in_game_prices(view: TapeView, touches: Touches, at_ns: Integers) -> Floats:
    """Return the price of `pricing=in_game` at each time, from what the tape showed by then."""
    before = float(_last_known(touches)[np.searchsorted(touches.at_ns, view.live_ns, "left") - 1])
    state = EventState(view.event)
    state.keep_fair(view.moneyline, before)
    state.set_status(EventStatus.LIVE, view.live_ns)
    book = Book(view.moneyline)
    pricing = InGame(MAX_OVERROUND)
    scored_ns = np.array([when_ns for when_ns, _ in view.scores])
    indices = np.searchsorted(scored_ns, at_ns, "right") - 1
    prices = []
    for index, now_ns in zip(indices.tolist(), at_ns.tolist(), strict=True):
        state.score, state.clock_ns = view.scores[index][1], int(view.clocks_ns[index])
        prices.append(pricing.fair(book, state, now_ns))
    return np.array(prices, dtype=np.float64)


def _taken_ns(trades: Trades) -> Integers:
    """Return when takers traded; one who matches several offers has trades in one message."""
    _, first = np.unique(trades.seq, return_index=True)
    return trades.at_ns[first]


def _dispersion(view: TapeView, traded_ns: Integers, seconds: float) -> float:
    """Return variance over mean of the number of takers in intervals of a length."""
    ends_ns = np.arange(view.reopened_ns, view.ended_ns, int(seconds * NS_PER_SECOND))
    counts = np.diff(np.searchsorted(traded_ns, ends_ns))
    return float(counts.var() / counts.mean())


def _depths(sampled: Touches) -> dict[float, Floats]:
    """Return the dollars that a taker may stake at the touch, by its price."""
    price = np.concatenate([sampled.first, sampled.second])
    dollars = np.concatenate([sampled.first_cents, sampled.second_cents]) / 100
    lower = (0.0, *DEPTH_PRICES[:-1])
    return {
        top: dollars[(price > bottom) & (price <= top)]
        for bottom, top in zip(lower, DEPTH_PRICES, strict=True)
    }
