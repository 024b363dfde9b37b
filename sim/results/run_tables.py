"""The tables of a run folder: their columns, and a writer for all of them.

Times are nanoseconds since the epoch, money is cents, odds are American, probabilities 0 to 1.
Where a pair has figures for two lines, `first` is home or over and `second` away or under.
"""

from collections.abc import Mapping
from pathlib import Path

from recordings.parquet import TableWriter
from sim.results.measured_fill import HORIZONS_S

TABLES: Mapping[str, Mapping[str, str]] = {
    # One row per change of the desk's accounts; equity is balance and marks together.
    "equity": {
        "ns": "int64",
        "profit_cents": "int64",
        "marked_cents": "int64",
        "equity_cents": "int64",
        "exposure_cents": "int64",
    },
    # The market as the desk received it, sampled: a row where the touch changed. The touch is the
    # longest odds that others offer to a taker.
    "prices": {
        "ns": "int64",
        "pair_id": "string",
        "fair": "float64",
        "first_touch": "int32",
        "second_touch": "int32",
    },
    # One row per pair and decision that changed the target quotes, after risk.
    "quotes": {
        "ns": "int64",
        "pair_id": "string",
        "fair": "float64",
        "first_odds": "int32",
        "second_odds": "int32",
        "first_stake_cents": "int64",
        "second_stake_cents": "int64",
    },
    # One row per fill, without what the exchange broke of it later. Probabilities are of the line
    # that was backed: `fair_10s` is the fair one 10 s after the fill. The columns from `edge_cents`
    # to `rebate_cents` add up to its profit: see `sim.results.profit_split`.
    "fills": {
        "ns": "int64",
        "ref": "string",
        "pair_id": "string",
        "line_id": "string",
        "first": "bool",
        "phase": "string",
        "odds": "int32",
        "stake_cents": "int64",
        "profit_cents": "int64",
        "fair": "float64",
        "edge": "float64",
        "reference": "float64",
        "half_spread": "float64",
        **{f"fair_{seconds}s": "float64" for seconds in HORIZONS_S},
        "fair_close": "float64",
        "reference_close": "float64",
        "edge_cents": "int64",
        "adverse_cents": "int64",
        "drift_cents": "int64",
        "outcome_cents": "int64",
        "commission_cents": "int64",
        "rebate_cents": "int64",
        "settled_cents": "int64",
        "profit_if_first_cents": "int64",
        "profit_if_second_cents": "int64",
    },
    # One row per wager, written when it ended; the reason is `open` if it never did. `answered_ns`
    # is missing if no response came before the end. `ahead_cents` is what others offered at its
    # odds when it opened, as displayed to takers and in their cents: its place in the queue;
    # missing if it never opened, or at a level too deep to be displayed.
    "wagers": {
        "ref": "string",
        "placed_ns": "int64",
        "answered_ns": "int64",
        "ended_ns": "int64",
        "pair_id": "string",
        "line_id": "string",
        "first": "bool",
        "odds": "int32",
        "stake_cents": "int64",
        "matched_cents": "int64",
        "intent": "string",
        "reason": "string",
        "ahead_cents": "int64",
    },
    # One row per denial by our own risk manager.
    "denials": {
        "ns": "int64",
        "control": "string",
        "reason": "string",
        "line_id": "string",
        "odds": "int32",
        "stake_cents": "int64",
    },
    # One row per time for which a market was not quoted, from its first decision on; `until_ns` is
    # missing if that lasted to the end. The reason is a control with its figures, or what blocked
    # the market; `traded_cents` is what takers staked there meanwhile.
    "silences": {
        "event_id": "string",
        "market_id": "string",
        "since_ns": "int64",
        "until_ns": "int64",
        "reason": "string",
        "traded_cents": "int64",
    },
    # One row per number that the strategy noted in a decision; `pair_id` is missing if the note is
    # about the whole market. `fair` is the strategy's own fair probability of the first line.
    "notes": {
        "ns": "int64",
        "event_id": "string",
        "market_id": "string",
        "pair_id": "string",
        "name": "string",
        "value": "float64",
    },
}


class RunTables:
    """Writes the tables of one run; the files get their names when `close` is called.

    Each table is an attribute; rows appended to it have their values in the order of its columns.
    """

    def __init__(self, folder: Path) -> None:
        """Open every table in a folder."""
        self._all = tuple(
            TableWriter(folder / f"{name}.parquet", columns) for name, columns in TABLES.items()
        )
        self.equity, self.prices, self.quotes, self.fills, *others = self._all
        self.wagers, self.denials, self.silences, self.notes = others

    def close(self) -> None:
        """Close every table."""
        for writer in self._all:
            writer.close()

    def abandon(self) -> None:
        """Delete every table."""
        for writer in self._all:
            writer.abandon()
