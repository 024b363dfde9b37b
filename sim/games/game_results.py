"""The results of a run game by game, and what they say of games that were not played.

A game is one observation: fills of one game hang together, games do not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate
from math import ceil, inf, sqrt
from statistics import NormalDist, fmean, stdev
from zoneinfo import ZoneInfo

import numpy as np

from sim.results.run_summary import EventSpan, NamedSplit, RunSummary, Split
from strategies.trading.model.units import NS_PER_SECOND

# The leagues of the exchange are played in days of this zone: a game that starts at 00:30 UTC
# belongs to the evening before.
_ZONE = ZoneInfo("America/New_York")
_CONFIDENCE = 0.95
_POWER = 0.8
# With fewer games the interval is that of a bootstrap, as their mean need not be normal; with still
# fewer it has no bounds, as a bootstrap knows no games but these.
_FEW = 50
TOO_FEW = 10
_RESAMPLES = 10_000
_BOOTSTRAP_SEED = 1

NOTHING = Split(0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class GameResult:
    """A game that was followed, and its settled profit, taken apart; all zero without a fill."""

    event: EventSpan
    split: Split

    @property
    def day(self) -> date:
        """Return the day on which it was scheduled, in the time of New York."""
        at = datetime.fromtimestamp(self.event.scheduled_ns // NS_PER_SECOND, UTC)
        return at.astimezone(_ZONE).date()

    @property
    def early_cents(self) -> int:
        """Return edge and adverse moves: what was seen of a game before it decided anything."""
        return self.split.edge_cents + self.split.adverse_cents

    @property
    def close_cents(self) -> int:
        """Return what the fills were worth at the close, or in play after 60 s."""
        return self.early_cents + self.split.drift_cents


@dataclass(frozen=True, slots=True)
class GameMean:
    """A figure a game, in cents: mean, standard error, and the interval of its mean at 95 %.

    `games_needed` is about how many games would show a mean of this size beside chance, with a
    power of 80 %; None if the mean is zero. The error is infinite for a single game, the interval
    for fewer than ten.
    """

    games: int
    mean: float
    error: float
    low: float
    high: float
    games_needed: int | None

    @property
    def total_sd(self) -> float:
        """Return the standard deviation of the sum over all games."""
        return self.error * self.games


@dataclass(frozen=True, slots=True)
class DayResult:
    """The settled profit of the games of a day, and how far it ended below the best day before."""

    day: date
    games: int
    profit_cents: int
    total_cents: int
    drawdown_cents: int


def game_results(summary: RunSummary) -> list[GameResult]:
    """Return the games of a run in order of their scheduled start."""
    return results_of_events(summary.events, summary.splits["event"])


def results_of_events(
    events: Iterable[EventSpan], splits: Iterable[NamedSplit]
) -> list[GameResult]:
    """Return a game for each event, in order of their scheduled start; splits are keyed by them."""
    by_event = {named.key: named.split for named in splits}
    ordered = sorted(events, key=lambda event: (event.scheduled_ns, event.event_id))
    return [GameResult(event, by_event.get(event.event_id, NOTHING)) for event in ordered]


def game_mean(cents: Sequence[int]) -> GameMean:
    """Return the mean of a figure over games; raise ValueError without games."""
    count, mean = len(cents), fmean(cents)
    if count < 2:
        return GameMean(count, mean, inf, -inf, inf, None)
    spread = stdev(cents)
    error = spread / sqrt(count)
    low, high = _interval(cents, mean, error)
    normal = NormalDist()
    errors = normal.inv_cdf((1 + _CONFIDENCE) / 2) + normal.inv_cdf(_POWER)
    needed = ceil((errors * spread / mean) ** 2) if mean and spread else None
    return GameMean(count, mean, error, low, high, needed)


def outcome_sd(games: Sequence[GameResult]) -> float:
    """Return one standard deviation of what chance did to the outcome of all games."""
    return sqrt(sum(game.split.outcome_sd_cents**2 for game in games))


def day_results(games: Sequence[GameResult]) -> list[DayResult]:
    """Return the profit of each day on which games were scheduled, in order."""
    by_day: dict[date, list[int]] = {}
    for game in games:
        by_day.setdefault(game.day, []).append(game.split.profit_cents)
    days = sorted(by_day)
    totals = list(accumulate(sum(by_day[day]) for day in days))
    peaks = accumulate(totals, max, initial=0)
    return [
        DayResult(day, len(by_day[day]), sum(by_day[day]), total, max(0, peak - total))
        for day, total, peak in zip(days, totals, peaks, strict=False)
    ]


def _interval(cents: Sequence[int], mean: float, error: float) -> tuple[float, float]:
    """Return the bounds within which the mean lies with a confidence of 95 %."""
    if len(cents) < TOO_FEW:
        return -inf, inf
    if len(cents) >= _FEW:
        reach = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2) * error
        return mean - reach, mean + reach
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    drawn = rng.integers(len(cents), size=(_RESAMPLES, len(cents)))
    means = np.sort(np.array(cents, dtype=np.float64)[drawn].mean(axis=1))
    tail = round((1 - _CONFIDENCE) / 2 * _RESAMPLES)
    return float(means[tail]), float(means[-tail - 1])
