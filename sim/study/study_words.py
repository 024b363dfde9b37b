"""The words of a study: settings that all arms share, and those by which they differ."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException

from sim.study.objectives import OBJECTIVES
from sim.study.trial_engines import ENGINES
from strategies.trading.model.errors import ConfigError

# Words of the study itself, each with its default. They are no settings of a run.
DEFAULTS = {
    "objective": "early",
    "unseen": "0.5",
    "trials": "0",
    "sensitivity": "on",
    "engine": "processes",
}
_LARGEST_GRID = 1_000
_WHOLE = re.compile(r"interval\(\s*-?\d+\s*,\s*-?\d+\s*\)")


@dataclass(frozen=True, slots=True)
class Interval:
    """A number that a search draws between two bounds, which it may equal; whole if both are."""

    setting: str
    low: float
    high: float
    whole: bool


@dataclass(frozen=True, slots=True)
class StudyWords:
    """What a study is about.

    `shared` are settings as for a run, `--config-dir` among them; `arms` the settings of each arm,
    the first one is the baseline. With `intervals`, `trials` more arms are drawn for each of them.
    `unseen` is the share of games, the last by date, that chooses nothing; `sensitivity` whether
    the chosen arm is also run under other models of the exchange, `engine` what runs the trials.
    """

    shared: tuple[str, ...]
    arms: tuple[tuple[str, ...], ...]
    intervals: tuple[Interval, ...]
    objective: str
    unseen: float
    trials: int
    sensitivity: bool
    engine: str


def study_words(words: Sequence[str]) -> StudyWords:
    """Read the words after the name of a study; raise ConfigError for wrong ones.

    A setting with several values, `strategy.spread_margin=0.01,0.02`, makes an arm of each, with
    each value of every other such setting; `interval(0.002,0.02)` is searched, and `interval(1,5)`
    in whole numbers.
    """
    own = dict(DEFAULTS)
    shared: list[str] = []
    grid: list[list[str]] = []
    intervals: list[Interval] = []
    for word in words:
        name, _, value = word.partition("=")
        if name in own:
            own[name] = value
        elif word.startswith("-") or (shared and shared[-1] == "--config-dir"):
            shared.append(word)
        else:
            _add(_parsed(word), word, shared, grid, intervals)
    arms = tuple(product(*grid))
    if len(arms) > _LARGEST_GRID:
        message = f"{len(arms):,} arms are too many; {_LARGEST_GRID:,} at most, or search intervals"
        raise ConfigError(message)
    trials = _whole("trials", own["trials"])
    _require_searchable(intervals, grid, trials)
    return StudyWords(
        shared=tuple(shared),
        arms=arms,
        intervals=tuple(intervals),
        objective=_one_of("objective", own["objective"], OBJECTIVES),
        unseen=_share(own["unseen"]),
        trials=trials,
        sensitivity=_switch("sensitivity", own["sensitivity"]),
        engine=_one_of("engine", own["engine"], ENGINES),
    )


def arm_label(words: Iterable[str]) -> str:
    """Return the name of an arm for people: the settings by which it differs."""
    return ", ".join(words) or "as given"


def _parsed(word: str) -> Override:
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException as error:
        form = "NAME=interval(LOW,HIGH) with two numbers" if "interval(" in word else "NAME=VALUE"
        message = f"{word}: no setting; write {form}"
        raise ConfigError(message) from error


def _add(
    override: Override,
    word: str,
    shared: list[str],
    grid: list[list[str]],
    intervals: list[Interval],
) -> None:
    """Add a setting to those that are shared, to the grid, or to what is searched."""
    if not override.is_sweep_override():
        shared.append(word)
        return
    name = override.get_key_element()
    value = override.value()
    if isinstance(value, IntervalSweep):
        intervals.append(_interval(name, value, word))
        return
    grid.append([f"{name}={each}" for each in override.sweep_string_iterator()])


def _require_searchable(
    intervals: Sequence[Interval], grid: Sequence[Sequence[str]], trials: int
) -> None:
    """Raise ConfigError for intervals without trials, trials without any, and one given twice."""
    if intervals and not trials:
        message = f"{intervals[0].setting}: an interval is searched; say how often, by trials=50"
        raise ConfigError(message)
    if trials and not intervals:
        message = "trials: nothing is searched; write a setting as NAME=interval(LOW,HIGH)"
        raise ConfigError(message)
    searched = [each.setting for each in intervals]
    given = [words[0].partition("=")[0] for words in grid]
    for name in searched:
        if [*searched, *given].count(name) > 1:
            message = f"{name}: an interval, and given once more; leave one of them out"
            raise ConfigError(message)


def _interval(name: str, sweep: IntervalSweep, word: str) -> Interval:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not -inf < low < high < inf:
        message = f"{name}: no interval from {low} to {high}; write interval(LOW,HIGH)"
        raise ConfigError(message)
    # Hydra reads both as fractions, however they are written.
    return Interval(name, low, high, whole=_WHOLE.search(word) is not None)


def _one_of(name: str, value: str, known: Collection[str]) -> str:
    if value not in known:
        message = f"{name}: {value!r} is not one of {', '.join(known)}"
        raise ConfigError(message)
    return value


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        message = f"unseen: {text!r} is not a share of the games, 0 or more and below 1"
        raise ConfigError(message)
    return share


def _switch(name: str, text: str) -> bool:
    if text not in ("on", "off"):
        message = f"{name}: {text!r} is neither on nor off"
        raise ConfigError(message)
    return text == "on"


def _whole(name: str, text: str) -> int:
    if not text.isdecimal():
        message = f"{name}: {text!r} is not a whole number, 0 or more"
        raise ConfigError(message)
    return int(text)
