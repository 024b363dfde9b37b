"""The importer of Polymarket US on the real files; skipped where they are missing."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.importers.polymarket import polymarket_tasks
from recordings.reader import Tape
from recordings.tape import Kind, Unreported
from recordings.validator import validate
from strategies.trading.model.market_types import MarketType
from tests.paths import SHARED

REAL = SHARED / "data" / "real" / "polymarket_us"
GAME = "wnba-wsh-tor-2026-07-14"


@pytest.fixture(scope="module")
def real_files() -> Path:
    """Return the folder of the real files."""
    if not REAL.exists():
        pytest.skip("needs ../shared/data/real/polymarket_us")
    return REAL


@pytest.mark.slow
def test_every_game_of_the_files_becomes_a_valid_recording(
    real_files: Path, tmp_path: Path, run_main: Callable[..., Any]
) -> None:
    """190 games are imported in one go, each with the markets, results and start that it has."""
    from sim.__main__ import main  # noqa: PLC0415

    outcome = run_main(
        main, tmp_path, "import", "polymarket", str(real_files), "--out", str(tmp_path / "out")
    )
    assert outcome.out[-2] == "190 recordings imported, 0 kept, 0 skipped for an error"
    summaries = [validate(Tape(folder)) for folder in (tmp_path / "out").iterdir()]
    types = Counter(market.type for s in summaries for market in s.info.markets)
    assert types[MarketType.MONEYLINE] == 190
    assert types[MarketType.SPREAD] > 150 < types[MarketType.TOTAL]
    settled = [s for s in summaries if Unreported.RESULTS not in s.info.unreported]
    assert len(settled) == 168
    starts = Counter(note for s in summaries for note in s.info.notes if "start" in note)
    assert sum(n for note, n in starts.items() if "estimated" in note) == 54


@pytest.fixture(scope="module")
def game(real_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the recording of one real game."""
    folder = tmp_path_factory.mktemp("polymarket") / GAME
    files = [real_files / "quotes_wnba.parquet", real_files / "markets_and_labels.parquet"]
    tasks = {task.name: task for task in polymarket_tasks(files)}
    tasks[GAME].write(folder)
    return folder


def test_a_real_game_has_its_touches_start_and_results(game: Path) -> None:
    """A game has moneyline, spreads and totals, goes live at 19:05 in the east, and is settled."""
    summary = validate(Tape(game))
    assert summary.pairs == 18
    assert summary.rows_by_kind["result"] == 36
    assert summary.rows_by_kind["event_status"] == 2
    # 2026-07-14 23:05 UTC.
    assert summary.info.events[0].scheduled_ns == 1_784_070_300 * 10**9


def test_a_real_touch_is_never_crossed_on_the_ladder(game: Path) -> None:
    """At every message the touches of a pair's two lines do not match each other."""
    tape = Tape(game)
    catalogue = tape.info.catalogue()
    touch: dict[str, int] = {}
    seq = -1
    for row in (row for chunk in tape.chunks() for row in chunk.rows()):
        if row.seq != seq:
            seq = row.seq
            for pair in catalogue.pairs.values():
                first, second = (touch.get(line.line_id) for line in (pair.first, pair.second))
                # They match where the odds of one are at least the opposite of the other's.
                assert first is None or second is None or first + second <= 0 or first == second
        if row.kind == Kind.OFFER:
            line_id = tape.info.lines[row.line].line_id
            if row.amount_cents:
                touch[line_id] = row.odds
            elif touch.get(line_id) == row.odds:
                del touch[line_id]


@pytest.mark.slow
def test_a_real_game_is_traded_with_an_assumed_stake(
    game: Path, tmp_path: Path, run_in: Callable[..., Any]
) -> None:
    """A backtest fills on crossing touches, settles, and agrees under front and back."""
    run = run_in(
        tmp_path, "+experiment=nba", f"recording.path={game}", "recording.assumed_stake=100"
    )
    assert run.summary["fills"] > 0
    assert run.summary["open_positions"] == []
    assert run.summary["profit_cents_front"] == run.summary["profit_cents_back"]
    assert run.summary["limits"][0].startswith("AMOUNTS ARE ASSUMED")
