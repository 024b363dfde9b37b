"""Reads and checks the summary and the tables of a run folder."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from recordings.parquet import read_columns
from strategies.trading.model.errors import ConfigError, TapeError

TableColumns = Mapping[str, list[Any]]

# Every table of a run folder, with the columns that the report reads.
TABLES: Mapping[str, tuple[str, ...]] = {
    "equity": ("ns", "profit_cents", "marked_cents", "exposure_cents"),
    "prices": ("ns", "pair_id", "fair", "first_touch", "second_touch"),
    "quotes": ("ns", "pair_id", "first_odds", "second_odds"),
    "fills": (
        *("ns", "pair_id", "first", "odds", "stake_cents", "profit_cents", "fair", "edge"),
        *("markout_1s", "markout_10s", "markout_60s"),
        *("profit_if_first_cents", "profit_if_second_cents"),
    ),
    "wagers": (
        *("placed_ns", "answered_ns", "ended_ns"),
        *("stake_cents", "matched_cents", "reason"),
    ),
    "denials": ("control", "reason", "stake_cents"),
}


@dataclass(frozen=True, slots=True)
class EventSpan:
    """A sport event of the run, with its times in nanoseconds since the epoch."""

    event_id: str
    name: str
    scheduled_ns: int
    live_ns: int | None
    ended_ns: int | None


@dataclass(frozen=True, slots=True)
class PairName:
    """The names of a pair and its two selections."""

    pair_id: str
    label: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A position that was not settled; `marked_cents` is its value at the last fair price."""

    pair_id: str
    label: str
    profit_if_first_cents: int
    profit_if_second_cents: int
    marked_cents: int | None


@dataclass(frozen=True, slots=True)
class SettledMarket:
    """The profit of a settled market, before and after commission."""

    market: str
    label: str
    gross_cents: int
    commission_cents: int
    net_cents: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The figures of `summary.json` that a report shows, in any mode; probabilities lie in 0..1."""

    mode: str
    recording: str
    recording_source: str
    simulated: bool
    notes: list[str]
    seed: int
    strategy: str
    models: dict[str, Any]
    profit_cents: int
    commission_cents: int
    marked_cents: int
    turnover_cents: int
    wagers_placed: int
    wagers_cancelled: int
    wagers_matched: int
    fills: int
    denials: int
    denials_by_control: dict[str, int]
    rejections_by_code: dict[str, int]
    max_exposure_cents: int
    max_drawdown_cents: int
    decisions: int
    digest: str
    recording_digest: str
    commit: str | None
    versions: dict[str, str]
    starting_balance_cents: int
    first_ns: int
    last_ns: int
    events: list[EventSpan]
    open_positions: list[OpenPosition]
    settled: list[SettledMarket]
    pairs: list[PairName]
    halted: str | None
    mean_edge: float | None
    mean_markout_1s: float | None
    mean_markout_10s: float | None
    mean_markout_60s: float | None


@dataclass(frozen=True, slots=True)
class BacktestSummary(RunSummary):
    """A backtest's summary; profits under front and back are None if the true queue is known."""

    session: str | None
    profit_cents_front: int | None
    profit_cents_back: int | None
    rows: int
    rows_per_second: float
    trades_of_unknown_side: int


@dataclass(frozen=True, slots=True)
class SessionRunSummary(RunSummary):
    """The summary of one start of a session, paper or live."""

    session: str
    start: int
    exchange: str
    real_money: bool
    speed: float
    inputs: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder in memory."""

    summary: BacktestSummary | SessionRunSummary
    equity: TableColumns
    prices: TableColumns
    quotes: TableColumns
    fills: TableColumns
    wagers: TableColumns
    denials: TableColumns
    config: str | None
    overrides: tuple[str, ...] | None

    def pair_name(self, pair_id: str) -> PairName:
        """Return the names of a pair, its id if the summary has none."""
        named = {pair.pair_id: pair for pair in self.summary.pairs}
        return named.get(pair_id, PairName(pair_id, pair_id, "first", "second"))

    def short_label(self, label: str) -> str:
        """Return a label, without the event's name if the report is of one event only."""
        events = self.summary.events
        return label.removeprefix(f"{events[0].name}: ") if len(events) == 1 else label

    def event_of(self, pair_id: str) -> EventSpan | None:
        """Return the event of a pair, whose id starts with the event's."""
        events = sorted(self.summary.events, key=lambda event: event.scheduled_ns)
        own = [event for event in events if pair_id.startswith(f"{event.event_id}:")]
        return next(iter(own or events), None)


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
        summary=_read_summary(folder / "summary.json"),
        **{name: _read_table(folder / f"{name}.parquet", TABLES[name]) for name in TABLES},
        config=_read_text(folder / ".hydra" / "config.yaml"),
        overrides=_overrides(_read_text(folder / ".hydra" / "overrides.yaml")),
    )


class _Mode(msgspec.Struct):
    mode: str


def _read_summary(path: Path) -> BacktestSummary | SessionRunSummary:
    try:
        content = path.read_bytes()
        if msgspec.json.decode(content, type=_Mode).mode == "backtest":
            return msgspec.json.decode(content, type=BacktestSummary)
        return msgspec.json.decode(content, type=SessionRunSummary)
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{path}: cannot be reported on ({error})"
        raise ConfigError(message) from error


def _read_table(path: Path, needed: tuple[str, ...]) -> TableColumns:
    try:
        columns = read_columns(path)
    except TapeError as error:
        raise ConfigError(str(error)) from error
    missing = [name for name in needed if name not in columns]
    if missing:
        message = f"{path}: no column {', '.join(missing)}"
        raise ConfigError(message)
    return columns


def _read_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _overrides(text: str | None) -> tuple[str, ...] | None:
    """Return the overrides of the command line from Hydra's file, one a line."""
    if text is None:
        return None
    lines = (line.strip() for line in text.splitlines())
    return tuple(line.removeprefix("- ").strip("'\"") for line in lines if line.startswith("- "))
