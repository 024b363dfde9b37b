"""What runs the trials of a study: processes of this machine, or Ray."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from recordings.workers import results_of, usable_processors
from sim.study.run_trial import TrialJob, TrialRunner
from sim.study.trial_store import Trial
from strategies.trading.model.errors import ConfigError

# Within the context, yields the index of each job with its trial, as soon as it is done.
Engine = Callable[
    [TrialRunner, Sequence[TrialJob]], AbstractContextManager[Iterator[tuple[int, Trial]]]
]


ENGINES = ("processes", "ray")


def trial_engine(name: str) -> Engine:
    """Return one of the engines; raise ConfigError if it is not installed."""
    if name == "processes":
        return _in_processes
    try:
        from sim.study.ray_engine import ray_results_of  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        message = f"engine={name}: {error.name} is not installed: pip install 'prophet-sim[ray]'"
        raise ConfigError(message) from error
    return ray_results_of


def _in_processes(
    run: TrialRunner, jobs: Sequence[TrialJob]
) -> AbstractContextManager[Iterator[tuple[int, Trial]]]:
    return results_of(run, jobs, usable_processors())
