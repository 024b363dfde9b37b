"""Every figure of the documents is recomputed, or is listed with the command that measures it."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.__main__ import VERBS
from sim.results.split_text import split_line
from sim.results.summary_file import read_summary
from tests.conftest import FinishedRun
from tests.document_figures import (
    DOCUMENTS,
    MEASURED,
    NAMED,
    PERFORMANCE,
    RECOMPUTED,
    STUDIES,
    Recomputed,
    text_of,
)

_HEADING = re.compile(r"^(#+) (.+)$")
# Programs that are neither ours nor in the tree.
_OTHER_PROGRAMS = {"valgrind"}
# A printed number has half a unit of its last digit to either side.
_HALF = 0.5


def sections(document: str) -> Iterator[tuple[list[str], str]]:
    """Yield the headings that a part of a document stands under, and its text without fences."""
    text = re.sub(r"^```.*?^```", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    above: dict[int, str] = {}
    lines: list[str] = []
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield list(above.values()), "\n".join(lines)
        lines = []
        depth = len(heading[1])
        above = {at: name for at, name in above.items() if at < depth} | {depth: heading[2]}
    yield list(above.values()), "\n".join(lines)


def under(document: str, heading: str) -> str:
    """Return all text under a heading, that of the headings below it included."""
    return "\n".join(text for above, text in sections(document) if heading in above)


def rows_under(document: str, heading: str) -> list[list[str]]:
    """Return the cells of every row of the tables under a heading."""
    lines = [line for line in under(document, heading).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def bounds(text: str) -> tuple[float, float]:
    """Return between which numbers a printed one lies before it was rounded."""
    number = text.replace(",", "")
    unit = 10.0 ** -len(number.partition(".")[2])
    return float(number) - _HALF * unit, float(number) + _HALF * unit


def is_ratio(printed: str, above: str, below: str) -> bool:
    """Return whether a printed ratio follows from two printed numbers, each of them rounded."""
    (low, high), (least, most) = bounds(above), bounds(below)
    first, last = bounds(printed)
    return first <= high / max(least, 1e-9) and last >= low / most


@pytest.mark.parametrize("figure", RECOMPUTED, ids=lambda each: each.pattern)
def test_what_can_be_recomputed_is(figure: Recomputed) -> None:
    """The sentence stands in the document, with the numbers of code, settings or arithmetic."""
    found = re.search(figure.pattern, text_of(figure.document))
    assert found is not None, "the sentence is gone: take it off the list"
    assert list(found.groups()) == list(figure.texts())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_figure_is_recomputed_or_has_a_command(document: str) -> None:
    """No number of a document comes from nowhere; a new one goes on a list."""
    measured = {heading for name, heading in MEASURED if name == document}
    unknown = []
    for above, part in sections(document):
        if measured & set(above):
            continue
        text = part
        for figure in RECOMPUTED:
            if figure.document == document:
                text = re.sub(figure.pattern, "", text)
        for named in NAMED[document]:
            text = re.sub(r"\s+".join(map(re.escape, named.split())), "", text)
        text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)
        unknown += [line for line in text.splitlines() if re.search(r"\d", line)]
    assert unknown == []


@pytest.mark.parametrize(("document", "heading"), MEASURED)
def test_what_was_measured_names_a_command_that_exists(document: str, heading: str) -> None:
    """Whoever doubts a figure finds beside it how it was measured, and can do that again."""
    command = MEASURED[document, heading]
    assert command in " ".join(under(document, heading).split())
    program, *words = command.split()
    if program in _OTHER_PROGRAMS:
        return
    module = words[1]
    if module == "sim":
        assert words[2] in VERBS
    else:
        assert importlib.util.find_spec(module) is not None


def test_names_are_no_leftovers() -> None:
    """What is let pass as no figure stands in its document."""
    for document, named in NAMED.items():
        text = " ".join(text_of(document).split())
        assert [each for each in named if each not in text] == []


def test_ratios_beside_other_programs_follow_from_their_seconds() -> None:
    """The column of times ours is each program's median over ours, of the same work."""
    rows = rows_under(PERFORMANCE, "Beside other programs")[1:]
    ours = {row[0]: row[2] for row in rows if row[1] == "ours"}
    wrong = [row[:5] for row in rows if not is_ratio(row[4], row[2], ours[row[0]])]
    assert len(rows) > len(ours) > 0
    assert wrong == []


def test_ratios_of_a_wager_follow_from_their_times() -> None:
    """The last column is the median before over that now; of rates it is the other way."""
    rows = rows_under(PERFORMANCE, "What a wager and a decision cost")[1:]
    wrong = []
    for name, now, _, before, _, faster in rows:
        above, below = (now, before) if name.startswith("rows a second") else (before, now)
        if not is_ratio(faster, above, below):
            wrong.append((name, faster))
    assert rows
    assert wrong == []


def test_targets_repeat_what_the_tables_have() -> None:
    """What was reached is a rounding of a figure that was measured above or below."""
    tables = [
        *rows_under(PERFORMANCE, "Beside other programs"),
        *rows_under(PERFORMANCE, "What a wager and a decision cost"),
        *rows_under(PERFORMANCE, "Rows and memory"),
    ]
    known = {float(cell.replace(",", "")) for row in tables for cell in row if is_number(cell)}
    reached = {row[0]: row[3] for row in rows_under(PERFORMANCE, "Targets") if len(row) > 3}
    for name in (
        "300,000 messages, every change",
        "300,000 messages, 10 ms timer",
        "nobody trading, 300,000 messages",
        "busy tape, 5 s refresh, rows/s",
        "1,020 pairs, 8,160 wagers placed at once, rows/s",
        "memory, 50,000,000 rows, 5 s refresh",
    ):
        number = re.findall(r"[\d.,]*\d", reached[name])[0]
        digits = number.replace(",", "")
        # A figure that was rounded to hundreds ends in zeros.
        unit = 10 ** (len(digits) - len(digits.rstrip("0"))) if "." not in digits else 0
        low, high = bounds(number)
        spread = _HALF * unit
        within = [each for each in known if low - spread <= each <= high + spread]
        assert within, f"{name}: {number} is in no table"


def is_number(text: str) -> bool:
    """Return whether a cell is one number."""
    return re.fullmatch(r"[\d,]+(\.\d+)?", text) is not None


def test_arms_of_the_study_differ_by_what_the_table_says() -> None:
    """Of every arm the difference against the first is that of the two means, as rounded."""
    rows = rows_under(STUDIES, "Two hundred generated games, six arms")[1:]
    first = float(rows[0][1])
    for name, mean, _, _, against, *_ in rows[1:]:
        assert float(against) == pytest.approx(float(mean) - first, abs=0.0151), name


def test_the_polymarket_study_has_as_many_trials_as_games_and_arms() -> None:
    """Its trials are games times margins, and half of its games judge."""
    text = " ".join(under(STUDIES, "Polymarket US").split())
    found = re.search(
        r"(\d+) games of .* margins of ([^:]+): (\d+) trials .* last (\d+) games", text
    )
    assert found is not None
    games, trials, judging = (int(found[group]) for group in (1, 3, 4))
    margins = re.findall(r"[\d.]+", found[2])
    assert trials == games * len(margins)
    assert judging == games // 2


@pytest.mark.slow
def test_the_profit_of_the_shipped_game_is_that_of_a_run(nba_run: FinishedRun) -> None:
    """The line that docs/results.md explains is what the main command prints now."""
    printed = split_line(read_summary(nba_run.folder).split)
    assert printed in text_of("docs/results.md").splitlines(), f"it is now {printed}"


@pytest.mark.slow
def test_the_main_report_is_written_within_its_size(nba_run: FinishedRun, tmp_path: Path) -> None:
    """The size of the main command's report in docs/results.md is that of one written now."""
    from sim.report.document import write_report  # noqa: PLC0415

    size = write_report(nba_run.folder).stat().st_size
    found = re.search(r"[Tt]hat of the main command has ([\d.]+) MB", text_of("docs/results.md"))
    assert found is not None
    low, high = bounds(found[1])
    assert low <= size / 1e6 <= high, f"it is now {size / 1e6:.2f} MB"
