"""The Betfair importer: folders, tars, several files of one event, and what a stop leaves."""

import bz2
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from recordings.importers.betfair import import_files
from recordings.reader import Tape
from recordings.tape import Kind
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market_types import MarketType
from tests.paths import PROJECT
from tests.recordings.importers.conftest import FIRST_PT, REAL, plain_definition

NAME = "Memphis Grizzlies @ Cleveland Cavaliers"
TEAMS = [
    {"id": 11, "status": "ACTIVE", "sortPriority": 1, "name": "Memphis Grizzlies"},
    {"id": 22, "status": "ACTIVE", "sortPriority": 2, "name": "Cleveland Cavaliers"},
]
HANDICAPS = [
    {"id": 11, "hc": 2.5, "status": "ACTIVE", "sortPriority": 1},
    {"id": 22, "hc": -2.5, "status": "ACTIVE", "sortPriority": 2},
]
TOTALS = [
    {"id": 1, "status": "ACTIVE", "sortPriority": 1, "name": "Under 212.5 Points"},
    {"id": 2, "status": "ACTIVE", "sortPriority": 2, "name": "Over 212.5 Points"},
]


def stream_text(market_id: str, later_ms: int, rounds: int = 1, **definition: Any) -> str:
    """Return a stream file of a market: its definition, then as many changes of its book."""
    market = {**plain_definition(), "eventTypeId": "7522", "runners": TEAMS, **definition}
    first = market["runners"][0]
    key = {"id": first["id"], "hc": first.get("hc", 0)}
    messages: list[Any] = [{"id": market_id, "marketDefinition": market}]
    messages += [
        {"id": market_id, "rc": [{**key, "atb": [[2.5, 10 + number]]}]} for number in range(rounds)
    ]
    pts = range(FIRST_PT + later_ms, FIRST_PT + later_ms + 1000 * len(messages), 1000)
    return "".join(
        json.dumps({"op": "mcm", "pt": pt, "mc": [change]}) + "\n"
        for pt, change in zip(pts, messages, strict=True)
    )


def games(*numbers: int) -> dict[str, bytes]:
    """Return file names and contents of the moneylines of events of these numbers."""
    return {
        f"1.{number}": stream_text(f"1.{number}", 0, eventId=str(number), eventName=NAME).encode()
        for number in numbers
    }


def game_files() -> dict[str, bytes]:
    """Return three files of one event: a total first, then the moneyline, then a handicap."""
    shared: dict[str, Any] = {"eventId": "7", "eventName": NAME}
    total = {**shared, "marketType": "OVER_UNDER_2125", "runners": TOTALS, "eventName": None}
    handicap = {**shared, "marketType": "HANDICAP", "runners": HANDICAPS}
    return {
        "1.1.bz2": bz2.compress(stream_text("1.1", 0, **total).encode()),
        "1.2": stream_text("1.2", 300, **shared).encode(),
        "1.3.gz": gzip.compress(stream_text("1.3", 600, **handicap).encode()),
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, and return it."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def imported_lines(*paths: Path, out: Path, skip_errors: bool = False) -> list[str]:
    """Import, and return the lines that are printed."""
    return list(import_files(paths, out, skip_errors=skip_errors))


def names_in(folder: Path) -> list[str]:
    """Return the names of everything in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def contents(out: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of the only segment of each of some recordings."""
    return {name: (out / name / "segment-00000.parquet").read_bytes() for name in names}


def test_the_files_of_one_event_are_one_recording_in_order_of_time(tmp_path: Path) -> None:
    """Three markets of a game follow each other as they were sent, with the moneyline's teams."""
    lines = imported_lines(write_files(tmp_path / "in", game_files()), out=tmp_path / "out")
    tape = Tape(tmp_path / "out")
    assert {market.market_id: market.type for market in tape.info.markets} == {
        "1.1": MarketType.TOTAL,
        "1.2": MarketType.MONEYLINE,
        "1.3": MarketType.SPREAD,
    }
    (event,) = tape.info.events
    assert (event.name, event.home, event.away) == (
        NAME,
        "Cleveland Cavaliers",
        "Memphis Grizzlies",
    )
    rows = [row for chunk in tape.chunks() for row in chunk.rows()]
    offers = [row for row in rows if row.kind == Kind.OFFER]
    assert [row.market for row in offers] == [0, 1, 2]
    assert [row.received_ns // 10**6 - FIRST_PT for row in offers] == [1000, 1300, 1600]
    assert tape.info.source == "Betfair stream files 1.1.bz2, 1.2, 1.3.gz"
    assert lines[0].startswith("1.1.bz2, 1.2, 1.3.gz: 6 messages to ")


def test_an_archive_holds_what_a_folder_holds(tmp_path: Path) -> None:
    """The files of a tar or zip, compressed or not and in folders, give the same recording."""
    folder = write_files(tmp_path / "in", game_files())
    shutil.make_archive(str(tmp_path / "data"), "tar", tmp_path, "in")
    shutil.make_archive(str(tmp_path / "data"), "zip", tmp_path, "in")
    rows = []
    for number, source in enumerate((folder, tmp_path / "data.tar", tmp_path / "data.zip")):
        imported_lines(source, out=tmp_path / str(number))
        tape = Tape(tmp_path / str(number))
        rows.append([row for chunk in tape.chunks() for row in chunk.rows()])
    assert rows[0] == rows[1] == rows[2]


def test_every_event_becomes_a_folder_named_by_date_and_teams(tmp_path: Path) -> None:
    """Two games of one name on one day are two recordings; hidden files are left alone."""
    files = {**games(7, 8), ".DS_Store": b"of a file manager"}
    lines = imported_lines(write_files(tmp_path / "in", files), out=tmp_path / "out")
    names = [f"2020-09-13-memphis-grizzlies-at-cleveland-cavaliers-{number}" for number in (7, 8)]
    assert names_in(tmp_path / "out") == names
    assert [Tape(tmp_path / "out" / name).info.events[0].event_id for name in names] == ["7", "8"]
    assert sorted(line.split(": ")[0].split("  ")[1] for line in lines[:2]) == names
    assert lines[2:] == ["2 recordings imported, 0 kept, 0 skipped for an error"]


@pytest.mark.slow
def test_a_damaged_file_stops_the_import_and_leaves_what_is_whole(tmp_path: Path) -> None:
    """File, line and reason are named; once it is mended, the same import keeps the rest."""
    folder = write_files(tmp_path / "in", games(7, 8))
    out = tmp_path / "out"
    imported_lines(folder, out=out)
    whole = contents(out, names_in(out))
    write_files(folder, {"1.9": games(9)["1.9"] + b"cut o"})
    with pytest.raises(TapeError, match=r"in/1\.9, line 3: no Betfair market change message"):
        imported_lines(folder, out=out)
    assert contents(out, names_in(out)) == whole
    write_files(folder, games(9))
    last = imported_lines(folder, out=out)[-1]
    assert last == "1 recording imported, 2 kept, 0 skipped for an error"
    assert contents(out, whole) == whole
    assert len(names_in(out)) == 3


def test_damaged_files_are_skipped_if_wanted_and_named(tmp_path: Path) -> None:
    """The event is imported without its damaged file, and its recording says so."""
    files = {**game_files(), **games(8), "notes.txt": b"not a stream"}
    files["1.2"] += b'{"op":"mcm","pt":1}'
    folder = write_files(tmp_path / "in", files)
    lines = imported_lines(folder, out=tmp_path / "out", skip_errors=True)
    assert lines[-1] == ("2 recordings imported, 0 kept, 2 skipped for an error")
    skipped = [line for line in lines if line.startswith("Skipped: ")]
    assert [line.split(": ")[1] for line in skipped] == [
        f"{folder}/notes.txt, line 1",
        f"{folder}/1.2, line 3",
    ]
    (of_seven,) = (tmp_path / "out").glob("*-7")
    info = Tape(of_seven).info
    assert [market.market_id for market in info.markets] == ["1.1", "1.3"]
    assert any(note.startswith(f"Left out as damaged: {folder}/1.2, line 3") for note in info.notes)


def test_the_only_event_is_imported_without_its_damaged_file(tmp_path: Path) -> None:
    """It goes to the folder itself as ever, and what was skipped is said in the last line."""
    files = game_files()
    files["1.2"] += b"cut o"
    folder = write_files(tmp_path / "in", files)
    with pytest.raises(TapeError, match=r"in/1\.2, line 3"):
        imported_lines(folder, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    lines = imported_lines(folder, out=tmp_path / "out", skip_errors=True)
    assert lines[-1].startswith(f"Skipped: {folder}/1.2, line 3: ")
    assert len(Tape(tmp_path / "out").info.markets) == 2


def test_an_event_without_a_market_to_import_is_left_out(tmp_path: Path) -> None:
    """Markets that cannot be imported stop nothing; they are listed by reason."""
    unfit = stream_text("1.9", 0, eventId="9", marketType="CORRECT_SCORE")
    folder = write_files(tmp_path / "in", {**games(7, 8), "1.9": unfit.encode()})
    lines = imported_lines(folder, out=tmp_path / "out")
    assert len(names_in(tmp_path / "out")) == 2
    assert next(line for line in lines if line.startswith("Refused")).endswith(": 1.9")


def test_a_market_in_two_files_is_an_error(tmp_path: Path) -> None:
    """A market that was recorded twice is an error that names the second file."""
    text = games(7)["1.7"]
    folder = write_files(tmp_path / "in", {"a": text, "b": text})
    with pytest.raises(TapeError, match=r"in/b, line 1: market 1\.7 is in .*in/a too"):
        imported_lines(folder, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_of_several_events_is_a_recording_named_after_it(tmp_path: Path) -> None:
    """Two such files of one name are refused, as one would replace the other."""
    both = [json.loads(text.splitlines()[0])["mc"][0] for text in games(7, 8).values()]
    first = json.dumps({"op": "mcm", "pt": FIRST_PT, "mc": both}) + "\n"
    later = games(7)["1.7"].splitlines()[1]
    files = {"a/day.1": first.encode() + later, **games(9)}
    folder = write_files(tmp_path / "in", files)
    imported_lines(folder, out=tmp_path / "out")
    assert "day-1" in names_in(tmp_path / "out")
    assert len(Tape(tmp_path / "out" / "day-1").info.events) == 2
    write_files(folder, {"b/day.1": files["a/day.1"]})
    with pytest.raises(
        TapeError, match=r"b/day\.1: becomes a recording of the same name as .*a/day"
    ):
        imported_lines(folder, out=tmp_path / "out")


def test_a_file_that_is_named_twice_is_imported_once(tmp_path: Path) -> None:
    """A path may stand beside the folder that it is in."""
    folder = write_files(tmp_path / "in", games(7))
    imported_lines(folder / "1.7", folder, folder / "1.7", out=tmp_path / "out")
    assert Tape(tmp_path / "out").info.source == "Betfair stream file 1.7"


def test_a_kept_recording_of_other_files_is_named(tmp_path: Path) -> None:
    """If a file of an event came later, its recording is kept and the difference said."""
    folder = write_files(tmp_path / "in", games(7, 8))
    imported_lines(folder, out=tmp_path / "out")
    handicap = stream_text("1.70", 0, eventId="7", marketType="HANDICAP", runners=HANDICAPS)
    write_files(folder, {"1.70": handicap.encode()})
    lines = imported_lines(folder, out=tmp_path / "out")
    assert "kept, though made of other files (Betfair stream file 1.7)" in lines[0]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("data.tar", b"no tar", "cannot be read as a tar"),
        ("data.zip", b"no zip", "cannot be read as a zip"),
        ("data.zip", b"PK\x05\x06" + bytes(18), "there is no file in it"),
        ("data.tar.gz", b"", "a compressed tar; decompress it first"),
        ("1.1", b'{"op":"mcm","pt":1}\n', "line 1: the file ends without a definition"),
    ],
)
def test_unfit_files_are_refused(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    """One line names the file and the reason, and no folder is made."""
    folder = write_files(tmp_path / "in", {**games(7, 8), name: content})
    with pytest.raises(TapeError, match=f"{name}.*{why}"):
        imported_lines(folder, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lost", [1, 512, 10_000])
def test_a_tar_that_was_cut_off_is_refused(tmp_path: Path, lost: int) -> None:
    """Wherever a tar ends too early inside of a file, the error names it."""
    folder = write_files(tmp_path / "in", {"1.1": os.urandom(9000).hex().encode()})
    with tarfile.open(tmp_path / "data.tar", "w") as tar:
        tar.add(folder / "1.1", "1.1")
    size = 512 + 18_000
    with (tmp_path / "data.tar").open("r+b") as file:
        file.truncate(size - lost)
    with pytest.raises(TapeError, match=r"data\.tar"):
        imported_lines(tmp_path / "data.tar", out=tmp_path / "out")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without any file is named."""
    with pytest.raises(TapeError, match="in: there is no file in this folder"):
        imported_lines(write_files(tmp_path / "in", {}), out=tmp_path / "out")


def test_files_that_are_all_skipped_are_an_error(tmp_path: Path) -> None:
    """If no recording comes of any file, the import fails, and leaves no folder."""
    folder = write_files(tmp_path / "in", {"notes": b"not a stream"})
    with pytest.raises(TapeError, match="out: no recording could be made of these files"):
        imported_lines(folder, out=tmp_path / "out", skip_errors=True)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_several_events_is_not_imported_into_a_recording(tmp_path: Path) -> None:
    """A folder that is a recording itself stays one."""
    imported_lines(write_files(tmp_path / "one", games(7)), out=tmp_path / "out")
    with pytest.raises(TapeError, match="out: is a recording"):
        imported_lines(write_files(tmp_path / "two", games(7, 8)), out=tmp_path / "out")
    assert names_in(tmp_path / "out") == ["segment-00000.parquet"]


@pytest.mark.slow
def test_ctrl_c_keeps_whole_recordings_and_says_so(tmp_path: Path) -> None:
    """The import ends with the number of recordings that stay, and nothing else is left."""
    files = {
        f"1.{number}": stream_text(f"1.{number}", 0, 3000, eventId=str(number)).encode()
        for number in range(40)
    }
    write_files(tmp_path / "in", files)
    words = ["import", "betfair", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, "-m", "sim", *words],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        os.killpg(program.pid, signal.SIGINT)
        _, error = program.communicate()
    assert program.returncode == 130
    names = names_in(tmp_path / "out")
    assert 1 <= len(names) < 40
    assert f"interrupted; {len(names)} whole recording" in error
    assert sum(len(Tape(tmp_path / "out" / name).info.events) for name in names) == len(names)


@pytest.mark.slow
def test_a_folder_of_real_files_is_imported(tmp_path: Path) -> None:
    """Three of the seven are recordings; two hold nothing to import, and two are no such files."""
    if not REAL.exists():
        pytest.skip("the real recordings are not there (../shared/data/real/betfair)")
    lines = imported_lines(REAL, out=tmp_path, skip_errors=True)
    assert names_in(tmp_path) == [
        "2019-12-21-29628709",
        "2022-07-11-31573045",
        "soccer-asian-handicap-1-242971311-bz2",
    ]
    assert lines[-1] == ("3 recordings imported, 0 kept, 2 skipped for an error")
