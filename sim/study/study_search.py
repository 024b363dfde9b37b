"""The search of a study: draws arms, runs them on games that choose, and judges the best of them.

The games that judge, the last by date, are never shown to the search. What is run on them is
compared like the arms of any study, corrected for how many there are.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from recordings.reader import open_recording
from sim.study.arm_statistics import played_games
from sim.study.interval_search import IntervalSearch, optuna_storage
from sim.study.study_words import StudyWords, arm_label
from sim.study.trial_store import Trial, TrialStore
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import SportEvent

# How many of the drawn arms are judged.
FINALISTS = 5

_EventKey = tuple[str, str]
ArmWords = tuple[str, ...]
# Returns the number of an arm in the store, adding it if it is new.
AddArm = Callable[[ArmWords], int]
# Runs the trials of these arms on these recordings that are not done.
RunTrials = Callable[[Collection[int], Sequence[int]], None]
# Counts trials that need not be run again.
Skip = Callable[[int], None]


class StudySearch:
    """A search of intervals, one for each arm that was given."""

    def __init__(self, words: StudyWords, recordings: Sequence[str], seed: int) -> None:
        """Divide the recordings; raise ConfigError if none is left to choose or to judge."""
        self._words = words
        self._seed = seed
        self._choosing, self._judging = _divided(recordings, words.unseen)

    def identity(self) -> dict[str, Any]:
        """Return what may not change while it goes on."""
        intervals = [[each.setting, each.low, each.high] for each in self._words.intervals]
        objective = self._words.objective
        return {"intervals": intervals, "objective": objective, "choosing": self._choosing}

    def planned(self) -> int:
        """Return how many trials it has."""
        drawn = len(self._words.arms) * self._words.trials
        return drawn * len(self._choosing) + min(drawn, FINALISTS) * len(self._judging)

    def run(self, store: TrialStore, add_arm: AddArm, run_trials: RunTrials, skip: Skip) -> None:
        """Draw and run arms, or go on with that, then run the best on the games that judge."""
        storage = optuna_storage(store.path)
        values: dict[ArmWords, float] = {}
        for given in self._words.arms:
            name, intervals = arm_label(given), self._words.intervals
            search = IntervalSearch(storage, name, intervals, self._words.trials, self._seed)
            skip(search.done * len(self._choosing))
            baseline = add_arm(given)
            while drawn := search.batch():
                numbers = {arm: add_arm(given + arm.words) for arm in drawn}
                # Whole numbers are drawn more than once.
                once = set(numbers.values())
                run_trials(once, self._choosing)
                skip((len(drawn) - len(once)) * len(self._choosing))
                for arm, number in numbers.items():
                    search.record(arm, self._value(store.trials(), baseline, number))
            values |= {given + words: value for words, value in search.values().items()}
        best = sorted(values, key=lambda words: -values[words])[:FINALISTS]
        run_trials([add_arm(words) for words in best], self._judging)

    def _value(self, trials: Iterable[Trial], given: int, arm: int) -> float | None:
        """Return the mean of an arm over the games of the given one; None if it lacks any."""
        seen = [each for each in trials if each.recording in self._choosing]
        games = played_games(seen, [given, arm])
        if not games.count or games.count < played_games(seen, [given]).count:
            return None
        return float(games.figures(self._words.objective)[1].mean())


def _divided(recordings: Sequence[str], unseen: float) -> tuple[list[int], list[int]]:
    """Return the recordings that choose, and those that judge, by number.

    The later games judge. A recording of any of them does, with all games that are in it, so that
    no game is on both sides.
    """
    events = [open_recording(name).info.events for name in recordings]
    starts = {_key(each): each.scheduled_ns for of_tape in events for each in of_tape}
    ordered = sorted(starts, key=lambda key: (starts[key], key))
    judged: set[_EventKey] = set()
    more = set(ordered[len(ordered) - round(unseen * len(ordered)) :])
    while more - judged:
        judged |= more
        sides = [any(_key(each) in judged for each in of_tape) for of_tape in events]
        later = [of_tape for of_tape, side in zip(events, sides, strict=True) if side]
        more = {_key(each) for of_tape in later for each in of_tape}
    choosing = [number for number, side in enumerate(sides) if not side] if judged else []
    if not choosing:
        message = (
            f"a search needs games that choose and later ones that judge; unseen={unseen:g} of "
            f"{len(ordered):,} games in {len(recordings):,} recordings leaves none for one of them"
        )
        raise ConfigError(message)
    return choosing, [number for number, side in enumerate(sides) if side]


def _key(event: SportEvent) -> _EventKey:
    return event.event_id, event.name
