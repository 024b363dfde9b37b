"""Measures games in parallel, with progress."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from recordings.workers import Job, results_of, usable_processors
from sim.crowd.game_progress import GameProgress

T = TypeVar("T")


def measured_games(
    noun: str, measure: Callable[[Job], T], jobs: Sequence[Job], games_each: int = 1
) -> list[T]:
    """Return what `measure` returns of each job, in their order; all must be picklable.

    `noun` names one of the games in the progress, of which a job measures `games_each`.
    """
    by_index: dict[int, T] = {}
    with (
        GameProgress(0, len(jobs) * games_each, noun) as progress,
        results_of(measure, jobs, usable_processors()) as results,
    ):
        for index, measured in results:
            by_index[index] = measured
            progress.advance(games_each)
    return [by_index[index] for index in range(len(jobs))]
