"""The folders of small runs, and the reports on them."""

import json
import re
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from recordings.parquet import TableWriter
from sim.report.document import write_report
from sim.results.run_tables import TABLES

MINUTE_NS = 60_000_000_000
START_NS = 1_768_437_000_000_000_000
PAIR = "9001:219:0"
FIGURES = ("equity", "inventory", "quotes-0", "fill-values")
HOSTILE = "<script>alert('Lions & Lambs')</script>"

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def at(minutes: float) -> int:
    """Return the time `minutes` from the start, in nanoseconds."""
    return START_NS + round(minutes * MINUTE_NS)


SPLIT: Row = {
    "fills": 4,
    "stake_cents": 4_000,
    "edge_cents": 100,
    "adverse_cents": -60,
    "drift_cents": 10,
    "outcome_cents": 125_925,
    "outcome_sd_cents": 2_000,
    "commission_cents": 2_519,
    "profit_cents": 123_456,
}

# The summary of a small settled run.
SUMMARY: Row = {
    "mode": "backtest",
    "session": "evening",
    "recording": "one-game",
    "recording_source": "an exchange, recorded",
    "simulated": False,
    "notes": ["Prices were snapped to the ladder."],
    "seed": 7,
    "strategy": "SimpleMarketMaker",
    "models": {"queue": "back", "entry latency": "55 ms", "in_play": False},
    "profit_cents": 123_456,
    "commission_cents": 2_519,
    "marked_cents": 0,
    "turnover_cents": 400_000,
    "profit_cents_front": 150_000,
    "profit_cents_back": 123_456,
    "wagers_placed": 3,
    "wagers_cancelled": 1,
    "wagers_matched": 2,
    "wagers_ended": {"cancelled": 1, "matched": 2},
    "commands": 4,
    "fills": 4,
    "denials": 1,
    "denials_by_control": {"max_event_loss": 1},
    "rejections_by_code": {"odds_changed": 2},
    "max_exposure_cents": 30_000,
    "max_drawdown_cents": 9_900,
    "rows": 1_000,
    "rows_per_second": 80_000,
    "decisions": 12,
    "digest": "d" * 64,
    "recording_digest": "e" * 64,
    "commit": None,
    "versions": {"simpy": "4.1.2"},
    "starting_balance_cents": 1_000_000,
    "trades_of_unknown_side": 5,
    "first_ns": at(-60),
    "last_ns": at(120),
    "events": [
        {
            "event_id": "9001",
            "name": "Herons at Lanterns",
            "scheduled_ns": START_NS,
            "live_ns": at(3),
            "ended_ns": at(118),
        }
    ],
    "open_positions": [],
    "settled": [
        {
            "market": "9001:219",
            "label": "Herons at Lanterns: moneyline",
            "gross_cents": 125_975,
            "commission_cents": 2_519,
            "net_cents": 123_456,
        }
    ],
    "pairs": [
        {
            "pair_id": PAIR,
            "label": "Herons at Lanterns: moneyline",
            "first": "home",
            "second": "away",
        }
    ],
    "halted": None,
    "split": SPLIT,
    "splits": {
        "event": [{"key": "9001", "label": "Herons at Lanterns", "split": SPLIT}],
        "market": [{"key": "9001:219", "label": "Herons at Lanterns: moneyline", "split": SPLIT}],
        "selection": [],
        "phase": [{"key": "last hour before", "label": "last hour before", "split": SPLIT}],
    },
    "quoted": [
        {
            "market": "9001:219",
            "label": "Herons at Lanterns: moneyline",
            "two_sided_seconds": 1_800,
            "observed_seconds": 3_600,
            "width": 0.021,
            "size_cents": 4_900,
        }
    ],
    "max_open_stake_times_cash": 0.25,
    "unsettled": dict.fromkeys(SPLIT, 0),
    "fill_values": [
        {"at": "fill", "fills": 4, "kept": 1.0, "kept_half_spreads": 0.8, "drift": 0.0},
        {"at": "60 s", "fills": 3, "kept": 0.4, "kept_half_spreads": 0.3, "drift": -0.6},
    ],
    "silences": [
        {
            "reason": "position",
            "longest": "position: nothing fits",
            "markets": 1,
            "seconds": 720,
            "traded_cents": 12_345,
        },
    ],
}


def summary(**changes: Any) -> Row:
    """Return a summary of one's own, with some figures changed."""
    return deepcopy(SUMMARY) | changes


# What the summary of a start of a session has in place of figures of a backtest alone.
OF_BACKTESTS = ("profit_cents_front", "profit_cents_back", "rows", "rows_per_second")
OF_STARTS: Row = {
    "mode": "paper",
    "session": "evening",
    "start": 3,
    "exchange": "production",
    "real_money": False,
    "speed": 1.0,
    "inputs": 4_321,
}


def start_summary(**changes: Any) -> Row:
    """Return the summary of a start of a session, with some figures changed."""
    figures = {key: value for key, value in SUMMARY.items() if key not in OF_BACKTESTS}
    return deepcopy(figures) | OF_STARTS | changes


def fill(minute: float, *, first: bool, held: tuple[int, int]) -> Row:
    """Return a fill of ten dollars at even money, and what the pair would bring after it."""
    return {
        "ns": at(minute),
        "pair_id": PAIR,
        "first": first,
        "odds": 100,
        "stake_cents": 1_000,
        "profit_cents": 1_000,
        "fair": 0.51,
        "edge": 0.01,
        "fair_1s": 0.51 - 0.001 * abs(minute),
        "fair_10s": 0.512,
        "fair_60s": None,
        "fair_300s": 0.5,
        "fair_1800s": 0.5,
        "edge_cents": 20,
        "adverse_cents": -5,
        "drift_cents": 1,
        "outcome_cents": 984,
        "settled_cents": 1_000,
        "profit_if_first_cents": held[0],
        "profit_if_second_cents": held[1],
    }


def rows_of_a_game() -> Rows:
    """Return every table of a run that quoted one pair before the start and was filled."""
    minutes = range(-50, 110, 10)
    return {
        "equity": [
            {
                "ns": at(minute),
                "profit_cents": 0,
                "marked_cents": 10 * minute,
                "equity_cents": 1_000_000 + 10 * minute,
                "exposure_cents": 3_000,
            }
            for minute in minutes
        ],
        "prices": [
            {
                "ns": at(minute),
                "pair_id": PAIR,
                "fair": 0.5,
                "first_touch": -102,
                "second_touch": -102,
            }
            for minute in minutes
        ],
        "quotes": [
            {"ns": at(-50), "pair_id": PAIR, "first_odds": 104, "second_odds": 104},
            {"ns": at(-2), "pair_id": PAIR},
        ],
        "fills": [
            fill(-45, first=True, held=(1_000, -1_000)),
            fill(-40, first=False, held=(0, 0)),
            fill(-38, first=False, held=(-1_000, 1_000)),
            fill(-37, first=False, held=(-2_000, 2_000)),
        ],
        "wagers": [
            {
                "ref": "evening-1-1",
                "placed_ns": at(-50),
                "answered_ns": at(-50) + 150_000_000,
                "ended_ns": at(-45),
                "stake_cents": 1_000,
                "matched_cents": 1_000,
                "reason": "matched",
            },
            {
                "ref": "evening-1-2",
                "placed_ns": at(-50),
                "ended_ns": at(-2),
                "stake_cents": 5_000,
                "matched_cents": 3_000,
                "reason": "cancelled",
            },
        ],
        "denials": [
            {"ns": at(-30), "control": "max_event_loss", "reason": "limit", "stake_cents": 5_000}
        ],
    }


def rows_of_queued_wagers() -> Rows:
    """Return the tables of that run with two wagers that rested in the queue, and one that took."""
    rows = rows_of_a_game()
    first, second = rows["wagers"]
    first |= {"pair_id": PAIR, "intent": "rest", "ahead_cents": 0}
    second |= {"pair_id": PAIR, "intent": "rest", "ahead_cents": 25_000}
    taking = second | {"ref": "evening-1-3", "intent": "take", "ahead_cents": 0}
    rows["wagers"].append(taking)
    for filled in rows["fills"]:
        filled |= {"ref": "evening-1-2", "fair_60s": 0.52}
    return rows


def games(number: int, **changes: int) -> Row:
    """Return what a summary of games has that are all alike but for a cent."""
    event, splits = SUMMARY["events"][0], []
    for place in range(number):
        split = SPLIT | {"edge_cents": SPLIT["edge_cents"] + place % 2} | changes
        splits.append({"key": f"e{place}", "label": f"Game {place}", "split": split})
    events = [event | {"event_id": f"e{n}", "name": f"Game {n}"} for n in range(number)]
    named = SUMMARY["splits"] | {"event": splits, "market": []}
    return {"events": events, "splits": named}


def twenty_priced_games() -> tuple[Rows, Row]:
    """Return prices of twenty games at 70 %, of which fourteen won, and changes of the summary."""
    prices, pairs = [], []
    for number in range(20):
        pair_id = f"e{number}:219:0"
        price = {"ns": at(-10), "pair_id": pair_id, "fair": 0.7}
        prices.append(price | {"first_touch": -240, "second_touch": 220})
        label = f"Game {number}: moneyline"
        names = {"pair_id": pair_id, "label": label, "first": "home", "second": "away"}
        pairs.append(names | {"first_won": number < 14})
    return {"prices": prices}, games(20) | {"pairs": pairs}


def write_run(folder: Path, figures: Row, rows: Rows) -> Path:
    """Write a run folder as a run does: every table, and the summary."""
    for name, types in TABLES.items():
        writer = TableWriter(folder / f"{name}.parquet", types)
        for row in rows.get(name, []):
            writer.append([row.get(column) for column in types])
        writer.close()
    (folder / "summary.json").write_text(json.dumps(figures), encoding="utf-8")
    return folder


def report_on(folder: Path, rows: Rows | None = None, **changes: Any) -> str:
    """Write a run folder and return its report."""
    run = write_run(folder, summary(**changes), rows_of_a_game() if rows is None else rows)
    return write_report(run).read_text(encoding="utf-8")


def visible_text(document: str) -> str:
    """Return the visible text of a document, without tags, style and script."""
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_data = seen.append  # type: ignore[assignment, method-assign]
    parser.feed(re.sub(r"<(style|script)\b.*?</\1>", "", document, flags=re.DOTALL))
    return " ".join(" ".join(seen).split())
