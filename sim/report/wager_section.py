"""The tables on fills, outcomes of wagers, response times, denials and rejections."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median

from sim.report.number_text import (
    NONE,
    clock,
    count,
    dollars,
    minutes_from_start,
    odds_text,
    percent,
    points,
    seconds,
    signed_dollars,
)
from sim.report.page import Html, join, paragraph, subheading, table
from sim.report.run_folder import Run, TableColumns, indices_by_pair
from strategies.trading.model.counted import counted

FILLS_LISTED = 15
REASONS_LISTED = 20
_OUTCOMES = {
    "matched": "matched in full",
    "cancelled": "cancelled by us",
    "wiped": "cancelled by the exchange at the start",
    "rejected": "rejected by the exchange",
    "invalid": "invalid after acceptance",
    "open": "still open at the end",
}


def fills_by_pair(run: Run) -> Html:
    """Return number, stake and value of the fills of each pair and of all."""
    stakes = run.fills["stake_cents"]
    if not stakes:
        return paragraph("There were no fills.")
    indices = indices_by_pair(run.fills)
    if len(run.summary.events) > 1:
        return paragraph("By market, the fills of a game are in its part, under Games.", "aside")
    rows = [_pair_row(run, pair_id, indices[pair_id]) for pair_id in sorted(indices)]
    heads = ("market", "#fills", "backed", "#stake", "#mean edge", "#edge", "#adverse", "#drift")
    total = ["all", count(len(stakes)), "", *_stake_and_sums(run.fills, range(len(stakes)))]
    explanation = "The mean edge is weighted by stake, in percentage points (pp)."
    return join([table(heads, rows, total), paragraph(explanation, "aside")])


def _pair_row(run: Run, pair_id: str, indices: Sequence[int]) -> list[str]:
    name = run.pair_name(pair_id)
    firsts = sum(run.fills["first"][index] for index in indices)
    backed = f"{count(firsts)} {name.first}, {count(len(indices) - firsts)} {name.second}"
    label = run.short_label(name.label)
    return [label, count(len(indices)), backed, *_stake_and_sums(run.fills, indices)]


def _stake_and_sums(fills: TableColumns, indices: Sequence[int]) -> list[str]:
    stakes = [fills["stake_cents"][index] for index in indices]
    mean_edge = _mean_by_stake([fills["edge"][index] for index in indices], stakes)
    sums = (
        sum(fills[name][index] for index in indices)
        for name in ("edge_cents", "adverse_cents", "drift_cents")
    )
    return [dollars(sum(stakes)), points(mean_edge), *map(signed_dollars, sums)]


def _mean_by_stake(values: Iterable[float | None], stakes: Iterable[int]) -> float | None:
    known = [
        (value, stake) for value, stake in zip(values, stakes, strict=True) if value is not None
    ]
    weight = sum(stake for _, stake in known)
    return sum(value * stake for value, stake in known) / weight if weight else None


def largest_fills(run: Run) -> Html:
    """Return the fills that could win the most, in order of time.

    Many have the same stake, and by stake alone the first of them in time would be listed.
    """
    fills = run.fills
    to_win = fills["profit_cents"]
    by_size = sorted(range(len(to_win)), key=lambda index: -to_win[index])
    if not by_size:
        return Html("")
    shown = sorted(by_size[:FILLS_LISTED])
    title = f"Of {counted(len(by_size), 'fill')}, those that could win most, in order of time"
    heads = ("#time, UTC", "#from start", "market", "backed", "#odds", "#stake", "#to win")
    rows = [_fill_cells(run, index) for index in shown]
    return join([subheading(title), table((*heads, "#fair", "#edge", "#adverse", "#result"), rows)])


def _fill_cells(run: Run, index: int) -> list[str]:
    fill = {name: column[index] for name, column in run.fills.items()}
    name, event = run.pair_name(fill["pair_id"]), run.event_of(fill["pair_id"])
    return [
        clock(fill["ns"]),
        minutes_from_start(fill["ns"], event.scheduled_ns) if event else NONE,
        run.short_label(name.label),
        name.first if fill["first"] else name.second,
        odds_text(fill["odds"]),
        dollars(fill["stake_cents"]),
        dollars(fill["profit_cents"]),
        percent(fill["fair"]),
        points(fill["edge"]),
        signed_dollars(fill["adverse_cents"]),
        signed_dollars(fill["settled_cents"]),
    ]


def wager_outcomes(run: Run) -> Html:
    """Return the outcomes of the wagers with stakes and median lifetimes."""
    indices: dict[str, list[int]] = defaultdict(list)
    for index, reason in enumerate(run.wagers["reason"]):
        indices[reason].append(index)
    if not indices:
        return paragraph("No wager was placed.")
    order = [*_OUTCOMES, *sorted(set(indices) - set(_OUTCOMES))]
    rows = [
        _outcome_row(_OUTCOMES.get(r, r), run.wagers, indices[r]) for r in order if r in indices
    ]
    heads = ("outcome", "#wagers", "#partly matched", "#stake placed", "#stake matched")
    total = _outcome_row("all", run.wagers, range(len(run.wagers["reason"])))
    return table((*heads, "#median lifetime"), rows, total)


def _outcome_row(outcome: str, wagers: TableColumns, indices: Sequence[int]) -> list[str]:
    stakes = [wagers["stake_cents"][index] for index in indices]
    matched = [wagers["matched_cents"][index] for index in indices]
    partly = sum(0 < part < whole for part, whole in zip(matched, stakes, strict=True))
    lifetimes = [
        wagers["ended_ns"][index] - wagers["placed_ns"][index]
        for index in indices
        if wagers["ended_ns"][index] is not None
    ]
    return [
        outcome,
        count(len(stakes)),
        count(partly),
        dollars(sum(stakes)),
        dollars(sum(matched)),
        seconds(median(lifetimes) if lifetimes else None),
    ]


def response_times(run: Run) -> Html:
    """Return the response times of placements, accepted and rejected ones."""
    placed, answered = run.wagers["placed_ns"], run.wagers["answered_ns"]
    delays = sorted(
        end - start for start, end in zip(placed, answered, strict=True) if end is not None
    )
    if not delays:
        return paragraph("No placement was answered.")
    slow = delays[ceil(0.99 * len(delays)) - 1]
    return paragraph(
        f"{count(len(delays))} of {counted(len(placed), 'placement')} answered: half of them "
        f"within {seconds(median(delays))}, 99 % within {seconds(slow)}, "
        f"all within {seconds(delays[-1])}."
    )


def denials(run: Run) -> Html:
    """Return how often each of our controls denied a wager, and for which reasons."""
    if not run.summary.denials_by_control:
        return paragraph("Our risk controls denied no wager.")
    controls = table(("control", "#denials"), _by_count(run.summary.denials_by_control))
    reasons = _reasons(run.denials)
    return join([controls, reasons]) if run.denials["control"] else controls


def _reasons(denials: TableColumns) -> Html:
    keys = list(zip(denials["control"], denials["reason"], strict=True))
    asked: Counter[tuple[str, str]] = Counter()
    for key, stake_cents in zip(keys, denials["stake_cents"], strict=True):
        asked[key] += stake_cents or 0
    common = Counter(keys).most_common(REASONS_LISTED)
    rows = [(*key, count(number), dollars(asked[key])) for key, number in common]
    return table(("control", "reason", "#denials", "#stake asked"), rows)


def rejections(run: Run) -> Html:
    """Return how often the exchange rejected a wager, by its code."""
    if not run.summary.rejections_by_code:
        return paragraph("The exchange rejected no wager.")
    return table(("code", "#rejections"), _by_count(run.summary.rejections_by_code))


def _by_count(counts: dict[str, int]) -> list[tuple[str, str]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(name, count(number)) for name, number in ordered]
