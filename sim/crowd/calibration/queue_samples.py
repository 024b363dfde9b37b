"""Outcomes of shadow wagers in generated games, in the true queue and under queue models."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recordings.reader import Tape
from sim.crowd.arrays import Flags, Floats
from sim.crowd.calibration.queue_replay import outcomes_under
from sim.crowd.calibration.recorded_games import games_of
from sim.crowd.calibration.shadow_wagers import Cancel, ShadowFill, ShadowQueue, ShadowWager
from sim.crowd.calibration.tape_view import TapeView, Touches
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import GamePlan, write_game
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND

# The power of conf/queue/probable.yaml.
MODELS: Mapping[str, QueueModel] = {
    "back": Back(),
    "prorata": Prorata(),
    "probable": Probable(power=3),
    "front": Front(),
}
TRUE = "true"
VALUE_NS = NS_PER_SECOND


class ShadowFigures(NamedTuple):
    """The figures of wagers under one queue: a number for each wager, all in the same order.

    `filled` is the share of the stake that was matched; the others are NaN where nothing was.
    `seconds` is the time until then; `value` the mid price a second after it, less the price paid.
    """

    filled: Floats
    seconds: Floats
    value: Floats


class QueueSample(NamedTuple):
    """The wagers of one game or more: what was ahead of them, and their figures by queue.

    `half_spread` is that of the market when a wager joined; prices are probabilities. Each row of
    `cancels` is a Cancel.
    """

    ahead_cents: Floats
    half_spread: Floats
    by_queue: Mapping[str, ShadowFigures]
    cancels: Floats

    def chosen(self, wagers: Flags) -> "QueueSample":
        """Return some of the wagers, with all cancels."""
        by_queue = {
            queue: ShadowFigures(*(column[wagers] for column in figures))
            for queue, figures in self.by_queue.items()
        }
        return QueueSample(
            self.ahead_cents[wagers], self.half_spread[wagers], by_queue, self.cancels
        )


def pooled(samples: Sequence[QueueSample]) -> QueueSample:
    """Return the wagers of several games as one sample."""
    by_queue = {
        queue: _joined([sample.by_queue[queue] for sample in samples])
        for queue in samples[0].by_queue
    }
    return QueueSample(
        np.concatenate([sample.ahead_cents for sample in samples]),
        np.concatenate([sample.half_spread for sample in samples]),
        by_queue,
        np.concatenate([sample.cancels for sample in samples]),
    )


def _joined(figures: Sequence[ShadowFigures]) -> ShadowFigures:
    return ShadowFigures(*(np.concatenate(columns) for columns in zip(*figures, strict=True)))


def queue_samples(settings: CrowdSettings, seed: int, games: int) -> list[QueueSample]:
    """Generate NBA games and return the shadow wagers on the moneyline of each."""
    return games_of("shadowed", seed, games, partial(queue_sample, settings))


def queue_sample(settings: CrowdSettings, folder: Path, seed: int) -> QueueSample:
    """Record one game to a new folder, with shadow wagers on its moneyline, and replay these."""
    queues: list[ShadowQueue] = []

    def observe(env: ReplayEnvironment, exchange: SimulatedProphet) -> None:
        moneyline = exchange.books[:2]
        rng = RandomStreams(seed).named("calibration.shadows")
        queues.append(ShadowQueue(env, exchange, moneyline, rng))

    write_game(GamePlan(folder, "simulated: shadow wagers", "nba", seed, settings), observe)
    tape, (queue,) = Tape(folder), queues
    found = sorted(queue.outcomes, key=lambda each: each[0].joins_ns)
    shadows = [shadow for shadow, _ in found]
    outcomes: dict[str, Sequence[ShadowFill | None]] = {TRUE: [outcome for _, outcome in found]}
    for name, model in MODELS.items():
        outcomes[name] = outcomes_under(model, tape, shadows)
    return _sample(shadows, outcomes, queue.cancels, TapeView(tape))


def _sample(
    shadows: Sequence[ShadowWager],
    outcomes: Mapping[str, Sequence[ShadowFill | None]],
    cancels: Sequence[Cancel],
    view: TapeView,
) -> QueueSample:
    """Return the figures of those wagers that were accepted under every queue."""
    touches = view.main_pair(MarketType.MONEYLINE)
    accepted = [
        number
        for number in range(len(shadows))
        if all(outcome[number] is not None for outcome in outcomes.values())
    ]
    kept = [shadows[number] for number in accepted]
    by_queue = {
        queue: _figures(kept, [each for n in accepted if (each := found[n])], touches)
        for queue, found in outcomes.items()
    }
    joined = touches.on(np.array([shadow.joins_ns for shadow in kept], dtype=np.int64))
    ahead = np.array([shadow.ahead_cents for shadow in kept], dtype=np.float64)
    table = np.array(cancels, dtype=np.float64).reshape(-1, len(Cancel._fields))
    return QueueSample(ahead, joined.overround / 2, by_queue, table)


def _figures(
    shadows: Sequence[ShadowWager], outcomes: Sequence[ShadowFill], touches: Touches
) -> ShadowFigures:
    nothing = float("nan")
    joins_ns = np.array([shadow.joins_ns for shadow in shadows], dtype=np.int64)
    filled_ns = np.array([outcome.filled_ns or 0 for outcome in outcomes], dtype=np.int64)
    is_filled = filled_ns > 0
    mid = touches.on(filled_ns + VALUE_NS).mid
    # A shadow wager is on the first line of the pair or on the second.
    on_first = np.array([shadow.line % 2 == 0 for shadow in shadows], dtype=bool)
    paid = np.array([implied_probability(shadow.odds) for shadow in shadows], dtype=np.float64)
    value = np.where(on_first, mid, 1 - mid) - paid
    return ShadowFigures(
        np.array([outcome.filled for outcome in outcomes], dtype=np.float64),
        np.where(is_filled, (filled_ns - joins_ns) / NS_PER_SECOND, nothing),
        np.where(is_filled, value, nothing),
    )
