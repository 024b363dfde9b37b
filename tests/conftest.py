"""What tests of whole runs share: sessions, the command line, a small tape, a finished run.

The tests run on the plain core; with PROPHET_SIM_CORE=compiled in the environment, on the compiled
one, which `python -m sim compile` makes.
"""
# ruff: noqa: I001 - which core it is must be decided before any of it is imported

import os

os.environ.setdefault("PROPHET_SIM_CORE", "plain")

from sim.core.core_loader import is_compiled
import gc
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import hypothesis
import polars as pl
import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from conf.compose import CONFIG_FOLDER, build_session, choices
from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from sim.__main__ import main
from sim.backtest import Backtest
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.units import NS_PER_SECOND
from tests.paths import CASES, SHARED

REAL_FILES = SHARED / "data" / "real" / "betfair"


START_NS = 1_790_000_000 * NS_PER_SECOND
GAME, MONEYLINE = EventId("game"), MarketId("219")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that renews the pinned figures of the golden run."""
    parser.addoption(
        "--renew-golden", action="store_true", help="renew the figures of the golden run"
    )


def pytest_configure() -> None:
    """Keep compiled modules, collect old garbage rarely, and let examples take their time.

    Every worker, and every process that a test starts, would compile modules again, whatever the
    environment says: half of the time of a collection, and a quarter of that of a process. To look
    for cycles in all modules and tests took a tenth of the time of the fast tests.
    """
    gc.set_threshold(700, 10, 1000)
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if os.environ["PROPHET_SIM_CORE"] == "compiled" and not is_compiled():
        pytest.exit("there is no compiled core of these sources: python -m sim compile", 2)


# Files of one to three minutes. At the end they would leave the other workers idle for as long.
LONGEST_FILES = (
    "tests/sim/core/test_core.py",
    "tests/test_notebooks.py",
    "tests/trials/",
    "tests/test_first_hour.py",
    "tests/live/test_bad_input.py",
    "tests/live/watch/test_in_browser.py",
    "tests/test_fill_comparison.py",
    "tests/sim/study/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""

    def place(item: pytest.Item) -> int:
        longest = map(item.nodeid.startswith, LONGEST_FILES)
        return next((number for number, begins in enumerate(longest) if begins), len(LONGEST_FILES))

    items.sort(key=place)


@dataclass(frozen=True)
class Outcome:
    """What a command line came to: its exit status, and the lines it printed."""

    status: int
    out: list[str]
    err: list[str]


@dataclass(frozen=True)
class FinishedRun:
    """A run folder, read."""

    folder: Path
    summary: dict[str, Any]

    def table(self, name: str) -> pl.DataFrame:
        """Return one of its tables."""
        return pl.read_parquet(self.folder / f"{name}.parquet")


@contextmanager
def as_a_process_would(folder: Path) -> Iterator[None]:
    """Work in a folder, and put back what a command line does to its process."""
    argv, environ = sys.argv, dict(os.environ)
    try:
        with chdir(folder):
            yield
    finally:
        sys.argv = argv
        os.environ.clear()
        os.environ.update(environ)


def run_sim(folder: Path, *words: str) -> Outcome:
    """Give words to `python -m sim`, in this process, with a folder to work in."""
    return run_command(main, folder, *words)


def run_command(command: Callable[[Sequence[str]], int], folder: Path, *words: str) -> Outcome:
    """Give words to a command line, in this process, with a folder to work in."""
    out, err = io.StringIO(), io.StringIO()
    with as_a_process_would(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            status = command(words)
        except SystemExit as stop:
            status = int(stop.code or 0)
    return Outcome(status, out.getvalue().splitlines(), err.getvalue().splitlines())


def finished_run(folder: Path, *words: str) -> FinishedRun:
    """Run a backtest with these settings and return what is in its run folder.

    Without the command line, and without the report, which takes longer than most runs.
    """
    run_folder = Path(mkdtemp(dir=folder))
    with as_a_process_would(folder):
        backtest: Backtest = build_session(composed(*words))
        backtest.run(run_folder, lambda _label, _rows, _total: None)
    summary = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    return FinishedRun(run_folder, summary)


def composed(*overrides: str) -> DictConfig:
    """Return the configuration that command line settings compose: a copy, free to be changed.

    A live session in the process of a test has no watchdog, unless the settings say otherwise.
    """
    places = {"mode=live": "run", "mode=rehearse": "run.trade"}
    found = [f"{place}.watchdog_seconds=null" for m, place in places.items() if m in overrides]
    words = [*found, *overrides]
    chosen = tuple(word for word in words if chooses_a_file(word))
    config = deepcopy(composed_once(*chosen))
    values = [word for word in words if word not in chosen]
    # As Hydra itself does after it has merged the files.
    ConfigLoaderImpl._apply_overrides_to_config(_PARSER.parse_overrides(values), config)
    return config


_PARSER = OverridesParser.create()
_GROUPS = frozenset(choices())


def chooses_a_file(word: str) -> bool:
    """Return whether an override chooses a file of a group, and is not a value."""
    name = word.lstrip("+~").partition("=")[0]
    return name in _GROUPS or name.startswith("hydra")


@cache  # Hydra takes a quarter of a second, and hundreds of tests ask for the same few files.
def composed_once(*overrides: str) -> DictConfig:
    """Return the configuration that command line settings compose; not to be changed."""
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        return compose("config", list(overrides))


@pytest.fixture(scope="session", autouse=True)
def home_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep private folders of accounts out of the user's home; a core is compiled once for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", f"{Path.home()}/.cache"))
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.delenv("XDG_STATE_HOME", raising=False)
        yield home


_HOMES = count()


@pytest.fixture(autouse=True)
def home_of_test(home_of_tests: Path) -> Iterator[None]:
    """Give each test a home: a port that is used again would bring the tokens of another test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home_of_tests / str(next(_HOMES))))
        yield


@pytest.fixture(scope="session")
def compose_settings() -> Callable[..., DictConfig]:
    """Return the function from command line settings to a configuration."""
    return composed


@pytest.fixture(scope="session")
def build_backtest() -> Callable[..., Backtest]:
    """Return the function from command line settings to a backtest."""
    return lambda *overrides: build_session(composed(*overrides))


@pytest.fixture
def sim(tmp_path: Path) -> Callable[..., Outcome]:
    """Return `python -m sim`, in this process, working in a folder of the test's own."""
    return lambda *words: run_sim(tmp_path, *words)


@pytest.fixture(scope="session")
def run_main() -> Callable[..., Outcome]:
    """Return the function that gives words to a command line in a folder."""
    return run_command


def write_small_tape(folder: Path, minutes: int = 20) -> Path:
    """Write a recording of some minutes of one moneyline, settled at the end."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        start_ns = START_NS + 7200 * NS_PER_SECOND
        event = tape.add_event(
            SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", start_ns)
        )
        market = tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            tape.add_line(Line(LineId(name), GAME, MONEYLINE, Selection(name), 0.0))
            for name in ("home", "away")
        )
        tape.begin_message(START_NS, START_NS)
        tape.schedule(event, start_ns)
        tape.market_status(market, MarketStatus.OPEN)
        for minute in range(minutes):
            now_ns = START_NS + (1 + 60 * minute) * NS_PER_SECOND
            tape.begin_message(now_ns, now_ns)
            tape.offer(home, 102, 50_000 + minute)
            tape.offer(away, -108, 50_000 + minute)
            tape.begin_message(now_ns + 30 * NS_PER_SECOND, now_ns + 30 * NS_PER_SECOND)
            tape.trade(home, 102, 1_000, Side.TAKER)
        end_ns = START_NS + 60 * minutes * NS_PER_SECOND
        tape.begin_message(end_ns, end_ns)
        tape.market_status(market, MarketStatus.CLOSED)
        tape.result(home, Result.WON)
        tape.result(away, Result.LOST)
    return folder


@pytest.fixture
def small_tape(tmp_path: Path) -> Path:
    """Return a small recording, `tape` in the folder that `sim` works in."""
    return write_small_tape(tmp_path / "tape")


@pytest.fixture(scope="session")
def run_in() -> Callable[..., FinishedRun]:
    """Return the function that runs a backtest in a folder and reads what it wrote."""
    return finished_run


@pytest.fixture(scope="session")
def nba_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return the finished run of the main experiment on the shipped recording."""
    return finished_run(tmp_path_factory.mktemp("nba"), "+experiment=nba")


@pytest.fixture(scope="session")
def find_real_file() -> Callable[[str], Path]:
    """Return the function from the name of a real Betfair file to its path; it skips if absent."""

    def found(name: str) -> Path:
        path = REAL_FILES / name
        if not path.exists():
            pytest.skip(f"the real recording {name} is not there (../shared/data/real/betfair)")
        return path

    return found


@pytest.fixture(scope="session")
def find_case() -> Callable[[str], Path]:
    """Return the function from the name of a case to its path; it skips if absent."""

    def found(name: str) -> Path:
        path = CASES / name
        if not path.exists():
            pytest.skip(f"the case {name} is not there (../shared/cases)")
        return path

    return found
