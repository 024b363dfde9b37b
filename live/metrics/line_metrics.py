"""Prices and stakes of the lines on which a session has wagers open, as metrics."""

from collections.abc import Iterator, Sequence

from live.metrics.metric_families import Labels, MetricFamilies
from strategies.trading.model.odds import implied_probability
from strategies.trading.snapshot.snapshot_types import EventDetail, LineView

# With the seven metrics of each, some thousand series of a session.
MOST_LINES = 200


def add_lines(found: MetricFamilies, events: Sequence[EventDetail], labels: Labels) -> None:
    """Add the lines with wagers of ours open, as many as have series of their own; count others."""
    lines = list(_quoted_lines(events))
    for line, fair, of_line in lines[:MOST_LINES]:
        _add_line(found, line, fair, labels | of_line)
    left_out = max(0, len(lines) - MOST_LINES)
    text = "Lines with wagers open beyond the most that have series."
    found.gauge("lines_left_out", text, left_out, labels)


def _quoted_lines(
    events: Sequence[EventDetail],
) -> Iterator[tuple[LineView, float | None, Labels]]:
    """Yield the lines with wagers of ours, the fair probability of each, and its labels."""
    for detail in events:
        for market in detail.markets:
            labels = {"event_id": detail.event.event_id, "event": detail.event.name}
            labels |= {"market_id": market.row.market_id, "market": market.row.label}
            for pair in market.pairs:
                of_second = None if pair.fair is None else 1 - pair.fair
                for line, fair in ((pair.first, pair.fair), (pair.second, of_second)):
                    if line.wagers:
                        yield line, fair, labels | {"line_id": line.line_id, "line": line.label}


def _add_line(found: MetricFamilies, line: LineView, fair: float | None, labels: Labels) -> None:
    best = next((level for level in line.offers if level.cents > level.own_cents), None)
    if best is not None:
        probability, others_cents = implied_probability(best.odds), best.cents - best.own_cents
        text = "The longest odds of others on a line, American."
        found.gauge("line_best_odds", text, best.odds, labels)
        text = "The probability that these odds imply."
        found.gauge("line_best_probability", text, probability, labels)
        text = "What others offer takers at these odds."
        found.dollars("line_best_stake", text, others_cents, labels)
    text = "The fair probability of a line."
    found.gauge("line_fair_probability", text, fair, labels)
    open_cents = sum(wager.unmatched_cents for wager in line.wagers)
    found.dollars("line_open_stake", "Our stake open on a line.", open_cents, labels)
    text = "Our stake matched on a line."
    found.dollars("line_matched_stake", text, line.matched_cents, labels)
    known = [wager.ahead_cents for wager in line.wagers if wager.ahead_cents is not None]
    text = "The most stake of others ahead of our first wager on a line."
    found.dollars("line_stake_ahead", text, min(known, default=None), labels)
