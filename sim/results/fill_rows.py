"""The rows of the table of fills."""

from collections.abc import Iterable

from sim.results.measured_fill import HORIZONS_S, MeasuredFill
from sim.results.profit_split import ProfitPart
from sim.results.run_tables import TABLES
from strategies.trading.model.odds import implied_probability


def fill_rows(parts: Iterable[ProfitPart]) -> list[tuple[object, ...]]:
    """Return the row of every fill, in the order of the table's columns."""
    return [_row(part, part.fill) for part in parts if part.fill is not None]


def fill_columns(parts: Iterable[ProfitPart]) -> dict[str, list[object]]:
    """Return the table of fills as columns."""
    rows = fill_rows(parts)
    return {name: [row[place] for row in rows] for place, name in enumerate(TABLES["fills"])}


def _row(part: ProfitPart, fill: MeasuredFill) -> tuple[object, ...]:
    line = part.pair.first if fill.first else part.pair.second
    edge = None if fill.fair is None else fill.fair - implied_probability(fill.odds)
    missing = [None] * (len(HORIZONS_S) - len(fill.fairs))
    return (
        *(fill.at_ns, fill.ref, fill.pair.pair_id, line.line_id, fill.first, fill.phase),
        *(fill.odds, fill.stake_cents, fill.profit_cents, fill.fair, edge),
        *(fill.reference, fill.half_spread),
        *(*fill.fairs, *missing, part.close, part.reference_close),
        *(part.edge_cents, part.adverse_cents, part.drift_cents),
        *(part.outcome_cents, part.commission_cents, part.rebate_cents, part.settled_cents),
        *fill.profits_if,
    )
