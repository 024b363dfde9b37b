"""The functions of the Python API; `import sim` has them."""

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conf.compose import compose_session
from conf.modes import Mode, refuse_other_modes
from conf.parts import factory_of
from conf.user_code import class_digests
from recordings.reader import open_recording as open_tape
from recordings.writing import make_folder
from sim.notebook.recording_frames import RecordingFrames
from sim.notebook.run_frames import RunFrames
from sim.notebook.session_frames import SessionFrames
from sim.notebook.study_frames import StudyFrames
from strategies.trading.model.errors import ConfigError
from strategies.trading.ports.strategy import Strategy


def open_recording(name: str | Path) -> RecordingFrames:
    """Open a recording, by its folder or the name of a shipped one; raise TapeError if it cannot.

    sim.open_recording("nba").rows("trade")
    """
    return RecordingFrames(open_tape(str(name)))


def run_backtest(
    recording: str | Path,
    strategy: str | Callable[..., Strategy],
    /,
    *settings: str,
    folder: Path | str | None = None,
    **strategy_settings: Any,
) -> RunFrames:
    """Backtest a strategy on a recording, and return the run.

    `strategy` is a class, with `strategy_settings` as its parameters, or the name of a configured
    one, of which they change settings. `settings` are those of `python -m sim run`, such as
    "+experiment=nba", "latency=lognormal" or "risk.max_event_exposure=500". The run folder is
    `folder`, or a temporary one that goes with the result.

        run = sim.run_backtest("nba", MyIdea, "seed=7", spread_margin=0.004, default_stake=50)
        run.fills()

    Raise ConfigError for invalid settings, TapeError for the recording, StrategyError where the
    strategy raises, and WriteError for a folder that cannot be written.
    """
    _require_texts(settings)
    refuse_other_modes(settings, Mode.BACKTEST)
    words = [*settings, f"recording.path={_written(str(recording))}"]
    given = [f"strategy.{name}={_written(value)}" for name, value in strategy_settings.items()]
    if isinstance(strategy, str):
        session = compose_session([f"strategy={strategy}", *words, *given], Mode.BACKTEST)
    else:
        session = compose_session(
            words,
            Mode.BACKTEST,
            strategy=factory_of("strategy", strategy, strategy_settings),
            code=class_digests(strategy),
            overrides=[*words, *given],
        )
    if folder is not None:
        make_folder(Path(folder))
        session.run(Path(folder), _show_nothing, beside=False)
        return RunFrames(Path(folder))
    own_folder = Path(tempfile.mkdtemp(prefix="prophet-sim-"))
    try:
        session.run(own_folder, _show_nothing, beside=False)
        run = RunFrames(own_folder)
    except BaseException:
        shutil.rmtree(own_folder, ignore_errors=True)
        raise
    weakref.finalize(run, shutil.rmtree, own_folder, ignore_errors=True)
    return run


def read_run(folder: str | Path) -> RunFrames:
    """Read a run folder, of a backtest or of a session's start; raise ConfigError without one."""
    return RunFrames(Path(folder))


def read_session(folder: str | Path) -> SessionFrames:
    """Read the folder of a session, `sessions/NAME`; raise ConfigError without one."""
    return SessionFrames(Path(folder))


def read_study(folder: str | Path) -> StudyFrames:
    """Read the folder of a study, `studies/NAME`; raise ConfigError without a result."""
    return StudyFrames(Path(folder))


def _require_texts(settings: Sequence[Any]) -> None:
    for word in settings:
        if not isinstance(word, str):
            message = f"{word!r}: no setting; write it as text, NAME=VALUE"
            raise ConfigError(message)


def _written(value: object) -> str:
    """Return a value as it is written in a setting of Hydra, in quotes where it needs them."""
    text = str(value)
    if not isinstance(value, str) or re.fullmatch(r"[\w./-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _show_nothing(_label: str, _rows: int, _rows_total: int) -> None:
    """Show no progress."""
