"""What a study found so far: its arms on the games that judge, and on those that choose."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recordings.parquet import TableWriter
from sim.study.arm_statistics import (
    ArmComparison,
    PlayedGames,
    WalkForward,
    best_arm,
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

    `judged` compares the arms on the games that chose nothing, `judging`; `seen` is how many others
    there were, and `seen_means` the objective of each arm on them. `chosen` is the arm that these
    would choose, `variants` the same arm, first, and under other models of the exchange. `failed`
    and `unfinished` are sentences, on trials and on arms that are not compared.
    """

    objective: str
    arms: Mapping[int, tuple[str, ...]]
    games: PlayedGames
    judging: PlayedGames
    judged: Sequence[ArmComparison]
    seen: int
    seen_means: Mapping[int, float]
    chosen: int
    variants: Sequence[ArmComparison]
    walk_forward: WalkForward | None
    failed: Sequence[str]
    unfinished: Sequence[str]

    @property
    def baseline(self) -> int:
        """Return the arm with which the others are compared."""
        return self.games.arms[0]

    def label(self, arm: int) -> str:
        """Return the name of an arm for people."""
        return arm_label(self.arms[arm])


def compared_arms(store: TrialStore, recordings: int) -> list[int]:
    """Return the arms that were tried on all recordings, of that number, and played a game.

    Others would leave no game that all arms played.
    """
    tried, playing = _tried(store), _playing(store)
    return [
        number
        for number, arm in enumerate(store.arms())
        if arm.variant_of is None and tried[number] == recordings and number in playing
    ]


def _tried(store: TrialStore) -> Mapping[int, int]:
    """Return on how many recordings each arm was tried."""
    return Counter(trial.arm for trial in store.trials())


def _playing(store: TrialStore) -> set[int]:
    """Return the arms that played a game."""
    return {trial.arm for trial in store.trials() if trial.games}


def study_result(
    store: TrialStore, recordings: Sequence[str], objective: str, unseen: float
) -> StudyResult:
    """Return what the trials that are done show; raise ConfigError if no game is done by all."""
    trials, stored = store.trials(), store.arms()
    arms = {number: arm.words for number, arm in enumerate(stored)}
    failed = [
        f"{arm_label(arms[each.arm])} on {recordings[each.recording]}: {each.reason}"
        for each in trials
        if each.reason is not None
    ]
    compared = compared_arms(store, len(recordings))
    games = played_games(trials, compared)
    if not games.count:
        message = "the study has no game that every arm played"
        raise ConfigError("; ".join([message, *failed[:1]]))
    choosing, judging = split_games(games, unseen)
    if not judging.count:
        choosing, judging = games.between(0, 0), games
    means = choosing.figures(objective).mean(axis=1) if choosing.count else []
    chosen = best_arm(choosing if choosing.count else games, objective)
    return StudyResult(
        objective=objective,
        arms=arms,
        games=games,
        judging=judging,
        judged=compare_arms(judging, objective),
        seen=choosing.count,
        seen_means=dict(zip(games.arms, map(float, means), strict=False)),
        chosen=chosen,
        variants=_variants(store, chosen, judging, objective),
        walk_forward=walk_forward(games, objective),
        failed=failed,
        unfinished=_unfinished(store, compared, len(recordings)),
    )


def _unfinished(store: TrialStore, compared: Sequence[int], recordings: int) -> Sequence[str]:
    """Return a sentence on each arm that is not compared."""
    tried = _tried(store)
    return [
        f"{arm_label(arm.words)}: not compared, as it "
        + ("played no game" if tried[number] == recordings else "is not finished")
        for number, arm in enumerate(store.arms())
        if arm.variant_of is None and number not in compared
    ]


def _variants(
    store: TrialStore, chosen: int, judging: PlayedGames, objective: str
) -> Sequence[ArmComparison]:
    """Compare variants of an arm with it, on the judging games that all of them played."""
    variants = [number for number, arm in enumerate(store.arms()) if arm.variant_of == chosen]
    games = played_games(store.trials(), [chosen, *variants]).of(judging)
    return compare_arms(games, objective) if variants and games.count else []


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
