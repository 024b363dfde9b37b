"""Profit, taken apart, in words: the first line that a person reads."""

from collections.abc import Sequence

from sim.results.run_summary import RunSummary, Split
from strategies.trading.model.counted import counted
from strategies.trading.model.money import dollars_text


def split_line(split: Split) -> str:
    """Return the profit as the sum of its parts, in one line that adds up to the cent."""
    parts = ", ".join(f"{name} {_signed(cents)}" for name, cents in split_terms(split))
    return f"{dollars_text(split.profit_cents)} = {parts}"


def split_terms(split: Split) -> Sequence[tuple[str, int]]:
    """Return the terms whose sum is the profit, each with its name, in cents."""
    sd = dollars_text(split.outcome_sd_cents)
    return (
        ("edge", split.edge_cents),
        ("adverse", split.adverse_cents),
        ("drift", split.drift_cents),
        (f"outcome (one s.d. {sd})", split.outcome_cents),
        ("commission", -split.commission_cents),
        *([("rebate", split.rebate_cents)] if split.rebate_cents else []),
    )


def unsettled_line(split: Split) -> str:
    """Return what fills without a result are worth so far, in one line."""
    terms = split_terms(split)[:3]
    worth = ", ".join(f"{name} {_signed(cents)}" for name, cents in terms)
    return f"not settled: {counted(split.fills, 'fill')}, {worth}"


def result_lines(summary: RunSummary) -> list[str]:
    """Return the profit, what is not settled of it, and why nothing was placed if nothing was."""
    lines = [split_line(summary.split)]
    if summary.unsettled.fills:
        lines.append(unsettled_line(summary.unsettled))
    nothing = nothing_placed(summary)
    return lines if nothing is None else [*lines, nothing]


def nothing_placed(summary: RunSummary) -> str | None:
    """Return why a run placed no wager, in one line; None if it placed some."""
    if summary.wagers_placed:
        return None
    if not summary.silences:
        return "no wager was placed: no market was decided on; markets.* may follow none of them"
    longest = max(summary.silences, key=lambda total: total.seconds)
    hours = longest.seconds / 3_600
    markets = counted(longest.markets, "market")
    return f"no wager was placed, mostly by: {longest.longest} ({markets}, {hours:,.1f} h in all)"


def _signed(cents: int) -> str:
    return f"+{dollars_text(cents)}" if cents > 0 else dollars_text(cents)
