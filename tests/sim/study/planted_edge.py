"""Whether studies find an edge that was planted, and none where there is nothing to find.

    python -m sim season nba --games 200 --seed 1 --reference --planted-edge 0.003 --out edge
    python -m sim season nba --games 200 --seed 1 --reference --out none
    for world in edge none; do python -m sim study in-$world +experiment=nba \\
        recording.path=$world/games.jsonl unseen=0 sensitivity=off objective=mispricing \\
        strategy._target_=tests.sim.study.one_sided.OneSided +strategy.side=second,first; done
    python -m tests.sim.study.planted_edge studies/in-edge studies/in-none

In the first world home and over are priced 0.3 points too low, so that backing the first line of
every pair is worth more than backing the second. Each study is taken apart into 20 repetitions of
its own games, and it is printed in how many of them the difference is found at 5 %.

A maker is filled when the touch has moved away from where it belongs, on either side alike: each
side alone gains by that in both worlds, and only their difference shows the edge.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.study.arm_statistics import LEVEL, ArmComparison, PlayedGames, compare_arms, played_games
from sim.study.trial_store import open_store

REPETITIONS = 20
OBJECTIVE = "mispricing"
BASELINE, OTHER = "+strategy.side=second", "+strategy.side=first"


def repetitions(games: PlayedGames) -> Iterator[PlayedGames]:
    """Yield the games in as many parts, in order of time, none in two of them."""
    size = games.count // REPETITIONS
    return (games.between(size * part, size * (part + 1)) for part in range(REPETITIONS))


def first_against_second(folder: Path) -> PlayedGames:
    """Return the games of a study in which one arm backs the second lines, the other the first."""
    store = open_store(folder)
    try:
        numbers = {arm.words: number for number, arm in enumerate(store.arms())}
        arms = [numbers[BASELINE,], numbers[OTHER,]]
        return played_games(store.trials(), arms)
    finally:
        store.close()


def difference(games: PlayedGames) -> ArmComparison:
    """Compare the arm of the first lines with that of the second."""
    return compare_arms(games, OBJECTIVE)[1]


def finds(compared: ArmComparison) -> bool:
    """Return whether a difference is beyond chance."""
    return compared.p_against is not None and compared.p_against < LEVEL


def main(folders: Sequence[str]) -> None:
    """Print the findings of each study."""
    for folder in folders:
        games = first_against_second(Path(folder))
        found = sum(finds(difference(part)) for part in repetitions(games))
        against = difference(games).against
        assert against is not None, "the second of two arms has a baseline"
        sys.stdout.write(
            f"{folder}: found in {found} of {REPETITIONS} repetitions of "
            f"{games.count // REPETITIONS} games; over all {games.count} games the difference is "
            f"{against.mean / 100:+.2f} dollars a game (s.e. {against.error / 100:.2f})\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
