"""The text of a comparison for the terminal, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from sim.compare.outcomes import TOLERANCE_PERCENT, ComparedWager, Outcome
from sim.report.number_text import count, dollars, percent, seconds, signed_dollars

_OUTCOMES = "{:<10}{:>9}{:>17}{:>14}{:>14}{:>18}{:>12}"
_PROFITS = "{:<10}{:>14}{:>14}{:>18}{:>14}"


class Profit(NamedTuple):
    """The profit of a desk in cents: settled, and open at the last fair price; never added up."""

    settled_cents: int
    marked_cents: int


def outcome_lines(
    compared: Sequence[ComparedWager], queues: Sequence[str], least: str, most: str
) -> Iterator[str]:
    """Yield the table of how outcomes agree under each queue model, and what it means."""
    yield _OUTCOMES.format(
        "queue", "agree", "of those filled", "matched", "simulated", "first fill after", "simulated"
    )
    real = [wager.real for wager in compared]
    for queue in queues:
        simulated = [wager.simulated[queue] for wager in compared]
        filled = [wager for wager in compared if wager.was_filled(queue)]
        yield _OUTCOMES.format(
            queue,
            _share(compared, queue),
            _share(filled, queue),
            dollars(sum(outcome.matched_cents for outcome in real)),
            dollars(sum(outcome.matched_cents for outcome in simulated)),
            _median_fill(real),
            _median_fill(simulated),
        )
    yield f"agree: what was matched differs by no more than {TOLERANCE_PERCENT} % of the stake"
    between = sum(wager.lies_between(least, most) for wager in compared)
    yield f"{count(between)} of {count(len(compared))} lie between {least} and {most}"


def profit_lines(real: Profit, replayed: Mapping[str, Profit]) -> Iterator[str]:
    """Yield the table of the closed loop: profits, and their differences from the real one."""
    yield "closed loop: the strategy trades the recording again; a sensitivity, no bound"
    yield _PROFITS.format("queue", "settled", "difference", "open, as marked", "difference")
    yield _PROFITS.format("real", dollars(real.settled_cents), "", dollars(real.marked_cents), "")
    for queue, profit in replayed.items():
        yield _PROFITS.format(
            queue,
            dollars(profit.settled_cents),
            signed_dollars(profit.settled_cents - real.settled_cents),
            dollars(profit.marked_cents),
            signed_dollars(profit.marked_cents - real.marked_cents),
        )


def _share(wagers: Sequence[ComparedWager], queue: str) -> str:
    agreeing = sum(wager.agrees(queue) for wager in wagers)
    return percent(agreeing / len(wagers) if wagers else None)


def _median_fill(outcomes: Sequence[Outcome]) -> str:
    after_ns = [each.filled_after_ns for each in outcomes if each.filled_after_ns is not None]
    return seconds(median(after_ns) if after_ns else None)
