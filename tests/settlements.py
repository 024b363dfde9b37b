"""What the markets of the recording written by hand pay, computed from a run's fills alone."""

import polars as pl

from strategies.trading.model.market import Result
from tests.derived_markets import OFFERED


def gross_by_market(fills: pl.DataFrame) -> dict[str, int]:
    """Return the profit before commission of each market that has a result, in cents."""
    results = {each.key: each.first_result for each in OFFERED}
    expected = {key: 0 for key, result in results.items() if result is not None}
    for fill in fills.iter_rows(named=True):
        market = fill["pair_id"].rpartition(":")[0]
        result = results[market]
        if result is None or result is Result.PUSHED:
            continue
        won = result is (Result.WON if fill["first"] else Result.LOST)
        expected[market] += fill["profit_cents"] if won else -fill["stake_cents"]
    return expected
