"""A study: every arm on every recording, in parallel, kept trial by trial."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

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
        shared = composed_settings(words.shared, Mode.BACKTEST)
        names = OmegaConf.select(shared, "recording.path")
        paths = names if isinstance(names, str) else list(names)
        self.recordings = selected_recordings(paths)
        self._settings = {
            arm: composed_settings([*words.shared, *words_of_arm], Mode.BACKTEST)
            for arm, words_of_arm in enumerate(words.arms)
        }
        make_folder(folder)
        self.store = TrialStore(folder)
        self._identify()

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
        jobs = self._missing()
        total = len(self._settings) * len(self.recordings)
        done = total - len(jobs)
        show(done, total)
        try:
            for trial in _trials(TrialRunner(self._settings, self.recordings), jobs):
                self.store.put(trial)
                done += 1
                show(done, total)
        except KeyboardInterrupt:
            message = (
                f"interrupted; {done:,} of {total:,} trials are kept: the same command goes on"
            )
            raise KeyboardInterrupt(message) from None

    def _missing(self) -> list[TrialJob]:
        kept = {(each.arm, each.recording) for each in self.store.trials() if each.reason is None}
        # All arms of a recording one after the other: its columns are read while they are near.
        jobs = [
            TrialJob(arm, recording)
            for recording in range(len(self.recordings))
            for arm in self._settings
        ]
        return [job for job in jobs if job not in kept]

    def _identify(self) -> None:
        """Keep what the study is about, or compare it with what the folder holds."""
        identity: Mapping[str, Any] = {
            "settings": list(self.words.shared),
            "recordings": [[name, open_recording(name).digest()] for name in self.recordings],
            "code": project_digest(),
        }
        known = self.store.identity()
        if not known:
            self.store.set_identity(identity)
        for name, value in identity.items():
            if known and known[name] != value:
                message = f"{self.folder}: a study of other {name}; give this one another name"
                raise ConfigError(message)
        self._add_arms()

    def _add_arms(self) -> None:
        """Number the arms as the store does, and add those that are new."""
        numbers = {arm.words: (number, arm.code) for number, arm in enumerate(self.store.arms())}
        settings = {}
        for words, of_arm in zip(self.words.arms, self._settings.values(), strict=True):
            code = user_digest(OmegaConf.to_yaml(of_arm))
            if words not in numbers:
                numbers[words] = self.store.add_arm(StoredArm(words, code)), code
            number, known = numbers[words]
            if known != code:
                message = f"{self.folder}: the strategy of arm {arm_label(words)!r} was changed; "
                raise ConfigError(message + "give this study another name")
            settings[number] = of_arm
        self._settings = settings


def _trials(run: TrialRunner, jobs: Sequence[TrialJob]) -> Iterator[Trial]:
    with results_of(run, jobs, usable_processors()) as results:
        for _, trial in results:
            yield trial
