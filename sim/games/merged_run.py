"""The runs of games that were played apart, as one run: its tables and its summary."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import hypot
from pathlib import Path
from typing import TypeVar

import numpy as np
from msgspec.structs import asdict, replace

from recordings.parquet import TableWriter, read_columns, write_joined
from sim.results.fill_values import fill_values
from sim.results.price_scores import added_scores
from sim.results.run_summary import (
    BacktestSummary,
    FeedFigures,
    MonthRebate,
    NamedSplit,
    SilenceTotal,
    Split,
)
from sim.results.run_tables import TABLES
from strategies.trading.model.counted import counted

_Number = TypeVar("_Number", int, float)

# The figures of a run that are sums over its games.
_SUMS = (
    *("profit_cents", "commission_cents", "marked_cents", "turnover_cents"),
    *("wagers_placed", "wagers_cancelled", "wagers_matched", "fills", "denials", "commands"),
    *("decisions", "trades_of_unknown_side", "rows", "accounts"),
)
# Those that are the largest of any game: no bankroll had more than its own.
_LARGEST = ("max_exposure_cents", "max_drawdown_cents")
_COUNTERS = ("wagers_ended", "denials_by_control", "rejections_by_code")
_LISTS = ("events", "pairs", "settled", "open_positions", "quoted", "source_scores")
# The column of each table by which its rows are in order of time.
_TIMES = {name: next(iter(types)) for name, types in TABLES.items()} | {
    "wagers": "placed_ns",
    "silences": "since_ns",
}


def merge_tables(folders: Sequence[Path], into: Path) -> None:
    """Write each table of several run folders as one, in order of time; raise WriteError.

    Accounts are added up: what each game has at a time counts for all of them.
    """
    for name in TABLES:
        if name != "equity":
            paths = [folder / f"{name}.parquet" for folder in folders]
            write_joined(paths, into / f"{name}.parquet", order_by=_TIMES[name])
    _merge_equity(folders, into)


def merged_summary(
    summaries: Sequence[BacktestSummary], folder: Path, name: str, notes: Iterable[str]
) -> BacktestSummary:
    """Return the summary of all games, of which `folder` has the tables already."""
    sums = {each: sum(getattr(s, each) for s in summaries) for each in _SUMS}
    seconds = sum(s.rows / max(1, s.rows_per_second) for s in summaries)
    apart = f"{counted(len(summaries), 'recording')}, each with a bankroll of its own"
    of_games = dict.fromkeys(note for s in summaries for note in s.notes)
    return replace(
        summaries[0],
        **sums,
        **{each: max(getattr(s, each) for s in summaries) for each in _LARGEST},
        **{each: [item for s in summaries for item in getattr(s, each)] for each in _LISTS},
        **{each: _added_counts(getattr(s, each) for s in summaries) for each in _COUNTERS},
        recording=name,
        simulated=any(s.simulated for s in summaries),
        limits=list(dict.fromkeys(limit for s in summaries for limit in s.limits)),
        notes=[apart, *notes, *of_games],
        first_ns=min(s.first_ns for s in summaries),
        last_ns=max(s.last_ns for s in summaries),
        halted=_halted(summaries),
        digest=_digest(s.digest for s in summaries),
        recording_digest=_digest(s.recording_digest for s in summaries),
        feed=_added_feeds([s.feed for s in summaries]),
        split=added_splits(s.split for s in summaries),
        unsettled=added_splits(s.unsettled for s in summaries),
        splits={by: _added_named(s.splits[by] for s in summaries) for by in summaries[0].splits},
        fill_values=fill_values(read_columns(folder / "fills.parquet")),
        price_scores=added_scores(score for s in summaries for score in s.price_scores),
        silences=_added_silences(each for s in summaries for each in s.silences),
        max_open_stake_times_cash=_over_all(max, (s.max_open_stake_times_cash for s in summaries)),
        rebates=_added_rebates(each for s in summaries for each in s.rebates),
        profit_cents_front=_over_all(sum, (s.profit_cents_front for s in summaries)),
        profit_cents_back=_over_all(sum, (s.profit_cents_back for s in summaries)),
        turnover_cents_front=_over_all(sum, (s.turnover_cents_front for s in summaries)),
        turnover_cents_back=_over_all(sum, (s.turnover_cents_back for s in summaries)),
        rows_per_second=round(sums["rows"] / seconds) if seconds else 0,
    )


def added_splits(splits: Iterable[Split]) -> Split:
    """Return the sums over games; their chances are independent."""
    totals: Counter[str] = Counter()
    sd_cents = 0.0
    for split in splits:
        terms = asdict(split)
        sd_cents = hypot(sd_cents, terms.pop("outcome_sd_cents"))
        totals.update(terms)
    terms = {name: totals[name] for name in Split.__struct_fields__}
    return Split(**terms | {"outcome_sd_cents": round(sd_cents)})


def _merge_equity(folders: Sequence[Path], into: Path) -> None:
    """Write the accounts of all games as those of one, which has one starting balance."""
    names = [name for name in TABLES["equity"] if name != "ns"]
    times, changes = [np.empty(0, np.int64)], [np.empty((0, len(names)), np.int64)]
    for number, folder in enumerate(folders):
        columns = read_columns(folder / "equity.parquet")
        values = np.array([columns[name] for name in names], dtype=np.int64).T
        if not len(values):
            continue
        before = np.zeros(len(names), np.int64)
        if number:
            # Its own starting balance is no equity of all games.
            before[names.index("equity_cents")] = values[0, names.index("equity_cents")]
        times.append(np.array(columns["ns"], dtype=np.int64))
        changes.append(np.diff(values, axis=0, prepend=before[None, :]))
    at, change = np.concatenate(times), np.concatenate(changes)
    order = np.argsort(at, kind="stable")
    totals = change[order].cumsum(axis=0)
    writer = TableWriter(into / "equity.parquet", TABLES["equity"])
    writer.extend([(ns, *row) for ns, row in zip(at[order].tolist(), totals.tolist(), strict=True)])
    writer.close()


def _added_feeds(feeds: Sequence[FeedFigures]) -> FeedFigures:
    """Return what all feeds lost together, and the longest of each time."""
    sums = {"gaps", "gap_seconds", "rows_undated"}
    figures = {name: [getattr(feed, name) for feed in feeds] for name in asdict(feeds[0])}
    return FeedFigures(
        **{name: sum(each) if name in sums else max(each) for name, each in figures.items()}
    )


def _added_counts(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for each in counts:
        totals.update(each)
    return dict(sorted(totals.items()))


def _added_named(lists: Iterable[Sequence[NamedSplit]]) -> list[NamedSplit]:
    groups: dict[tuple[str, str], list[Split]] = {}
    for named in (named for splits in lists for named in splits):
        groups.setdefault((named.key, named.label), []).append(named.split)
    return [NamedSplit(*name, added_splits(splits)) for name, splits in groups.items()]


def _added_rebates(rebates: Iterable[MonthRebate]) -> list[MonthRebate]:
    """Return the sums by month; each game has an account, and so tiers, of its own."""
    totals: dict[str, MonthRebate] = {}
    for each in rebates:
        total = totals.get(each.month, MonthRebate(each.month, 0, 0, 0))
        totals[each.month] = MonthRebate(
            each.month,
            total.volume_cents + each.volume_cents,
            total.commission_cents + each.commission_cents,
            total.rebate_cents + each.rebate_cents,
        )
    return [totals[month] for month in sorted(totals)]


def _added_silences(silences: Iterable[SilenceTotal]) -> list[SilenceTotal]:
    totals: dict[str, SilenceTotal] = {}
    for each in silences:
        total = totals.get(each.reason)
        totals[each.reason] = (
            each
            if total is None
            else replace(
                total,
                markets=total.markets + each.markets,
                seconds=total.seconds + each.seconds,
                traded_cents=total.traded_cents + each.traded_cents,
            )
        )
    return sorted(
        totals.values(), key=lambda each: (-each.traded_cents, -each.seconds, each.reason)
    )


def _halted(summaries: Sequence[BacktestSummary]) -> str | None:
    reasons = [s.halted for s in summaries if s.halted is not None]
    if not reasons:
        return None
    return f"{len(reasons)} of {len(summaries)} bankrolls, the first for {reasons[0]}"


def _digest(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _over_all(
    function: Callable[[list[_Number]], _Number], values: Iterable[_Number | None]
) -> _Number | None:
    """Return a function of the values of all games, None if one has none."""
    given = list(values)
    known = [value for value in given if value is not None]
    return function(known) if len(known) == len(given) else None
