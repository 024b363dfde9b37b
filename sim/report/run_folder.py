"""Reads and checks the summary and the tables of a run folder."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from recordings.parquet import read_columns
from sim.results.measured_fill import HORIZONS_S
from sim.results.run_summary import BacktestSummary, EventSpan, PairName, SessionRunSummary
from sim.results.summary_file import read_summary
from strategies.trading.model.errors import ConfigError, TapeError

TableColumns = Mapping[str, list[Any]]

# Every table of a run folder, with the columns that the report reads.
TABLES: Mapping[str, tuple[str, ...]] = {
    "equity": ("ns", "profit_cents", "marked_cents", "exposure_cents"),
    "prices": ("ns", "pair_id", "fair", "first_touch", "second_touch"),
    "quotes": ("ns", "pair_id", "first_odds", "second_odds"),
    "fills": (
        *("ns", "ref", "pair_id", "first", "odds", "stake_cents", "profit_cents", "fair", "edge"),
        *("edge_cents", "adverse_cents", "drift_cents", "outcome_cents", "settled_cents"),
        *(f"fair_{seconds}s" for seconds in HORIZONS_S),
        *("profit_if_first_cents", "profit_if_second_cents"),
    ),
    "wagers": (
        *("ref", "placed_ns", "answered_ns", "ended_ns", "pair_id", "intent"),
        *("stake_cents", "matched_cents", "reason", "ahead_cents"),
    ),
    "denials": ("control", "reason", "stake_cents"),
    "silences": ("event_id", "market_id", "since_ns", "until_ns", "reason", "traded_cents"),
    "notes": ("ns", "event_id", "market_id", "pair_id", "name", "value"),
}
# Folders of earlier versions lack them.
_OPTIONAL = ("silences", "notes")
_OPTIONAL_COLUMNS = ("ahead_cents",)


@dataclass(frozen=True)
class Run:
    """One run folder in memory."""

    summary: BacktestSummary | SessionRunSummary
    equity: TableColumns
    prices: TableColumns
    quotes: TableColumns
    fills: TableColumns
    wagers: TableColumns
    denials: TableColumns
    silences: TableColumns
    notes: TableColumns
    config: str | None
    overrides: tuple[str, ...] | None

    def pair_name(self, pair_id: str) -> PairName:
        """Return the names of a pair, its id if the summary has none."""
        return self._pairs.get(pair_id) or PairName(pair_id, pair_id, "first", "second")

    def short_label(self, label: str) -> str:
        """Return a label, without the event's name if the report is of one event only."""
        events = self.summary.events
        return label.removeprefix(f"{events[0].name}: ") if len(events) == 1 else label

    def market_name(self, event_id: str, market_id: str) -> str:
        """Return the name of a market, as its first pair has it, its id if the summary has none."""
        own = f"{event_id}:{market_id}:"
        labels = (pair.label for pair in self.summary.pairs if pair.pair_id.startswith(own))
        return self.short_label(next(labels, own[:-1]))

    def event_of(self, pair_id: str) -> EventSpan | None:
        """Return the event of a pair, whose id starts with the event's."""
        if pair_id not in self._events_of_pairs:
            events = self._events
            own = (event for event in events if pair_id.startswith(f"{event.event_id}:"))
            self._events_of_pairs[pair_id] = next(own, events[0] if events else None)
        return self._events_of_pairs[pair_id]

    def games(self, table: TableColumns) -> list[str]:
        """Return the id of the event of each row of a table, "" where there is no event."""
        events = {pair_id: self.event_of(pair_id) for pair_id in set(table["pair_id"])}
        ids = {pair_id: event.event_id if event else "" for pair_id, event in events.items()}
        return [ids[pair_id] for pair_id in table["pair_id"]]

    @cached_property
    def _pairs(self) -> dict[str, PairName]:
        return {pair.pair_id: pair for pair in self.summary.pairs}

    @cached_property
    def _events(self) -> list[EventSpan]:
        return sorted(self.summary.events, key=lambda event: event.scheduled_ns)

    @cached_property
    def _events_of_pairs(self) -> dict[str, EventSpan | None]:
        return {}


def extended_until(table: TableColumns, last_ns: int) -> TableColumns:
    """Return a table with its last row repeated at `last_ns`, as its values still hold then."""
    times = table["ns"]
    if not times or times[-1] >= last_ns:
        return table
    return {
        name: [*column, last_ns if name == "ns" else column[-1]] for name, column in table.items()
    }


def indices_by_pair(table: TableColumns) -> dict[str, list[int]]:
    """Return the indices of each pair's rows in a table, in the order of the rows."""
    indices: dict[str, list[int]] = defaultdict(list)
    for index, pair_id in enumerate(table["pair_id"]):
        indices[pair_id].append(index)
    return dict(indices)


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raise ConfigError, naming the file, if the summary or a table is missing or unreadable, or lacks
    a column. The composed configuration in `.hydra/` may be absent.
    """
    return Run(
        summary=read_summary(folder),
        **{name: _read_table(folder / f"{name}.parquet", TABLES[name]) for name in TABLES},
        config=_read_text(folder / ".hydra" / "config.yaml"),
        overrides=_overrides(_read_text(folder / ".hydra" / "overrides.yaml")),
    )


def _read_table(path: Path, needed: tuple[str, ...]) -> TableColumns:
    if path.stem in _OPTIONAL and not path.exists():
        return {name: [] for name in needed}
    try:
        columns = read_columns(path)
    except TapeError as error:
        raise ConfigError(str(error)) from error
    missing = [name for name in needed if name not in columns]
    rows = len(next(iter(columns.values()), []))
    unknown = {name: [None] * rows for name in missing if name in _OPTIONAL_COLUMNS}
    if len(unknown) < len(missing):
        message = f"{path}: no column {', '.join(name for name in missing if name not in unknown)}"
        raise ConfigError(message)
    return {**columns, **unknown}


def _read_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _overrides(text: str | None) -> tuple[str, ...] | None:
    """Return the overrides of the command line from Hydra's file, one a line."""
    if text is None:
        return None
    lines = (line.strip() for line in text.splitlines())
    return tuple(line.removeprefix("- ").strip("'\"") for line in lines if line.startswith("- "))
