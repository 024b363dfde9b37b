"""What the markets of the recording written by hand pay, computed from a run's fills alone."""

import json
from pathlib import Path
from typing import Any

from recordings.parquet import read_columns
from strategies.trading.model.market import Result
from tests.derived_markets import OFFERED


def require_right_settlement(folder: Path) -> int:
    """Check what a run folder says of every market against its fills; return the profit in cents.

    Each market with a result has its gross, all others are open, and the report names them all.
    """
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    by_label = {each.full_label: each for each in OFFERED}
    offered = {_market_of(pair["pair_id"]): by_label[pair["label"]] for pair in summary["pairs"]}
    assert sorted(by_label) == sorted(each.full_label for each in offered.values())
    results = {market: each.first_result for market, each in offered.items()}
    expected = _gross_by_market(results, read_columns(folder / "fills.parquet"))
    pushed = {market for market, result in results.items() if result is Result.PUSHED}
    assert {market for market, gross in expected.items() if not gross} == pushed
    assert {row["market"]: row["gross_cents"] for row in summary["settled"]} == expected
    unsettled = {each.full_label for each in OFFERED if each.first_result is None}
    assert {row["label"] for row in summary["open_positions"]} == unsettled
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert [each.label for each in OFFERED if each.label not in report] == []
    return sum(expected.values())


def _gross_by_market(
    results: dict[str, Result | None], fills: dict[str, list[Any]]
) -> dict[str, int]:
    """Return the profit before commission of each market that has a result, in cents."""
    gross = {market: 0 for market, result in results.items() if result is not None}
    columns = (fills[name] for name in ("pair_id", "first", "stake_cents", "profit_cents"))
    for pair_id, is_first, stake_cents, profit_cents in zip(*columns, strict=True):
        market = _market_of(pair_id)
        result = results[market]
        if result is not None and result is not Result.PUSHED:
            won = result is (Result.WON if is_first else Result.LOST)
            gross[market] += profit_cents if won else -stake_cents
    return gross


def _market_of(pair_id: str) -> str:
    return pair_id.rpartition(":")[0]
