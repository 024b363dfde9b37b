"""`summary.json`: the figures of a run, written last, and read again."""

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from conf.modes import Mode
from recordings.writing import write_text
from sim.results.run_summary import BacktestSummary, RunSummary, SessionRunSummary
from strategies.trading.model.errors import ConfigError

SUMMARY_FILE = "summary.json"

# People read the file too: which run it is comes first, and what reproduces it last.
_FIRST = ("limits", "mode", "session", "start", "exchange", "real_money", "speed")
_LAST = ("recording_digest", "code", "models")


class _Mode(Struct):
    mode: Mode


def write_summary(folder: Path, summary: RunSummary) -> None:
    """Write the last file of a run; it gets its name only when it is complete."""
    content: dict[str, Any] = msgspec.to_builtins(summary)
    keys = sorted(content, key=lambda key: (key in _LAST) - (key in _FIRST))
    ordered = {key: content[key] for key in keys}
    text = json.dumps(ordered, indent=2, ensure_ascii=False)
    write_text(folder / SUMMARY_FILE, f"{text}\n")


def has_summary(folder: Path) -> bool:
    """Return whether the run of a folder is finished: its summary is written last."""
    return (folder / SUMMARY_FILE).exists()


def read_summary(folder: Path) -> BacktestSummary | SessionRunSummary:
    """Return the summary of a run folder; raise ConfigError where it cannot be read."""
    path = folder / SUMMARY_FILE
    try:
        content = path.read_bytes()
        if msgspec.json.decode(content, type=_Mode).mode is Mode.BACKTEST:
            return msgspec.json.decode(content, type=BacktestSummary)
        return msgspec.json.decode(content, type=SessionRunSummary)
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{path}: cannot be reported on ({error})"
        raise ConfigError(message) from error
