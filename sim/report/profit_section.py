"""The tables of profit, taken apart: in all, and by market, selection and phase."""

from sim.games.merged_run import added_splits
from sim.report.number_text import count, dollars, signed_dollars
from sim.report.one_event import added_fills
from sim.report.page import Html, folded, join, paragraph, subheading, table
from sim.report.run_folder import Run
from sim.results.phases import PHASES
from sim.results.run_summary import NamedSplit, Split

_EXPLANATION = (
    "Edge: the fair price at the fill, less the price paid. Adverse: the move of the fair price to "
    "60 s after the fill. Drift: its move from there to the close, the last fair price before the "
    "start. Outcome: what the game decided from there on; in play, from 60 s after the fill. One "
    "s.d. is how far chance carries the outcome, with markets that hang on one score together. "
    "The terms add up to the profit."
)
_ONE_SD = "#one s.d."
_HEADS = (
    *("#fills", "#stake", "#edge", "#adverse", "#drift", "#outcome", _ONE_SD),
    *("#commission", "#rebate", "#profit"),
)


def profit_split(run: Run) -> Html:
    """Return profit by market, phase and selection, in terms that add up."""
    s = run.summary
    if not (s.split.fills or s.split.profit_cents or s.unsettled.fills):
        return paragraph("There were no fills.")
    several = len(s.events) > 1
    markets = _by_type(s.splits["market"]) if several else s.splits["market"]
    parts = [_table(run, "market", markets, s.split)]
    if s.splits["phase"]:
        phases = sorted(s.splits["phase"], key=_place_of_phase)
        parts += [subheading("By phase of the game"), _table(run, "phase", phases, s.split)]
    if s.splits["selection"] and not several:
        selections = _table(run, "selection", s.splits["selection"], s.split)
        parts.append(folded("By selection", selections))
    parts.append(paragraph(_EXPLANATION, "aside"))
    if s.unsettled.fills:
        parts.append(_unsettled(s.unsettled))
    return join(parts)


def _by_type(markets: list[NamedSplit]) -> list[NamedSplit]:
    """Return the splits of markets of many games, those of one type added up."""
    groups: dict[str, list[Split]] = {}
    for named in markets:
        groups.setdefault(named.label.rpartition(": ")[2], []).append(named.split)
    return [NamedSplit(name, name, added_splits(splits)) for name, splits in groups.items()]


def phases_of_event(run: Run) -> Html:
    """Return the settled fills of one event by phase; a run has no phases of each event."""
    rows: dict[str, list[int]] = {}
    for row, cents in enumerate(run.fills["settled_cents"]):
        if cents is not None:
            rows.setdefault(run.fills["phase"][row], []).append(row)
    if not rows:
        return Html("")
    phases = [NamedSplit(name, name, added_fills(run.fills, rows[name])) for name in rows]
    cells = [(named.label, *_cells(named.split)) for named in sorted(phases, key=_place_of_phase)]
    heads = ("phase", *_HEADS)
    # How far chance carries the outcome of a phase is known of the whole run alone.
    unknown = heads.index(_ONE_SD)
    known = [row[:unknown] + row[unknown + 1 :] for row in cells]
    shown = table([head for head in heads if head != _ONE_SD], known)
    return join([subheading("By phase of the game"), shown])


def _place_of_phase(named: NamedSplit) -> int:
    return PHASES.index(named.key) if named.key in PHASES else len(PHASES)


def _table(run: Run, by: str, splits: list[NamedSplit], total: Split) -> Html:
    rows = [(run.short_label(named.label), *_cells(named.split)) for named in splits]
    return table((by, *_HEADS), rows, ("all", *_cells(total)))


def _cells(split: Split) -> tuple[str, ...]:
    return (
        count(split.fills),
        dollars(split.stake_cents),
        signed_dollars(split.edge_cents),
        signed_dollars(split.adverse_cents),
        signed_dollars(split.drift_cents),
        signed_dollars(split.outcome_cents),
        dollars(split.outcome_sd_cents),
        dollars(split.commission_cents),
        dollars(split.rebate_cents),
        signed_dollars(split.profit_cents),
    )


def _unsettled(split: Split) -> Html:
    return paragraph(
        f"Not settled, and in no figure above: {count(split.fills)} fills of "
        f"{dollars(split.stake_cents)}, edge {signed_dollars(split.edge_cents)}, adverse "
        f"{signed_dollars(split.adverse_cents)}, drift {signed_dollars(split.drift_cents)} to the "
        "last price."
    )
