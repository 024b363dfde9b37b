"""A study: every arm on every recording, in parallel, kept trial by trial."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from conf.compose import composed_settings
from conf.modes import Mode
from recordings.reader import open_recording
from recordings.selection import selected_recordings
from recordings.workers import results_of, usable_processors
from recordings.writing import make_folder
from sim.study.code_digest import project_digest, user_digest
from sim.study.run_trial import TrialJob, TrialRunner
from sim.study.study_words import StudyWords, arm_label
from sim.study.trial_store import StoredArm, Trial, TrialStore
from strategies.trading.model.errors import ConfigError

# Shows how many trials are done, of how many.
ShowTrials = Callable[[int, int], None]


_FEED = "sim.recorded_source.recorded_source"


class Study:
    """A study in its folder. Trials that are done are never run again.

    Use it as a context manager, which closes its file.
    """

    def __init__(self, folder: Path, words: StudyWords) -> None:
        """Open a study, or begin one.

        Raise ConfigError if the folder holds another study, or one of other code or recordings, and
        ConfigError or TapeError for wrong settings.
        """
        self.folder = folder
        self.words = words
        shared = trial_settings(words.shared)
        names = OmegaConf.select(shared, "recording.path")
        paths = names if isinstance(names, str) else list(names)
        self.recordings = selected_recordings(paths)
        settings = {
            words_of_arm: trial_settings([*words.shared, *words_of_arm])
            for words_of_arm in words.arms
        }
        identity = self._identity()
        make_folder(folder)
        self.store = TrialStore(folder)
        try:
            self._identify(identity)
            self._settings = {
                self._number(StoredArm(words_of_arm, _code_of(of_arm))): of_arm
                for words_of_arm, of_arm in settings.items()
            }
        except ConfigError:
            self.store.close()
            raise

    def __enter__(self) -> "Study":
        """Return the study."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its file."""
        self.store.close()

    def run(self, show: ShowTrials) -> None:
        """Run every trial that is not done; those that failed are tried again.

        A KeyboardInterrupt says what is kept.
        """
        self._run(self._settings, range(len(self.recordings)), show)

    def run_variants(
        self,
        arm: int,
        variants: Mapping[tuple[str, ...], DictConfig],
        recordings: Sequence[int],
        show: ShowTrials,
    ) -> None:
        """Run variants of an arm, by their words, on some recordings; see `run`."""
        settings = {
            self._number(StoredArm(words, _code_of(of_variant), arm)): of_variant
            for words, of_variant in variants.items()
        }
        self._run(settings, recordings, show)

    def _run(
        self, settings: Mapping[int, DictConfig], recordings: Sequence[int], show: ShowTrials
    ) -> None:
        jobs = self._missing(settings, recordings)
        total = len(settings) * len(recordings)
        done = total - len(jobs)
        try:
            show(done, total)
            for trial in _trials(TrialRunner(settings, self.recordings), jobs):
                self.store.put(trial)
                done += 1
                show(done, total)
        except KeyboardInterrupt:
            message = (
                f"interrupted; {done:,} of {total:,} trials are kept: the same command goes on"
            )
            raise KeyboardInterrupt(message) from None

    def _missing(
        self, settings: Mapping[int, DictConfig], recordings: Sequence[int]
    ) -> list[TrialJob]:
        kept = {(each.arm, each.recording) for each in self.store.trials() if each.reason is None}
        # All arms of a recording one after the other: its columns are read while they are near.
        jobs = [TrialJob(arm, recording) for recording in recordings for arm in settings]
        return [job for job in jobs if job not in kept]

    def _identity(self) -> Mapping[str, Any]:
        """Return what all trials of the study have in common."""
        return {
            "settings": list(self.words.shared),
            "recordings": [[name, open_recording(name).digest()] for name in self.recordings],
            "code": project_digest(),
        }

    def _identify(self, identity: Mapping[str, Any]) -> None:
        """Keep what the study is about, or compare it with what is kept."""
        known = self.store.identity()
        if known and not any(trial.games for trial in self.store.trials()):
            # Nothing came of it: what was typed wrong may be typed right under the same name.
            self.store.clear()
            known = {}
        if not known:
            self.store.set_identity(identity)
        for name, value in identity.items():
            if known and known[name] != value:
                message = f"{self.folder}: a study of other {name}; give this one another name"
                raise ConfigError(message)

    def _number(self, arm: StoredArm) -> int:
        """Return the number of an arm in the store, where it is added if it is new."""
        for number, stored in enumerate(self.store.arms()):
            if stored == arm:
                return number
            if stored._replace(code=arm.code) == arm:
                message = f"{self.folder}: the strategy of arm {arm_label(arm.words)!r} was changed"
                message += "; give this study another name"
                raise ConfigError(message)
        return self.store.add_arm(arm)


def trial_settings(words: Sequence[str]) -> DictConfig:
    """Return the settings of trials, each on one recording; raise ConfigError for wrong ones."""
    settings = composed_settings(words, Mode.BACKTEST)
    if OmegaConf.select(settings, "feed._target_") != _FEED:
        message = "feed: a study replays recordings; use feed=recording"
        raise ConfigError(message)
    # Each trial has one recording, with a bankroll of its own.
    OmegaConf.update(settings, "games", "together")
    return settings


def _code_of(settings: DictConfig) -> str:
    return user_digest(OmegaConf.to_yaml(settings))


def _trials(run: TrialRunner, jobs: Sequence[TrialJob]) -> Iterator[Trial]:
    with results_of(run, jobs, usable_processors()) as results:
        for _, trial in results:
            yield trial
