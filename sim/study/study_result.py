"""What a study found so far: its arms on the games that judge, and on those that choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recordings.parquet import TableWriter
from sim.study.arm_statistics import (
    ArmComparison,
    PlayedGames,
    WalkForward,
    compare_arms,
    played_games,
    split_games,
    walk_forward,
)
from sim.study.study_words import arm_label
from sim.study.trial_store import TrialStore
from strategies.trading.model.errors import ConfigError

TABLE = "study.parquet"
_SPLIT_FIELDS = (
    *("fills", "stake_cents", "edge_cents", "adverse_cents", "drift_cents", "outcome_cents"),
    *("outcome_sd_cents", "commission_cents", "profit_cents", "reference_cents"),
)


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The result of a study.

    `judged` compares the arms on the games that chose nothing; `seen` is how many others there
    were, and `seen_means` the objective of each arm on them. `failed` are sentences.
    """

    objective: str
    arms: Mapping[int, tuple[str, ...]]
    games: PlayedGames
    judged: Sequence[ArmComparison]
    seen: int
    seen_means: Mapping[int, float]
    walk_forward: WalkForward | None
    failed: Sequence[str]

    def label(self, arm: int) -> str:
        """Return the name of an arm for people."""
        return arm_label(self.arms[arm])


def study_result(
    store: TrialStore, recordings: Sequence[str], objective: str, unseen: float
) -> StudyResult:
    """Return what the trials that are done show; raise ConfigError if no game is done by all."""
    trials = store.trials()
    arms = {number: arm.words for number, arm in enumerate(store.arms())}
    failed = [
        f"{arm_label(arms[each.arm])} on {recordings[each.recording]}: {each.reason}"
        for each in trials
        if each.reason is not None
    ]
    games = played_games(trials, list(arms))
    if not games.count:
        message = "the study has no game that every arm played"
        raise ConfigError("; ".join([message, *failed[:1]]))
    choosing, judging = split_games(games, unseen)
    if not judging.count:
        choosing, judging = games.between(0, 0), games
    means = choosing.figures(objective).mean(axis=1) if choosing.count else []
    return StudyResult(
        objective=objective,
        arms=arms,
        games=games,
        judged=compare_arms(judging, objective),
        seen=choosing.count,
        seen_means=dict(zip(games.arms, map(float, means), strict=False)),
        walk_forward=walk_forward(games, objective),
        failed=failed,
    )


def write_table(folder: Path, result: StudyResult) -> Path:
    """Write a row for every arm and game, and return the path; raise WriteError."""
    types = {"arm": "int32", "settings": "string", "event_id": "string", "event": "string"}
    types |= {"scheduled_ns": "int64"} | dict.fromkeys(_SPLIT_FIELDS, "int64")
    path = folder / TABLE
    writer = TableWriter(path, types)
    for arm, games in zip(result.games.arms, result.games.results, strict=True):
        for game in games:
            terms = (getattr(game.split, name) for name in _SPLIT_FIELDS)
            event = game.event
            row = (arm, result.label(arm), event.event_id, event.name, event.scheduled_ns, *terms)
            writer.append(row)
    writer.close()
    return path
