"""The configuration: every choice is composed and built, in every combination."""

import re
import shlex
from collections.abc import Callable, Iterable
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from conf.compose import CONFIG_FOLDER, build_session, choices
from sim.backtest import Backtest
from strategies.trading.model.errors import ConfigError

FILES = sorted(CONFIG_FOLDER.rglob("*.yaml"))
OVERLAY_GROUPS = ("experiment", "study", "mode")
CHOSEN_BY_MODE = ("feed", "exchange", "clock")
VERBS = {"live": "trade", "alert_test": "alert-test"}
SIDES = {"backtest": "sim", "serve": "sim", "replay": "sim", "compare": "sim"}
OVERLAYS = [path for path in FILES if path.parent.name in OVERLAY_GROUPS]
CHOICES = {
    folder.name: sorted(path.stem for path in folder.glob("*.yaml"))
    for folder in sorted(CONFIG_FOLDER.iterdir())
    if folder.name != "hydra" and any(folder.glob("*.yaml"))
}
MODES = CHOICES["mode"]
EXPERIMENTS = CHOICES["experiment"]
STACKS = ["", *(f"+experiment={name}" for name in EXPERIMENTS)]
STACKED = [*combinations(EXPERIMENTS, 2), tuple(EXPERIMENTS), tuple(reversed(EXPERIMENTS))]
# The experiments that differ in more than the game: what they set can clash with a choice.
WITH_EVERY_EXPERIMENT = ["backtest", "serve", "live"]
CLASHING_STACKS = ["+experiment=nba_in_play", "+experiment=nba_worst_fill"]
SINGLE_CHOICES = [
    f"{group}={name}"
    for group, names in CHOICES.items()
    if group not in OVERLAY_GROUPS and group not in CHOSEN_BY_MODE
    for name in names
]
CHOICES_OF_ALL_MODES = [
    choice for choice in SINGLE_CHOICES if choice.split("=")[0] in ("markets", "prophet")
]
# A rehearsal is with play money, and refuses any other.
REAL_MONEY_REHEARSED = list(
    product(["rehearse"], ["prophet=production", "prophet=production_drill"])
)
PLACES = [
    "",
    *(f"{group}." for group in CHOICES if group not in (*OVERLAY_GROUPS, "prophet")),
    "run.",
    "wagers.",
    "exchange.settings.",
    "latency.entry.",
    "recording.",
    "session.",
]
# Settings of the bridge, which a backtest does not take.
PLACES_OF_BRIDGE = ["prophet.", "reference.", "feed."]
CREDENTIAL = re.compile(r"(key|secret|token|passw|credential)", re.IGNORECASE)

Compose = Callable[..., DictConfig]
Build = Callable[..., Backtest]


def words(*settings: str) -> list[str]:
    """Return the settings that are not empty."""
    return [setting for setting in settings if setting]


def named(path: Path) -> str:
    """Return a configuration file as its group and name."""
    return f"{path.parent.name}/{path.stem}"


def one_of_each(choices_of_groups: Iterable[str]) -> list[list[str]]:
    """Return the choices in as few sets as there are choices in a group, one of each group.

    Groups are independent, and to compose takes long.
    """
    by_group: dict[str, list[str]] = {}
    for choice in choices_of_groups:
        by_group.setdefault(choice.split("=")[0], []).append(choice)
    most = max(map(len, by_group.values()))
    return [[names[place % len(names)] for names in by_group.values()] for place in range(most)]


def wanted_by(chosen: list[str], folder: Path) -> list[str]:
    """Return the overrides for files that a choice needs, written here."""
    if "latency=measured" not in chosen:
        return []
    path = folder / "round-trips.csv"
    path.write_text("verb,milliseconds\nplace,97\ncancel,113\n", encoding="utf-8")
    return [f"latency.path={path}"]


def slow(cases: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Return cases that the fast tests leave out, as there are hundreds."""
    return [pytest.param(*case, marks=pytest.mark.slow) for case in cases]


def games_of(experiment: str) -> list[str]:
    """Return what names a recording where an experiment needs one that nobody ships."""
    return ["recording.path=nba"] if "season" in experiment else []


@pytest.mark.parametrize(
    ("mode", "experiment"),
    [
        *product(MODES, [""]),
        *slow(product(WITH_EVERY_EXPERIMENT, STACKS[1:])),
        *slow(
            (mode, experiment)
            for mode, experiment in product(MODES, CLASHING_STACKS)
            if mode not in WITH_EVERY_EXPERIMENT
        ),
    ],
)
def test_every_mode_and_experiment_is_built(
    compose_settings: Compose, mode: str, experiment: str
) -> None:
    """Every mode is built into its session with every experiment that can clash with it.

    An overlay is merged at the top: the composed settings have no key of an overlay group.
    """
    config = compose_settings(*words(f"mode={mode}", experiment), *games_of(experiment))
    assert set(config) & set(OVERLAY_GROUPS) == set()
    assert type(build_session(config)).__module__.split(".")[0] == SIDES.get(mode, "live")


@pytest.mark.parametrize(
    ("mode", "experiment", "chosen"),
    [
        *product(["backtest"], [""], one_of_each(SINGLE_CHOICES)),
        *slow(product(["backtest"], CLASHING_STACKS, one_of_each(SINGLE_CHOICES))),
        *slow(
            (mode, "", [choice])
            for mode, choice in product(
                ["check", "live", "paper", "rehearse"], CHOICES_OF_ALL_MODES
            )
            if (mode, choice) not in REAL_MONEY_REHEARSED
        ),
        *slow(product(["backtest", "serve"], [""], [["feed=crowd"]])),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_choice_is_built(
    build_backtest: Build, tmp_path: Path, mode: str, experiment: str, chosen: list[str]
) -> None:
    """Each choice of each group that a mode does not fix is built into its session."""
    wanted = wanted_by(chosen, tmp_path)
    assert build_backtest(*words(f"mode={mode}", experiment, *chosen), *wanted)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "choice", "named"),
    [
        ("backtest", "feed=prophetx", "feed"),
        ("serve", "feed=prophetx", "feed"),
        ("record", "feed=recording", "feed"),
        ("check", "feed=recording", "feed"),
        ("paper", "clock=virtual", "clock"),
        ("live", "clock=virtual", "clock"),
        ("record", "clock=virtual", "clock"),
        ("check", "clock=virtual", "clock"),
        ("reconcile", "feed=recording", "feed"),
        ("backtest", "clock=wall", "clock"),
        ("backtest", "exchange=prophetx", "exchange"),
        ("serve", "exchange=prophetx", "exchange"),
        ("rehearse", "prophet=production", "prophet=production"),
        ("rehearse", "prophet=production_drill", "prophet=production_drill"),
    ],
)
def test_a_part_of_another_mode_is_refused(
    build_backtest: Build, mode: str, choice: str, named: str
) -> None:
    """A group that a mode fixes cannot be exchanged for an incompatible choice."""
    with pytest.raises(ConfigError, match=f"^{named}: "):
        build_backtest(f"mode={mode}", choice)


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKED, ids=",".join)
def test_experiments_can_be_stacked(build_backtest: Build, stack: tuple[str, ...]) -> None:
    """Any two experiments can be combined, and all of them."""
    stacked = f"+experiment=[{','.join(stack)}]"
    assert build_backtest(stacked, *games_of(stacked)).market_keys


@pytest.mark.parametrize("path", OVERLAYS, ids=named)
def test_an_overlay_starts_with_the_package_directive(path: Path) -> None:
    """The package directive is the very first line, where alone Hydra finds it."""
    assert path.read_text(encoding="utf-8").splitlines()[0] == "# @package _global_"


@pytest.mark.slow
@pytest.mark.parametrize("path", OVERLAYS, ids=named)
def test_an_overlay_names_the_command_that_runs_it(build_backtest: Build, path: Path) -> None:
    """The first comment of an overlay ends with a command that selects the overlay, and works."""
    comment = path.read_text(encoding="utf-8").splitlines()[1]
    command = re.fullmatch(r"# .+: python -m (?:sim|live) ([\w-]+) ?(.*)", comment)
    assert command, comment
    settings = shlex.split(command[2])
    if path.parent.name == "mode":
        assert command[1] in ("run", path.stem, VERBS.get(path.stem))
        settings.append(f"mode={path.stem}")
    else:
        assert f"+experiment={path.stem}" in settings
    assert build_backtest(*settings, *games_of(path.stem))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_file_begins_with_a_description(path: Path) -> None:
    """Every file of the configuration begins with a sentence on its purpose."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = lines[1] if lines[0].startswith("# @package") else lines[0]
    assert re.match(r"# [A-Z].{8,}", comment)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "place"),
    [
        *(("backtest", place) for place in PLACES),
        *(("live", place) for place in PLACES_OF_BRIDGE),
    ],
)
def test_an_unknown_key_is_refused(build_backtest: Build, mode: str, place: str) -> None:
    """No key that could matter is ignored, and it is named where the user wrote it."""
    named = rf"(^|[ '+]){re.escape(place)}nobody_takes_this"
    with pytest.raises((ConfigError, HydraException, TypeError), match=named):
        build_backtest(f"mode={mode}", "session.name=first", f"+{place}nobody_takes_this=1")


def test_every_common_setting_has_its_usual_name(
    compose_settings: Compose,
) -> None:
    """Settings that users of such a platform look for are where the README documents them."""
    config = compose_settings("+experiment=nba")
    for name in (
        "risk.max_stake_per_wager",
        "risk.max_total_exposure",
        "risk.max_concurrent_wagers",
        "risk.max_daily_loss",
        "risk.max_position_size",
        "risk.stop_loss_percentage",
        "strategy.default_stake",
        "strategy.spread_margin",
        "strategy.quote_refresh_seconds",
        "markets.tournaments",
        "starting_balance",
        "recording.path",
        "seed",
    ):
        assert OmegaConf.select(config, name, default=None) is not None, name


def test_the_safe_choice_is_the_default(build_backtest: Build) -> None:
    """By default, nothing is quoted in-play or close to the start."""
    limits = build_backtest().limits
    assert not limits.in_play
    assert limits.stop_before_start_ns == 120 * 10**9


def test_an_overlay_and_an_override_reach_the_session(build_backtest: Build) -> None:
    """A value in an overlay, and one on the command line, change the session that is built."""
    assert build_backtest("+experiment=nba").seed == 7
    assert build_backtest("+experiment=nba", "seed=11").seed == 11
    assert build_backtest("+experiment=nba_in_play").limits.in_play
    tight = build_backtest("+experiment=nba_worst_fill")
    assert tight.limits.max_stake_cents == 2_500
    assert len(tight.market_keys) == 1


def test_dollars_become_cents(build_backtest: Build) -> None:
    """Limits are dollars with at most two decimals in the configuration, and cents in code."""
    limits = build_backtest("risk.max_total_exposure=12.34").limits
    assert limits.max_total_exposure_cents == 1_234


def test_the_help_lists_every_choice() -> None:
    """The help lists every choice, group by group."""
    assert choices() == CHOICES


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_secret_is_in_the_configuration(path: Path) -> None:
    """No file holds a credential, or takes one from the environment."""
    text = path.read_text(encoding="utf-8")
    taken = re.findall(r"oc\.env:\s*(\w+)", text)
    keys = re.findall(r"^\s*([\w.]+):", text, flags=re.MULTILINE)
    assert [name for name in (*taken, *keys) if CREDENTIAL.search(name)] == []
