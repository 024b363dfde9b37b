"""A study: every arm on every recording, in parallel, kept trial by trial."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from conf.compose import composed_settings
from conf.modes import Mode
from recordings.reader import open_recording
from recordings.selection import selected_recordings
from recordings.writing import make_folder
from sim.study.code_digest import project_digest, user_digest
from sim.study.recording_notes import recording_notes
from sim.study.run_trial import TrialJob, TrialRunner
from sim.study.study_words import StudyWords, arm_label
from sim.study.trial_engines import trial_engine
from sim.study.trial_store import StoredArm, TrialStore
from strategies.trading.model.errors import ConfigError

if TYPE_CHECKING:
    from sim.study.study_search import StudySearch

# Shows how many trials are done, of how many.
ShowTrials = Callable[[int, int], None]


_FEED = "sim.sources.recorded_source.recorded_source"


class Study:
    """A study in its folder. Trials that are done are never run again.

    `notes` are sentences on its recordings, which come first wherever its result is shown.
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
        stake = OmegaConf.select(shared, "recording.assumed_stake")
        self.notes = recording_notes(self.recordings, stake)
        settings = {words_of_arm: self._composed(words_of_arm) for words_of_arm in words.arms}
        self._engine = trial_engine(words.engine)
        self._search = self._searching(shared) if words.intervals else None
        identity = self._identity()
        make_folder(folder)
        self.store = TrialStore(folder)
        try:
            self._identify(identity)
            self._settings = {
                self._number(StoredArm(words_of_arm, _code_of(of_arm))): of_arm
                for words_of_arm, of_arm in settings.items()
            }
            self._given = list(self._settings)
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
        """Run every trial that is not done; those of the given arms that failed are tried again.

        A KeyboardInterrupt says what is kept.
        """
        searched = self._search.planned() if self._search else 0
        counter = _Counter(show, len(self._given) * len(self.recordings) + searched)
        with _kept(counter):
            self._run(self._given, range(len(self.recordings)), counter)
            if self._search is not None:
                run = partial(self._run, counter=counter)
                self._search.run(self.store, self._drawn_arm, run, counter.add)

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
        self._settings |= settings
        counter = _Counter(show, len(settings) * len(recordings))
        with _kept(counter):
            self._run(list(settings), recordings, counter)

    def _run(self, arms: Collection[int], recordings: Sequence[int], counter: "_Counter") -> None:
        """Run what is missing of the trials of some arms on some recordings."""
        kept = {(each.arm, each.recording) for each in self.store.trials() if each.reason is None}
        # All arms of a recording one after the other: its columns are read while they are near.
        jobs = [TrialJob(arm, recording) for recording in recordings for arm in arms]
        missing = [job for job in jobs if job not in kept]
        counter.add(len(jobs) - len(missing))
        run = TrialRunner({arm: self._settings[arm] for arm in arms}, self._paths())
        with self._engine(run, missing) as results:
            for _, trial in results:
                self.store.put(trial)
                counter.add(1)

    def _paths(self) -> list[str]:
        """Return the recordings as a process that works in another folder finds them."""
        return [
            str(Path(name).absolute()) if Path(name).exists() else name for name in self.recordings
        ]

    def _searching(self, shared: DictConfig) -> "StudySearch":
        """Return the search of the intervals; raise ConfigError if it cannot be."""
        intervals = self.words.intervals
        # A setting that does not exist is an error now, not the end of every arm that is drawn.
        self._composed([f"{each.setting}={each.low:g}" for each in intervals])
        try:
            from sim.study.study_search import StudySearch  # noqa: PLC0415 - of an extra
        except ModuleNotFoundError as error:
            message = (
                f"{intervals[0].setting}: an interval is searched by Optuna, and {error.name} is "
                "not installed: pip install 'prophet-sim[search]'"
            )
            raise ConfigError(message) from error
        return StudySearch(self.words, self.recordings, OmegaConf.select(shared, "seed"))

    def _composed(self, words: Sequence[str]) -> DictConfig:
        return trial_settings([*self.words.shared, *words])

    def _drawn_arm(self, words: tuple[str, ...]) -> int:
        """Return the number of an arm that a search draws."""
        settings = self._composed(words)
        number = self._number(StoredArm(words, _code_of(settings)))
        self._settings[number] = settings
        return number

    def _identity(self) -> Mapping[str, Any]:
        """Return what all trials of the study have in common."""
        return {
            "settings": list(self.words.shared),
            "recordings": [[name, open_recording(name).digest()] for name in self.recordings],
            "code": project_digest(),
            "search": self._search.identity() if self._search else None,
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
            if known and known.get(name) != value:
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


class _Counter:
    """Counts trials as they are done, and shows how many."""

    def __init__(self, show: ShowTrials, total: int) -> None:
        self._show = show
        self.total = total
        self.done = 0

    def add(self, trials: int) -> None:
        """Count trials, run now or kept."""
        self.done += trials
        self._show(self.done, self.total)


@contextmanager
def _kept(counter: _Counter) -> Iterator[None]:
    """Let a KeyboardInterrupt say what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        message = (
            f"interrupted; {counter.done:,} of {counter.total:,} trials are kept: "
            "the same command goes on"
        )
        raise KeyboardInterrupt(message) from None
