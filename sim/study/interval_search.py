"""Draws arms for a study by Optuna, from what earlier ones brought on the games that choose."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from optuna import create_study, logging
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from sim.study.study_words import Interval

# How many arms are drawn before the first of them is evaluated. It is the same on every machine, so
# that the arms are, too.
BATCH = 8


class DrawnArm(NamedTuple):
    """The settings of an arm that was drawn, and the number of its trial at Optuna."""

    number: int
    words: tuple[str, ...]


def optuna_storage(path: Path) -> RDBStorage:
    """Return Optuna's tables in a SQLite file, where its dashboard finds them too."""
    logging.set_verbosity(logging.WARNING)
    return RDBStorage(f"sqlite:///{path.absolute()}")


class IntervalSearch:
    """A search that goes on where it was stopped, and then draws what it would have drawn.

    Draw a batch, evaluate it, record what it brought, until a batch is empty:

        while drawn := search.batch():
            for arm in drawn:
                search.record(arm, value_of(arm.words))
    """

    def __init__(
        self, storage: RDBStorage, name: str, intervals: Sequence[Interval], trials: int, seed: int
    ) -> None:
        """Begin or go on with the search of this name, in all of `trials` arms."""
        self._study = create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        self._intervals = intervals
        self._trials = trials
        self._seed = seed

    @property
    def done(self) -> int:
        """Return how many arms have been evaluated."""
        return len(self._study.trials) - len(self._running())

    def batch(self) -> list[DrawnArm]:
        """Return the arms to evaluate next; those of an interrupted batch are drawn already."""
        done = self.done
        if done < self._trials:
            end = min(self._trials, (done // BATCH + 1) * BATCH)
            for number in range(len(self._study.trials), end):
                self._draw(number)
        return self._running()

    def record(self, arm: DrawnArm, value: float | None) -> None:
        """Take what an arm brought; None if it failed."""
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        self._study.tell(arm.number, value, state=state)

    def values(self) -> dict[tuple[str, ...], float]:
        """Return what each arm brought that did not fail, by its settings, in order of drawing."""
        complete = self._study.get_trials(states=(TrialState.COMPLETE,))
        return {self._words(trial.params): trial.values[0] for trial in complete}

    def _draw(self, number: int) -> None:
        # A sampler for each arm: one that draws on would begin again when a search is resumed.
        seed = np.random.SeedSequence([self._seed, number]).generate_state(1)[0]
        self._study.sampler = TPESampler(seed=int(seed))
        self._study.ask({each.setting: _distribution(each) for each in self._intervals})

    def _running(self) -> list[DrawnArm]:
        running = self._study.get_trials(states=(TrialState.RUNNING,))
        return [DrawnArm(trial.number, self._words(trial.params)) for trial in running]

    def _words(self, values: dict[str, float]) -> tuple[str, ...]:
        # Six digits are more than any setting means, and an arm's name stays readable.
        return tuple(f"{each.setting}={values[each.setting]:.6g}" for each in self._intervals)


def _distribution(interval: Interval) -> BaseDistribution:
    if interval.whole:
        return IntDistribution(int(interval.low), int(interval.high))
    return FloatDistribution(interval.low, interval.high)
