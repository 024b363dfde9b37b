"""The two documents of rules: every row names existing tests, settings and codes."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from omegaconf import DictConfig, OmegaConf

from tests.parsed_source import parsed_source
from tests.paths import PROJECT

DOCUMENTS = ("fills.md", "exchange.md")
NAME = re.compile(r"`([^`]+)`")
SETTING = re.compile(r"`((?:exchange|fees|latency)\.[\w.]+)`")
CODE = re.compile(r"[a-z]+(_[a-z]+)+")
# The modules that hold the exchange's codes.
CODE_MODULES = ("refusals.py", "prophet.py", "activation.py", "cancels.py", "participant.py")
TEST = re.compile(r"^def test_(\w+)", re.MULTILINE)
# The first columns of tables of measurements, which state no rule.
MEASURED = {"queue", "ours"}
KNOWN = re.compile(r"(documented|observed|assumed)\b")

Row = dict[str, str]


def text(document: str) -> str:
    """Return a document."""
    return (PROJECT / "docs" / document).read_text(encoding="utf-8")


def rows(document: str) -> Iterator[Row]:
    """Yield the rows of the tables of a document, each cell by the head of its column."""
    heads: list[str] = []
    for line in text(document).splitlines():
        if not line.startswith("|"):
            heads = []
        elif not heads:
            heads = cells(line)
        elif not set(line) <= set("|-: "):
            yield dict(zip(heads, cells(line), strict=True))


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


@cache
def names_of_tests() -> set[str]:
    """Return the names of all tests, as documents name them."""
    return {
        name
        for path in (PROJECT / "tests").rglob("test_*.py")
        for name in TEST.findall(path.read_text(encoding="utf-8"))
    }


def codes_sent() -> set[str]:
    """Return the codes that the exchange's modules hold as texts; names of slots are none."""
    codes = set()
    for name in CODE_MODULES:
        tree = parsed_source(PROJECT / "sim" / "exchange" / name)
        slots = {
            part.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Tuple)
            for part in node.elts
            if isinstance(part, ast.Constant)
        }
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        codes |= {text for text in texts - slots if isinstance(text, str) and CODE.fullmatch(text)}
    return codes


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_rule_names_existing_tests(document: str) -> None:
    """Each row of each table of rules has at least one test, and all that it names exist."""
    documented = [row for row in rows(document) if next(iter(row)) not in MEASURED]
    assert len(documented) > 20
    untested = [row for row in documented if not NAME.findall(row["test"])]
    assert untested == []
    named = {name for row in documented for name in NAME.findall(row["test"])}
    assert sorted(named - names_of_tests()) == []


def test_every_rule_of_the_exchange_has_its_source() -> None:
    """Documented, observed or assumed; everything but an assumption names its source."""
    for row in rows("exchange.md"):
        known = row.get("source", "assumed")
        assert KNOWN.match(known), row
        assert known.startswith("assumed") or ":" in known, row


def test_every_setting_that_a_document_names_exists(
    compose_settings: Callable[..., DictConfig],
) -> None:
    """Every setting of the exchange is named by a document, except the starting balance."""
    config = compose_settings()
    named = {name for document in DOCUMENTS for name in SETTING.findall(text(document))}
    missing = [name for name in named if OmegaConf.select(config, name, default=...) is ...]
    assert missing == []
    stated = {f"exchange.settings.{name}" for name in config.exchange.settings}
    assert stated - named == {"exchange.settings._target_", "exchange.settings.starting_balance"}


def test_every_code_of_the_exchange_is_in_its_document() -> None:
    """Every code that the exchange can send is in the table of codes, and no other."""
    listed = {name for row in rows("exchange.md") for name in NAME.findall(row.get("code", ""))}
    assert listed == codes_sent()
