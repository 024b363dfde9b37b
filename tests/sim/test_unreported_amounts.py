"""A recording that does not report amounts: what its rows may say, and what a run on it says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recordings.parquet import info_to_metadata
from recordings.reader import Tape
from recordings.tape import UNREPORTED_CENTS, Clocks, Kind, Side, TapeInfo, Unreported
from recordings.tape_columns import tape_columns
from recordings.writer import TapeWriter
from sim.report.document import write_report
from strategies.trading.model.errors import ConfigError, TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
GAME, MONEYLINE = EventId("game"), MarketId("219")
TOUCH_ONLY = (Unreported.AMOUNTS, Unreported.TRADES)
EXPERIMENT = ("+experiment=nba", "strategy.default_stake=50")


def write_touches(
    folder: Path,
    unreported: tuple[Unreported, ...] = TOUCH_ONLY,
    touches: tuple[tuple[int, int], tuple[int, int]] = ((102, -108), (140, -150)),
) -> Path:
    """Write a moneyline without amounts, whose touch alternates: far enough to cross what rests."""
    with TapeWriter(
        folder, source="touches", simulated=True, clocks=Clocks.ONE, unreported=unreported
    ) as tape:
        start_ns = START_NS + 7200 * NS_PER_SECOND
        tape.add_event(
            SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", start_ns)
        )
        market = tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            tape.add_line(Line(LineId(name), GAME, MONEYLINE, Selection(name), 0.0))
            for name in ("home", "away")
        )
        tape.begin_message(START_NS, START_NS)
        tape.market_status(market, MarketStatus.OPEN)
        for minute in range(20):
            now_ns = START_NS + (1 + 60 * minute) * NS_PER_SECOND
            tape.begin_message(now_ns, now_ns)
            for old, new in zip(touches[1 - minute % 2], touches[minute % 2], strict=True):
                line = home if old > 0 else away
                tape.offer(line, old, 0)
                tape.offer(line, new, UNREPORTED_CENTS)
        end_ns = START_NS + 1_300 * NS_PER_SECOND
        tape.begin_message(end_ns, end_ns)
        if Unreported.RESULTS not in unreported:
            tape.result(home, Result.WON)
            tape.result(away, Result.LOST)
        else:
            tape.market_status(market, MarketStatus.SUSPENDED)
    return folder


@pytest.fixture
def touches(tmp_path: Path) -> Path:
    """Return a recording without amounts, in the folder that `sim` works in."""
    return write_touches(tmp_path / "touches")


def test_a_tape_says_what_its_source_does_not_report(touches: Path) -> None:
    """What is unreported is read back, and offers keep the amount that says so."""
    tape = Tape(touches)
    assert tape.info.unreported == TOUCH_ONLY
    rows = [row for chunk in tape.chunks() for row in chunk.rows() if row.kind == Kind.OFFER]
    assert {row.amount_cents for row in rows} == {0, UNREPORTED_CENTS}


def test_a_tape_that_reports_everything_is_described_as_before() -> None:
    """The metadata of a recording without anything unreported does not change by a byte."""
    info = TapeInfo("test", simulated=True, clocks=Clocks.ONE, ladder=prophetx_ladder())
    assert b"unreported" not in info_to_metadata(info)
    info.unreported = (Unreported.AMOUNTS,)
    assert json.loads(info_to_metadata(info))["unreported"] == ["amounts"]


@pytest.mark.parametrize("unreported", [(), (Unreported.TRADES,)])
def test_an_amount_is_unreported_only_where_that_is_declared(
    tmp_path: Path, unreported: tuple[Unreported, ...]
) -> None:
    """A writer refuses the amount on a tape that does not declare it, and leaves nothing."""
    with pytest.raises(TapeError, match="off the ladder or negative"):
        write_touches(tmp_path / "tape", unreported)
    assert not (tmp_path / "tape").exists()


def test_a_trade_always_has_an_amount(tmp_path: Path) -> None:
    """An unreported amount is one of offers only."""
    with pytest.raises(TapeError, match="negative"), _plain_writer(tmp_path / "tape") as tape:
        tape.trade(0, 102, UNREPORTED_CENTS, Side.TAKER)


def test_the_reader_refuses_an_undeclared_amount(touches: Path, tmp_path: Path) -> None:
    """A row without an amount, on a tape that does not declare it, is named with its place."""
    tape = Tape(touches)
    copy = tmp_path / "copy"
    with _plain_writer(copy) as writer:
        for row in (row for chunk in tape.chunks() for row in chunk.rows()):
            writer.begin_message(row.received_ns, row.exchange_ns)
            writer.copy(row)
    with pytest.raises(TapeError, match="row 2: has a negative amount"):
        list(Tape(copy).chunks())


def _plain_writer(folder: Path) -> TapeWriter:
    """Begin a recording that declares nothing unreported, with the moneyline of the game."""
    writer = TapeWriter(folder, source="plain", simulated=True, clocks=Clocks.ONE)
    writer.add_event(SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", 1))
    writer.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
    for name in ("home", "away"):
        writer.add_line(Line(LineId(name), GAME, MONEYLINE, Selection(name), 0.0))
    return writer


def test_a_run_without_an_assumed_stake_is_refused(sim: Any, touches: Path) -> None:
    """Matching against amounts that nobody knows is refused, with the setting that allows it."""
    outcome = sim("run", *EXPERIMENT, f"recording.path={touches}")
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert "does not report amounts" in outcome.err[0]
    assert "recording.assumed_stake=" in outcome.err[0]


@pytest.mark.parametrize("word", ["0", "-1", "much", "1.005"])
def test_an_assumed_stake_is_a_positive_amount(
    build_backtest: Callable[..., Any], touches: Path, word: str
) -> None:
    """A stake of zero, text or a third decimal is refused by the name of the setting."""
    settings = (f"recording.path={touches}", f"recording.assumed_stake={word}")
    with pytest.raises(ConfigError, match=r"recording\.assumed_stake"):
        build_backtest(*EXPERIMENT, *settings)


def test_an_assumed_stake_is_what_an_offer_fills_at_most(
    run_in: Callable[..., Any], touches: Path, tmp_path: Path
) -> None:
    """Each crossing offer fills at most the assumed stake; a smaller one fills less."""
    runs = [
        run_in(
            tmp_path, *EXPERIMENT, f"recording.path={touches}", f"recording.assumed_stake={dollars}"
        )
        for dollars in (5, 1000)
    ]
    small, large = (run.table("fills")["stake_cents"].max() for run in runs)
    assert 0 < small <= 1_000 < large


def test_every_report_says_first_that_amounts_are_assumed(sim: Any, touches: Path) -> None:
    """Console, summary and report begin with the assumption, and with the missing trades."""
    outcome = sim("run", *EXPERIMENT, f"recording.path={touches}", "recording.assumed_stake=100")
    assert outcome.status == 0
    assert outcome.out[0].startswith("AMOUNTS ARE ASSUMED")
    assert "$100.00" in outcome.out[0]
    assert outcome.out[1].startswith("No trades")
    folder = Path(outcome.out[-1])
    summary = json.loads((folder / "summary.json").read_text())
    assert next(iter(summary)) == "limits"
    assert summary["limits"] == outcome.out[:2]
    report = write_report(folder).read_text()
    assert report.index("AMOUNTS ARE ASSUMED") < report.index("<h1>")


def test_a_recording_with_amounts_ignores_the_assumed_stake(
    run_in: Callable[..., Any], small_tape: Path, tmp_path: Path
) -> None:
    """Where every amount is reported, the setting changes nothing and nothing is said."""
    settings = (*EXPERIMENT, f"recording.path={small_tape}")
    plain, assumed = (
        run_in(tmp_path, *settings),
        run_in(tmp_path, *settings, "recording.assumed_stake=7"),
    )
    assert plain.summary["digest"] == assumed.summary["digest"]
    assert "limits" not in assumed.summary


def test_kept_columns_hold_what_was_recorded(touches: Path) -> None:
    """The columns kept beside a recording serve any assumed stake."""
    for assumed in (100, 200):
        columns = tape_columns(Tape(touches))
        columns.assumed_cents = assumed
        amounts = pl.concat(
            [pl.Series(chunk.numbers["amount_cents"]) for chunk in columns.chunks()]
        )
        assert amounts.max() == assumed
        assert amounts.min() == 0


def test_a_book_shows_an_unreported_amount_as_such(sim: Any, touches: Path) -> None:
    """`sim book` prints no sum for an offer of unreported size."""
    printed = "\n".join(sim("book", str(touches), "--at", "-1:59:00").out)
    assert "unreported" in printed
    assert "$0.01" not in printed


def test_without_trades_only_a_crossing_touch_fills_whatever_the_queue_model(
    run_in: Callable[..., Any], tmp_path: Path
) -> None:
    """A touch that stays on its side fills nothing; one that crosses fills alike in any queue."""
    quiet = write_touches(tmp_path / "quiet", touches=((102, -108), (104, -110)))
    crossing = write_touches(tmp_path / "crossing")
    runs = [
        run_in(tmp_path, *EXPERIMENT, f"recording.path={path}", "recording.assumed_stake=100")
        for path in (quiet, crossing)
    ]
    assert [run.summary["fills"] > 0 for run in runs] == [False, True]
    assert all(run.summary["wagers_placed"] for run in runs)
    summary = runs[1].summary
    assert summary["profit_cents_front"] == summary["profit_cents_back"] != 0


def test_without_results_positions_are_marked_and_said_to_be(
    run_in: Callable[..., Any], tmp_path: Path
) -> None:
    """Nothing settles on a recording without results, and its limits say so."""
    tape = write_touches(tmp_path / "tape", (*TOUCH_ONLY, Unreported.RESULTS))
    run = run_in(tmp_path, *EXPERIMENT, f"recording.path={tape}", "recording.assumed_stake=100")
    assert run.summary["limits"][-1].startswith("No results")
    assert run.summary["profit_cents"] == 0
    assert run.summary["open_positions"]
