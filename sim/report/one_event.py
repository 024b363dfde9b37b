"""One event of a run of many, as a run of its own."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace as replace_fields
from typing import Any

from msgspec.structs import replace

from sim.report.number_text import NS_PER_SECOND
from sim.report.run_folder import Run, TableColumns
from sim.results.fill_values import fill_values
from sim.results.run_summary import (
    BacktestSummary,
    EventSpan,
    SessionRunSummary,
    SilenceTotal,
    Split,
)
from strategies.trading.model.errors import ConfigError

_NAMED_AT_MOST = 10
# After the end of the event: its last responses and settlement.
_AFTER_END_NS = 5 * 60 * NS_PER_SECOND


def find_event(run: Run, text: str) -> EventSpan:
    """Return the event of an id, or of a name or a part of one, in any case.

    Raise ConfigError, naming those that there are, if it is none or not one alone.
    """
    events = run.summary.events
    exact = [event for event in events if text in (event.event_id, event.name)]
    found = exact or [event for event in events if text.lower() in event.name.lower()]
    if len(found) == 1:
        return found[0]
    named = [f"{event.event_id} ({event.name})" for event in found or events]
    shown = ", ".join(named[:_NAMED_AT_MOST])
    more = f" and {len(named) - _NAMED_AT_MOST} more" if len(named) > _NAMED_AT_MOST else ""
    why = "several events have that name" if found else "no event of this run has that id or name"
    message = f"--event: {text!r}: {why}; there are {shown or 'none'}{more}"
    raise ConfigError(message)


def only(run: Run, event: EventSpan) -> Run:
    """Return what a run has on one event.

    Figures that an account has for all events, such as exposure and denials, stay those of the
    whole run; the tables of equity and denials are empty, and there are no phases.
    """
    own = f"{event.event_id}:"

    def of_pairs(table: TableColumns) -> TableColumns:
        return _rows(table, "pair_id", lambda pair_id: pair_id.startswith(own))

    def of_event(table: TableColumns) -> TableColumns:
        return _rows(table, "event_id", lambda event_id: event_id == event.event_id)

    kept = replace_fields(
        run,
        equity=_rows(run.equity, "ns", lambda _: False),
        denials=_rows(run.denials, "control", lambda _: False),
        prices=of_pairs(run.prices),
        quotes=of_pairs(run.quotes),
        fills=of_pairs(run.fills),
        wagers=of_pairs(run.wagers),
        silences=of_event(run.silences),
        notes=of_event(run.notes),
    )
    return replace_fields(kept, summary=_summary(kept, event))


def _summary(run: Run, event: EventSpan) -> BacktestSummary | SessionRunSummary:
    """Return the summary of an event, from that of the whole run and the event's own tables."""
    s, own = run.summary, f"{event.event_id}:"
    by_event = [named for named in s.splits["event"] if named.key == event.event_id]
    split = by_event[0].split if by_event else added_fills(run.fills, [])
    settled_cents = run.fills["settled_cents"]
    unsettled = [row for row, cents in enumerate(settled_cents) if cents is None]
    markets = [named for named in s.splits["market"] if named.key.startswith(own)]
    open_positions = [each for each in s.open_positions if each.pair_id.startswith(own)]
    begins_ns = [table["ns"][0] for table in (run.prices, run.quotes, run.fills) if table["ns"]]
    ended_ns = s.last_ns if event.ended_ns is None else event.ended_ns + _AFTER_END_NS
    last_ns = min(s.last_ns, ended_ns)
    return replace(
        _without_other_queues(s),
        events=[event],
        first_ns=min(begins_ns, default=s.first_ns),
        last_ns=last_ns,
        pairs=[pair for pair in s.pairs if pair.pair_id.startswith(own)],
        settled=[each for each in s.settled if each.market.startswith(own)],
        quoted=[each for each in s.quoted if each.market.startswith(own)],
        open_positions=open_positions,
        marked_cents=sum(each.marked_cents or 0 for each in open_positions),
        profit_cents=split.profit_cents,
        commission_cents=split.commission_cents,
        rebates=[],
        turnover_cents=sum(run.fills["stake_cents"]),
        fills=len(settled_cents),
        wagers_placed=len(run.wagers["placed_ns"]),
        split=split,
        splits={"event": by_event, "market": markets, "selection": [], "phase": []},
        unsettled=added_fills(run.fills, unsettled),
        fill_values=fill_values(run.fills),
        price_scores=[],
        source_scores=[each for each in s.source_scores if each.event_id == event.event_id],
        silences=_silences(run.silences, last_ns),
    )


def _without_other_queues(
    s: BacktestSummary | SessionRunSummary,
) -> BacktestSummary | SessionRunSummary:
    """Return a summary without the profits under other queue models, known of whole runs alone."""
    if isinstance(s, SessionRunSummary):
        return s
    return replace(s, profit_cents_front=None, profit_cents_back=None)


def _rows(table: TableColumns, column: str, wanted: Callable[[Any], bool]) -> TableColumns:
    rows = [row for row, value in enumerate(table[column]) if wanted(value)]
    return {name: [values[row] for row in rows] for name, values in table.items()}


def added_fills(fills: TableColumns, rows: Sequence[int]) -> Split:
    """Return the terms of these rows of the table of fills, added up, without what chance had."""

    def total(column: str) -> int:
        return sum(fills[column][row] or 0 for row in rows)

    terms = ("stake", "edge", "adverse", "drift", "outcome", "commission", "rebate")
    totals = {f"{term}_cents": total(f"{term}_cents") for term in terms}
    fees_cents = totals["commission_cents"] - totals["rebate_cents"]
    profit_cents = total("settled_cents") - fees_cents
    return Split(len(rows), outcome_sd_cents=0, profit_cents=profit_cents, **totals)


def _silences(silences: TableColumns, last_ns: int) -> list[SilenceTotal]:
    """Return the silences of the event by reason, as the summary has them of the whole run."""
    groups: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, reason in enumerate(silences["reason"]):
        since_ns, until_ns = silences["since_ns"][row], silences["until_ns"][row]
        lasted_ns = max(0, (until_ns or last_ns) - since_ns)
        groups[reason.partition(":")[0]].append((lasted_ns, row))
    totals = [
        SilenceTotal(
            reason=name,
            longest=silences["reason"][max(group)[1]],
            markets=len({silences["market_id"][row] for _, row in group}),
            seconds=sum(lasted_ns for lasted_ns, _ in group) // NS_PER_SECOND,
            traded_cents=sum(silences["traded_cents"][row] or 0 for _, row in group),
        )
        for name, group in groups.items()
    ]
    return sorted(totals, key=lambda total: (-total.traded_cents, -total.seconds, total.reason))
