"""A study: its arms and games as frames."""

from pathlib import Path

import polars as pl

from sim.notebook.frame_columns import with_times
from sim.study.study_result import TABLE
from strategies.trading.model.errors import ConfigError


class StudyFrames:
    """The folder of a study, `studies/NAME`, as far as every arm has played."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; raise ConfigError if the study has no result yet."""
        self.folder = folder
        self._path = folder / TABLE
        if not self._path.exists():
            message = f"{folder}: a finished study is missing; run python -m sim study NAME ..."
            raise ConfigError(message)

    def games(self) -> pl.DataFrame:
        """Return a row for each arm and game, with its profit taken apart, in cents."""
        return with_times(pl.read_parquet(self._path))

    def arms(self) -> pl.DataFrame:
        """Return the means a game of each arm, in cents, in order of the arms."""
        cents = pl.selectors.ends_with("_cents")
        games = self.games().group_by("arm", "settings", maintain_order=True)
        return games.agg(pl.len().alias("games"), cents.mean())

    def differences(self, figure: str = "profit_cents", baseline: int = 0) -> pl.DataFrame:
        """Return a figure of every arm less that of the baseline, game by game."""
        games = self.games().select("arm", "settings", "event_id", "event", figure)
        of_baseline = games.filter(pl.col("arm") == baseline).select(
            "event_id", "event", pl.col(figure).alias("of_baseline")
        )
        paired = games.filter(pl.col("arm") != baseline).join(
            of_baseline, on=["event_id", "event"], maintain_order="left"
        )
        return paired.with_columns((pl.col(figure) - pl.col("of_baseline")).alias("difference"))
