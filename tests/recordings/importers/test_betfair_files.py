"""The Betfair importer: compressed files, and files that are refused."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.importers.betfair import import_betfair, import_files
from recordings.reader import Tape
from strategies.trading.model.errors import TapeError, TradingError
from tests.paths import SHARED
from tests.recordings.importers.conftest import StreamFile


@pytest.fixture
def whole(moneyline: StreamFile) -> StreamFile:
    """Return a stream file with a book, a trade and a settlement."""
    moneyline.change({"id": 11, "atb": [[2.5, 200]], "atl": [[2.6, 5.5]]}, img=True)
    moneyline.change({"id": 11, "trd": [[2.5, 100]]}, {"id": 22, "trd": [[1.01, 3]]})
    moneyline.define(status="CLOSED")
    return moneyline


@pytest.mark.parametrize("wrap", [bytes, gzip.compress, bz2.compress])
def test_a_file_is_opened_by_its_content(
    whole: StreamFile, tmp_path: Path, wrap: Callable[[bytes], bytes]
) -> None:
    """Plain, gzip and bzip2 give the same rows, whatever the file is called."""
    source = tmp_path / "1.1.bz2"
    source.write_bytes(wrap(whole.text().encode()))
    import_betfair(source, tmp_path / "wrapped")
    rows = [row for chunk in Tape(tmp_path / "wrapped").chunks() for row in chunk.rows()]
    assert rows == whole.imported().rows


def test_times_are_those_of_the_messages(whole: StreamFile) -> None:
    """There is one clock: both stamps are pt, in nanoseconds, as the tape's clocks entry says."""
    imported = whole.imported()
    assert all(row.received_ns == row.exchange_ns for row in imported.rows)
    assert imported.rows[-1].received_ns == 1_600_000_003 * 10**9
    assert imported.info.clocks.name == "ONE"
    assert not imported.info.simulated


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_a_truncated_archive_is_refused(
    whole: StreamFile, tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    """Wherever it was cut, the error names file and line, and no tape is left."""
    data = compress(whole.text().encode())
    source = tmp_path / "cut"
    for length in range(0, len(data), 7):
        source.write_bytes(data[:length])
        with pytest.raises(TapeError, match=r"cut, line \d+: "):
            import_betfair(source, tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


BAD_LINES = {
    "cut off": '{"op":"mcm","pt":16000000',
    "not JSON": "hello",
    "an array": "[]",
    "another stream": '{"op":"ccm","pt":1600000000000}',
    "no op": '{"pt":1600000000000}',
    "no pt": '{"op":"mcm","mc":[]}',
    "pt as text": '{"op":"mcm","pt":"1600000000000"}',
    "pt before the first": '{"op":"mcm","pt":1599999999999}',
    "pt beyond time": '{"op":"mcm","pt":9999999999999999}',
    "no such market": '{"op":"mcm","pt":1600000009000,"mc":[{"id":"1.9","rc":[]}]}',
    "no such runner": '{"op":"mcm","pt":1600000009000,"mc":[{"id":"1.1","rc":[{"id":9}]}]}',
    "bytes that are no text": '{"op":"mcm","pt":1600000009000,"mc":[{"id":"\udcff"}]}',
}
BAD_LEVELS = ["[1,5]", "[0,0]", "[-2,5]", "[2,-5]", '["NaN",5]', "[2,1e99999]", "[2]", "[1e400,1]"]


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_an_invalid_line_is_refused_with_its_number(
    whole: StreamFile, tmp_path: Path, line: str
) -> None:
    """A bad fifth line gives a one-line error that names it, and leaves no tape."""
    source = tmp_path / "bad"
    source.write_bytes((whole.text() + line).encode(errors="surrogateescape"))
    with pytest.raises(TapeError, match=r"bad, line 5: ") as raised:
        import_betfair(source, tmp_path / "tape")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "tape").exists()


@pytest.mark.parametrize("level", BAD_LEVELS)
def test_an_invalid_level_is_refused(whole: StreamFile, tmp_path: Path, level: str) -> None:
    """Prices of one or less, and negative or infinite sizes, are refused as damage."""
    runner = f'{{"id":11,"atb":[{level}]}}'
    line = f'{{"op":"mcm","pt":1600000009000,"mc":[{{"id":"1.1","rc":[{runner}]}}]}}'
    source = tmp_path / "bad"
    source.write_text(whole.text() + line)
    with pytest.raises(TapeError, match=r"bad, line 5: "):
        import_betfair(source, tmp_path / "tape")


@pytest.mark.parametrize("wrap", [bytes, gzip.compress, bz2.compress])
def test_an_empty_file_is_refused(tmp_path: Path, wrap: Callable[[bytes], bytes]) -> None:
    """An empty file is no recording, compressed or not."""
    source = tmp_path / "nothing"
    source.write_bytes(wrap(b""))
    with pytest.raises(TapeError, match=r"nothing, line 1: the file is empty"):
        import_betfair(source, tmp_path / "tape")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A mistyped path is a TapeError that names it, and makes no folder."""
    with pytest.raises(TapeError, match="nowhere"):
        import_betfair(tmp_path / "nowhere", tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


def test_a_file_in_place_of_the_output_folder_is_refused(whole: StreamFile, tmp_path: Path) -> None:
    """A tape needs a folder of its own."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(TapeError, match="taken"):
        import_betfair(whole.write(), tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_recording_is_not_overwritten(whole: StreamFile, tmp_path: Path) -> None:
    """Importing twice into one folder is refused and leaves the first tape as it is."""
    whole.imported()
    digest = Tape(tmp_path / "tape").digest()
    with pytest.raises(TapeError, match="holds a recording already"):
        import_betfair(whole.write(), tmp_path / "tape")
    assert Tape(tmp_path / "tape").digest() == digest


def test_a_file_of_last_prices_only_is_refused(stream: StreamFile, tmp_path: Path) -> None:
    """A BASIC file has no book to make a tape of, and the error names the kind of file needed."""
    stream.define()
    stream.change({"id": 11, "ltp": 2.5})
    with pytest.raises(TapeError, match=r"no order book: 1\.1 .* BASIC .* PRO"):
        import_betfair(stream.write(), tmp_path / "tape")


def test_a_heartbeat_is_ignored(whole: StreamFile) -> None:
    """A message that changes no market is ignored."""
    before = whole.imported().rows
    whole.messages.insert(1, {"op": "mcm", "ct": "HEARTBEAT", "pt": 1_600_000_000_000})
    whole.folder /= "with_heartbeat"
    whole.folder.mkdir()
    after = whole.imported().rows
    assert [row._replace(seq=0) for row in after] == [row._replace(seq=0) for row in before]


@pytest.mark.parametrize(
    "line",
    ["\n", " \r\n", '{"op":"connection","connectionId":"1"}\n', '{"op":"status","id":1}\n'],
    ids=["blank", "blank with a carriage return", "connection", "status"],
)
def test_lines_that_are_no_messages_of_a_market_are_ignored(
    whole: StreamFile, tmp_path: Path, line: str
) -> None:
    """What a recorder writes between the messages of markets changes nothing, nor does a BOM."""
    before = whole.imported().rows
    first, rest = whole.text().split("\n", 1)
    source = tmp_path / "recorded"
    source.write_text(f"\ufeff{line}{first}\n{line}{rest}{line}")
    import_betfair(source, tmp_path / "out")
    assert [row for chunk in Tape(tmp_path / "out").chunks() for row in chunk.rows()] == before


def test_a_message_some_milliseconds_back_gets_the_time_of_the_one_ahead(
    whole: StreamFile,
) -> None:
    """Messages stay in the order in which they were sent; what is further back is damage."""
    whole.messages[2]["pt"] = whole.messages[1]["pt"] - 1000
    times = [row.received_ns for row in whole.imported().rows]
    assert times == sorted(times)
    whole.messages[2]["pt"] -= 1
    whole.folder /= "damaged"
    whole.folder.mkdir()
    with pytest.raises(TapeError, match="line 3: pt goes back in time"):
        whole.imported()


CASES = SHARED / "cases"


@pytest.mark.parametrize(
    ("name", "markets"),
    [
        ("01-closing-definition-subset.jsonl", 2),
        ("02-late-runner.jsonl", 1),
        ("04-raw-lines/bom.jsonl", 1),
        ("04-raw-lines/crlf.jsonl", 1),
        ("04-raw-lines/in.jsonl", 1),
        ("04-raw-lines/data.tar", 1),
        ("04-raw-lines/data.zip", 1),
        ("31-accents.jsonl", 1),
    ],
)
def test_files_that_others_stumbled_over_are_imported(
    tmp_path: Path, name: str, markets: int
) -> None:
    """What public reports of other programs are about is read here."""
    if not (CASES / name).exists():
        pytest.skip(f"the case {name} is not there (../shared/cases)")
    list(import_files([CASES / name], tmp_path / "tape"))
    assert len(Tape(tmp_path / "tape").info.markets) == markets


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_damage_gives_a_valid_tape_or_a_trading_error(whole: StreamFile, data: Any) -> None:
    """Whatever bytes are damaged, the result is a valid tape or a TradingError."""
    damaged = bytearray(whole.text().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    attempt = whole.folder / f"attempt-{len(list(whole.folder.iterdir()))}"
    source = attempt.with_suffix(".in")
    source.write_bytes(bytes(damaged))
    try:
        import_betfair(source, attempt)
    except TradingError:
        assert not attempt.exists()
    else:
        assert sum(len(chunk) for chunk in Tape(attempt).chunks())
