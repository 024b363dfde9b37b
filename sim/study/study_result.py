"""What a study found so far: its arms on the games that judge, and on those that choose."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from recordings.parquet import TableWriter
from sim.study.arm_statistics import (
    ArmComparison,
    Choice,
    PlayedGames,
    WalkForward,
    compare_arms,
    played_games,
    walk_forward,
)
from sim.study.game_choice import KeptSearch, choice_of, drawn_games, kept_search
from sim.study.study_words import arm_label
from sim.study.trial_store import StoredArm, Trial, TrialStore
from strategies.trading.model.errors import ConfigError

TABLE = "study.parquet"
_SPLIT_FIELDS = (
    *("fills", "stake_cents", "edge_cents", "adverse_cents", "drift_cents", "outcome_cents"),
    *("outcome_sd_cents", "commission_cents", "rebate_cents", "profit_cents"),
    *("reference_cents", "reference_edge_cents", "mispricing_cents"),
)


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The result of a study.

    `judged` compares the arms on the games that chose nothing, `judging`; `seen` is how many others
    there were, and `seen_means` the objective of each arm on them. `chosen` is the arm that these
    would choose, `variants` the same arm, first, and under other models of the exchange. `drawn`
    are the arms of a search that were not judged, on the games that chose. `failed` and
    `unfinished` are sentences, on trials and on arms that are not compared.
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
    drawn: PlayedGames
    walk_forward: WalkForward | None
    failed: Sequence[str]
    unfinished: Sequence[str]

    @property
    def baseline(self) -> int:
        """Return the arm with which the others are compared."""
        return self.games.arms[0]

    def label(self, arm: int) -> str:
        """Return the settings by which an arm differs."""
        return arm_label(self.arms[arm])

    def name(self, arm: int) -> str:
        """Return its number and short settings: `3: spread_margin=0.01, at_the_touch`."""
        return f"{arm}: {arm_label(map(_short, self.arms[arm]))}"


def _short(word: str) -> str:
    """Return a setting without the groups that it is in; of a group that is chosen, the choice."""
    name, _, value = word.partition("=")
    return f"{name.rpartition('.')[2]}={value}" if "." in name else value


def compared_arms(arms: Sequence[StoredArm], trials: Sequence[Trial], recordings: int) -> list[int]:
    """Return the arms that were tried on all recordings, of that number, and played a game.

    Others would leave no game that all arms played.
    """
    tried, playing = _tried(trials), _playing(trials)
    return [
        number
        for number, arm in enumerate(arms)
        if arm.variant_of is None and tried[number] == recordings and number in playing
    ]


def _tried(trials: Sequence[Trial]) -> Mapping[int, int]:
    """Return on how many recordings each arm was tried."""
    return Counter(trial.arm for trial in trials)


def _playing(trials: Sequence[Trial]) -> set[int]:
    """Return the arms that played a game."""
    return {trial.arm for trial in trials if trial.games}


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
    compared = compared_arms(stored, trials, len(recordings))
    games = played_games(trials, compared)
    search = kept_search(store)
    drawn = drawn_games(search, trials, compared)
    if not games.count:
        message = "the study has no game that every arm played"
        raise ConfigError("; ".join([message, *failed[:1]]))
    choice = choice_of(search, trials, games, objective, unseen)
    seen = choice.choosing.count
    means = choice.choosing.figures(objective).mean(axis=1) if seen else []
    return StudyResult(
        objective=objective,
        arms=arms,
        games=games,
        judging=choice.judging,
        judged=compare_arms(choice.judging, objective),
        seen=seen,
        seen_means=dict(zip(games.arms, map(float, means), strict=False)),
        chosen=choice.arm,
        variants=_variants(stored, trials, choice, objective),
        drawn=drawn,
        # What a search judges was chosen with all games but the last.
        walk_forward=None if search else walk_forward(games, objective),
        failed=failed,
        unfinished=_unfinished(stored, trials, compared, {len(recordings), _drawn_on(search)}),
    )


def _drawn_on(search: KeptSearch | None) -> int:
    """Return on how many recordings an arm is run that a search draws, and does not judge."""
    return len(search["choosing"]) if search else 0


def _unfinished(
    arms: Sequence[StoredArm], trials: Sequence[Trial], compared: Sequence[int], whole: Set[int]
) -> Sequence[str]:
    """Return a sentence on each arm that is not compared; one of `whole` recordings is finished."""
    tried, playing = _tried(trials), _playing(trials)
    return [
        f"{arm_label(arm.words)}: not compared, as it "
        + ("played no game" if tried[number] in whole else "is not finished")
        for number, arm in enumerate(arms)
        if arm.variant_of is None
        and number not in compared
        and not (tried[number] in whole and number in playing)
    ]


def _variants(
    arms: Sequence[StoredArm], trials: Sequence[Trial], choice: Choice, objective: str
) -> Sequence[ArmComparison]:
    """Compare variants of the chosen arm with it, on the judging games that all of them played."""
    playing = _playing(trials)
    variants = [
        number
        for number, arm in enumerate(arms)
        if arm.variant_of == choice.arm and number in playing
    ]
    games = played_games(trials, [choice.arm, *variants]).of(choice.judging)
    return compare_arms(games, objective) if variants and games.count else []


def write_table(folder: Path, result: StudyResult) -> Path:
    """Write a row for every arm and game, and return the path; raise WriteError."""
    types = {"arm": "int32", "settings": "string", "event_id": "string", "event": "string"}
    types |= {"scheduled_ns": "int64"} | dict.fromkeys(_SPLIT_FIELDS, "int64")
    path = folder / TABLE
    writer = TableWriter(path, types)
    drawn, judged = result.drawn, result.games
    arms = zip([*judged.arms, *drawn.arms], [*judged.results, *drawn.results], strict=True)
    for arm, games in sorted(arms, key=itemgetter(0)):
        for game in games:
            terms = (getattr(game.split, name) for name in _SPLIT_FIELDS)
            event = game.event
            row = (arm, result.label(arm), event.event_id, event.name, event.scheduled_ns, *terms)
            writer.append(row)
    writer.close()
    return path
