"""The importer of quotes of Polymarket US: `polymarket_tasks` makes a recording of each game."""

from recordings.importers.polymarket.polymarket_importer import polymarket_tasks

__all__ = ["polymarket_tasks"]
