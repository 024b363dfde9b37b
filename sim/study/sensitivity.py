"""How much the result of the chosen arm depends on the models of the exchange.

A recording does not show who left the queue, and latency is that of one connection: an arm that
earns under one model alone earns by the model.
"""

from collections.abc import Iterator, Sequence

from omegaconf import DictConfig

from sim.study.arm_statistics import choose, key_of, played_games
from sim.study.study_result import compared_arms
from sim.study.study_run import ShowTrials, Study, trial_settings

_MODELS = ("queue=front", "queue=back", "queue=prorata", "latency=none")


def run_sensitivity(study: Study, show: ShowTrials) -> None:
    """Run the chosen arm under other models, on the recordings of the games that judge.

    Each model is one more pass over each of these recordings; that of the arm itself is left out.
    """
    trials, arms = study.store.trials(), study.store.arms()
    games = played_games(trials, compared_arms(arms, trials, len(study.recordings)))
    if not games.count:
        return
    choice = choose(games, study.words.objective, study.words.unseen)
    judged = set(choice.judging.keys())
    recordings = [
        trial.recording
        for trial in trials
        if trial.arm == choice.arm and any(key_of(game) in judged for game in trial.games)
    ]
    study.run_variants(choice.arm, dict(_variants(study, choice.arm)), recordings, show)


def _variants(study: Study, arm: int) -> Iterator[tuple[tuple[str, ...], DictConfig]]:
    """Yield the settings of each variant, with the words by which it differs from other arms."""
    words = study.store.arms()[arm].words
    own = trial_settings([*study.words.shared, *words])
    for model in _MODELS:
        of_variant = (*_without(model, words), model)
        shared = _without(model, study.words.shared)
        settings = trial_settings([*shared, *of_variant])
        if settings != own:
            yield of_variant, settings


def _without(model: str, words: Sequence[str]) -> list[str]:
    """Return the words but those of the group that a model is of, and of settings inside it."""
    group = model.partition("=")[0]
    return [word for word in words if not word.lstrip("+~").startswith((f"{group}=", f"{group}."))]
