"""Which recordings a setting names."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.selection import selected_recordings
from strategies.trading.model.errors import TapeError
from tests.conftest import write_small_tape


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """Return a folder with two recordings, a note, and one recording more in a folder inside."""
    folder = tmp_path / "season"
    first = write_small_tape(folder / "b-game", minutes=1)
    for name in ("a-game", "more/c-game"):
        shutil.copytree(first, folder / name)
    (folder / "notes.txt").write_text("no recording")
    return folder


def named(season: Path, names: str | list[str]) -> list[str]:
    """Return the recordings as paths below the season's folder."""
    return [str(Path(path).relative_to(season)) for path in selected_recordings(names)]


def test_a_folder_names_the_recordings_inside_it(season: Path) -> None:
    """In a fixed order, at any depth."""
    assert named(season, str(season)) == ["a-game", "b-game", "more/c-game"]


def test_a_pattern_names_what_it_matches(season: Path) -> None:
    """Files beside the recordings are passed over."""
    assert named(season, f"{season}/*") == ["a-game", "b-game", "more/c-game"]
    assert named(season, f"{season}/b*") == ["b-game"]


def test_a_list_names_each_once(season: Path) -> None:
    """In the order of the list."""
    assert named(season, [f"{season}/b-game", f"{season}/*game"]) == ["b-game", "a-game"]


def test_a_catalogue_names_recordings_beside_it(season: Path) -> None:
    """One a line, in its order, with whatever else a line says."""
    catalogue = season / "games.jsonl"
    catalogue.write_text('{"path": "b-game", "start": "2026-01-14"}\n\n{"path": "more/c-game"}\n')
    assert named(season, str(catalogue)) == ["b-game", "more/c-game"]


@pytest.mark.parametrize("line", ["{", '{"name": "x"}', '["b-game"]'])
def test_a_bad_line_of_a_catalogue_is_named(season: Path, line: str) -> None:
    """By file and line."""
    catalogue = season / "games.jsonl"
    catalogue.write_text(f'{{"path": "b-game"}}\n{line}\n')
    with pytest.raises(TapeError, match=r"games\.jsonl, line 2: no "):
        selected_recordings(str(catalogue))


def test_a_shipped_name_and_what_is_missing_are_left_to_the_reader() -> None:
    """Opening them is what finds them, or says that they are missing."""
    assert selected_recordings(["nba", "no/such/folder"]) == ["nba", "no/such/folder"]


def test_a_pattern_without_a_match_is_refused(tmp_path: Path) -> None:
    """It would be an empty run."""
    with pytest.raises(TapeError, match="names no recording"):
        selected_recordings(f"{tmp_path}/*")


def test_a_run_of_a_folder_with_a_bad_recording_stops_or_skips_it(
    season: Path, sim: Callable[..., object]
) -> None:
    """It is named either way; skipped, it is said in the notes of the run."""
    bad = season / "b-game" / "segment-00000.parquet"
    bad.write_bytes(bad.read_bytes()[:-100])
    words = ("run", f"recording.path=[{season}/a-game,{season}/b-game]", "markets=moneyline")
    stopped = sim(*words)
    assert stopped.status == 2  # type: ignore[attr-defined]
    assert f"{bad}: " in stopped.err[-1]  # type: ignore[attr-defined]
    skipped = sim(*words, "recording.on_error=skip")
    assert skipped.status == 0  # type: ignore[attr-defined]
    assert any(f"Skipped {bad}: " in line for line in skipped.out)  # type: ignore[attr-defined]
