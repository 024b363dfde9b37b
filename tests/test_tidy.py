"""Rules of the code base that ruff, mypy and import-linter cannot check."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import pytest

from tests.parsed_source import forget_trees, nodes, tree
from tests.paths import PROJECT
from tests.private_words import ALLOWED, COUNTED, COUNTED_AT_MOST, private_parts, words

PACKAGES = ("sim", "live", "strategies", "conf", "recordings")
MAX_LINES_OF_A_MODULE = 400
MAX_LINES_OF_A_FUNCTION = 60
# The modules of the desk that keep stakes, profits and balances.
MONEY_NOUNS = {"money", "exposure", "ledger", "position", "wager", "wagers"}
UNFINISHED = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")
TARGET = re.compile(r"_target_:\s*[\"']?([\w.]+)")

# Module names that may stand more than once, each with the reason.
REPEATED_MODULES = {
    "__init__": "a package's own module",
    "__main__": "what Python runs for `python -m`",
    "gateway": "the port of a session, and ProphetX behind it",
}


# Tests wait for what happens, or in a loop whose time jumps (tests/event_loops.py). These wait for
# time of the wall, each for a reason.
SLEEPERS = {
    "tests/contract/prophet_harness.py": "lets time pass at a sandbox behind sockets",
    "tests/live/reference/test_reference_recorded.py": "records prices that cease to come",
    "tests/live/scripted_server.py": "sends a health check every tenth of a second",
}
# What runs a test in a loop whose time jumps.
JUMPING = {"tests.event_loops.run_jumping", "tests.live.prophetx.scripted_responses.asking"}
SLEEPS = re.compile(r"(asyncio|time)\.sleep")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


def files(*folders: str, suffix: str = ".py") -> list[Path]:
    """Return the files of these folders of the project, in order."""
    return sorted(chain.from_iterable((PROJECT / name).rglob(f"*{suffix}") for name in folders))


SOURCES = files(*PACKAGES)
TESTS = files("tests")
MONEY_MODULES = [path for path in files("strategies/trading") if path.stem in MONEY_NOUNS]


@pytest.fixture(scope="module", autouse=True)
def trees_end() -> Iterator[None]:
    """Let the trees of all sources go with the last test that needs them."""
    yield
    forget_trees()


def place(path: Path, line: int = 1) -> str:
    """Return a place in the project, as a message names it."""
    return f"{path.relative_to(PROJECT)}:{line}"


def functions(path: Path) -> Iterator[Function]:
    """Return every function of a file, methods and inner ones included."""
    return (node for node in nodes(path) if isinstance(node, Function))


def module_name(path: Path) -> str:
    """Return the dotted name under which a file is imported."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names_imported(path: Path) -> Iterator[str]:
    """Yield every dotted name that a file imports; of `from a import b`, both a and a.b."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def targets_of_conf() -> list[tuple[Path, str]]:
    """Return what configuration builds: each file with the module of each of its targets."""
    return [
        (path, module_of_target(target))
        for path in files("conf", suffix=".yaml")
        for target in TARGET.findall(path.read_text(encoding="utf-8"))
    ]


def module_of_target(target: str) -> str:
    """Return the module of a dotted function, class, or method of a class."""
    *module, _ = target.split(".")
    if module and module[-1][0].isupper():
        module.pop()
    return ".".join(module)


def stands_alone(path: Path) -> bool:
    """Return whether a file needs no importer: it is run, is a package, or is a strategy."""
    return path.stem in {"__main__", "__init__"} or path.parent == PROJECT / "strategies"


def public_parts(node: Documented, name: str) -> Iterator[tuple[Documented, str]]:
    """Yield a module or class and all that is public in it, but not what is inside functions."""
    yield node, name
    if isinstance(node, Function):
        return
    for part in node.body:
        if isinstance(part, ast.ClassDef | Function) and not part.name.startswith("_"):
            yield from public_parts(part, part.name)


def nodes_outside_marks(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all that is in a node, save in functions that mark: they alone take a fair price."""
    yield node
    for part in ast.iter_child_nodes(node):
        if not (isinstance(part, Function) and part.name.startswith("mark")):
            yield from nodes_outside_marks(part)


def declaration(node: ast.AST) -> tuple[str, ast.expr] | None:
    """Return the name and type that a node declares: an argument, a variable, or a function."""
    match node:
        case ast.arg(arg=name, annotation=ast.expr() as type_):
            return name, type_
        case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=type_):
            return name, type_
        case ast.FunctionDef(name=name, returns=ast.expr() as type_):
            return name, type_
    return None


def holds_float(type_: ast.expr) -> bool:
    """Return whether a declared type holds a float."""
    return any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(type_))


def floats_written(path: Path) -> Iterator[int]:
    """Yield the lines of a money module where a float is written, or made by a division."""
    for node in nodes_outside_marks(tree(path)):
        match node:
            case ast.Constant(value=float(), lineno=line):
                yield line
            case ast.BinOp(op=ast.Div(), lineno=line) | ast.AugAssign(op=ast.Div(), lineno=line):
                yield line


def floats_declared(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the names that a module declares to hold a float, with their lines."""
    for node in nodes(path):
        declared = declaration(node)
        if declared is not None and holds_float(declared[1]):
            yield declared[0], declared[1].lineno


def test_the_packages_are_not_empty() -> None:
    """The rules below check real files: every package, its tests, and its money modules."""
    assert {path.relative_to(PROJECT).parts[0] for path in SOURCES} >= {"strategies", "recordings"}
    assert "money" in {path.stem for path in MONEY_MODULES}
    assert Path(__file__).resolve() in [path.resolve() for path in TESTS]


def test_no_module_is_too_long() -> None:
    """No module has more than 400 lines."""
    lines = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    too_long = {name: count for name, count in lines.items() if count > MAX_LINES_OF_A_MODULE}
    assert too_long == {}


def test_no_function_is_too_long() -> None:
    """No function, in the packages or in the tests, has more than 60 lines."""
    too_long = [
        f"{place(path, function.lineno)} {function.name}"
        for path in SOURCES + TESTS
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= MAX_LINES_OF_A_FUNCTION
    ]
    assert too_long == []


@pytest.mark.parametrize("path", MONEY_MODULES, ids=lambda path: path.stem)
def test_money_is_never_a_float(path: Path) -> None:
    """Where money is kept only a fair price is a float, and it is used only to mark."""
    wrong = list(floats_written(path))
    wrong += [line for name, line in floats_declared(path) if "fair" not in name]
    assert [place(path, line) for line in wrong] == []


def test_cents_are_whole() -> None:
    """Nothing that is named in cents is declared to hold a float."""
    fractional = [
        f"{place(path, line)} {name}"
        for path in SOURCES
        for name, line in floats_declared(path)
        if name.endswith("_cents")
    ]
    assert fractional == []


def test_every_module_is_used() -> None:
    """Every module is imported by another, built by configuration, or run."""
    used = {module for _, module in targets_of_conf()}
    for path in SOURCES:
        used.update(name for name in names_imported(path) if name != module_name(path))
    unused = [
        place(path) for path in SOURCES if not stands_alone(path) and module_name(path) not in used
    ]
    assert unused == []


def test_every_target_in_conf_exists_in_a_package() -> None:
    """Every `_target_` of the configuration is in a module of the packages that exists."""
    modules = {module_name(path) for path in SOURCES}
    missing = [f"{place(path)} {name}" for path, name in targets_of_conf() if name not in modules]
    assert missing == []


def test_nothing_is_left_for_later() -> None:
    """No source, test or configuration carries a mark of unfinished work."""
    marked = [
        place(path, at)
        for path in SOURCES + TESTS + files("conf", suffix=".yaml")
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert marked == []


def test_everything_public_has_a_docstring() -> None:
    """Every public module, class, method and function has a docstring."""
    silent = [
        f"{place(path, getattr(part, 'lineno', 1))} {name}"
        for path in SOURCES
        for part, name in public_parts(tree(path), module_name(path))
        if not ast.get_docstring(part)
    ]
    assert silent == []


@pytest.mark.slow
def test_every_test_states_its_behaviour() -> None:
    """Every test module and test function states in a docstring, as a sentence, what it shows."""
    silent = [place(path) for path in TESTS if not ast.get_docstring(tree(path))]
    silent += [
        f"{place(path, function.lineno)} {function.name}"
        for path in TESTS
        for function in functions(path)
        if function.name.startswith("test_")
        and not (ast.get_docstring(function) or "").rstrip().endswith(".")
    ]
    assert silent == []


def test_tests_use_real_objects() -> None:
    """Nothing imports a mocking library: a test uses a real object at a lower seam."""
    mocking = [
        f"{place(path)} {name}"
        for path in SOURCES + TESTS
        for name in names_imported(path)
        if "mock" in name.split(".")
    ]
    assert mocking == []


def repeated(names: Iterator[tuple[str, Path]]) -> dict[str, list[str]]:
    """Return the names that stand in more than one file, with these files."""
    found: dict[str, list[str]] = {}
    for name, path in names:
        found.setdefault(name, []).append(place(path))
    return {name: places for name, places in found.items() if len(places) > 1}


def public_types(path: Path) -> Iterator[str]:
    """Yield the public classes and type aliases of a module."""
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            name = ast.unparse(node.target)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        else:
            continue
        if name[0].isupper() and not name.isupper():
            yield name


def test_module_names_are_unique() -> None:
    """No module name stands twice, so that a name alone says which module is meant."""
    modules = ((path.stem, path) for path in SOURCES if path.stem not in REPEATED_MODULES)
    assert repeated(modules) == {}


def test_class_names_are_unique() -> None:
    """No public class or type alias stands twice, so that a name alone says what is meant."""
    assert repeated((name, path) for path in SOURCES for name in public_types(path)) == {}


# They name the private words.
RULES_OF_WORDS = {"private_words.py", "test_tidy.py"}
# What people read: the packages, their settings, the documents, the benchmarks, the tests and CI.
PROSE = [
    *(*SOURCES, *files(*PACKAGES, suffix=".yaml"), *files("docs", suffix=".md")),
    *(*PROJECT.glob("*.md"), *files("benchmarks"), PROJECT / ".ci" / "run"),
    *(path for path in TESTS if path.name not in RULES_OF_WORDS),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class ToldWager:", ["told"]),
        ("self._untold_wagers = ROOM", ["untold", "room"]),
        ("What became  of it.", ["what became of"]),
        ("the foretold early stagecoach", []),
        ("(partner API, 4.3)", []),
    ],
)
def test_private_words_are_found_inside_of_names(text: str, found: list[str]) -> None:
    """A word counts inside of a name, and neither as a part of a longer word nor where allowed."""
    assert private_parts(text) == found


def test_prose_and_names_use_terms_of_the_field() -> None:
    """No name, comment, message or document uses a private word or phrase."""
    found = []
    for path in PROSE:
        lines = path.read_text(encoding="utf-8").splitlines()
        if not private_parts(" ".join(line.lstrip("# ") for line in lines)):
            continue
        # Two lines at a time, as a phrase may go on in the next.
        for number, (line, following) in enumerate(pairwise([*lines, ""]), start=1):
            alone = private_parts(line)
            found += [f"{place(path, number)} {part}" for part in alone]
            joined = Counter(private_parts(f"{line} {following.lstrip('# ')}"))
            spanning = joined - Counter(alone) - Counter(private_parts(following))
            found += [f"{place(path, number)} {part}" for part in spanning]
    assert found == []


def sleeps(path: Path) -> Iterator[int]:
    """Yield the lines in which a file sleeps; in a loop whose time jumps, a clock may."""
    clock_jumps = JUMPING & set(names_imported(path))
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and node.attr.startswith("sleep"):
            names = [ast.unparse(node)]
        else:
            continue
        on_a_clock = isinstance(node, ast.Attribute) and node.attr == "sleep_until"
        if any(map(SLEEPS.fullmatch, names)) or (on_a_clock and not clock_jumps):
            yield node.lineno


def test_no_test_sleeps() -> None:
    """A test waits for a condition or on a clock of its own; those that may sleep all do."""
    found = {path: list(sleeps(path)) for path in TESTS}
    names = {str(path.relative_to(PROJECT)) for path, lines in found.items() if lines}
    wrong = [
        place(path, line)
        for path, lines in found.items()
        for line in lines
        if str(path.relative_to(PROJECT)) not in SLEEPERS
    ]
    assert wrong == []
    assert names == set(SLEEPERS)


def test_allowed_texts_are_used() -> None:
    """Every text that is let pass in spite of a private word stands somewhere."""
    everything = "".join(path.read_text(encoding="utf-8") for path in PROSE)
    assert [text for text in ALLOWED if text not in everything] == []


def test_counted_words_are_rare() -> None:
    """The words that were counted for this project's rewriting stay rare in the packages."""
    counts = Counter(
        word
        for path in SOURCES
        for word in words(path.read_text(encoding="utf-8"))
        if word in COUNTED
    )
    assert counts.total() <= COUNTED_AT_MOST, counts
