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
from recordings.tape import Kind, TapeInfo
from strategies.trading.model.errors import TapeError, TradingError
from tests.recordings.importers.conftest import StreamFile, plain_definition


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
    "a market without an id": '{"op":"mcm","pt":1600000009000,"mc":[{"rc":[]}]}',
    "markets that are no list": '{"op":"mcm","pt":1600000009000,"mc":7}',
    "bytes that are no text": '{"op":"mcm","pt":1600000009000,"mc":[{"id":"\udcff"}]}',
}
BAD_LEVELS = [[1, 5], [0, 0], [-2, 5], [2, -5], ["NaN", 5], [2, 1e10], [2], [1001, 1]]


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        *(({"rc": [{"id": 11, "atb": [level]}]}, "cannot be read") for level in BAD_LEVELS),
        ({"rc": [{"id": 9}]}, "changes runner 9 at handicap 0, which it does not have"),
        ({"rc": [{"hc": "x"}]}, "cannot be read"),
        ({"marketDefinition": {"status": "OPEN"}}, "cannot be read"),
        ({"marketDefinition": {**plain_definition(), "status": "ODD"}}, "cannot be read"),
        ({"marketDefinition": {**plain_definition(), "runners": 7}}, "cannot be read"),
    ],
)
@pytest.mark.parametrize("odd_market", ["1.2", "1.3"])
def test_case_02_one_odd_market_never_costs_a_file(
    whole: StreamFile, tmp_path: Path, change: dict[str, Any], reason: str, odd_market: str
) -> None:
    """What cannot be read leaves out its own market, with the line; the rest is imported."""
    before = whole.imported().rows
    whole.folder /= "with_another"
    whole.folder.mkdir()
    whole.define("1.2", name="Another")
    whole.send({"id": odd_market, **change})
    whole.change({"id": 11, "atb": [[2.7, 10]]}, market_id=odd_market)
    imported = whole.imported()
    assert [market.market_id for market in imported.info.markets][:1] == ["1.1"]
    kept = [row._replace(seq=0) for row in imported.rows if row.market == 0]
    assert kept == [row._replace(seq=0) for row in before if row.market == 0]
    (refusal,) = imported.report.refused
    assert refusal.market_id == odd_market
    if odd_market == "1.2":
        assert reason in refusal.reason
        assert refusal.reason.endswith("in line 6 of stream")


def test_case_02_a_market_that_changes_before_it_is_defined_is_left_out(
    whole: StreamFile,
) -> None:
    """A recorder that began midway has such markets; the others are imported."""
    whole.change({"id": 11, "atb": [[2.7, 10]]}, market_id="1.9")
    (line,) = [text for text in whole.imported().report.lines() if text.startswith("Refused")]
    assert line == "Refused, as UNKNOWN changes before it is defined in line 5 of stream: 1.9"


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


def imported_case(path: Path, out: Path, **settings: Any) -> tuple[list[str], TapeInfo]:
    """Import a case; return the lines printed, and what the recording has."""
    lines = list(import_files([path], out, **settings))
    return lines, Tape(out).info


def test_case_01_a_closing_definition_may_name_part_of_the_runners(
    tmp_path: Path, find_case: Callable[[str], Path]
) -> None:
    """Both markets are kept; the pair of the runner that is left out has no result, and counts."""
    case = find_case("01-closing-definition-subset.jsonl")
    lines, info = imported_case(case, tmp_path / "tape")
    assert len(info.markets) == 2
    assert any("leaves out one of the runners: 1 pair" in line for line in lines)
    rows = [row for chunk in Tape(tmp_path / "tape").chunks() for row in chunk.rows()]
    with_result = {row.market for row in rows if row.kind == Kind.RESULT}
    assert [info.markets[market].market_id for market in with_result] == ["1.2000002"]


def test_case_02_a_runner_that_is_removed_from_the_start_does_not_count(
    tmp_path: Path, find_case: Callable[[str], Path]
) -> None:
    """A third runner, REMOVED, leaves a market of two."""
    _, info = imported_case(find_case("02-late-runner.jsonl"), tmp_path / "tape")
    assert (len(info.markets), len(info.lines)) == (1, 2)


def test_case_02_a_market_with_a_late_runner_is_left_out(whole: StreamFile) -> None:
    """A runner added during the stream refuses its market with a line; the other is imported."""
    whole.define("1.2")
    third = {"id": 33, "status": "ACTIVE", "sortPriority": 3}
    whole.define("1.2", runners=[*plain_definition()["runners"], third])
    report = whole.imported().report
    assert report.markets == ("1.1",)
    assert [refusal.market_id for refusal in report.refused] == ["1.2"]
    assert any(line.startswith("Refused, as MATCH_ODDS") for line in report.lines())


@pytest.mark.parametrize(
    "name", ["1.2000001.bz2", "bom.jsonl", "crlf.jsonl", "in.jsonl", "data.tar", "data.zip"]
)
def test_case_04_raw_lines_and_archives_are_read(
    tmp_path: Path, find_case: Callable[[str], Path], name: str
) -> None:
    """A BOM, CRLF, a blank last line, and archives."""
    _, info = imported_case(find_case(f"04-raw-lines/{name}"), tmp_path / "tape")
    assert len(info.markets) == 1


def test_case_04_a_cut_last_line_is_salvaged_and_said(
    tmp_path: Path, find_case: Callable[[str], Path], sim: Callable[..., Any]
) -> None:
    """Without --salvage it is refused; with it what is whole is imported, and a line says so."""
    case = str(find_case("04-raw-lines/cut.jsonl"))
    refused = sim("import", "betfair", case, "--out", "tape")
    assert (refused.status, (tmp_path / "tape").exists()) == (2, False)
    assert "cut.jsonl, line 2: " in refused.err[0]
    done = sim("import", "betfair", case, "--out", "tape", "--salvage")
    assert done.status == 0
    (line,) = [line for line in done.out if line.startswith("Cut off: ")]
    assert "cut.jsonl, line 2: " in line
    assert line.endswith("what comes before it was imported.")
    assert line in Tape(tmp_path / "tape").info.notes


@pytest.mark.parametrize("cuts", [6, pytest.param(24, marks=pytest.mark.slow)])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress])
def test_case_04_whatever_is_whole_of_a_cut_file_is_imported(
    whole: StreamFile, tmp_path: Path, compress: Callable[[bytes], bytes], cuts: int
) -> None:
    """Wherever it was cut, the rows are the first ones of the whole file."""
    whole.change(*({"id": 11, "atb": [[2.5, size]]} for size in range(300)))
    rows = [row[:-1] for row in whole.imported().rows]
    data = compress(whole.text().encode())
    source = tmp_path / "cut"
    imported = 0
    for number, length in enumerate(range(0, len(data), max(1, len(data) // cuts))):
        source.write_bytes(data[:length])
        out = tmp_path / f"salvaged-{number}"
        try:
            list(import_files([source], out, salvages=True))
        except TapeError:
            assert not out.exists()
        else:
            salvaged = [row[:-1] for chunk in Tape(out).chunks() for row in chunk.rows()]
            assert salvaged == rows[: len(salvaged)]
            imported += 1
    assert imported or compress is not bytes


def test_case_04_messages_put_in_order_are_counted(whole: StreamFile) -> None:
    """The report has how many messages got the time of the one ahead, and by how much."""
    whole.messages[2]["pt"] = whole.messages[1]["pt"] - 12
    note = "1 message dated up to 12 ms before the one ahead got its time."
    assert note in list(whole.imported().report.lines())


def test_case_31_accents_are_imported(tmp_path: Path, find_case: Callable[[str], Path]) -> None:
    """Names keep their letters; a terminal that cannot show them is case 31 of the command line."""
    _, info = imported_case(find_case("31-accents.jsonl"), tmp_path / "tape")
    assert not info.events[0].name.isascii()


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
