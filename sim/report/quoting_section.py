"""The tables of how long markets were quoted, and why they were not."""

from collections.abc import Sequence
from typing import Any

from sim.report.number_text import (
    NONE,
    NS_PER_SECOND,
    clock,
    count,
    dollars,
    percent,
    seconds,
)
from sim.report.page import Html, folded, join, paragraph, table
from sim.report.run_folder import Run
from sim.results.run_summary import Quoted

SILENCES_LISTED = 40


def quoted(run: Run) -> Html:
    """Return how long each market was quoted on both sides, how wide, and with which stake."""
    s = run.summary
    if not s.quoted:
        return paragraph("No market was quoted.")
    rows = [
        (
            run.short_label(each.label),
            seconds(each.two_sided_seconds * NS_PER_SECOND),
            percent(each.two_sided_seconds / max(1, each.observed_seconds)),
            f"{100 * each.width:.2f} c",
            dollars(each.size_cents),
        )
        for each in (_by_type(s.quoted) if len(s.events) > 1 else s.quoted)
    ]
    heads = ("market", "#two-sided for", "#of the run", "#mean width", "#mean size")
    times = s.max_open_stake_times_cash
    most = "without bound, as cash ran out" if times is None else f"{times:.2f}"
    text = (
        "By wagers of ours that were open on both lines of a pair; width is the distance of the "
        "two prices, size the smaller of the two stakes. "
        f"The largest open stake over the cash that could pay for it: {most}."
    )
    return join([table(heads, rows), paragraph(text, "aside")])


def _by_type(markets: Sequence[Quoted]) -> list[Quoted]:
    """Return the markets of many games, those of one type added up."""
    groups: dict[str, list[Quoted]] = {}
    for each in markets:
        groups.setdefault(each.label.rpartition(": ")[2], []).append(each)
    return [_added(name, group) for name, group in groups.items()]


def _added(name: str, group: Sequence[Quoted]) -> Quoted:
    two_sided = sum(each.two_sided_seconds for each in group)
    weights = [each.two_sided_seconds / max(1, two_sided) for each in group]
    return Quoted(
        market=name,
        label=name,
        two_sided_seconds=two_sided,
        observed_seconds=sum(each.observed_seconds for each in group),
        width=sum(weight * each.width for weight, each in zip(weights, group, strict=True)),
        size_cents=round(
            sum(weight * each.size_cents for weight, each in zip(weights, group, strict=True))
        ),
    )


def silences(run: Run) -> Html:
    """Return why markets were not quoted: by reason, and the silences with the most traded."""
    columns = run.silences
    names = ("since_ns", "until_ns", "event_id", "market_id", "reason", "traded_cents")
    rows = list(zip(*(columns[name] for name in names), strict=True))
    if not rows:
        return paragraph("Every market that was quoted was quoted to the end.")
    last_ns = run.summary.last_ns
    ranked = sorted(rows, key=lambda row: (-(row[5] or 0), row[0] - (row[1] or last_ns)))
    shown = [
        (
            run.market_name(event_id, market_id),
            clock(since_ns),
            NONE if until_ns is None else clock(until_ns),
            seconds((until_ns or last_ns) - since_ns),
            dollars(traded_cents),
            reason,
        )
        for since_ns, until_ns, event_id, market_id, reason, traded_cents in sorted(
            ranked[:SILENCES_LISTED], key=_beginning
        )
    ]
    listed = table(("market", "from, UTC", "to, UTC", "#for", "#traded meanwhile", "by"), shown)
    title = f"All {len(rows)} times, in order"
    if len(shown) < len(rows):
        title = f"The {len(shown)} times of {count(len(rows))} with the most traded, in order"
    return join([_by_reason(run), folded(title, listed)])


def _by_reason(run: Run) -> Html:
    rows = [
        (
            total.reason,
            count(total.markets),
            seconds(total.seconds * NS_PER_SECOND),
            dollars(total.traded_cents),
        )
        for total in run.summary.silences
    ]
    return table(("not quoted by", "#markets", "#for, in all", "#traded meanwhile"), rows)


def _beginning(row: Sequence[Any]) -> tuple[int, str, str]:
    """Return when a silence began, and its market: the end may be unknown."""
    since_ns, _, event_id, market_id, *_ = row
    return since_ns, event_id, market_id
