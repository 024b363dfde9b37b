"""Writes the page of a study, headed by what was found."""

from collections.abc import Sequence
from pathlib import Path

from recordings.writing import write_text
from sim.report.page import (
    Html,
    code_block,
    facts,
    folded,
    header,
    headline,
    join,
    notes,
    page,
    paragraph,
    section,
)
from sim.study.objectives import OBJECTIVES
from sim.study.page.arm_sections import (
    arm_intervals,
    arm_splits,
    comparison,
    sensitivity,
    walk_forward,
)
from sim.study.page.game_pictures import game_by_game
from sim.study.page.heat_map import heat_map
from sim.study.study_result import StudyResult
from sim.study.study_text import SEEDS_ARE_NO_SAMPLE, differ_by_seed, found_text, judged_text
from strategies.trading.model.counted import counted

PAGE = "study.html"
_FAILED_SHOWN = 20


def write_study_page(
    folder: Path, result: StudyResult, recording_notes: Sequence[str], command: str
) -> Path:
    """Write `study.html` into the folder of a study, and return its path; raise WriteError.

    `recording_notes` come first; `command` is what was typed, shown as it is.
    """
    path = folder / PAGE
    write_text(path, _document(folder.name, result, recording_notes, command))
    return path


def _document(name: str, result: StudyResult, recording_notes: Sequence[str], command: str) -> str:
    crossed = heat_map(result)
    return page(
        f"Study {name}",
        [
            _head(name, result, recording_notes),
            section("Arms", [arm_intervals(result), comparison(result)]),
            *([section("Two settings", [crossed])] if crossed else []),
            section("Walking forward", [walk_forward(result)]),
            section("Game by game", [game_by_game(result)]),
            section("Where the profit came from", [arm_splits(result)]),
            section("Sensitivity of the chosen arm", [sensitivity(result)]),
            *([section("Failed trials", [_failed(result)])] if result.failed else []),
            section("The study", [_words(result, command)]),
        ],
    )


def _head(name: str, result: StudyResult, recording_notes: Sequence[str]) -> Html:
    found = found_text(result)
    what, _ = OBJECTIVES[result.objective]
    lines = [f"Judged by {result.objective}: {what}. Compared on {judged_text(result)}."]
    warnings = [*result.unfinished]
    if differ_by_seed(result):
        warnings.append(SEEDS_ARE_NO_SAMPLE)
    if result.failed:
        failed = counted(len(result.failed), "trial")
        warnings.append(f"{failed} failed. Games that an arm did not play are left out for all.")
    return header(
        [
            paragraph(f"study {name}", "overline"),
            *(paragraph(each, "warning") for each in recording_notes),
            headline(f"{found[:1].upper()}{found[1:]}."),
            *map(paragraph, lines),
            *(paragraph(each, "warning") for each in warnings),
        ]
    )


def _failed(result: StudyResult) -> Html:
    shown = notes(result.failed[:_FAILED_SHOWN])
    others = result.failed[_FAILED_SHOWN:]
    if not others:
        return shown
    return join([shown, folded(f"{counted(len(others), 'other trial')}", notes(others))])


def _words(result: StudyResult, command: str) -> Html:
    arms = [(f"arm {arm}", result.label(arm)) for arm in result.games.arms]
    games = result.games.results[0]
    origin = [
        ("games", f"{len(games):,}, from {games[0].day} to {games[-1].day}"),
        ("baseline", f"arm {result.baseline}"),
        *arms,
    ]
    explanation = (
        "study.parquet has every arm and game with its split of profit; study.sqlite every trial. "
        "The same command goes on where it was stopped."
    )
    return join([code_block(command), facts(origin), paragraph(explanation, "aside")])
