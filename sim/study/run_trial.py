"""Runs one trial of a study: the settings of an arm on one recording."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from conf.compose import build_session
from sim.backtest import Backtest, Pass
from sim.games.game_results import GameResult, results_of_events
from sim.results.profit_split import splits_by
from sim.results.summary import event_name, event_spans
from sim.study.trial_store import Trial
from strategies.trading.model.errors import TradingError


class TrialJob(NamedTuple):
    """An arm and a recording, by their numbers in the study."""

    arm: int
    recording: int


class TrialRunner:
    """Runs trials from the settings of the arms and the paths of the recordings.

    A trial that fails is one with a reason, so that the others go on.
    """

    def __init__(self, settings: Mapping[int, DictConfig], recordings: Sequence[str]) -> None:
        """Take the settings of each arm, by number, and the recordings."""
        self._settings = settings
        self._recordings = recordings

    def __call__(self, job: TrialJob) -> Trial:
        """Run one pass under the arm's queue model, without tables and report."""
        began = perf_counter()
        try:
            games, reason = self._games(job), None
        except TradingError as error:
            games, reason = [], str(error)
        except Exception as error:  # a strategy of the user's may raise anything
            games, reason = [], f"{type(error).__name__}: {error}"
        return Trial(job.arm, job.recording, perf_counter() - began, games, reason)

    def _games(self, job: TrialJob) -> list[GameResult]:
        settings = self._settings[job.arm].copy()
        OmegaConf.update(settings, "recording.path", self._recordings[job.recording])
        backtest: Backtest = build_session(settings)
        backtest.examine()
        return _results(backtest.run_pass(backtest.queue()))


def _results(run: Pass) -> list[GameResult]:
    """Return the games of a pass, each with its settled profit taken apart."""
    catalogue = run.desk.market_states.catalogue
    settled = [part for part in run.wagers.parts if part.settled_cents is not None]
    splits = splits_by(settled, lambda part: event_name(catalogue, part.pair))
    return results_of_events(event_spans(run.desk, run.journal), splits)
