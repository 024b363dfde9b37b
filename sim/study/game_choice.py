"""Which games of a study choose an arm, and which judge it: by their date, or as a search began."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.study.arm_statistics import Choice, PlayedGames, best_arm, choose, played_games
from sim.study.trial_store import Trial, TrialStore

# What a search may not change while it goes on, see `StudySearch.identity`.
KeptSearch = Mapping[str, Any]


def kept_search(store: TrialStore) -> KeptSearch | None:
    """Return the search of a study, None if it has none."""
    search: KeptSearch | None = store.identity().get("search")
    return search


def choice_of(
    search: KeptSearch | None,
    trials: Sequence[Trial],
    games: PlayedGames,
    objective: str,
    unseen: float,
) -> Choice:
    """Choose an arm by the games that choose; a search keeps to the recordings it began with."""
    if search is None:
        return choose(games, objective, unseen)
    seen = [each for each in trials if each.recording in search["choosing"]]
    later = [each for each in trials if each.recording not in search["choosing"]]
    choosing = games.of(played_games(seen, games.arms))
    judging = games.of(played_games(later, games.arms))
    return Choice(choosing, judging, best_arm(choosing if choosing.count else games, objective))


def drawn_games(
    search: KeptSearch | None, trials: Sequence[Trial], compared: Sequence[int]
) -> PlayedGames:
    """Return the arms of a search that were run on all recordings that choose, and on no others."""
    played: dict[int, set[int]] = {}
    for trial in trials if search else ():
        if trial.games and trial.arm not in compared:
            played.setdefault(trial.arm, set()).add(trial.recording)
    choosing = set(search["choosing"]) if search else set()
    drawn = [arm for arm, recordings in sorted(played.items()) if recordings == choosing]
    return played_games(trials, drawn)
