"""Which runs and studies are listed: words such as strategy=simple, since=2026-11-01."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime

from sim.run_list.finished_runs import Finished, FinishedBacktest, KeptStudy
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

_TEXTS = ("mode", "strategy", "recording", "folder")
_DATES: Mapping[str, Callable[[date, date], bool]] = {
    "since": lambda day, bound: day >= bound,
    "until": lambda day, bound: day < bound,
}


def filtered(found: Finished, words: Sequence[str]) -> Finished:
    """Return the runs and studies that every word agrees with; raise ConfigError for a wrong word.

    `since` and `until` are dates in UTC; a text agrees if it is in the figure of that name, in any
    case; another setting, if it is among the settings that were given.
    """
    pairs = [_parsed(word) for word in words]
    return Finished(
        [run for run in found.runs if all(_run_agrees(run, *pair) for pair in pairs)],
        [study for study in found.studies if all(_study_agrees(study, *pair) for pair in pairs)],
        found.unreadable,
    )


def _parsed(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not (name in _TEXTS or name in _DATES or "." in name.lstrip("+")):
        known = ", ".join((*_TEXTS, *_DATES))
        message = f"{word}: no filter; write one of {known}, or a setting with its groups, =VALUE"
        raise ConfigError(message)
    if name in _DATES:
        _day(word, value)
    return name, value


def _day(word: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{word}: not a date, such as 2026-11-01"
        raise ConfigError(message) from error


def _run_agrees(run: FinishedBacktest, name: str, value: str) -> bool:
    if name in _DATES:
        return _DATES[name](day_of(run.finished_ns), date.fromisoformat(value))
    if name == "folder":
        return value in str(run.folder)
    if name in _TEXTS:
        return value.lower() in getattr(run.figures, name).lower()
    return f"{name}={value}" in run.figures.overrides


def _study_agrees(study: KeptStudy, name: str, value: str) -> bool:
    words = [*study.settings, *(word for arm in study.arms for word in arm.words)]
    if name in _DATES:
        return _DATES[name](day_of(study.changed_ns), date.fromisoformat(value))
    if name == "folder":
        return value in str(study.folder)
    if name == "mode":
        return value.lower() in "backtest"
    if name == "recording":
        return any(value.lower() in recording.lower() for recording in study.recordings)
    if name == "strategy":
        own = value.lower().replace("_", "")
        chosen = (word for word in words if word.startswith("strategy="))
        return any(own in word.lower().replace("_", "") for word in chosen)
    return f"{name}={value}" in words


def day_of(ns: int) -> date:
    """Return the day of a time, in UTC."""
    return datetime.fromtimestamp(ns // NS_PER_SECOND, UTC).date()
