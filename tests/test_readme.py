"""The README: short, and every command, setting and path in it exists."""

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from packaging.specifiers import SpecifierSet

from conf.compose import CONFIG_FOLDER, choices
from sim.__main__ import VERBS
from tests.paths import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
FENCED = "\n".join(re.findall(r"^```\w*\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL))
PROSE = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
INLINE = re.findall(r"`([^`\n]+)`", PROSE)
COMMAND = re.compile(r"(?:\S*/)?python -m sim\b([^#&|\n]*)")
COMMANDS = sorted(
    {
        command.strip()
        for text in (*INLINE, *FENCED.splitlines())
        for command in COMMAND.findall(text)
    }
)
RUNS = [command for command in COMMANDS if command.split()[:1] == ["run"]]
OTHERS = [command for command in COMMANDS if command not in RUNS]
# Names that a reader puts in place of these words.
OF_THE_READER = re.compile(r"\b(DIR|FILE|PATH|RUN_FOLDER|SESSION_FOLDER|NAME)\b|^sessions/")
DOTTED_SETTING = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
FLAGS = {"--cfg", "--multirun", "--config-dir", "--debug", "--resolve"}

Compose = Callable[..., DictConfig]


def first_of_sweeps(word: str) -> str:
    """Return a setting with the first of the values that it is swept over."""
    name, _, value = word.partition("=")
    return f"{name}={value.split(',')[0]}"


def test_it_is_short() -> None:
    """The README has less than 200 lines, and names the main command."""
    assert len(README.splitlines()) < 200
    assert "run +experiment=nba" in COMMANDS


def test_both_first_commands_are_as_documented() -> None:
    """The README has, word for word, how to install and run, and how to test."""
    assert (
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[dev]' "
        "&& .venv/bin/python -m sim run +experiment=nba"
    ) in FENCED
    assert ".venv/bin/python -m pytest -n 3 --dist loadfile" in FENCED.splitlines()


def test_case_35_versions_of_python_have_an_upper_bound() -> None:
    """Hydra 1.3 ends on Python 3.14 with "badly formed help string": pip and the README say so."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = SpecifierSet(project["requires-python"])
    assert [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}.0" in versions] == [
        "3.11",
        "3.12",
        "3.13",
    ]
    assert "(3.11, 3.12 or 3.13; Hydra does not start on 3.14)" in PROSE


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNS)
def test_every_run_in_it_can_be_composed(compose_settings: Compose, command: str) -> None:
    """Every experiment, choice and setting of a command to run is there; only flags are added."""
    words = [word for word in shlex.split(command)[1:] if "=" in word]
    settings = [first_of_sweeps(word) for word in words if not OF_THE_READER.search(word)]
    config = compose_settings(*settings)
    for word in words:
        name = word.lstrip("+").partition("=")[0]
        known = name in choices() or OmegaConf.select(config, name, default=None) is not None
        assert known, word
    flags = {word for word in shlex.split(command) if word.startswith("--")}
    assert flags <= FLAGS


@pytest.mark.parametrize("command", OTHERS)
def test_every_other_command_in_it_agrees_with_its_help(
    sim: Callable[..., Any], command: str
) -> None:
    """The verb exists, and its own help has every option and fixed word that is named."""
    words = shlex.split(command)
    if words[:1] == ["--help"]:
        assert sim(*words).status == 0
        return
    verb, *rest = words
    assert verb in VERBS
    help_text = "\n".join(sim(verb, "--help").out)
    named = [word for word in rest if not OF_THE_READER.search(word) and not word.isdecimal()]
    assert [word for word in named if word not in help_text] == []


def test_quick_commands_work_as_written(sim: Callable[..., Any]) -> None:
    """Help, validation of the shipped recording, and showing the settings work."""
    for words in (["--help"], ["validate", "nba"], ["run", "+experiment=nba", "--cfg", "job"]):
        assert sim(*words).status == 0


def test_every_verb_is_in_it() -> None:
    """Every verb is in a command of the README."""
    assert {command.split()[0] for command in COMMANDS} >= set(VERBS)


def test_every_experiment_that_it_names_exists() -> None:
    """Hydra finds every experiment that is named."""
    named = set(re.findall(r"\+experiment=(\w+)", README)) - {"NAME"}
    assert named
    assert named <= set(choices()["experiment"])


def test_every_setting_that_it_names_exists(compose_settings: Compose) -> None:
    """Each setting named in the text, in full or as a group, is in the configuration."""
    config = compose_settings()
    named = [
        name
        for name in INLINE
        if DOTTED_SETTING.fullmatch(name)
        and name.partition(".")[0] in config
        and name not in {"report.html", "run.log"}  # files; `report` and `log` are settings
    ]
    assert len(named) > 5
    # A setting may be null; what is not there at all gives the default.
    nowhere = object()
    missing = [n for n in named if OmegaConf.select(config, n, default=nowhere) is nowhere]
    assert missing == []


def test_every_reference_and_path_in_it_exists() -> None:
    """Each file linked to, and each path of the project named, exists."""
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    tops = {path.name for path in PROJECT.iterdir()} - {"runs", ".venv"}
    paths = [
        name
        for name in INLINE
        if "/" in name and name.partition("/")[0] in tops and " " not in name
    ]
    assert [path for path in (*targets, *paths) if not (PROJECT / path).exists()] == []


def listed_folders() -> list[Path]:
    """Return the folders in the list of packages, nested by indentation."""
    inside: dict[int, Path] = {}
    found = []
    for margin, name in re.findall(r"^( *)(\w+)/ {2,}\S", FENCED, flags=re.MULTILINE):
        inside = {depth: path for depth, path in inside.items() if depth < len(margin)}
        inside[len(margin)] = [PROJECT, *inside.values()][-1] / name
        found.append(inside[len(margin)])
    return found


def test_the_list_of_packages_is_complete() -> None:
    """Every listed folder exists, and every package is listed."""
    folders = listed_folders()
    assert [str(path.relative_to(PROJECT)) for path in folders if not path.is_dir()] == []
    packages = {path.parent for path in PROJECT.glob("*/__init__.py")}
    assert packages
    assert packages <= set(folders)


def test_no_choice_of_the_configuration_is_left_without_a_file() -> None:
    """The groups that the README names are folders of the configuration."""
    row = next(line for line in README.splitlines() if "swap a whole part" in line)
    groups = re.findall(r"`(\w+)`", row)
    assert groups
    assert [name for name in groups if not any((CONFIG_FOLDER / name).glob("*.yaml"))] == []
