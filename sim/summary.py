"""The summary of a run: every figure it is judged by, and all that is needed to repeat it."""

import json
import subprocess
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.driver import Told
from sim.metrics import MARKOUT_SECONDS
from sim.streams import Streams
from strategies.trading.ids import MarketKey
from strategies.trading.market import Catalogue, EventStatus, MarketType, Pair

if TYPE_CHECKING:
    from sim.backtest import Backtest, Pass

Summary = dict[str, Any]

SUMMARY_FILE = "summary.json"
# In place of a queue model, where every wager's place in the queue is known.
TRUE_QUEUE = "true queue"

_PACKAGES = ("prophet-sim", "simpy", "numpy", "polars", "pyarrow", "hydra-core", "msgspec")


def summarise(backtest: "Backtest", chosen: "Pass", profits: dict[str, int]) -> Summary:
    """Return the summary of a backtest; money is cents, times nanoseconds since the epoch.

    `profit_cents` is settled and net of commission. `marked_cents` is what is not settled, at the
    last fair prices, and is in no other figure. `rows_per_second` is of the first pass, without
    imports and report. Where the true queue is known there is no profit by queue model.
    """
    told = chosen.course.told()
    return {
        **_origin(backtest, told),
        **_money(chosen),
        "profit_cents_front": profits.get("front"),
        "profit_cents_back": profits.get("back"),
        **_counts(chosen),
        "rows": told.rows,
        "rows_per_second": round(told.rows / chosen.seconds),
        "decisions": chosen.desk.decisions,
        "digest": chosen.journal.digest.hexdigest(),
        "recording_digest": told.digest,
        "models": _models(backtest),
        "events": _events(backtest.catalogue, backtest.market_keys, chosen),
        "pairs": [_pair(backtest.catalogue, pair) for pair in _pairs(backtest)],
        "settled": _settled(backtest.catalogue, chosen),
        "open_positions": _open_positions(backtest.catalogue, chosen),
        "commit": _commit(),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def write_summary(folder: Path, summary: Summary) -> None:
    """Write the summary as the last file of a run, under its own name only once it is whole."""
    part = folder / f".{SUMMARY_FILE}.part"
    part.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(folder / SUMMARY_FILE)


def pair_label(catalogue: Catalogue, pair: Pair) -> str:
    """Return how people name a pair: its event, the kind of market, and the point if any."""
    event = catalogue.events[pair.first.event_id]
    point = {
        MarketType.MONEYLINE: "moneyline",
        MarketType.SPREAD: f"spread, home {pair.first.point:+g}",
        MarketType.TOTAL: f"total {pair.first.point:g}",
    }
    return f"{event.name}: {point[pair.type]}"


def _origin(backtest: "Backtest", told: Told) -> Summary:
    info = backtest.feed.info
    return {
        "mode": "backtest",
        "session": backtest.session_name,
        "recording": backtest.feed.name,
        "recording_source": info.source,
        "simulated": info.simulated,
        "notes": info.notes,
        "seed": backtest.seed,
        "strategy": type(backtest.strategy()).__name__,
        "first_ns": told.first_ns,
        "last_ns": told.last_ns,
    }


def _money(chosen: "Pass") -> Summary:
    ledger = chosen.desk.ledger
    return {
        "starting_balance_cents": ledger.starting_balance_cents,
        "profit_cents": ledger.profit_cents,
        "commission_cents": ledger.commission_cents,
        "marked_cents": ledger.marked_cents,
        "turnover_cents": ledger.turnover_cents,
        "max_exposure_cents": chosen.desk.exposure.max_total_cents,
        "max_drawdown_cents": chosen.desk.losses.max_drawdown_cents,
        "halted": chosen.desk.losses.hit,
    }


def _counts(chosen: "Pass") -> Summary:
    counts, journal = chosen.journal.counts, chosen.journal
    return {
        "wagers_placed": counts.wagers_placed,
        "wagers_cancelled": counts.ended["cancelled"],
        "wagers_matched": counts.ended["matched"],
        "wagers_ended": dict(sorted(counts.ended.items())),
        "fills": counts.fills,
        "denials": counts.denials.total(),
        "denials_by_control": dict(sorted(counts.denials.items())),
        "rejections_by_code": dict(sorted(counts.rejections.items())),
        "commands": journal.digest.commands,
        "trades_of_unknown_side": chosen.course.trades_of_unknown_taker,
        "mean_edge": journal.edge.mean(),
        **{f"mean_markout_{s}s": journal.markouts[s].mean() for s in MARKOUT_SECONDS},
    }


def _models(backtest: "Backtest") -> Summary:
    latency = backtest.latency(Streams(backtest.seed))
    delays = {
        f"{delay.name} latency": str(getattr(latency, delay.name)) for delay in fields(latency)
    }
    return {
        "queue": TRUE_QUEUE if backtest.feed.knows_queue else str(backtest.queue()),
        **delays,
        "faults": str(backtest.faults),
        "pricing": repr(backtest.pricing),
        "commission": f"{backtest.fees.rate_percent:g} % of net winnings per "
        f"{backtest.fees.offset_by}",
        "in_play": backtest.limits.in_play,
    }


def _pairs(backtest: "Backtest") -> list[Pair]:
    by_market = backtest.catalogue.pairs_by_market
    return [pair for key in backtest.market_keys for pair in by_market[key]]


def _pair(catalogue: Catalogue, pair: Pair) -> Summary:
    return {
        "pair_id": pair.pair_id,
        "label": pair_label(catalogue, pair),
        "first": pair.first.selection.value,
        "second": pair.second.selection.value,
    }


def _events(
    catalogue: Catalogue, market_keys: tuple[MarketKey, ...], chosen: "Pass"
) -> list[Summary]:
    times = chosen.journal.event_times
    followed = dict.fromkeys(key.event_id for key in market_keys)
    return [
        {
            "event_id": event_id,
            "name": catalogue.events[event_id].name,
            "scheduled_ns": chosen.desk.board.events[event_id].scheduled_ns,
            "live_ns": times.get((event_id, EventStatus.LIVE)),
            "ended_ns": times.get((event_id, EventStatus.ENDED)),
        }
        for event_id in followed
    ]


def _settled(catalogue: Catalogue, chosen: "Pass") -> list[Summary]:
    return [
        {
            "market": f"{key.event_id}:{key.market_id}",
            "label": f"{catalogue.events[key.event_id].name}: {catalogue.markets[key].type.value}",
            "gross_cents": settlement.net_cents + settlement.commission_cents,
            "commission_cents": settlement.commission_cents,
            "net_cents": settlement.net_cents,
        }
        for key, settlement in chosen.desk.ledger.settlements.items()
    ]


def _open_positions(catalogue: Catalogue, chosen: "Pass") -> list[Summary]:
    return [
        {
            "pair_id": position.pair.pair_id,
            "label": pair_label(catalogue, position.pair),
            "profit_if_first_cents": position.profit_if[0],
            "profit_if_second_cents": position.profit_if[1],
            "marked_cents": marked_cents,
        }
        for position, marked_cents in chosen.desk.ledger.open_positions()
    ]


def _commit() -> str | None:
    """Return the commit that this code is of, marked if it was changed; None outside a checkout."""
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
