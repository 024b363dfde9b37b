"""Runs the trials of a study on Ray: the cluster that RAY_ADDRESS names, or a local one."""

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import ray

from sim.study.code_digest import project_digest
from sim.study.run_trial import TrialJob, TrialRunner
from sim.study.trial_store import Trial
from strategies.trading.model.errors import ConfigError, TradingError


class RayFailedError(TradingError):
    """Ray lost a trial, with a worker that was killed for example."""


@contextmanager
def ray_results_of(
    run: TrialRunner, jobs: Sequence[TrialJob]
) -> Iterator[Iterator[tuple[int, Trial]]]:
    """Start jobs as tasks of Ray; yield the index of each with its trial, as soon as it is done.

    When the context is left early, by Ctrl-C or an error, what still runs is ended. Every node must
    have this version of the code, and recordings and modules of the user's own at the same paths.
    Raise ConfigError if its code is another, and RayFailedError if Ray cannot run a task.
    """
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
    with closing(_results(run, jobs)) as results:
        yield results


def _results(
    run: TrialRunner, jobs: Sequence[TrialJob]
) -> Generator[tuple[int, Trial], None, None]:
    task = ray.remote(_trial)
    # Once on each node, not with each task.
    shared = ray.put(_Shared(run, tuple(sys.path), project_digest()))
    indices = {task.remote(shared, job): index for index, job in enumerate(jobs)}
    try:
        while indices:
            done, _ = ray.wait(list(indices))
            for each in done:
                yield indices.pop(each), ray.get(each)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        message = f"Ray: {' '.join(str(error).split())}"
        raise RayFailedError(message) from error
    finally:
        for each in indices:
            ray.cancel(each, force=True)


class _Shared(NamedTuple):
    """What all tasks have in common: `folders` are those where the user's own modules are."""

    run: TrialRunner
    folders: tuple[str, ...]
    code: str


def _trial(shared: _Shared, job: TrialJob) -> Trial:
    """Run a trial in a worker of Ray, which may work in any folder."""
    sys.path += [folder for folder in shared.folders if folder not in sys.path]
    if _digest() != shared.code:
        message = f"a worker of Ray has another version of the code, in {Path(__file__).parents[2]}"
        raise ConfigError(message)
    return shared.run(job)


_digest = cache(project_digest)
