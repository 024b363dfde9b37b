"""A finished run: its summary, its tables as frames, its figures."""

from html import escape
from pathlib import Path

import polars as pl

from sim.notebook.frame_columns import with_times
from sim.report.document import REPORT_NAME, write_report
from sim.report.equity_section import equity, inventory
from sim.report.fill_value_section import fill_values
from sim.report.note_section import notes
from sim.report.page import Html, join, page, paragraph
from sim.report.quote_section import quotes
from sim.report.run_folder import Run, read_run
from sim.results.run_summary import BacktestSummary, SessionRunSummary
from sim.results.summary_file import read_summary
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.money import dollars_text

_FRAME_STYLE = "border: 0; width: 100%; height: 720px"


class Picture:
    """A figure of a run, which a notebook shows as it is."""

    def __init__(self, title: str, html: Html) -> None:
        """Take a title and the elements."""
        self._title = title
        self.html: str = html

    def __repr__(self) -> str:
        """Return its title: only a notebook shows the figure."""
        return f"<picture: {self._title}>"

    def _repr_html_(self) -> str:
        # A page of its own, so that neither style changes the other.
        document = escape(page(self._title, [Html(self.html)]), quote=True)
        return (
            f'<iframe srcdoc="{document}" style="border: 0; width: 100%; height: 720px"></iframe>'
        )

    def save(self, path: Path | str) -> Path:
        """Write the figure as a page that stands alone; return its path."""
        path = Path(path)
        path.write_text(page(self._title, [Html(self.html)]), encoding="utf-8")
        return path


class RunFrames:
    """A run folder. Every table has its times in UTC and its pairs, markets and lines by name.

    Money is integer cents, odds are American, probabilities lie between 0 and 1. `summary` has the
    figures of the run.
    """

    def __init__(self, folder: Path) -> None:
        """Read the summary; raise ConfigError without one. Tables are read when used."""
        self.folder = folder
        self.summary: BacktestSummary | SessionRunSummary = read_summary(folder)

    def __repr__(self) -> str:
        """Return what ran, and its settled profit and fills."""
        s = self.summary
        profit = dollars_text(s.profit_cents)
        return f"<{s.mode} of {s.strategy} on {s.recording}: {profit}, {s.fills:,} fills>"

    def fills(self) -> pl.DataFrame:
        """Return the fills: `selection` is what was backed; probabilities are those of it."""
        return self._table("fills")

    def wagers(self) -> pl.DataFrame:
        """Return the wagers, in the order in which they ended."""
        return self._table("wagers")

    def quotes(self) -> pl.DataFrame:
        """Return the quotes of every decision that changed them, after risk, one row a pair."""
        return self._table("quotes")

    def prices(self) -> pl.DataFrame:
        """Return the fair price and the touch of each pair, sampled where they changed."""
        return self._table("prices")

    def denials(self) -> pl.DataFrame:
        """Return what our own risk controls refused."""
        return self._table("denials")

    def silences(self) -> pl.DataFrame:
        """Return the times for which a market that had been quoted was not, and why."""
        return self._table("silences")

    def notes(self) -> pl.DataFrame:
        """Return what the strategy noted, one number a row."""
        return self._table("notes")

    def equity(self) -> pl.DataFrame:
        """Return the account over time."""
        return self._table("equity")

    def plot_equity(self) -> Picture:
        """Draw equity, settled profit and exposure."""
        return self._picture("equity and exposure", equity(self._run()))

    def plot_inventory(self) -> Picture:
        """Draw what the positions of the pairs of most stake would win or lose."""
        return self._picture("inventory", inventory(self._run()))

    def plot_quotes(self) -> Picture:
        """Draw our quotes and fills against the market, for the pairs of most fills."""
        return self._picture("quotes and the market", quotes(self._run()))

    def plot_fill_values(self) -> Picture:
        """Draw what fills were worth after some time."""
        return self._picture("what fills were worth", fill_values(self._run()))

    def plot_notes(self) -> Picture:
        """Draw what the strategy noted."""
        drawn = notes(self._run()) or [paragraph("The strategy noted nothing to draw.")]
        return self._picture("notes", join(drawn))

    def report(self) -> Path:
        """Return the path of the whole report, which is written if it is missing."""
        path = self.folder / REPORT_NAME
        return path if path.exists() else write_report(self.folder)

    def _run(self) -> Run:
        return read_run(self.folder)

    def _picture(self, name: str, html: Html) -> Picture:
        return Picture(f"{self.summary.strategy} on {self.summary.recording}: {name}", html)

    def _table(self, name: str) -> pl.DataFrame:
        path = self.folder / f"{name}.parquet"
        try:
            frame = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            message = f"{path}: cannot be read ({error})"
            raise ConfigError(message) from error
        return with_times(self._with_names(frame))

    def _with_names(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a table with the names of its pairs, selections and markets before the rest.

        A market is named as its first pair is; the game is left out where it is the only one.
        """
        pairs = {pair.pair_id: pair for pair in self.summary.pairs}
        events = self.summary.events
        only = f"{events[0].name}: " if len(events) == 1 else ""
        labels = {pair_id: pair.label.removeprefix(only) for pair_id, pair in pairs.items()}
        names = []
        if "pair_id" in frame.columns:
            names.append(_named("pair_id", labels).alias("pair"))
        if {"pair_id", "first"} <= set(frame.columns):
            first = _named("pair_id", {pair_id: pair.first for pair_id, pair in pairs.items()})
            second = _named("pair_id", {pair_id: pair.second for pair_id, pair in pairs.items()})
            names.append(pl.when("first").then(first).otherwise(second).alias("selection"))
        if "market_id" in frame.columns:
            markets = {_market_of(pair_id): label for pair_id, label in reversed(labels.items())}
            key = pl.concat_str("event_id", "market_id", separator=":")
            market = key.replace_strict(markets, default=None, return_dtype=pl.String)
            names.append(market.alias("market"))
        return frame.select(*names, pl.all())


def _named(column: str, names: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(names, default=None, return_dtype=pl.String)


def _market_of(pair_id: str) -> str:
    """Return the event and market of a pair, from its id."""
    return pair_id.rpartition(":")[0]
