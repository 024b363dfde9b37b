"""The tables of an export: every row of the sessions, and the sums by day, exchange and event."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from live.export.exported_session import ExportedSession
from live.export.session_account import AccountRow, RowKind
from recordings.utc_time import month_end_ns, month_of
from strategies.trading.accounting.rebate import MonthlyRebate
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.trading_day import TradingDays

_AMOUNTS = ("stake", "to_win", "profit")
_MATCHED_KINDS = (RowKind.FILL, RowKind.BROKEN_TRADE)
_DOLLARS = pl.Decimal(18, 2)
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "row_id": pl.String,
    "at_utc": pl.Datetime("ns", "UTC"),
    "trading_day": pl.Date,
    "kind": pl.String,
    "venue": pl.String,
    "session": pl.String,
    "start": pl.Int64,
    "event_id": pl.String,
    "event": pl.String,
    "market_id": pl.String,
    "market": pl.String,
    "line_id": pl.String,
    "selection": pl.String,
    "wager_ref": pl.String,
    "odds": pl.Int64,
    "result": pl.String,
    "note": pl.String,
    **{f"{name}_cents": pl.Int64 for name in _AMOUNTS},
}
# The sums of the summary, each with the kinds of rows that it adds up.
_PROFITS = {
    "settled": (RowKind.SETTLEMENT, RowKind.SETTLEMENT_CORRECTION),
    "commission": (RowKind.COMMISSION, RowKind.COMMISSION_CORRECTION),
    "rebate": (RowKind.REBATE,),
}


def account_table(sessions: Sequence[ExportedSession], days: TradingDays) -> pl.DataFrame:
    """Return all rows of the sessions in order of time, with the rebates of the months."""
    rows = [
        _named(row, f"{session.name}/{row.start}/{row.input_seq}/{ordinal}", session, days)
        for session in sessions
        for row, ordinal in _numbered(session.rows)
    ]
    rows += _rebates(sessions, days)
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return _with_dollars(table.sort("at_utc", maintain_order=True), _AMOUNTS)


def summary_table(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of such rows by trading day, exchange and event.

    `stake` is what was matched, less broken trades; `profit` is settled, commission and rebate.
    """
    kind, profit = pl.col("kind"), pl.col("profit_cents")
    sums = [
        (kind == RowKind.FILL).sum().cast(pl.Int64).alias("fills"),
        pl.col("stake_cents").filter(kind.is_in(_MATCHED_KINDS)).sum(),
        *(
            profit.filter(kind.is_in(kinds)).sum().alias(f"{name}_cents")
            for name, kinds in _PROFITS.items()
        ),
        profit.sum(),
    ]
    keys = ("trading_day", "venue", "event_id", "event")
    summary = rows.group_by(keys).agg(*sums).sort(*keys, nulls_last=True)
    return _with_dollars(summary, ("stake", *_PROFITS, "profit"))


def _numbered(rows: Iterable[AccountRow]) -> Iterator[tuple[AccountRow, int]]:
    """Yield each row with its number among those of its input, from one."""
    last, ordinal = None, 0
    for row in rows:
        cause = (row.start, row.input_seq)
        ordinal = ordinal + 1 if cause == last else 1
        last = cause
        yield row, ordinal


def _named(
    row: AccountRow, row_id: str, session: ExportedSession, days: TradingDays
) -> tuple[Any, ...]:
    """Return a row with the names of what it is about, in the order of the columns."""
    catalogue, key = session.catalogue, row.market_key
    line = None if row.line_id is None else catalogue.lines.get(row.line_id)
    event = None if key is None else catalogue.events[key.event_id]
    selection = None
    if line is not None and event is not None:
        selection = line.label(catalogue.markets[line.market_key], event)
    return (
        *(row_id, row.at_ns, day_of(row.at_ns, days), str(row.kind), session.venue, session.name),
        *(row.start, None if key is None else key.event_id, None if event is None else event.name),
        *(None if key is None else key.market_id, None if key is None else catalogue.label_of(key)),
        *(row.line_id, selection, row.ref, row.odds),
        *(None if row.result is None else row.result.name.lower(), row.note or None),
        *(row.stake_cents, row.to_win_cents, row.profit_cents),
    )


def day_of(at_ns: int, days: TradingDays) -> Any:
    """Return the date on which the trading day of a moment began, in the zone of the days."""
    return datetime.fromtimestamp(days.start_ns(at_ns) // NS_PER_SECOND, days.zone).date()


def _rebates(sessions: Sequence[ExportedSession], days: TradingDays) -> Iterator[tuple[Any, ...]]:
    """Yield the rebate of each month of each exchange, dated at the end of the month.

    The sessions of one exchange are taken to be of one account, as the exchange counts its volume.
    """
    accounts = dict.fromkeys((each.venue, each.fees.rebate) for each in sessions)
    for venue, rebate in accounts:
        if rebate is None:
            continue
        ours = [each for each in sessions if (each.venue, each.fees.rebate) == (venue, rebate)]
        rows = [row for session in ours for row in session.rows]
        for month, cents in _monthly(rows, rebate):
            at_ns = month_end_ns(month)
            yield (
                *(f"rebate/{venue}/{month}", at_ns, day_of(at_ns, days), str(RowKind.REBATE)),
                *(venue, *[None] * 11, f"accrued for {month}; the exchange pays it later"),
                *(0, 0, cents),
            )


def _monthly(rows: Sequence[AccountRow], rebate: MonthlyRebate) -> Iterator[tuple[str, int]]:
    """Yield each month with a rebate, and the cents of it."""

    def sums(kinds: Sequence[RowKind], cents_of: Callable[[AccountRow], int]) -> dict[str, int]:
        totals: dict[str, int] = {}
        for row in rows:
            if row.kind in kinds:
                month = month_of(row.at_ns)
                totals[month] = totals.get(month, 0) + cents_of(row)
        return totals

    volume = sums(_MATCHED_KINDS, lambda row: row.stake_cents + row.to_win_cents)
    commission = sums(_PROFITS["commission"], lambda row: -row.profit_cents)
    for month in sorted(commission):
        cents = rebate.on(month, max(0, volume.get(month, 0)), commission[month])
        if cents:
            yield month, cents


def _with_dollars(table: pl.DataFrame, amounts: Iterable[str]) -> pl.DataFrame:
    """Return a table with each amount of cents in dollars beside it, exactly."""
    return table.with_columns(
        pl.Series(
            f"{name}_dollars",
            [Decimal(cents).scaleb(-2) for cents in table[f"{name}_cents"]],
            dtype=_DOLLARS,
        )
        for name in amounts
    )
