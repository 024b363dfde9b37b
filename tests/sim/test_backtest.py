"""A backtest: its figures are consistent, and it keeps its limits."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import NoneType
from typing import Any

import pytest

from recordings.reader import open_recording
from recordings.tape import Kind, Row
from sim.backtest import Backtest
from sim.report.document import write_report
from strategies.trading.model.market import Result
from tests.conftest import FinishedRun

pytestmark = pytest.mark.slow  # whole runs of the shipped recording


# What the summary must hold, and of what type.
KEYS: dict[str, type | tuple[type, ...]] = {
    "mode": str,
    "seed": int,
    "profit_cents": int,
    "commission_cents": int,
    "marked_cents": int,
    "turnover_cents": int,
    "wagers_placed": int,
    "wagers_cancelled": int,
    "fills": int,
    "denials": int,
    "max_exposure_cents": int,
    "max_drawdown_cents": int,
    "rows": int,
    "rows_per_second": int,
    "decisions": int,
    "digest": str,
    "recording_digest": str,
    "profit_cents_front": int,
    "profit_cents_back": int,
    "open_positions": list,
    "settled": list,
    "versions": dict,
    "commit": (str, NoneType),
    "simulated": bool,
}


# The summary and the tables ------------------------------------------------------------------


def test_the_summary_holds_every_figure(nba_run: FinishedRun) -> None:
    """Every documented figure is present, of its type, and digests are SHA-256."""
    wrong = {
        key: nba_run.summary.get(key, "missing")
        for key, type_ in KEYS.items()
        if not isinstance(nba_run.summary.get(key, "missing"), type_)
        or (type_ is int and isinstance(nba_run.summary[key], bool))
    }
    assert wrong == {}
    assert {len(nba_run.summary[key]) for key in ("digest", "recording_digest")} == {64}
    assert (nba_run.summary["mode"], nba_run.summary["seed"]) == ("backtest", 7)


def test_tables_add_up_to_the_summary(nba_run: FinishedRun) -> None:
    """Fills' stakes sum to the turnover; rows of wagers, fills and denials equal the counts."""
    summary, wagers = nba_run.summary, nba_run.table("wagers")
    fills = nba_run.table("fills")
    assert fills["stake_cents"].sum() == summary["turnover_cents"]
    assert len(fills) == summary["fills"]
    assert len(nba_run.table("denials")) == summary["denials"]
    assert len(wagers) == summary["wagers_placed"]
    assert (wagers["reason"] == "cancelled").sum() == summary["wagers_cancelled"]
    assert wagers["matched_cents"].sum() == summary["turnover_cents"]
    assert wagers["ref"].n_unique() == len(wagers)


def test_the_account_ends_at_the_profit(nba_run: FinishedRun) -> None:
    """The last row of equity, and the settled markets, equal the profit of the summary."""
    summary, last = nba_run.summary, nba_run.table("equity").row(-1, named=True)
    assert last["profit_cents"] == summary["profit_cents"]
    assert last["marked_cents"] == summary["marked_cents"]
    equity_cents = summary["starting_balance_cents"] + last["profit_cents"] + last["marked_cents"]
    assert last["equity_cents"] == equity_cents
    assert sum(row["net_cents"] for row in summary["settled"]) == summary["profit_cents"]
    commission_cents = sum(row["commission_cents"] for row in summary["settled"])
    assert commission_cents == summary["commission_cents"]


def test_every_fill_is_at_its_wagers_odds_or_longer(nba_run: FinishedRun) -> None:
    """A wager's fills sum to its matched stake, at its odds or longer, after it was sent."""
    wagers = {row["ref"]: row for row in nba_run.table("wagers").to_dicts()}
    matched: defaultdict[str, int] = defaultdict(int)
    for fill in nba_run.table("fills").to_dicts():
        wager = wagers[fill["ref"]]
        matched[fill["ref"]] += fill["stake_cents"]
        assert fill["line_id"] == wager["line_id"]
        assert fill["odds"] >= wager["odds"]
        assert wager["placed_ns"] < fill["ns"] <= (wager["ended_ns"] or fill["ns"])
    assert all(matched[ref] == wager["matched_cents"] for ref, wager in wagers.items())


def test_profit_is_the_sum_of_fills_by_results(nba_run: FinishedRun, nba_rows: list[Row]) -> None:
    """Fills paid out by the tape's results, less 2 % of a market's net winnings, are the profit."""
    info = open_recording("nba").info
    settled = [row for row in nba_rows if row.kind == Kind.RESULT]
    results = {info.lines[row.line].line_id: Result(row.state) for row in settled}
    market_of = {line.line_id: line.market_key for line in info.lines}
    won: defaultdict[Any, int] = defaultdict(int)
    for fill in nba_run.table("fills").to_dicts():
        paid = {Result.WON: fill["profit_cents"], Result.LOST: -fill["stake_cents"]}
        won[market_of[fill["line_id"]]] += paid.get(results[fill["line_id"]], 0)
    commission = [(2 * max(net, 0) + 50) // 100 for net in won.values()]
    assert nba_run.summary["commission_cents"] == sum(commission)
    assert nba_run.summary["profit_cents"] == sum(won.values()) - sum(commission)
    assert nba_run.summary["open_positions"] == []
    assert nba_run.summary["marked_cents"] == 0


# Models --------------------------------------------------------------------------------------


def test_a_run_names_its_models(
    run_in: Callable[..., Any], tmp_path: Path, small_tape: Path
) -> None:
    """Summary and report name the chosen models with their settings, beside front and back."""
    rows = ("verb,milliseconds", *["place,60"] * 3, "cancel,80")
    (tmp_path / "round-trips.csv").write_text("\n".join(rows), encoding="utf-8")
    run = run_in(
        tmp_path,
        f"recording.path={small_tape}",
        "queue=probable",
        "queue.power=2",
        "latency=measured",
        "latency.path=round-trips.csv",
    )
    models = run.summary["models"]
    assert models["queue"] == "probable, power 2"
    entry = "measured, 3 times in round-trips.csv, without the way back, median 30 ms"
    assert models["entry latency"] == entry
    assert {"profit_cents_front", "profit_cents_back"} <= set(run.summary)
    page = write_report(run.folder).read_text(encoding="utf-8")
    assert "probable, power 2 (chosen)" in page
    assert entry in page


@pytest.mark.parametrize("queue", ["front", "probable"])
def test_any_model_is_run_beside_front_and_back(
    build_backtest: Callable[..., Backtest],
    nba_run: FinishedRun,
    quoted_tape: str,
    tmp_path: Path,
    queue: str,
) -> None:
    """The profits under front and back are the same, whichever model is chosen."""
    backtest = build_backtest("+experiment=nba", quoted_tape, f"queue={queue}")
    summary = backtest.run(tmp_path, lambda _label, _rows, _total: None)
    for name in ("profit_cents_front", "profit_cents_back"):
        assert getattr(summary, name) == nba_run.summary[name]


# Limits --------------------------------------------------------------------------------------


def exposures(nba_run: FinishedRun, until_ns: int) -> Iterable[dict[str, int]]:
    """Yield, after every wager sent, the worst case of every market, from the tables alone."""
    fills = nba_run.table("fills").to_dicts()
    steps: list[tuple[int, int, str, dict[str, Any]]] = [
        (fill["ns"], 0, "fill", fill) for fill in fills
    ]
    for wager in nba_run.table("wagers").to_dicts():
        steps.append((wager["placed_ns"], 2, "placed", wager))
        if wager["ended_ns"] is not None:
            steps.append((wager["ended_ns"], 1, "ended", wager))
    opened: dict[str, dict[str, Any]] = {}
    filled: list[dict[str, Any]] = []
    for ns, _, what, row in sorted(steps, key=lambda step: step[:2]):
        if ns >= until_ns:
            return
        if what == "fill":
            filled.append(row)
            opened[row["ref"]]["open_cents"] -= row["stake_cents"]
        elif what == "ended":
            del opened[row["ref"]]
        else:
            opened[row["ref"]] = row | {"open_cents": row["stake_cents"]}
            yield worst_cases(filled, list(opened.values()))


def worst_cases(filled: list[dict[str, Any]], opened: list[dict[str, Any]]) -> dict[str, int]:
    """Return the most that each pair can lose: the worse outcome, losing all that is open there."""
    return {
        pair_id: max(0, *(loss_if(pair_id, first, filled, opened) for first in (True, False)))
        for pair_id in sorted({row["pair_id"] for row in (*filled, *opened)})
    }


def loss_if(
    pair_id: str, first_wins: bool, filled: list[dict[str, Any]], opened: list[dict[str, Any]]
) -> int:
    """Return what a pair loses if its first line wins, or if its second does."""
    gained: int = sum(
        row["profit_cents"] if row["first"] == first_wins else -row["stake_cents"]
        for row in filled
        if row["pair_id"] == pair_id
    )
    lost: int = sum(
        row["open_cents"]
        for row in opened
        if row["pair_id"] == pair_id and row["first"] != first_wins
    )
    return lost - gained


def test_exposure_stays_within_its_limits(
    nba_run: FinishedRun, nba_rows: list[Row], build_backtest: Callable[..., Backtest]
) -> None:
    """Recomputed from the tables at every wager, the worst case is as in them and within limits."""
    limits = build_backtest("+experiment=nba").limits
    settled_ns = min(row.exchange_ns for row in nba_rows if row.kind == Kind.RESULT)
    highest = 0
    for by_pair in exposures(nba_run, settled_ns):
        by_market: defaultdict[str, int] = defaultdict(int)
        for pair_id, cents in by_pair.items():
            by_market[pair_id.rsplit(":", 1)[0]] += cents
        assert max(by_market.values()) <= limits.max_market_exposure_cents
        highest = max(highest, sum(by_pair.values()))
    assert 0 < highest <= min(limits.max_event_exposure_cents, limits.max_total_exposure_cents)
    assert nba_run.summary["max_exposure_cents"] == highest
    stakes = nba_run.table("wagers")["stake_cents"].to_list()
    assert limits.min_stake_cents <= min(stakes) <= max(stakes) <= limits.max_stake_cents


def test_the_summary_is_strict_json(nba_run: FinishedRun) -> None:
    """The summary holds no value that other programs cannot read, such as NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    json.loads((nba_run.folder / "summary.json").read_text("utf-8"), parse_constant=refuse)
