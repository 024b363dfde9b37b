"""The modes in which an experiment can run, and the command of each."""

from collections.abc import Sequence
from enum import StrEnum

from strategies.trading.model.errors import ConfigError


class Mode(StrEnum):
    """A way to run an experiment. Each mode has a file in `conf/mode` and its own command."""

    ALERT_TEST = "alert_test"
    BACKTEST = "backtest"
    CHECK = "check"
    COMPARE = "compare"
    LIVE = "live"
    PAPER = "paper"
    RECONCILE = "reconcile"
    RECORD = "record"
    REHEARSE = "rehearse"
    REPLAY = "replay"
    SERVE = "serve"

    @property
    def command(self) -> str:
        """Return the command that runs this mode."""
        return _COMMANDS[self]


_COMMANDS = {
    Mode.ALERT_TEST: "python -m live alert-test",
    Mode.BACKTEST: "python -m sim run",
    Mode.CHECK: "python -m live check",
    Mode.COMPARE: "python -m sim compare",
    Mode.LIVE: "python -m live trade",
    Mode.PAPER: "python -m live paper",
    Mode.RECONCILE: "python -m live reconcile",
    Mode.RECORD: "python -m live record",
    Mode.REHEARSE: "python -m live rehearse",
    Mode.REPLAY: "python -m sim replay",
    Mode.SERVE: "python -m sim serve",
}


def refuse_other_modes(words: Sequence[str], mode: Mode) -> None:
    """Raise ConfigError if the arguments of a verb name a mode other than the verb's."""
    for word in words:
        name, _, value = word.partition("=")
        if name.lstrip("+~") != "mode" or (word == f"mode={mode}"):
            continue
        other = {each.value: each.command for each in Mode}.get(value)
        remedy = f"use {other}" if other else f"leave it out; {mode.command} is mode={mode}"
        message = f"{word}: the verb chooses the mode; {remedy}"
        raise ConfigError(message)
