"""Makes the summary of a run: its figures, and what is needed to repeat it."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from sim.engine.latency import Latency
from sim.results.fill_rows import fill_columns
from sim.results.fill_values import fill_values
from sim.results.monthly_rebates import monthly_rebates
from sim.results.profit_split import EARLIER_STARTS, ProfitPart, split_of, splits_by
from sim.results.run_journal import RunJournal
from sim.results.run_summary import (
    EventSpan,
    FeedFigures,
    OpenPosition,
    PairName,
    Quoted,
    RiskLimits,
    RunSummary,
    Settled,
)
from sim.results.wager_recorder import WagerRecorder
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.desk import Desk
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.market import EventStatus, Pair, Result
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.limits import Limits

S = TypeVar("S", bound=RunSummary)

_PACKAGES = ("prophet-sim", "simpy", "numpy", "polars", "pyarrow", "hydra-core", "msgspec")


def summary_of(
    kind: type[S],
    desk: Desk,
    journal: RunJournal,
    wagers: WagerRecorder,
    **others: Any,
) -> S:
    """Return the summary of a run; `others` are the fields that do not come from its desk."""
    catalogue = desk.market_states.catalogue
    return kind(
        **_money(desk, wagers),
        **_counts(journal, wagers),
        **_splits(desk, wagers),
        feed=_feed(desk, wagers.closed_ns),
        quoted=_quoted(catalogue, journal, wagers.closed_ns),
        decisions=desk.decisions,
        digest=journal.digest.hexdigest(),
        events=event_spans(desk, journal),
        pairs=[_pair(desk, book.pair) for book in desk.market_states.books.values()],
        settled=_settled(desk, wagers.parts),
        open_positions=_open_positions(desk),
        commit=_commit(),
        versions={name: version(name) for name in _PACKAGES},
        risk_limits=_risk_limits(desk.risk.limits),
        **others,
    )


def desk_models(pricing: Pricing, fees: Commission, limits: Limits) -> dict[str, Any]:
    """Return the desk's models in words, in any mode."""
    return {
        "pricing": repr(pricing),
        "commission": str(fees),
        "in_play": limits.in_play,
    }


def exchange_models(queue: str, latency: Latency) -> dict[str, str]:
    """Return the models of the simulated exchange in words."""
    delays = {
        f"{delay.name} latency": str(getattr(latency, delay.name)) for delay in fields(latency)
    }
    return {"queue": queue, **delays}


def pair_label(catalogue: Catalogue, pair: Pair) -> str:
    """Return the name of a pair in reports: its event, the market type, and the point if any."""
    event = catalogue.events[pair.first.event_id]
    return f"{event.name}: {pair.label(event)}"


def _money(desk: Desk, wagers: WagerRecorder) -> dict[str, Any]:
    ledger = desk.ledger
    rebates = monthly_rebates(wagers.fills, ledger)
    return {
        "starting_balance_cents": ledger.starting_balance_cents,
        "profit_cents": ledger.profit_cents + sum(each.rebate_cents for each in rebates),
        "rebates": rebates,
        "commission_cents": ledger.commission_cents,
        "marked_cents": ledger.marked_cents,
        "turnover_cents": ledger.turnover_cents,
        "max_exposure_cents": desk.exposure.max_total_cents,
        "max_drawdown_cents": desk.losses.max_drawdown_cents,
        "max_open_stake_times_cash": _finite(desk.risk.max_open_times_cash),
        "halted": desk.risk.halt_reason,
    }


def _feed(desk: Desk, now_ns: int) -> FeedFigures:
    record = desk.market_states.feed
    gaps = record.gaps(now_ns)
    return FeedFigures(
        gaps=gaps.number,
        gap_seconds=round(gaps.total_ns / NS_PER_SECOND, 1),
        longest_gap_seconds=round(gaps.longest_ns / NS_PER_SECOND, 1),
        longest_delay_seconds=record.longest_delay_ns // NS_PER_SECOND,
    )


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _quoted(catalogue: Catalogue, journal: RunJournal, now_ns: int) -> list[Quoted]:
    if journal.coverage is None:
        return []
    return [
        Quoted(
            market=f"{each.market_key.event_id}:{each.market_key.market_id}",
            label=_market_label(catalogue, each.market_key),
            two_sided_seconds=each.two_sided_ns // NS_PER_SECOND,
            observed_seconds=each.observed_ns // NS_PER_SECOND,
            width=each.width,
            size_cents=each.size_cents,
        )
        for each in journal.coverage.markets(now_ns)
    ]


def _counts(journal: RunJournal, wagers: WagerRecorder) -> dict[str, Any]:
    counts = journal.counts
    return {
        "wagers_placed": counts.wagers_placed,
        "wagers_cancelled": wagers.ended["cancelled"],
        "wagers_matched": wagers.ended["matched"],
        "wagers_ended": dict(sorted(wagers.ended.items())),
        "fills": len(wagers.fills),
        "denials": counts.denials.total(),
        "denials_by_control": dict(sorted(counts.denials.items())),
        "silences": [] if journal.silences is None else journal.silences.totals(),
        "rejections_by_code": dict(sorted(wagers.rejections.items())),
        "commands": journal.digest.commands,
    }


def _splits(desk: Desk, wagers: WagerRecorder) -> dict[str, Any]:
    """Return the profit taken apart, of all settled fills and by several names, and the rest."""
    settled = [part for part in wagers.parts if part.settled_cents is not None]
    unsettled = [part for part in wagers.parts if part.settled_cents is None]
    catalogue = desk.market_states.catalogue
    names: dict[str, Callable[[ProfitPart], tuple[str, str]]] = {
        "event": lambda part: event_name(catalogue, part.pair),
        "market": lambda part: _market_name(catalogue, part.pair),
        "selection": lambda part: _selection_name(catalogue, part),
        "phase": lambda part: (_phase(part), _phase(part)),
    }
    return {
        "split": split_of(settled),
        "splits": {by: splits_by(settled, name_of) for by, name_of in names.items()},
        "unsettled": split_of(unsettled),
        "fill_values": fill_values(fill_columns(wagers.parts)),
    }


def event_name(catalogue: Catalogue, pair: Pair) -> tuple[str, str]:
    """Return the key and the label of a pair's event."""
    event_id = pair.first.event_id
    return event_id, catalogue.events[event_id].name


def _market_name(catalogue: Catalogue, pair: Pair) -> tuple[str, str]:
    key = pair.market_key
    return f"{key.event_id}:{key.market_id}", _market_label(catalogue, key)


def _selection_name(catalogue: Catalogue, part: ProfitPart) -> tuple[str, str]:
    line, pair = part.line, part.pair
    label = pair_label(catalogue, pair)
    if line is None:
        return f"{pair.pair_id}:{EARLIER_STARTS}", f"{label}: {EARLIER_STARTS}"
    event = catalogue.events[line.event_id]
    return line.line_id, f"{label}: {line.label(pair.market, event)}"


def _phase(part: ProfitPart) -> str:
    return EARLIER_STARTS if part.fill is None else part.fill.phase


def _pair(desk: Desk, pair: Pair) -> PairName:
    first, second = pair.first.selection.value, pair.second.selection.value
    label = pair_label(desk.market_states.catalogue, pair)
    result = desk.ledger.result_of(pair)
    first_won = result is Result.WON if result in (Result.WON, Result.LOST) else None
    return PairName(pair.pair_id, label, first, second, first_won)


def _risk_limits(limits: Limits) -> RiskLimits:
    return RiskLimits(
        max_position_cents=limits.max_position_cents,
        max_market_exposure_cents=limits.max_market_exposure_cents,
        max_event_exposure_cents=limits.max_event_exposure_cents,
        max_total_exposure_cents=limits.max_total_exposure_cents,
        max_daily_loss_cents=limits.max_daily_loss_cents,
    )


def event_spans(desk: Desk, journal: RunJournal) -> list[EventSpan]:
    """Return the events of a run, with the times at which each was in play and ended."""
    times = journal.event_times
    return [
        EventSpan(
            event_id=event_id,
            name=state.event.name,
            scheduled_ns=state.scheduled_ns,
            live_ns=times.get((event_id, EventStatus.LIVE)),
            ended_ns=times.get((event_id, EventStatus.ENDED)),
        )
        for event_id, state in desk.market_states.events.items()
    ]


def _settled(desk: Desk, parts: Iterable[ProfitPart]) -> list[Settled]:
    catalogue = desk.market_states.catalogue
    rebates: Counter[MarketKey] = Counter()
    for part in parts:
        rebates[part.pair.market_key] += part.rebate_cents
    return [
        Settled(
            market=f"{key.event_id}:{key.market_id}",
            label=_market_label(catalogue, key),
            gross_cents=settlement.net_cents + settlement.commission_cents,
            commission_cents=settlement.commission_cents,
            net_cents=settlement.net_cents + rebates[key],
            rebate_cents=rebates[key],
        )
        for key, settlement in desk.ledger.settlements.items()
    ]


def _market_label(catalogue: Catalogue, key: MarketKey) -> str:
    event = catalogue.events[key.event_id]
    return f"{event.name}: {catalogue.markets[key].label(event)}"


def _open_positions(desk: Desk) -> list[OpenPosition]:
    return [
        OpenPosition(
            pair_id=position.pair.pair_id,
            label=pair_label(desk.market_states.catalogue, position.pair),
            profit_if_first_cents=position.profit_if[0],
            profit_if_second_cents=position.profit_if[1],
            marked_cents=position.mark_cents,
        )
        for position in desk.ledger.open_positions()
    ]


@cache  # A sweep runs the code that was imported at its start.
def _commit() -> str | None:
    """Return the commit of this code, marked if it was changed; None outside a checkout."""
    here = Path(__file__)
    git = ["git", "-C", str(here.parent)]
    try:
        subprocess.run(
            [*git, "ls-files", "--error-unmatch", here.name], check=True, capture_output=True
        )
        described = subprocess.run(
            [*git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()
