"""Runs and trials as two tables of an SQL query, by duckdb, which is an extra."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from msgspec.structs import asdict

from sim.games.game_results import GameResult
from sim.results.run_summary import Split
from sim.run_list.finished_runs import Finished, FinishedBacktest, KeptStudy
from sim.study.study_words import arm_label
from sim.study.trial_store import Trial
from strategies.trading.model.errors import ConfigError

_SPLIT = Split.__struct_fields__
_Columns = dict[str, pl.DataType]
_TEXT, _WHOLE, _TIME = pl.String(), pl.Int64(), pl.Datetime("ns")
_RUN_COLUMNS: _Columns = {
    "folder": _TEXT,
    "finished": _TIME,
    **dict.fromkeys(("mode", "strategy", "recording", "overrides", "queue"), _TEXT),
    **dict.fromkeys(("seed", "wagers_placed", "denials", "turnover_cents"), _WHOLE),
    **dict.fromkeys(("max_exposure_cents", "max_drawdown_cents"), _WHOLE),
    **dict.fromkeys(("digest", "recording_digest", "git_commit"), _TEXT),
    **dict.fromkeys(_SPLIT, _WHOLE),
}
_TRIAL_COLUMNS: _Columns = {
    "study": _TEXT,
    "arm": _WHOLE,
    "settings": _TEXT,
    "variant_of": _WHOLE,
    "recording": _TEXT,
    "seconds": pl.Float64(),
    "reason": _TEXT,
    "event_id": _TEXT,
    "event": _TEXT,
    "scheduled": _TIME,
    **dict.fromkeys(_SPLIT, _WHOLE),
}


def query(found: Finished, sql: str) -> list[tuple[str, ...]]:
    """Return the rows of a query as texts, the names of its columns first.

    The tables are `runs`, a row for each, and `trials`, a row for each game of a trial, or one
    with its reason if it failed. Raise ConfigError if duckdb is missing or refuses the query.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "--sql: duckdb is missing; install it with pip install 'prophet-sim[sql]'"
        raise ConfigError(message) from error
    with duckdb.connect() as connection:
        runs = [_run_row(run) for run in found.runs]
        trials = [row for study in found.studies for row in _trial_rows(study)]
        connection.register("runs", pl.DataFrame(runs, _RUN_COLUMNS, orient="row"))
        connection.register("trials", pl.DataFrame(trials, _TRIAL_COLUMNS, orient="row"))
        try:
            result = connection.execute(sql)
            names = [column[0] for column in result.description or ()]
            rows = result.fetchall()
        except duckdb.Error as error:
            message = f"--sql: {error}"
            raise ConfigError(message) from error
    return [tuple(names), *(tuple(map(_text, row)) for row in rows)]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _run_row(run: FinishedBacktest) -> tuple[Any, ...]:
    figures = run.figures
    return (
        *(str(run.folder), run.finished_ns, figures.mode, figures.strategy, figures.recording),
        *(" ".join(figures.overrides), str(figures.models.get("queue", "")), figures.seed),
        *(figures.wagers_placed, figures.denials, figures.turnover_cents),
        *(figures.max_exposure_cents, figures.max_drawdown_cents, figures.digest),
        *(figures.recording_digest, figures.commit, *asdict(figures.split).values()),
    )


def _trial_rows(study: KeptStudy) -> Iterator[tuple[Any, ...]]:
    for trial in study.trials:
        arm = study.arms[trial.arm]
        recording = study.recordings[trial.recording]
        trial_cells = (
            *(study.folder.name, trial.arm, arm_label(arm.words), arm.variant_of),
            *(recording, trial.seconds, trial.reason),
        )
        for cells in _game_cells(trial):
            yield (*trial_cells, *cells)


def _game_cells(trial: Trial) -> Iterator[Sequence[Any]]:
    if trial.reason is not None:
        yield (None,) * (3 + len(_SPLIT))
    for game in trial.games:
        yield _cells(game)


def _cells(game: GameResult) -> Sequence[Any]:
    event = game.event
    return event.event_id, event.name, event.scheduled_ns, *asdict(game.split).values()
