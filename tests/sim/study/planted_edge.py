"""Whether studies find an edge that was planted, and none where there is nothing to find.

    python -m sim season nba --games 200 --seed 1 --reference --planted-edge 0.003 --out edge
    python -m sim season nba --games 200 --seed 1 --reference --out none
    for world in edge none; do python -m sim study in-$world +experiment=nba \\
        recording.path=$world/games.jsonl unseen=0 sensitivity=off objective=mispricing \\
        strategy._target_=tests.sim.study.one_sided.OneSided +strategy.side=both,first,second; done
    python -m tests.sim.study.planted_edge studies/in-edge studies/in-none

prints for each study in how many of 20 repetitions, each of its own games, an arm is above zero at
5 %, corrected for the number of arms.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.study.arm_statistics import PlayedGames, compare_arms, played_games
from sim.study.study_words import arm_label
from sim.study.trial_store import open_store

REPETITIONS = 20
OBJECTIVE = "mispricing"


def repetitions(games: PlayedGames) -> Iterator[PlayedGames]:
    """Yield the games in as many parts, in order of time, none in two of them."""
    size = games.count // REPETITIONS
    return (games.between(size * part, size * (part + 1)) for part in range(REPETITIONS))


def main(folders: Sequence[str]) -> None:
    """Print the findings of each study."""
    for folder in folders:
        store = open_store(Path(folder))
        try:
            arms, trials = store.arms(), store.trials()
        finally:
            store.close()
        games = played_games(trials, list(range(len(arms))))
        found = [0] * len(arms)
        any_found = 0
        for part in repetitions(games):
            earning = [each.earns for each in compare_arms(part, OBJECTIVE)]
            found = [count + earns for count, earns in zip(found, earning, strict=True)]
            any_found += any(earning)
        whole = compare_arms(games, OBJECTIVE)
        per_part = games.count // REPETITIONS
        sys.stdout.write(
            f"{folder}: in {any_found} of {REPETITIONS} repetitions of {per_part} games an arm is "
            "found\n"
        )
        for arm, count, each in zip(arms, found, whole, strict=True):
            mean = each.objective
            sys.stdout.write(
                f"  {arm_label(arm.words)}: found in {count}; over all {mean.games} games "
                f"{mean.mean / 100:+.2f} dollars a game (s.e. {mean.error / 100:.2f})\n"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
