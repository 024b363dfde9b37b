"""Two runs or two studies side by side: their figures, and the settings that differ."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from sim.results.run_summary import RunSummary
from sim.results.summary_file import read_summary
from sim.run_list.finished_runs import KeptStudy, read_study
from sim.study.arm_statistics import PlayedGames, played_games
from sim.study.study_words import arm_label
from sim.study.trial_store import FILE
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import dollars_text

ComparedRow = tuple[str, str, str, str]

_MONEY = (
    *("profit_cents", "commission_cents", "marked_cents", "turnover_cents"),
    *("max_exposure_cents", "max_drawdown_cents", "starting_balance_cents"),
)
_SPLIT = (
    *("edge_cents", "adverse_cents", "drift_cents", "outcome_cents", "outcome_sd_cents"),
    "rebate_cents",
)
_COUNTS = ("wagers_placed", "wagers_matched", "wagers_cancelled", "fills", "denials", "commands")
_TEXTS = ("strategy", "recording", "recording_digest", "seed", "commit", "digest")
_SHOWN_OF_A_DIGEST = 12
_NOTHING = "-"


def compared(first: Path, second: Path) -> list[ComparedRow]:
    """Return rows of a name, two values and their difference, the settings that differ last.

    Raise ConfigError if the folders are not two runs or two studies.
    """
    of_studies = [is_study(folder) for folder in (first, second)]
    head = ("", str(first), str(second), "difference")
    if all(of_studies):
        return [head, *_of_studies(read_study(first), read_study(second))]
    if any(of_studies):
        message = f"{first} and {second}: a study and a run cannot be compared"
        raise ConfigError(message)
    return [head, *_of_runs(first, second)]


def is_study(folder: Path) -> bool:
    """Return whether a folder is that of a study."""
    return (folder / FILE).is_file()


def _of_runs(first: Path, second: Path) -> Iterator[ComparedRow]:
    one, other = read_summary(first), read_summary(second)
    for name in _MONEY:
        yield _money(name, getattr(one, name), getattr(other, name))
        if name == "profit_cents":
            for term in _SPLIT:
                yield _money(f"  {term}", getattr(one.split, term), getattr(other.split, term))
    for name in _COUNTS:
        yield _count(name.replace("_", " "), getattr(one, name), getattr(other, name))
    yield "recording is", _origin_word(one), _origin_word(other), ""
    yield from _differing(_origin(one), _origin(other))
    yield from _differing(_settings(first, one), _settings(second, other))


def _origin_word(summary: RunSummary) -> str:
    return "simulated" if summary.simulated else "real"


def _of_studies(one: KeptStudy, other: KeptStudy) -> Iterator[ComparedRow]:
    yield _count("recordings", len(one.recordings), len(other.recordings))
    yield _count("arms", len(_arms(one)), len(_arms(other)))
    yield _count("trials", len(one.trials), len(other.trials))
    yield _count("failed trials", _failed(one), _failed(other))
    for words, number in _arms(one).items():
        if words in _arms(other):
            mine = played_games(one.trials, [number])
            theirs = played_games(other.trials, [_arms(other)[words]])
            yield _count(f"{arm_label(words)}: games", mine.count, theirs.count)
            for objective in ("early", "profit"):
                means = _mean(mine, objective), _mean(theirs, objective)
                yield _money(f"  {objective}, a game", *means)
    for words in dict.fromkeys((*_arms(one), *_arms(other))):
        if words not in _arms(one) or words not in _arms(other):
            of_one = words in _arms(one)
            yield f"arm {arm_label(words)}", *(("yes", "no") if of_one else ("no", "yes")), ""
    yield from _differing(dict(_pairs(one.settings)), dict(_pairs(other.settings)))


def _arms(study: KeptStudy) -> Mapping[tuple[str, ...], int]:
    numbered = enumerate(study.arms)
    return {arm.words: number for number, arm in numbered if arm.variant_of is None}


def _failed(study: KeptStudy) -> int:
    return sum(trial.reason is not None for trial in study.trials)


def _mean(games: PlayedGames, objective: str) -> int | None:
    return round(float(games.figures(objective).mean())) if games.count else None


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, _, value = word.partition("=")
        yield name, value


def _origin(summary: RunSummary) -> dict[str, str]:
    texts = {name: str(getattr(summary, name)) for name in _TEXTS}
    digests = ("recording_digest", "digest", "commit")
    return texts | {name: texts[name][:_SHOWN_OF_A_DIGEST] for name in digests}


def _settings(folder: Path, summary: RunSummary) -> dict[str, str]:
    """Return the settings of a run by their full names; without its configuration, its models."""
    path = folder / ".hydra" / "config.yaml"
    if not path.is_file():
        return {name: str(value) for name, value in summary.models.items()}
    try:
        loaded = OmegaConf.load(path)
    except (OSError, YAMLError, OmegaConfBaseException) as error:
        message = f"{path}: no configuration ({error})"
        raise ConfigError(message) from error
    return dict(_flat(loaded, ""))


def _flat(node: DictConfig | ListConfig, prefix: str) -> Iterator[tuple[str, str]]:
    values: Any = OmegaConf.to_container(node, resolve=False)
    todo = [(prefix, values)]
    while todo:
        name, value = todo.pop(0)
        if isinstance(value, dict) and value:
            todo += [(f"{name}.{key}".lstrip("."), inner) for key, inner in value.items()]
        else:
            yield name, str(value)


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[ComparedRow]:
    for name in dict.fromkeys((*one, *other)):
        values = one.get(name, _NOTHING), other.get(name, _NOTHING)
        if values[0] != values[1]:
            yield (name, *values, "")


def _money(name: str, one: int | None, other: int | None) -> ComparedRow:
    change = "" if one is None or other is None else dollars_text(other - one)
    return name.removesuffix("_cents").replace("_", " "), _dollars(one), _dollars(other), change


def _dollars(cents: int | None) -> str:
    return _NOTHING if cents is None else dollars_text(cents)


def _count(name: str, one: int, other: int) -> ComparedRow:
    return name, f"{one:,}", f"{other:,}", f"{other - one:+,}"
