"""A trial: hostile values of every setting, through composition and validation.

Most replace settings of a composed configuration, some are written as words of a command line. Run
it as

    python -m tests.trials.hostile_settings --size 20000 --seed 1
"""

import sys
from collections.abc import Iterator
from typing import Any

from numpy.random import Generator, default_rng
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from conf.compose import build_session, choices, session_from_command_line
from conf.parts import PartBuilder
from conf.root_settings import check_root
from strategies.trading.model.errors import ConfigError, CredentialsError, TapeError
from tests.conftest import composed
from tests.trials.hostile import Tally, run_script

_REFUSALS = (ConfigError, TapeError, CredentialsError)
# One in this many is composed from a command line, one built as a whole, which takes longer;
# of the others the part that was changed is built.
_WORDS_EVERY, _WHOLE_EVERY = 100, 10
MODES = {
    "run": ("mode=backtest", "+experiment=nba"),
    "trade": ("mode=live", "session.name=a", "pricing=reference"),
    "paper": ("mode=paper", "session.name=a"),
    "serve": ("mode=serve",),
    "record": ("mode=record",),
    "reconcile": ("mode=reconcile", "session.name=a"),
    "rehearse": ("mode=rehearse",),
}
_WORD_CHARACTERS = 2_000
_LONG = "x" * 10_000
_VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 7, 0.5, -0.5, 1e308, -1e308, 1e-308, 2**63, 2**64, -(2**70),
    10**400, float("nan"), float("inf"), float("-inf"), "", " ", "0", "-1", "1e5", "nan", "true",
    "null", "../..", "/dev/null", "/", "\x00", "a\nb", "\x1b[2J", "\u202e", "\ud800", _LONG,
    "${", "${seed}", "${nowhere}", "${.}", "${oc.env:NOWHERE}", "${strategy}", "???", "%s{0}",
    "06:00 America/New_York", "25:61 Nowhere/Else", "http://[", "https://a:99999", "\\", "'",
    [], {}, [None], [[]], {"": {}}, {1: 2}, {"a": {"b": {"c": [1]}}}, ["a"] * 5_000,
    {"_target_": "os.system"}, {"_partial_": True}, {"_target_": "live"}, ["nba", -1, {}],
]  # fmt: skip
_WORDS = [
    "=", "==", "a", "a=", "=1", "+", "~", "~risk", "++risk.in_play=1", "risk.=1", ".=1", "a.b=1",
    "+risk.new=1", "risk@x=1", "strategy=", "strategy=nowhere", "strategy=[a,b]", "seed=1,2",
    "seed=${", "seed=$(x)", "seed='", 'seed="', "seed=[", "seed={", "seed={a:", "--x", "seed=\\",
    "hydra.run.dir=/", "hydra=null", "mode=run", "mode=null", "defaults=1", "\x00=1", "\xe9=1",
    "-m", "--cfg", "--config-dir", "--config-dir=/nowhere", "session.name=\ud800", "seed=0x10",
    "risk.max_daily_loss=1e400", "seed=1_000", "session.name=a/b", "session.name=" + _LONG,
]  # fmt: skip


def places(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every setting and every mapping of settings is."""
    if place:
        yield place
    for key, part in node.items() if isinstance(node, dict) else ():
        yield from places(part, (*place, key))


def replaced(node: Any, place: tuple[Any, ...], change: str, value: Any) -> Any:
    """Return settings with one of them replaced, left out, renamed, or one added beside it."""
    (key, *rest) = place
    if rest:
        return {**node, key: replaced(node[key], tuple(rest), change, value)}
    match change:
        case "omit":
            return {name: part for name, part in node.items() if name != key}
        case "rename":
            return {(f"{key}x" if name == key else name): part for name, part in node.items()}
        case "add":
            return {**node, f"{key}_{str(value)[:5]}": value}
    return {**node, key: value}


class SettingsTrial:
    """Hostile settings of every mode, drawn by chance."""

    def __init__(self, chance: Generator, tally: Tally) -> None:
        """Compose every mode once."""
        self._chance, self._tally = chance, tally
        self._groups = choices()
        self._composed = {
            name: OmegaConf.to_container(composed(*words), resolve=True)
            for name, words in MODES.items()
        }

    def run(self, size: int) -> None:
        """Try this many."""
        names = list(MODES)
        everywhere = {name: list(places(node)) for name, node in self._composed.items()}
        for number in range(size):
            name = names[number % len(names)]
            if number % _WORDS_EVERY == 0:
                self._try_words(name)
                continue
            # Every setting in turn, so that none is left out by chance.
            place = everywhere[name][number // len(names) % len(everywhere[name])]
            self._try_value(name, place, whole=number % _WHOLE_EVERY == 1)

    def _try_value(self, name: str, place: tuple[Any, ...], *, whole: bool) -> None:
        value = self._value()
        change = str(self._chance.choice(["set"] * 12 + ["omit", "rename", "add"]))
        what = name, place, change, value
        node = replaced(self._composed[name], place, change, value)
        if not whole:
            with self._tally.attempt("parts", what, _REFUSALS):
                self._build_part(node, str(place[0]))
            return
        try:
            config = OmegaConf.create(node)
        except OmegaConfBaseException:
            # What no file can hold.
            self._tally.count("settings", "not a configuration")
            return
        with self._tally.attempt("settings", what, _REFUSALS):
            build_session(config)

    def _build_part(self, node: dict[str, Any], name: str) -> None:
        check_root(node, self._groups)
        if name in node:
            PartBuilder(node).build(name, node[name])

    def _try_words(self, name: str) -> None:
        words = [word for word in MODES[name] if not word.startswith("mode=")]
        for _ in range(int(self._chance.integers(1, 3))):
            words.insert(int(self._chance.integers(len(words) + 1)), self._word(name))
        mode = MODES[name][0].partition("=")[2]
        with self._tally.attempt(
            "words", (mode, words), (ConfigError, TapeError, CredentialsError)
        ):
            session_from_command_line(words, mode)

    def _word(self, name: str) -> str:
        if self._chance.random() < 0.5:
            return _WORDS[int(self._chance.integers(len(_WORDS)))]
        found = list(places(self._composed[name]))
        place = found[int(self._chance.integers(len(found)))]
        # Hydra reads 25,000 characters in six seconds, and nobody types them.
        return f"{'.'.join(map(str, place))}={self._value()}"[:_WORD_CHARACTERS]

    def _value(self) -> Any:
        return _VALUES[int(self._chance.integers(len(_VALUES)))]


def run_trial(size: int, seed: int, tally: Tally) -> None:
    """Try hostile settings of every mode."""
    trial = SettingsTrial(default_rng(seed), tally)
    with tally.measured("settings"):
        trial.run(size)


if __name__ == "__main__":
    sys.exit(run_script("hostile_settings", run_trial, sys.argv[1:]))
