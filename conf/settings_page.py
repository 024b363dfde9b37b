"""Writes docs/settings.md and the comments of `--cfg job` from the types of the settings.

`python -m conf.settings_page` prints the page.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import hydra
from omegaconf import OmegaConf

from conf.parts import locate
from conf.root_settings import RootSettings
from strategies.trading.model.setting_reader import parameters_of
from strategies.trading.model.settings import allowed, is_setting, meaning, unit

_FOLDER = Path(__file__).parent
_TOP = """\
# Settings

Made by `python -m conf.settings_page` from the types of the settings. Amounts are dollars with at
most two decimals. Give a setting as `NAME=VALUE` on the command line or in a file of an experiment;
`python -m sim run --cfg job` prints every setting of a run with its value and meaning.
"""
_HEADER = "| setting | meaning | unit | default | allowed |\n|---|---|---|---|---|\n"


class Described(NamedTuple):
    """One setting: its full name, meaning, unit, value, and the values that are allowed."""

    name: str
    meaning: str
    unit: str
    value: object
    allowed: str


def described(config: Mapping[Any, Any]) -> Iterator[Described]:
    """Yield the settings of a configuration, in the order of writing."""
    parameters = parameters_of(RootSettings)
    for name, node in config.items():
        if name in parameters:
            yield from _of_kind(str(name), node, parameters[name].annotation)
        else:
            yield from _of_node(str(name), node)


def commented(yaml: str, config: Mapping[Any, Any]) -> str:
    """Return the YAML text of a configuration with each setting's meaning beside its value."""
    comments = {
        each.name: f"{each.meaning}{f' ({each.unit})' if each.unit else ''}"
        for each in described(config)
        if each.meaning
    }
    lines, path = [], list[tuple[int, str]]()
    for line in yaml.splitlines():
        key, colon, _ = line.lstrip().partition(":")
        if colon and not key.startswith("- "):
            indent = len(line) - len(line.lstrip())
            path = [*(step for step in path if step[0] < indent), (indent, key)]
        comment = comments.pop(".".join(step for _, step in path), "") if colon else ""
        lines.append(f"{line}  # {comment}" if comment else line)
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return docs/settings.md."""
    root = _container(OmegaConf.load(_FOLDER / "config.yaml"))
    sections = [_section("At the top", {"": list(described(root))})]
    options = {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(each for each in _FOLDER.iterdir() if each.is_dir())
        if folder.name not in ("hydra", "experiment") and any(folder.glob("*.yaml"))
    }
    overlays = {
        name: _container(OmegaConf.load(_FOLDER / "mode" / f"{name}.yaml"))
        for name in options["mode"]
    }
    # Only some modes take parts of what they run from other files.
    composed = [
        name for name, overlay in overlays.items() if "@run" in str(overlay.get("defaults"))
    ]
    nodes = _nodes({**options, "mode": composed})
    nodes |= {
        ("mode", name): overlay["run"] for name, overlay in overlays.items() if name not in composed
    }
    sections += [_group(group, names, nodes) for group, names in options.items()]
    return "\n".join([_TOP, *sections])


def _nodes(options: Mapping[str, list[str]]) -> dict[tuple[str, str], Any]:
    """Return the composed settings of each option of each group.

    Groups are independent, so one option of each is composed at once: Hydra is slow.
    """
    nodes = {}
    with hydra.initialize_config_dir(str(_FOLDER), version_base="1.3"):
        for place in range(max(map(len, options.values()))):
            chosen = {group: names[place % len(names)] for group, names in options.items()}
            words = [f"{group}={name}" for group, name in chosen.items()]
            composed = _container(hydra.compose("config", words))
            for group, name in chosen.items():
                nodes[group, name] = composed[_part_of(group)]
    return nodes


def _part_of(group: str) -> str:
    """Return the name of the part that a group configures: a mode names what runs."""
    return "run" if group == "mode" else group


def _container(config: Any) -> dict[Any, Any]:
    container = OmegaConf.to_container(config, resolve=False)
    assert isinstance(container, dict), "a configuration is a mapping"
    return container


def _group(group: str, options: list[str], nodes: Mapping[tuple[str, str], Any]) -> str:
    settings = {option: list(_of_node(_part_of(group), nodes[group, option])) for option in options}
    lines = [_first_comment(_FOLDER / group / f"{option}.yaml") for option in options]
    intro = [f"- `{group}={option}`: {line}" for option, line in zip(options, lines, strict=True)]
    return _section(group, settings, "\n".join(intro) + "\n")


def _section(title: str, settings: Mapping[str, list[Described]], intro: str = "") -> str:
    """Return the section of a group: its choices, and a table of all their settings."""
    rows: dict[str, list[tuple[str, Described]]] = {}
    for option, each in ((option, each) for option, many in settings.items() for each in many):
        rows.setdefault(each.name, []).append((option, each))
    table = "".join(_row(given, len(settings)) for given in rows.values())
    parts = [f"## {title}\n", intro, f"{_HEADER}{table}" if table else ""]
    return "\n".join(filter(None, parts))


def _row(given: list[tuple[str, Described]], options: int) -> str:
    first = given[0][1]
    values = {_shown(each.value) for _, each in given}
    default = f"`{_shown(first.value)}`"
    if len(values) > 1 or len(given) < options:
        default = ", ".join(f"{option}: `{_shown(each.value)}`" for option, each in given)
    return f"| `{first.name}` | {first.meaning} | {first.unit} | {default} | {first.allowed} |\n"


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _of_node(name: str, node: Any) -> Iterator[Described]:
    if not isinstance(node, dict) or "_target_" not in node:
        return
    parameters = parameters_of(locate(f"{name}._target_", node["_target_"]))
    for key, value in node.items():
        if key in parameters and is_setting(parameters[key].annotation):
            yield _described(f"{name}.{key}", value, parameters[key].annotation)
        elif isinstance(value, dict):
            yield from _of_node(f"{name}.{key}", value)


def _of_kind(name: str, value: Any, kind: Any) -> Iterator[Described]:
    if is_setting(kind):
        yield _described(name, value, kind)
        return
    for key, parameter in parameters_of(kind).items():
        if key in value:
            yield _described(f"{name}.{key}", value[key], parameter.annotation)


def _described(name: str, value: object, kind: Any) -> Described:
    return Described(name, meaning(kind), unit(kind), value, allowed(kind))


def _first_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    line = lines[1] if lines[0].startswith("# @package") else lines[0]
    return line.removeprefix("# ")


if __name__ == "__main__":
    sys.stdout.write(page())
