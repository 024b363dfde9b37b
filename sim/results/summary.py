"""Makes the summary of a run: its figures, and what is needed to repeat it."""

import subprocess
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from sim.engine.latency import Latency
from sim.results.run_record import MARKOUT_SECONDS, RunJournal, WagerRecorder
from sim.results.run_summary import EventSpan, OpenPosition, PairName, RunSummary, Settled
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.desk import Desk
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.market import EventStatus, Pair
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
        **_money(desk),
        **_counts(journal, wagers),
        decisions=desk.decisions,
        digest=journal.digest.hexdigest(),
        events=_events(desk, journal),
        pairs=[_pair(catalogue, book.pair) for book in desk.market_states.books.values()],
        settled=_settled(desk),
        open_positions=_open_positions(desk),
        commit=_commit(),
        versions={name: version(name) for name in _PACKAGES},
        **others,
    )


def desk_models(pricing: Pricing, fees: Commission, limits: Limits) -> dict[str, Any]:
    """Return the desk's models in words, in any mode."""
    return {
        "pricing": repr(pricing),
        "commission": f"{fees.rate_percent:g} % of net winnings per {fees.offset_by}",
        "in_play": limits.in_play,
    }


def exchange_models(queue: str, latency: Latency) -> dict[str, Any]:
    """Return the models of the simulated exchange in words."""
    delays = {
        f"{delay.name} latency": str(getattr(latency, delay.name)) for delay in fields(latency)
    }
    return {"queue": queue, **delays}


def pair_label(catalogue: Catalogue, pair: Pair) -> str:
    """Return the name of a pair in reports: its event, the market type, and the point if any."""
    event = catalogue.events[pair.first.event_id]
    return f"{event.name}: {pair.label(event)}"


def _money(desk: Desk) -> dict[str, Any]:
    ledger = desk.ledger
    return {
        "starting_balance_cents": ledger.starting_balance_cents,
        "profit_cents": ledger.profit_cents,
        "commission_cents": ledger.commission_cents,
        "marked_cents": ledger.marked_cents,
        "turnover_cents": ledger.turnover_cents,
        "max_exposure_cents": desk.exposure.max_total_cents,
        "max_drawdown_cents": desk.losses.max_drawdown_cents,
        "halted": desk.risk.halt_reason,
    }


def _counts(journal: RunJournal, wagers: WagerRecorder) -> dict[str, Any]:
    counts = journal.counts
    return {
        "wagers_placed": counts.wagers_placed,
        "wagers_cancelled": wagers.ended["cancelled"],
        "wagers_matched": wagers.ended["matched"],
        "wagers_ended": dict(sorted(wagers.ended.items())),
        "fills": wagers.fills,
        "denials": counts.denials.total(),
        "denials_by_control": dict(sorted(counts.denials.items())),
        "rejections_by_code": dict(sorted(wagers.rejections.items())),
        "commands": journal.digest.commands,
        "mean_edge": wagers.edge.mean(),
        **{f"mean_markout_{s}s": wagers.markouts[s].mean() for s in MARKOUT_SECONDS},
    }


def _pair(catalogue: Catalogue, pair: Pair) -> PairName:
    first, second = pair.first.selection.value, pair.second.selection.value
    return PairName(pair.pair_id, pair_label(catalogue, pair), first, second)


def _events(desk: Desk, journal: RunJournal) -> list[EventSpan]:
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


def _settled(desk: Desk) -> list[Settled]:
    catalogue = desk.market_states.catalogue
    return [
        Settled(
            market=f"{key.event_id}:{key.market_id}",
            label=_market_label(catalogue, key),
            gross_cents=settlement.net_cents + settlement.commission_cents,
            commission_cents=settlement.commission_cents,
            net_cents=settlement.net_cents,
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
