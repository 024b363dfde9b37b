"""From a configuration to a session: the one module, with the entry points, that uses Hydra.

The whole tree is built once, from its root. A part that needs other parts is a factory, which the
session class named by the mode completes; nothing below this module sees a configuration.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from conf.masking import masked_settings, masked_text, masked_url, masked_words
from conf.options import (
    in_hydras_order,
    is_given,
    require_option_value,
    search_path,
    settings_of,
    value_of,
    without_option,
)
from conf.parts import PartBuilder
from conf.refusal_texts import error_in_one_line, names_of_settings, unread_value_text
from conf.root_settings import check_root
from conf.run_folders import Conclude, HasResults, Present, RunFolders
from conf.saved_targets import with_current_targets
from conf.settings_page import commented
from conf.user_code import CODE, changed_code, code_digests
from recordings.writing import write_error
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import unknown_setting_message

CONFIG_FOLDER = Path(__file__).parent
_MULTIRUN = ("--multirun", "-m")


def build_parts(config: DictConfig) -> dict[str, Any]:
    """Return the parts that a composed configuration describes, by name.

    What runs is `run`, a factory of the session. Of the parts that it does not take, those of `sim`
    and of `live` are left out, and neither checked nor imported. Raise ConfigError with the setting
    as the user wrote it if one is wrong, or TapeError.
    """
    unresolved = OmegaConf.to_container(config, resolve=False)
    assert isinstance(unresolved, dict), "a configuration is a mapping"
    try:
        resolved = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        # A reference into a setting that is wrong itself: that one is named, if it is at the top.
        check_root(unresolved, choices())
        raise ConfigError(error_in_one_line(error)) from error
    assert isinstance(resolved, dict), "a configuration is a mapping"
    check_root(resolved, choices())
    builder = PartBuilder({str(name): node for name, node in unresolved.items()})
    session_class = builder.build("run", resolved.pop("run", None))
    if not callable(session_class):
        message = "run: missing; the mode names what runs"
        raise ConfigError(message)
    taken = signature(session_class).parameters
    nodes = {str(name): node for name, node in resolved.items()}
    needed = {name: nodes[name] for name in nodes if name in taken or not _of_one_side(nodes[name])}
    return {name: builder.build(name, node) for name, node in needed.items()} | {
        "run": session_class
    }


def _of_one_side(node: Any) -> bool:
    """Return whether a node describes a part of the simulator, or one of the live bridge."""
    target = node.get("_target_") if isinstance(node, dict) else None
    return str(target).partition(".")[0] in ("sim", "live")


def build_session(config: DictConfig, overrides: Sequence[str] = (), **replaced: Any) -> Any:
    """Return the session that a composed configuration describes.

    A session that keeps what it was built from is given it as text, `configuration`, with the
    digests of the user's own modules, `code`, and the settings that were given, `overrides`.
    `replaced` are parts that are used in place of those configured. Raise ConfigError or TapeError
    if it cannot be built.
    """
    parts = build_parts(config)
    session_class = parts.pop("run")
    taken = signature(session_class).parameters
    if {"configuration", "code"} & set(taken):
        text = _saved_text(config)
        parts["code"] = code_digests(text)
        kept = OmegaConf.to_yaml({CODE: parts["code"]}) if parts["code"] else ""
        parts["configuration"] = text + kept
    parts |= {"overrides": overrides, **replaced}
    missing = [
        name for name, part in taken.items() if part.default is part.empty and name not in parts
    ]
    if missing:
        message = f"{', '.join(missing)}: missing; a session needs it"
        raise ConfigError(message)
    return session_class(**{name: part for name, part in parts.items() if name in taken})


def _saved_text(config: DictConfig) -> str:
    """Return a configuration as it is saved: without secrets."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict), "a configuration is a mapping"
    return OmegaConf.to_yaml(OmegaConf.create(masked_settings(container)))


def session_from_command_line(arguments: Sequence[str], mode: str) -> Any:
    """Return the session of a mode that the arguments ask for; it has no folder of results.

    With `--config-dir DIR` the user's own YAML files there are found beside those of the project.
    Raise ConfigError or TapeError if it cannot be composed or built.
    """
    return compose_session(arguments, mode)


def compose_session(arguments: Sequence[str], mode: str, **replaced: Any) -> Any:
    """Return the same with parts in place of those that are configured."""
    config = composed_settings(arguments, mode)
    return build_session(config, **{"overrides": masked_words(arguments), **replaced})


def composed_settings(arguments: Sequence[str], mode: str) -> DictConfig:
    """Return the settings of a mode's session that the arguments ask for.

    Raise ConfigError if they cannot be composed; nothing is built or checked.
    """
    with _refusals(arguments), _initialized():
        return hydra.compose("config", [f"mode={mode}", *settings_of(arguments)])


def print_settings(arguments: Sequence[str], mode: str) -> None:
    """Print the settings of a mode's session, as `--cfg job` among the arguments asks for.

    Raise ConfigError if they cannot be composed. Nothing is built.
    """
    require_option_value("--cfg", arguments, ("job",))
    sys.stdout.write(_commented_settings([f"mode={mode}", *arguments]))


def session_from_saved(path: Path, mode: str) -> Any:
    """Return the session of a mode from the configuration that a session of another mode saved.

    Raise ConfigError or TapeError if it cannot be read or built.
    """
    try:
        saved = with_current_targets(OmegaConf.to_container(OmegaConf.load(path)))
        saved.pop(CODE, None)
        with hydra.initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
            run = hydra.compose("config", [f"mode={mode}"])["run"]
        return build_session(OmegaConf.create({**saved, "run": run}))
    except (OSError, HydraException, OmegaConfBaseException) as error:
        message = f"{path}: {error_in_one_line(error)}"
        raise ConfigError(message) from error


def changed_code_since(path: Path) -> list[str]:
    """Return the user's own modules whose code is another than when a session saved this file.

    Raise ConfigError if it cannot be read.
    """
    try:
        kept = OmegaConf.to_container(OmegaConf.load(path))
    except (OSError, OmegaConfBaseException) as error:
        message = f"{path}: {error_in_one_line(error)}"
        raise ConfigError(message) from error
    code = kept.get(CODE, {}) if isinstance(kept, dict) else {}
    return changed_code(code, code_digests(path.read_text(encoding="utf-8")))


def run_from_command_line(
    arguments: Sequence[str],
    present: Present,
    has_results: HasResults,
    conclude: Conclude | None = None,
) -> None:
    """Compose the configuration that the arguments name, and run its session.

    `present` runs the session in the folder that Hydra made for it; that folder is removed if it
    has no results. A launcher of Hydra may call it in other processes. `conclude` is given the
    folders with results at the end, also if a run failed or was interrupted. The first failure of a
    sweep is raised after the other runs, and after a line for each failure. Errors of Hydra are
    raised as ConfigError, in one line; a KeyboardInterrupt says what is kept.
    """
    # Nothing that has a folder of Hydra's sends alerts, and Hydra writes what it is given there.
    arguments = masked_words(arguments)
    if is_given("--cfg", arguments):
        if set(_MULTIRUN) & set(arguments):
            message = "--cfg: shows one run; leave out --multirun"
            raise ConfigError(message)
        if value_of("--cfg", arguments) == "job" and "--package" not in arguments:
            sys.stdout.write(_commented_settings(arguments))
            return
    ordered = in_hydras_order(arguments)
    with _refusals(arguments):
        settings = [word for word in ordered if "=" in word and not word.startswith("-")]
        folders = RunFolders(settings, build_session, present, has_results)
        try:
            _run_in_folders(partial(_run_once_or_more, folders, ordered), arguments)
        except KeyboardInterrupt:
            raise folders.interruption() from None
        finally:
            if conclude is not None:
                conclude(folders.finished())
    for line in folders.failure_lines():
        sys.stderr.write(f"{line}\n")
    if folders.failures:
        raise folders.failures[0].error


def _run_once_or_more(folders: RunFolders, arguments: Sequence[str]) -> None:
    """Let Hydra run the task: once, or for each setting of a sweep."""
    if is_given("--cfg", arguments):
        # Hydra prints and exits by itself unless it is asked for the error itself.
        os.environ["HYDRA_FULL_ERROR"] = "1"
        sys.argv = [sys.argv[0], *arguments, *_masking_words(arguments)]
        path, name = str(CONFIG_FOLDER), "config"
        hydra.main(version_base="1.3", config_path=path, config_name=name)(folders.run)()
        return
    # As `hydra.main` does it, which returns nothing of what its tasks returned.
    settings = settings_of([word for word in arguments if word not in _MULTIRUN])
    with _initialized():
        initialized = GlobalHydra.instance().hydra
        assert initialized is not None, "Hydra is initialised within this context"
        if not _is_sweep(initialized, arguments, settings):
            ran = initialized.run("config", folders.run, [*settings, "hydra.mode=RUN"])
            folders.add(settings, ran.return_value)
            return
        settings.append("hydra.mode=MULTIRUN")
        config = initialized.compose_config("config", settings, RunMode.MULTIRUN)
        folder = Path(config.hydra.sweep.dir).absolute()
        folders.begin_sweep(folder)
        # It has the time of day in its name, which is now another, and other processes may work in
        # another folder.
        settings.append(f"hydra.sweep.dir={_quoted(str(folder))}")
        batches = initialized.multirun("config", folders.run, settings)
        # A sweeper that optimises returns nothing, and has refused an error as a figure itself.
        for run in (run for batch in batches or () for run in batch):
            folders.add(run.overrides, run.return_value)


def _masking_words(arguments: Sequence[str]) -> list[str]:
    """Return the words that hide what files of the user's set, for what Hydra prints itself."""
    shown = without_option("--package", without_option("--cfg", arguments))
    with _initialized():
        words = settings_of([word for word in shown if word != "--resolve"])
        config = OmegaConf.to_container(hydra.compose("config", words), resolve=False)
    assert isinstance(config, dict), "a configuration is a mapping"
    urls = (config.get("alert") or {}).get("urls") or []
    return [f"alert.urls=[{','.join(_quoted(masked_url(str(url))) for url in urls)}]"]


def _is_sweep(initialized: Any, arguments: Sequence[str], settings: Sequence[str]) -> bool:
    """Return whether an option, a setting of Hydra or a file of the user's asks for a sweep."""
    if set(_MULTIRUN) & set(arguments):
        return True
    # Ours do not, and to look composes all of it once more.
    if not any(word.startswith("hydra.") for word in settings):
        return False
    return bool(initialized.get_mode("config", list(settings)) == RunMode.MULTIRUN)


def _quoted(value: str) -> str:
    """Return a text as Hydra's grammar quotes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _run_in_folders(hydra_main: Callable[[], None], arguments: Sequence[str]) -> None:
    """Let Hydra make the folders and run the task in each; raise WriteError if it cannot."""
    chosen = [word for word in arguments if word.startswith(("hydra.run.dir=", "hydra.sweep.dir="))]
    try:
        hydra_main()
    except HydraException:
        # One of them, about a file that is not there, is an OSError too.
        raise
    except OSError as error:
        folder = chosen[-1].partition("=")[2] if chosen else "runs"
        raise write_error(error.filename or folder, error) from error


@contextmanager
def _refusals(arguments: Sequence[str]) -> Iterator[None]:
    """Raise ConfigError, in one line, for what Hydra refuses."""
    try:
        yield
    except YAMLError as error:
        # It names the file, the line and what is wrong there.
        raise ConfigError(" ".join(str(error).split())) from error
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(masked_text(_refused(error, arguments), arguments)) from error


def _commented_settings(arguments: Sequence[str]) -> str:
    """Return the settings of a session as YAML, with what each means beside its value."""
    shown = [word for word in without_option("--cfg", arguments) if word != "--resolve"]
    with _initialized(), _refusals(shown):
        config = hydra.compose("config", settings_of(shown))
        container = OmegaConf.to_container(config, resolve="--resolve" in arguments)
    assert isinstance(container, dict), "a configuration is a mapping"
    return commented(OmegaConf.to_yaml(OmegaConf.create(masked_settings(container))), container)


def _refused(error: BaseException, arguments: Sequence[str]) -> str:
    """Return Hydra's refusal in one line; for an unknown setting, with the nearest known one."""
    unset = [word for word in arguments if _is_choice(word) and word.endswith("=null")]
    if unset:
        return _not_a_choice(unset[0])
    unread = next((word for word in arguments if "=" in word and not _is_read(word)), None)
    if unread is not None:
        return unread_value_text(unread)
    match = re.match(r"Error parsing override '([^=]+?)'", str(error))
    if match is not None:
        return f"{match[1]}: no setting; write NAME=VALUE"
    match = re.match(r"Could not override '([\w.-]+)'", str(error))
    if match is None:
        return error_in_one_line(error)
    composed = [word for word in arguments if _is_choice(word)]
    folder = value_of("--config-dir", arguments)
    if folder:
        composed.append(search_path(folder))
    try:
        with _initialized():
            config = hydra.compose("config", composed)
    except (HydraException, OmegaConfBaseException):
        return error_in_one_line(error)
    whole = re.search(r"full_key: ([\w.-]+)", f"{error} {error.__cause__}")
    name = match[1] if whole is None else whole[1]
    mapping, _, key = name.rpartition(".")
    if OmegaConf.select(config, mapping) == {}:
        return f"{mapping}: has no {key} yet; write +{name}=VALUE"
    return unknown_setting_message(
        match[1], names_of_settings("", OmegaConf.to_container(config, resolve=False))
    )


def _is_read(word: str) -> bool:
    """Return whether a word is an option, or a setting of Hydra's grammar."""
    if word.startswith("-"):
        return True
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def _not_a_choice(word: str) -> str:
    """Return the message for an override that chooses null from a group."""
    name = word.lstrip("+~").partition("=")[0]
    return f"{name}: null is no choice; choose one of {', '.join(choices()[name])}"


@contextmanager
def _initialized() -> Iterator[None]:
    """Initialise Hydra within the context, unless it is initialised already."""
    if GlobalHydra.instance().is_initialized():
        yield
        return
    with hydra.initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        yield


def _is_choice(word: str) -> bool:
    """Return whether an override chooses a file of a group."""
    name = word.lstrip("+~").partition("=")[0]
    return not word.startswith("-") and name in choices() and not name.startswith("hydra")


def choices() -> dict[str, list[str]]:
    """Return the groups of the configuration that offer a choice, with the choices of each."""
    groups = sorted(folder for folder in CONFIG_FOLDER.iterdir() if folder.is_dir())
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in groups
        if folder.name != "hydra" and any(folder.glob("*.yaml"))
    }
