"""Folders of many games hold whole games only, the same however often their making was ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.tape import segment_name
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.games_console import present_games, present_season
from sim.crowd.generate import GamePlan, generate_game, plan_games
from sim.crowd.season.season import Season
from sim.crowd.season.season_folder import CATALOGUE, IDENTITY, SeasonFolder
from sim.crowd.whole_games import locked_folder, missing_games, written_games
from strategies.trading.model.errors import ConfigError, TapeError
from tests.paths import PROJECT

# A game of a minute, which the fewest makers trade from a minute before.
SHORT = CrowdSettings(opens_before_s=60.0, game_s=60.0, makers=2)
GAMES = 4

Generate = Callable[[], None]


def season_into(out: Path, games: int = GAMES) -> None:
    """Generate the first games of a season."""
    present_season(out, sport="nhl", seed=3, games=games, settings=SHORT)


def games_into(out: Path, games: int = GAMES) -> None:
    """Generate games from consecutive seeds."""
    present_games(out, sport="nhl", seed=3, games=games, settings=SHORT)


def plans_of(out: Path) -> list[GamePlan]:
    """Return the plans of the season that `season_into` generates."""
    return SeasonFolder(out, Season("nhl", 3), SHORT).plans()[:GAMES]


def digests(out: Path) -> dict[str, str]:
    """Return the digest of every recording in a folder, by name; all others are no folders."""
    return {path.name: Tape(path).digest() for path in out.iterdir() if path.is_dir()}


def catalogue(out: Path) -> list[dict[str, object]]:
    """Return the lines of the catalogue."""
    return [json.loads(line) for line in (out / CATALOGUE).read_text("utf-8").splitlines()]


def snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return every file below a folder with its inode and time of change."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def test_a_season_is_catalogued_by_what_its_recordings_say(tmp_path: Path) -> None:
    """Each line names a recording in order of time, with its event and start."""
    season_into(tmp_path)
    lines = catalogue(tmp_path)
    assert [line["path"] for line in lines] == [plan.folder.name for plan in plans_of(tmp_path)]
    for line, game in zip(lines, Season("nhl", 3).games, strict=False):
        info = Tape(tmp_path / str(line["path"])).info
        event = info.events[0]
        assert event == game.fixture.event
        assert (line["event_id"], line["name"]) == (event.event_id, event.name)
        assert str(line["start"]).startswith("2025-10-0")
        assert info.source == f"simulated: python -m sim season nhl --seed 3, game {game.number}"
    teams = json.loads((tmp_path / IDENTITY).read_text("utf-8"))["teams"]
    assert len(teams) == 32
    assert {line["home"] for line in lines} < set(teams)


@pytest.mark.parametrize("left", [1, 3])
def test_games_are_the_same_however_they_were_ended(tmp_path: Path, left: int) -> None:
    """Ended after some games, with one half-written, a season is completed as if in one go."""
    season_into(tmp_path / "once")
    out = tmp_path / "often"
    folder = SeasonFolder(out, Season("nhl", 3), SHORT)
    out.mkdir()
    folder.begin()
    # By one process and in another order than the season's.
    with written_games(plans_of(out)[::-1], 1) as written:
        for _ in range(left):
            next(written)
    half_written = out / f".{plans_of(out)[0].folder.name}.part"
    half_written.mkdir()
    (half_written / f".{segment_name(0)}.part").write_bytes(b"PAR1")
    before = snapshot(out)
    whole = {path for path in before if path.suffix == ".parquet"}
    assert len(whole) == left
    season_into(out)
    assert digests(out) == digests(tmp_path / "once")
    assert {path: snapshot(out)[path] for path in whole} == {path: before[path] for path in whole}
    assert {path.name for path in out.iterdir()} == {*digests(out), IDENTITY, CATALOGUE}


def test_more_games_of_a_season_continue_it(tmp_path: Path) -> None:
    """Asked for more, the folder has the same games and more; asked for less, it loses none."""
    season_into(tmp_path, 2)
    first = digests(tmp_path)
    season_into(tmp_path, 3)
    assert first.items() < digests(tmp_path).items()
    season_into(tmp_path, 1)
    assert len(catalogue(tmp_path)) == len(digests(tmp_path)) == 3


def test_several_games_are_those_of_consecutive_seeds_and_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is the single game of its seed; run again nothing is changed, and that is said."""
    games_into(tmp_path / "many", 2)
    assert sorted(digests(tmp_path / "many")) == ["game-000", "game-001"]
    generate_game(tmp_path / "single", seed=4, sport="nhl", settings=SHORT)
    single = Tape(tmp_path / "single").digest()
    assert digests(tmp_path / "many")["game-001"] == single
    before = snapshot(tmp_path / "many")
    capsys.readouterr()
    games_into(tmp_path / "many", 2)
    assert snapshot(tmp_path / "many") == before
    assert capsys.readouterr().out.startswith("2 of 2 games whole and kept in ")


def test_what_a_killed_process_left_in_place_of_a_game_is_made_again(tmp_path: Path) -> None:
    """A folder with a segment that was never completed is no game."""
    plans = plan_games(tmp_path, sport="nhl", seed=3, games=2, settings=SHORT)
    plans[0].folder.mkdir()
    (plans[0].folder / f".{segment_name(0)}.part").write_bytes(b"PAR1")
    assert missing_games(plans) == plans
    games_into(tmp_path, 2)
    assert len(digests(tmp_path)) == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (segment_name(0), b"PAR1", "game-000.*remove .*game-000 to have the game made again"),
        ("notes.txt", b"mine", r"game-000: holds notes\.txt and no recording"),
    ],
    ids=["a broken recording", "a file of the user"],
)
def test_what_may_be_somebody_s_is_refused_and_kept(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    """A folder in the place of a game that is no half-written game is never removed."""
    (tmp_path / "game-000").mkdir()
    (tmp_path / "game-000" / name).write_bytes(content)
    before = snapshot(tmp_path)
    with pytest.raises(TapeError, match=reason):
        games_into(tmp_path, 2)
    assert snapshot(tmp_path) == before


def test_another_game_in_its_place_is_refused_and_kept(tmp_path: Path) -> None:
    """A whole game of another seed is named, and nothing is changed."""
    generate_game(tmp_path / "game-001", seed=9, sport="nhl", settings=SHORT)
    before = snapshot(tmp_path)
    with pytest.raises(TapeError, match=r"game-001: holds another recording \(.*--seed 9\)"):
        games_into(tmp_path, 2)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"seed": 4}, "holds games of seed 3, not 4"),
        ({"sport": "nfl"}, "holds games of sport 'nhl', not 'nfl'"),
        ({"settings": CrowdSettings(mispricing=0.003)}, "of planted_edge 0.0, not 0.003"),
        ({"settings": CrowdSettings()}, "other values of 'crowd'"),
        ({"games": 1313}, "a season of nhl has 1,312, not 1,313"),
    ],
)
def test_another_season_is_refused(tmp_path: Path, asked: dict[str, object], reason: str) -> None:
    """A folder is of one sport, seed and settings; it is unchanged by an attempt with others."""
    season_into(tmp_path, 1)
    before = snapshot(tmp_path)
    usual: dict[str, object] = {"sport": "nhl", "seed": 3, "games": 1, "settings": SHORT}
    with pytest.raises(ConfigError, match=reason):
        present_season(tmp_path, **(usual | asked))  # type: ignore[arg-type]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["letter.txt", IDENTITY])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    """A season is not mixed with files of the user's."""
    (tmp_path / name).write_text("Dear all", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{name}.*name a new folder"):
        season_into(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_two_processes_do_not_generate_into_one_folder(tmp_path: Path) -> None:
    """The second one is refused while the first one runs."""
    with (
        locked_folder(tmp_path),
        pytest.raises(ConfigError, match="another process generates games into it"),
    ):
        season_into(tmp_path)
    season_into(tmp_path, 1)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["generate", "season"])
def test_ctrl_c_keeps_what_is_whole_and_says_how_to_go_on(tmp_path: Path, verb: str) -> None:
    """Interrupted after the first game, it ends with one line, and keeps whole games only."""
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", verb, "nfl", "--games=9", "--seed=1", f"--out={out}"],
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "1 of 9 games\n"
    # As a terminal does: to the workers as well.
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate()
    whole = len(digests(out))
    assert process.returncode == 130
    assert error.splitlines()[-1] == (
        f"python -m sim {verb}: interrupted; {whole} of 9 games whole and kept in {out}: "
        "run again to go on"
    )
    assert 1 <= whole < 9
    assert not list(out.glob(".*"))
    assert verb == "generate" or len(catalogue(out)) == whole
